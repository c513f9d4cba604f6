//! ECR: whether an image is there. Other registries are not asked: each has its own way to log in.

use serde_json::json;

use super::Aws;
use super::error::AwsError;
use super::signed::{Call, Service};
use crate::decide::doctor::facts::{Image, Unread};

const DESCRIBE: &str = "ecr:DescribeImages";

impl Aws {
    /// `DescribeImages` of one image.
    pub async fn image(&self, reference: &str) -> Image {
        if reference.contains("${") {
            return Image::Unset;
        }
        let Some(place) = Place::read(reference) else { return Image::Elsewhere };
        if self.region.as_deref() != Some(place.region) {
            // The client speaks to the region in use; a pull goes where the name says.
            return Image::Elsewhere;
        }
        let id = match place.digest {
            Some(digest) => json!({"imageDigest": digest}),
            None => json!({"imageTag": place.tag}),
        };
        let body = json!({"registryId": place.account, "repositoryName": place.repository, "imageIds": [id]});
        let call = Call::json(Service::Ecr, DESCRIBE, "AmazonEC2ContainerRegistry_V20150921.DescribeImages", &body);
        let answer = self.signed.send(call).await.and_then(|answer| answer.document(DESCRIBE));
        match answer {
            Ok(answer) if answer["imageDetails"].as_array().is_some_and(|images| !images.is_empty()) => Image::There,
            Ok(_) => Image::NoSuchImage("ECR names no such image".to_owned()),
            Err(error) => missing(error),
        }
    }
}

fn missing(error: AwsError) -> Image {
    match error.code.as_deref() {
        Some("ImageNotFoundException") => Image::NoSuchImage(error.text),
        Some("RepositoryNotFoundException") => Image::NoSuchRepository(error.text),
        _ => Image::Unread(Unread::from(error)),
    }
}

/// An image in ECR: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>][@<digest>]`.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    account: &'a str,
    region: &'a str,
    repository: &'a str,
    tag: &'a str,
    digest: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn read(reference: &'a str) -> Option<Self> {
        let (host, path) = reference.split_once('/')?;
        let (account, rest) = host.split_once(".dkr.ecr")?;
        let rest = rest.strip_prefix("-fips").unwrap_or(rest).strip_prefix('.')?;
        let (region, _) = rest.split_once('.')?;
        if account.is_empty() || !account.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = path.split_once(':').unwrap_or((path, "latest"));
        Some(Self { account, region, repository, tag, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_ecr_is_known_by_its_host() {
        let place = |repository, tag, digest| {
            Some(Place { account: "123456789012", region: "eu-west-1", repository, tag, digest })
        };
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(Place::read(&format!("{host}/team/shop:1.5.0")), place("team/shop", "1.5.0", None));
        assert_eq!(Place::read(&format!("{host}/shop")), place("shop", "latest", None));
        assert_eq!(Place::read(&format!("{host}/shop:1@sha256:ab")), place("shop", "1", Some("sha256:ab")));
        let china = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop:1";
        assert_eq!(Place::read(china).map(|place| place.region), Some("cn-north-1"));
        for elsewhere in
            ["nginx:1.29", "public.ecr.aws/nginx/nginx:1", "ghcr.io/a/b:1", "x.dkr.ecr.eu-west-1.amazonaws.com/a"]
        {
            assert_eq!(Place::read(elsewhere), None, "{elsewhere}");
        }
    }
}
