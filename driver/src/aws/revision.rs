//! The AppSpec of a deployment that there was: its text, wherever it is kept. CodeDeploy keeps what came with the call; an object in
//! S3 is read from there, and is refused where it is not what was deployed any more.

use aws_sdk_codedeploy::operation::get_application_revision::GetApplicationRevisionError;
use aws_sdk_codedeploy::types::{AppSpecContent, RevisionLocation, RevisionLocationType, S3Location};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::Aws;
use super::error::{AwsError, translate};
use crate::appspec::Rendered;
use crate::snapshot::{Deployment, Object};

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// It could not be asked for.
    #[error("{place} could not be read: {source}")]
    Unread {
        /// What was asked, and the permission that it takes where that is not CodeDeploy's.
        place: String,
        /// Why.
        source: AwsError,
    },
    /// CodeDeploy names neither.
    #[error("it is kept neither as an AppSpec's text nor as an object in S3")]
    Elsewhere,
    /// The answer has none.
    #[error("CodeDeploy has no text of it")]
    Empty,
    /// Not an AppSpec by itself.
    #[error("{object} cannot be read as an AppSpec: {why}")]
    Foreign {
        /// Which.
        object: String,
        /// Why.
        why: String,
    },
    /// The object is another one by now.
    #[error("{object} is not what was deployed any more: {why}")]
    Changed {
        /// Which.
        object: String,
        /// By what this is seen.
        why: String,
    },
}

impl Aws {
    /// The text of a deployment's AppSpec, which `GetDeployment` never carries (aws-facts §1).
    pub async fn appspec_of(&self, deployment: &Deployment) -> Result<String, NoText> {
        if let Some(sha256) = &deployment.appspec_sha256 {
            let answer = self.appspec(&deployment.application, sha256).await;
            let place = || format!("the revision of deployment {}", deployment.id);
            return answer.map_err(|source| NoText::Unread { place: place(), source })?.ok_or(NoText::Empty);
        }
        let object = deployment.appspec_object.as_ref().ok_or(NoText::Elsewhere)?;
        if let Some(bundle) = object.bundle.as_deref().filter(|bundle| !matches!(*bundle, "JSON" | "YAML")) {
            let why = format!("it is a bundle of type {bundle}, not an AppSpec by itself (JSON or YAML)");
            return Err(NoText::Foreign { object: object.to_string(), why });
        }
        let permission = if object.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        let place = || {
            format!(
                "{object}, the revision of deployment {} (it takes the permission {permission} on it)",
                deployment.id
            )
        };
        let (body, etag) = self.object(object).await.map_err(|source| NoText::Unread { place: place(), source })?;
        let no_text = |_| NoText::Foreign { object: object.to_string(), why: "it is no text".to_owned() };
        unchanged(object, String::from_utf8(body).map_err(no_text)?, etag.as_deref())
    }

    /// A revision may be kept as `AppSpecContent` or as `String`, so both are asked for.
    async fn appspec(&self, application: &str, sha256: &str) -> Result<Option<String>, AwsError> {
        let operation = "codedeploy:GetApplicationRevision";
        let content = AppSpecContent::builder().sha256(sha256).build();
        let first = RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(content)
            .build();
        let answer = match self.revision(application, first).await {
            Err(error) if error.as_service_error().is_some() => {
                self.revision(application, string_revision(sha256)).await
            }
            answer => answer,
        };
        answer.map_err(|error| translate(operation, error))
    }

    async fn revision(
        &self,
        application: &str,
        revision: RevisionLocation,
    ) -> Result<Option<String>, SdkError<GetApplicationRevisionError, HttpResponse>> {
        let answer =
            self.codedeploy.get_application_revision().application_name(application).revision(revision).send().await?;
        let revision = answer.revision();
        let content = revision.and_then(|revision| revision.app_spec_content()).and_then(|content| content.content());
        Ok(content.or_else(|| revision.and_then(string_content)).map(str::to_owned))
    }
}

/// The text, where it is the one that was deployed: by the SHA-256 that its key is named after, and by its `ETag`.
fn unchanged(object: &Object, text: String, etag: Option<&str>) -> Result<String, NoText> {
    let changed = |why: String| Err(NoText::Changed { object: object.to_string(), why });
    if let Some(named) = object.named_sha256() {
        let found = Rendered::of(text.clone()).sha256;
        if !found.eq_ignore_ascii_case(named) {
            return changed(format!("its SHA-256 is {found}, and not the one in its name"));
        }
    }
    let bare = |etag: &str| etag.trim_matches('"').to_owned();
    match (object.etag.as_deref().map(bare), etag.map(bare)) {
        (Some(deployed), Some(found)) if deployed != found => {
            changed(format!("its ETag is {found}, and it was deployed with {deployed}"))
        }
        _ => Ok(text),
    }
}

// The `String` form is deprecated for those who create revisions; answers still carry it (aws-facts §1).
#[expect(deprecated, reason = "answers still carry the String form")]
fn string_revision(sha256: &str) -> RevisionLocation {
    let raw = aws_sdk_codedeploy::types::RawString::builder().sha256(sha256).build();
    RevisionLocation::builder().revision_type(RevisionLocationType::String).string(raw).build()
}

fn string_content(revision: &RevisionLocation) -> Option<&str> {
    revision.string()?.content()
}

pub(super) fn string_sha256(revision: &RevisionLocation) -> Option<&str> {
    revision.string()?.sha256()
}

pub(super) fn object(location: &S3Location) -> Option<Object> {
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    Some(Object {
        bucket: text(location.bucket())?,
        key: text(location.key())?,
        bundle: location.bundle_type().map(|bundle| bundle.as_str().to_owned()),
        version: text(location.version()),
        etag: text(location.e_tag()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_has_changed_is_seen_by_its_name_or_by_its_etag() {
        let sha256 = Rendered::of("{}".to_owned()).sha256;
        let object = |key: &str, etag: Option<&str>| Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            etag: etag.map(str::to_owned),
            ..Object::default()
        };
        let named = format!("app/dg/{sha256}.json");
        for (key, known, text, etag, holds) in [
            (named.as_str(), None, "{}", None, true),
            (&named, Some("\"a\""), "{}", Some("a"), true),
            (&named, Some("a"), "{}", None, true),
            (&named, None, "{ }", None, false),
            (&named, Some("a"), "{}", Some("\"b\""), false),
            ("appspec.yaml", Some("a"), "anything", Some("a"), true),
            ("appspec.yaml", Some("a"), "anything", Some("b"), false),
            ("appspec.yaml", None, "anything", Some("b"), true),
        ] {
            let read = unchanged(&object(key, known), text.to_owned(), etag);
            assert_eq!(read.is_ok(), holds, "{key} {known:?} {text} {etag:?}: {read:?}");
        }
    }
}
