//! Numbers that nobody needs to reproduce: where to look for a free port, the name of a log stream.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 bits that differ from call to call and from process to process.
pub(crate) fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 32 hexadecimal digits.
pub(crate) fn hex32() -> String {
    format!("{:016x}{:016x}", bits(), bits())
}
