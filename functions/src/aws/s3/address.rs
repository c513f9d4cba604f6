//! Where an object is: the URL of a bucket and key. Pure.
//!
//! A bucket whose name is a host name is addressed by it (`bucket.s3.region.amazonaws.com`); one with dots would not match the
//! certificate, and an endpoint of the environment's own may be an address without names: both take the bucket in the path.

use std::fmt::Write;

use super::ObjectName;

/// What an address is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

impl Place {
    /// The region to sign for.
    pub(super) fn region(&self) -> Result<&str, String> {
        self.region.as_deref().ok_or_else(|| "no region is set: AWS_REGION".to_owned())
    }

    /// The object's URL, encoded once, as the signature wants it.
    pub(super) fn url(&self, object: &ObjectName) -> Result<String, String> {
        let ObjectName { bucket, key } = object;
        let (bucket, key) = (encoded(bucket), encoded(key));
        if let Some(endpoint) = &self.endpoint {
            return Ok(format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')));
        }
        let region = self.region()?;
        let service = if self.fips { "s3-fips" } else { "s3" };
        let stack = if self.dual_stack { ".dualstack" } else { "" };
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let host = format!("{service}{stack}.{region}.{domain}");
        let is_label = bucket.len() <= 63
            && bucket.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-');
        Ok(if is_label { format!("https://{bucket}.{host}/{key}") } else { format!("https://{host}/{bucket}/{key}") })
    }
}

/// Percent-encoded as S3 does it: everything but unreserved characters and the slash.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string can always be written to");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(place: &Place, bucket: &str, key: &str) -> String {
        place.url(&ObjectName { bucket: bucket.to_owned(), key: key.to_owned() }).unwrap()
    }

    #[test]
    fn a_bucket_is_a_host_where_it_can_be_one() {
        let place = Place { region: Some("eu-west-1".to_owned()), ..Place::default() };
        for (bucket, expected) in [
            ("plans", "https://plans.s3.eu-west-1.amazonaws.com/a/b%20c.yaml"),
            ("plans.example.com", "https://s3.eu-west-1.amazonaws.com/plans.example.com/a/b%20c.yaml"),
        ] {
            assert_eq!(url(&place, bucket, "a/b c.yaml"), expected);
        }
    }

    #[test]
    fn partition_fips_and_dual_stack_have_names_of_their_own() {
        let place = |region: &str, fips, dual_stack| Place {
            region: Some(region.to_owned()),
            fips,
            dual_stack,
            endpoint: None,
        };
        for (place, host) in [
            (place("cn-north-1", false, false), "https://b.s3.cn-north-1.amazonaws.com.cn/k"),
            (place("us-east-1", true, false), "https://b.s3-fips.us-east-1.amazonaws.com/k"),
            (place("us-east-1", true, true), "https://b.s3-fips.dualstack.us-east-1.amazonaws.com/k"),
        ] {
            assert_eq!(url(&place, "b", "k"), host);
        }
    }

    #[test]
    fn an_endpoint_of_ones_own_takes_the_bucket_in_the_path() {
        let place = Place { endpoint: Some("http://127.0.0.1:4566/".to_owned()), ..Place::default() };
        assert_eq!(url(&place, "plans", "ä+=.json"), "http://127.0.0.1:4566/plans/%C3%A4%2B%3D.json");
    }

    #[test]
    fn without_a_region_there_is_no_address() {
        let object = ObjectName { bucket: "b".to_owned(), key: "k".to_owned() };
        assert_eq!(Place::default().url(&object), Err("no region is set: AWS_REGION".to_owned()));
    }
}
