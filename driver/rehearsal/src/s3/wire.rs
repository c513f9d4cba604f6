//! S3's requests and answers as HTTP has them: which bucket and key a request means, in path or host, and its body without
//! its transfer's encoding.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};

use super::chunked;
use crate::refusal::Refusal;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Empty for the service itself.
    pub(crate) bucket: String,
    /// Empty for the bucket itself.
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: Option<String>,
    /// `x-amz-meta-*`.
    pub(crate) metadata: BTreeMap<String, String>,
    /// What is asked for and not there: `x-amz-copy-source`.
    pub(crate) copies: bool,
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Request {
    /// Reads a request that is S3's.
    pub(crate) fn read(parts: &Parts, body: Bytes) -> Result<Self, Refusal> {
        let path = percent_decoded(parts.uri.path().trim_start_matches('/'));
        let (bucket, key) = match virtual_host(&parts.headers) {
            Some(bucket) => (bucket, path),
            None => match path.split_once('/') {
                Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
                None => (path, String::new()),
            },
        };
        let query = serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default();
        let metadata = parts
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-amz-meta-"))
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(Self {
            method: parts.method.clone(),
            bucket,
            key,
            query,
            content_type: header(&parts.headers, "content-type").map(str::to_owned),
            metadata,
            copies: parts.headers.contains_key("x-amz-copy-source"),
            body: decoded(&parts.headers, body)?,
        })
    }
}

/// The bucket in the host: `bucket.localhost:4566`. An address has no names before it.
fn virtual_host(headers: &HeaderMap) -> Option<String> {
    let host = header(headers, "host")?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty()).map(str::to_owned)
}

fn decoded(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let encoded = header(headers, "content-encoding").is_some_and(|encoding| encoding.contains("aws-chunked"))
        || header(headers, "x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
    if !encoded {
        return Ok(body);
    }
    let incomplete = |what: String| Refusal::new("IncompleteBody", what);
    let decoded = chunked::decode(&body).map_err(incomplete)?;
    let announced = header(headers, "x-amz-decoded-content-length").and_then(|length| length.parse::<usize>().ok());
    match announced {
        Some(length) if length != decoded.len() => {
            Err(incomplete(format!("{length} bytes were announced, and {} came", decoded.len())))
        }
        Some(_) | None => Ok(decoded.into()),
    }
}

/// A malformed escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, escape) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, headers: &[(&str, &str)], body: &str) -> Result<Request, Refusal> {
        let request = headers.iter().fold(http::Request::builder().method("PUT").uri(uri), |request, (name, value)| {
            request.header(*name, *value)
        });
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Request::read(&parts, Bytes::from(body.to_owned()))
    }

    #[test]
    fn a_bucket_is_in_the_path_or_in_the_host() {
        for (uri, host, bucket, key) in [
            ("/evidence/a/b%20c.json", "127.0.0.1:4566", "evidence", "a/b c.json"),
            ("/a/b.json", "evidence.localhost:4566", "evidence", "a/b.json"),
            ("/evidence/a", "localhost:4566", "evidence", "a"),
            ("/evidence", "127.0.0.1", "evidence", ""),
            ("/", "evidence.localhost", "evidence", ""),
            ("/evidence/%C3%A4", "127.0.0.1", "evidence", "ä"),
        ] {
            let request = read(uri, &[("host", host)], "").unwrap();
            assert_eq!((request.bucket.as_str(), request.key.as_str()), (bucket, key), "{uri} at {host}");
        }
    }

    #[test]
    fn a_chunked_body_is_unwrapped_and_must_have_the_announced_length() {
        let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
        let headers = |length| {
            [
                ("content-encoding", "aws-chunked"),
                ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
                ("x-amz-decoded-content-length", length),
            ]
        };
        assert_eq!(read("/b/k", &headers("5"), body).unwrap().body, "hello");
        let refusal = read("/b/k", &headers("6"), body).unwrap_err();
        assert_eq!((refusal.code, refusal.message.as_str()), ("IncompleteBody", "6 bytes were announced, and 5 came"));
        assert_eq!(read("/b/k", &[], body).unwrap().body, body);
    }
}
