//! What a plan refers to and cannot say itself. The caller brings it, so that reading a plan stays pure: no environment, no
//! file system and no clock in here.

use jiff::Timestamp;

/// A lookup that answers with a text, or that there is none.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The surroundings of a plan while it is read.
#[derive(Clone, Copy)]
pub struct Givens<'a> {
    /// `${NAME}`.
    pub(crate) variable: Lookup<'a>,
    /// `${secret:NAME}`.
    pub(crate) secret: Lookup<'a>,
    /// A file beside the plan, by the path that the plan gives; or why it cannot be read.
    pub(crate) file: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// Now.
    pub(crate) now: Timestamp,
}

impl<'a> Givens<'a> {
    /// No variable, no secret and no file; every reference to one is a problem.
    pub fn at(now: Timestamp) -> Self {
        Self {
            variable: &|_| None,
            secret: &|_| None,
            file: &|_| Err("there are no files beside this plan".to_owned()),
            now,
        }
    }

    /// With values for `${NAME}`.
    #[must_use]
    pub fn with_variables(self, variable: Lookup<'a>) -> Self {
        Self { variable, ..self }
    }

    /// With values for `${secret:NAME}`, which are never shown.
    #[must_use]
    pub fn with_secrets(self, secret: Lookup<'a>) -> Self {
        Self { secret, ..self }
    }

    /// With the files beside the plan.
    #[must_use]
    pub fn with_files(self, file: &'a dyn Fn(&str) -> Result<Vec<u8>, String>) -> Self {
        Self { file, ..self }
    }
}
