//! S3: one small object written, for CodeDeploy to read.

use super::Aws;
use super::error::AwsError;
use super::signed::{Call, Service, encoded};

impl Aws {
    /// `PutObject` of a JSON document; answers its `ETag`. The same key takes the same bytes: to write twice changes nothing.
    pub async fn put_object(&self, bucket: &str, key: &str, document: &str) -> Result<Option<String>, AwsError> {
        let key: Vec<_> = key.split('/').map(encoded).collect();
        let path = format!("/{}/{}", encoded(bucket), key.join("/"));
        let call = Call {
            body: document.to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            ..Call::rest(Service::S3, "s3:PutObject", "PUT", path)
        };
        let answer = self.signed.send(call).await?;
        Ok(answer.header("etag").map(str::to_owned))
    }
}
