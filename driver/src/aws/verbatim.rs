//! Sends and receives one call's JSON as it is, through the SDK's own signing and retries.
//!
//! A task definition passes through the driver unchanged but for its images. The SDK's typed model would drop every field that
//! is newer than the SDK, and a task definition that silently loses a field is a different task definition. So the
//! typed call is made with its shortest valid input, the body is exchanged before signing, and the answer is read before
//! the SDK forgets what it does not know.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;

/// An interceptor for one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Verbatim {
    request: Option<String>,
    response: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Verbatim {
    /// Sends this body in place of the typed one.
    pub(super) fn sending(request: String) -> Self {
        Self { request: Some(request), ..Self::default() }
    }

    /// The answer's body, once there is one.
    pub(super) fn received(&self) -> Option<serde_json::Value> {
        let bytes = self.response.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()?;
        serde_json::from_slice(&bytes).ok()
    }
}

impl Intercept for Verbatim {
    fn name(&self) -> &'static str {
        "Verbatim"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(text) = &self.request {
            let request = context.request_mut();
            request.headers_mut().insert("content-length", text.len().to_string());
            *request.body_mut() = SdkBody::from(text.as_str());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.response.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = bytes;
        Ok(())
    }
}
