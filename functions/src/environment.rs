//! The function's environment, read once at the start. Nothing else in this crate asks the process for a variable.

use std::collections::BTreeMap;
use std::path::PathBuf;

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
