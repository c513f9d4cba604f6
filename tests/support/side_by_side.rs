//! Rows of a table, several at a time: most of a row is waiting. One that fails is told by its name, after all have run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// More would only wait for the two processors of a small machine.
const AT_ONCE: usize = 6;

/// A name and what to do.
pub(crate) type Row<'a> = (String, Box<dyn FnOnce() + Send + 'a>);

/// Runs all of them.
pub(crate) fn side_by_side(rows: Vec<Row<'_>>) {
    assert!(!rows.is_empty(), "a table without rows proves nothing");
    let rows = Mutex::new(rows.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || rows.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, row)) = next() {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(row)) {
                        let said = panic.downcast_ref::<String>().map(String::as_str);
                        let said = said.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text");
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name}: {said}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "{} rows failed\n{}", failed.len(), failed.join("\n"));
}
