//! The function's environment, read once at the start. Nothing else in this crate asks the process for a variable.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The store that `${secret:NAME}` asks where no variable has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretStore {
    /// AWS Secrets Manager.
    SecretsManager,
    /// Parameters of AWS Systems Manager, decrypted.
    ParameterStore,
}

/// What the environment says, before anything is made of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Names of the settings that are ours.
    pub(crate) const PLAN: &'static str = "GREENLIGHT_PLAN";
    const LOG: &'static str = "GREENLIGHT_LOG";
    const DRILL: &'static str = "GREENLIGHT_DRILL";
    const SECRETS: &'static str = "GREENLIGHT_SECRETS";
    const EVIDENCE_BUCKET: &'static str = "GREENLIGHT_EVIDENCE_BUCKET";
    const EVIDENCE_PREFIX: &'static str = "GREENLIGHT_EVIDENCE_PREFIX";

    /// The environment of this process. A value that is not UTF-8 counts as not set.
    pub(crate) fn of_this_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// Looks one up; an empty value is a value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The plan's path as it was written; empty counts as not set.
    pub(crate) fn plan(&self) -> Option<&str> {
        self.get(Self::PLAN).filter(|path| !path.is_empty())
    }

    /// Where a relative path starts: the function's package, or the working directory outside Lambda.
    pub(crate) fn root(&self) -> PathBuf {
        self.get("LAMBDA_TASK_ROOT").filter(|root| !root.is_empty()).map_or_else(|| PathBuf::from("."), PathBuf::from)
    }

    /// The tracing filter.
    pub(crate) fn log(&self) -> &str {
        self.get(Self::LOG).filter(|filter| !filter.is_empty()).unwrap_or("info")
    }

    /// The fire drill, as it was written; empty counts as not set.
    pub(crate) fn drill(&self) -> Option<&str> {
        self.get(Self::DRILL).filter(|drill| !drill.is_empty())
    }

    /// The store for secrets that are no variables; none is asked unless the variable says which.
    pub(crate) fn secret_store(&self) -> Option<Result<SecretStore, String>> {
        match self.set(Self::SECRETS)? {
            "secretsmanager" => Some(Ok(SecretStore::SecretsManager)),
            "parameterstore" => Some(Ok(SecretStore::ParameterStore)),
            other => {
                Some(Err(format!("GREENLIGHT_SECRETS is {other:?}; it is secretsmanager, parameterstore, or not set")))
            }
        }
    }

    /// The port of the parameters and secrets extension.
    pub(crate) fn secrets_port(&self) -> &str {
        self.set("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT").unwrap_or("2773")
    }

    /// The port of the AppConfig extension.
    pub(crate) fn app_config_port(&self) -> &str {
        self.set("AWS_APPCONFIG_EXTENSION_HTTP_PORT").unwrap_or("2772")
    }

    /// Where evidence is kept: the bucket, and what its keys begin with.
    pub(crate) fn evidence(&self) -> Option<(&str, &str)> {
        let bucket = self.set(Self::EVIDENCE_BUCKET)?;
        Some((bucket, self.set(Self::EVIDENCE_PREFIX).map_or("greenlight", |prefix| prefix.trim_matches('/'))))
    }

    /// The function's memory in MB, as Lambda gives it.
    pub(crate) fn memory(&self) -> Option<&str> {
        self.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    }

    /// Empty counts as not set.
    fn set(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The name of the function.
    pub(crate) fn function(&self) -> Option<&str> {
        self.get("AWS_LAMBDA_FUNCTION_NAME")
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }
}
