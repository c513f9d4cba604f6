//! S3, as far as evidence and plans need it: buckets and whole objects. No versions, no parts, no ranges, no permissions.
//!
//! An `ETag` is a digest of the body, though not AWS's MD5; no client looks into it.

mod chunked;
pub(crate) mod serve;
mod wire;

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

pub(crate) use wire::{Answer, Request};

/// All buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets {
    buckets: BTreeMap<String, BTreeMap<String, Object>>,
}

/// An object, whole.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) body: Bytes,
    pub(crate) content_type: String,
    /// Quoted, as the header has it.
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    /// `x-amz-meta-*`.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Buckets {
    /// Buckets that there are from the start.
    pub(crate) fn with(names: impl IntoIterator<Item = String>) -> Self {
        Self { buckets: names.into_iter().map(|name| (name, BTreeMap::new())).collect() }
    }

    fn bucket(&self, name: &str) -> Option<&BTreeMap<String, Object>> {
        self.buckets.get(name)
    }

    /// An object, for the service that reads it from here.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<&Object> {
        self.bucket(bucket)?.get(key)
    }

    fn bucket_mut(&mut self, name: &str) -> Option<&mut BTreeMap<String, Object>> {
        self.buckets.get_mut(name)
    }

    /// Whether it is new.
    fn create(&mut self, name: &str) -> bool {
        let new = !self.buckets.contains_key(name);
        self.buckets.entry(name.to_owned()).or_default();
        new
    }
}
