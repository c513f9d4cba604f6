//! Where a service is: its host in a region, and what a call to it is signed for. Pure, but for an endpoint of one's own, which
//! the SDK's configuration knows.

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;
use aws_types::service_config::ServiceConfigKey;

/// A service without an SDK crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Service {
    Lambda,
    Ecr,
    Iam,
    S3,
}

/// An address and the region in a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: String,
    pub(super) signing_region: String,
}

impl Service {
    /// The name in a signature.
    pub(super) const fn signing_name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Ecr => "ecr",
            Self::Iam => "iam",
            Self::S3 => "s3",
        }
    }

    /// S3 signs a path as it is, and wants the body's digest in a header.
    pub(super) fn signing_options(self) -> SigningOptions {
        let mut options = SigningOptions::default();
        if self == Self::S3 {
            options.double_uri_encode = false;
            options.normalize_uri_path = false;
            options.content_sha256_header = true;
        }
        options
    }

    /// The name in `AWS_ENDPOINT_URL_<NAME>` and in the `services` section of a profile.
    const fn id(self) -> &'static str {
        match self {
            Self::Lambda => "Lambda",
            Self::Ecr => "ECR",
            Self::Iam => "IAM",
            Self::S3 => "S3",
        }
    }

    /// An endpoint that the command line, the environment or the profile names.
    pub(super) fn own_endpoint(self, shared: &SdkConfig) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(self.id()).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        let named = key.build().ok().and_then(|key| shared.service_config()?.load_config(key));
        named.or_else(|| shared.endpoint_url().map(str::to_owned)).map(|url| url.trim_end_matches('/').to_owned())
    }

    /// AWS's own address. IAM is one service for a whole partition.
    pub(super) fn place(self, region: &str, fips: bool) -> Place {
        let (suffix, iam_host, iam_region) = partition(region);
        let dash = if fips { "-fips" } else { "" };
        let host = match self {
            Self::Lambda => format!("lambda{dash}.{region}.{suffix}"),
            Self::Ecr if fips => format!("ecr-fips.{region}.{suffix}"),
            Self::Ecr => format!("api.ecr.{region}.{suffix}"),
            Self::Iam => iam_host.to_owned(),
            // The bucket is in the path: a name with dots would not match the certificate.
            Self::S3 => format!("s3{dash}.{region}.{suffix}"),
        };
        let signing_region = if self == Self::Iam { iam_region } else { region };
        Place { url: format!("https://{host}"), signing_region: signing_region.to_owned() }
    }
}

/// The domain of a partition's services, and IAM's host and region in it.
fn partition(region: &str) -> (&'static str, &'static str, &'static str) {
    if region.starts_with("cn-") {
        ("amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
    } else if region.starts_with("us-gov-") {
        ("amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1")
    } else if region.starts_with("us-iso-") {
        ("c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1")
    } else if region.starts_with("us-isob-") {
        ("sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1")
    } else if region.starts_with("eusc-") {
        ("amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1")
    } else {
        ("amazonaws.com", "iam.amazonaws.com", "us-east-1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_has_hosts_and_signing_regions_of_its_own() {
        for (service, region, fips, url, signed) in [
            (Service::Lambda, "eu-west-1", false, "https://lambda.eu-west-1.amazonaws.com", "eu-west-1"),
            (Service::Lambda, "us-east-1", true, "https://lambda-fips.us-east-1.amazonaws.com", "us-east-1"),
            (Service::Ecr, "cn-north-1", false, "https://api.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (Service::Iam, "eu-west-1", false, "https://iam.amazonaws.com", "us-east-1"),
            (Service::Iam, "us-gov-east-1", false, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            (Service::S3, "eu-west-1", false, "https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
            (Service::S3, "us-gov-west-1", true, "https://s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            (Service::Iam, "cn-northwest-1", false, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            let place = service.place(region, fips);
            assert_eq!((place.url.as_str(), place.signing_region.as_str()), (url, signed), "{service:?} {region}");
        }
    }
}
