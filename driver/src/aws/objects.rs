//! S3: small objects, which CodeDeploy reads too: one written, one read.

use super::Aws;
use super::error::AwsError;
use super::signed::{Call, Service, encoded};
use crate::snapshot::Object;

impl Aws {
    /// `PutObject` of a JSON document; answers its `ETag`. The same key takes the same bytes: to write twice changes nothing.
    pub async fn put_object(&self, bucket: &str, key: &str, document: &str) -> Result<Option<String>, AwsError> {
        let path = path(bucket, key);
        let call = Call {
            body: document.to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            ..Call::rest(Service::S3, "s3:PutObject", "PUT", path)
        };
        let answer = self.signed.send(call).await?;
        Ok(answer.header("etag").map(str::to_owned))
    }
    /// `GetObject`, whole, with its `ETag`.
    pub(super) async fn object(&self, object: &Object) -> Result<(Vec<u8>, Option<String>), AwsError> {
        let version = object.version.as_ref().map(|version| format!("?versionId={}", encoded(version)));
        let path = format!("{}{}", path(&object.bucket, &object.key), version.unwrap_or_default());
        let answer = self.signed.send(Call::rest(Service::S3, "s3:GetObject", "GET", path)).await?;
        let etag = answer.header("etag").map(str::to_owned);
        Ok((answer.body, etag))
    }
}

fn path(bucket: &str, key: &str) -> String {
    let key: Vec<_> = key.split('/').map(encoded).collect();
    format!("/{}/{}", encoded(bucket), key.join("/"))
}
