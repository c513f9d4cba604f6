//! What a plan refers to, as far as it is at hand, and what it asked for that is not. It fetches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::LARGEST_FILE;
use super::source::{PlanSource, relative};
use crate::environment::Environment;

/// Variables, secrets and files of one plan.
#[derive(Debug)]
pub(super) struct Supplies {
    environment: Arc<Environment>,
    source: PlanSource,
    files: BTreeMap<String, Result<Vec<u8>, String>>,
    secrets: BTreeMap<String, Result<String, String>>,
    wanted: Mutex<Wanted>,
}

/// What a reading asked for and did not find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) files: BTreeSet<String>,
    pub(super) secrets: BTreeSet<String>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.secrets.is_empty()
    }
}

impl Supplies {
    pub(super) fn new(environment: Arc<Environment>, source: PlanSource) -> Self {
        Self { environment, source, files: BTreeMap::new(), secrets: BTreeMap::new(), wanted: Mutex::default() }
    }

    /// `${NAME}`.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    /// `${secret:NAME}`: the function's variable of that name, or else what the secrets extension has.
    pub(super) fn secret(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variable(name) {
            return Some(value);
        }
        match self.secrets.get(name) {
            Some(secret) => secret.as_ref().ok().cloned(),
            None => {
                if self.environment.secret_store().is_some() {
                    self.want(|wanted| wanted.secrets.insert(name.to_owned()));
                }
                None
            }
        }
    }

    /// A file beside the plan.
    pub(super) fn file(&self, file: &str) -> Result<Vec<u8>, String> {
        if self.source.is_local() {
            let root = self.environment.root();
            let folder = match &self.source {
                PlanSource::Packaged(path) => root.join(path).parent().map_or(root, Path::to_owned),
                PlanSource::S3(_) | PlanSource::AppConfig { .. } | PlanSource::Inline(_) => root,
            };
            return packaged(&folder.join(relative(file)?));
        }
        match self.files.get(file) {
            Some(bytes) => bytes.clone(),
            None => {
                self.want(|wanted| wanted.files.insert(file.to_owned()));
                Err("it was not fetched".to_owned())
            }
        }
    }

    /// What was asked for since the last time.
    pub(super) fn wanted(&self) -> Wanted {
        std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn keep_file(&mut self, file: String, bytes: Result<Vec<u8>, String>) {
        self.files.insert(file, bytes);
    }

    pub(super) fn keep_secret(&mut self, name: String, secret: Result<String, String>) {
        self.secrets.insert(name, secret);
    }

    /// Why secrets are not there; the plan itself can only say that they are not.
    pub(super) fn failures(&self) -> impl Iterator<Item = String> {
        self.secrets
            .iter()
            .filter_map(|(name, secret)| Some(format!("secret {name:?} cannot be read: {}", secret.as_ref().err()?)))
    }

    fn want(&self, change: impl FnOnce(&mut Wanted) -> bool) {
        change(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn packaged(path: &Path) -> Result<Vec<u8>, String> {
    let open = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    open.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST_FILE {
        return Err(format!("larger than {} KiB, which is the most that is read", LARGEST_FILE / 1024));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supplies<const N: usize>(source: &str, variables: [(&str, &str); N]) -> Supplies {
        Supplies::new(Arc::new(Environment::from(variables)), PlanSource::parse(source).unwrap())
    }

    #[test]
    fn what_is_not_at_hand_is_asked_for_once_and_then_there() {
        let mut supplies =
            supplies("s3://plans/checks.yaml", [("GREENLIGHT_SECRETS", "secretsmanager"), ("NEAR", "1")]);
        assert_eq!(supplies.secret("NEAR").as_deref(), Some("1"));
        assert_eq!(supplies.secret("FAR"), None);
        assert_eq!(supplies.file("ca.pem"), Err("it was not fetched".to_owned()));
        let wanted = supplies.wanted();
        assert_eq!((wanted.files, wanted.secrets), (["ca.pem".to_owned()].into(), ["FAR".to_owned()].into()));
        supplies.keep_secret("FAR".to_owned(), Ok("2".to_owned()));
        supplies.keep_file("ca.pem".to_owned(), Ok(vec![7]));
        assert_eq!(supplies.secret("FAR").as_deref(), Some("2"));
        assert_eq!(supplies.file("ca.pem"), Ok(vec![7]));
        assert!(supplies.wanted().is_empty());
    }

    #[test]
    fn without_a_store_a_secret_is_a_variable_or_nothing() {
        let supplies = supplies("checks.yaml", []);
        assert_eq!(supplies.secret("FAR"), None);
        assert!(supplies.wanted().is_empty());
    }

    #[test]
    fn a_secret_that_cannot_be_read_says_why_and_never_what() {
        let mut supplies = supplies("checks.yaml", [("GREENLIGHT_SECRETS", "secretsmanager")]);
        supplies.keep_secret("FAR".to_owned(), Err("HTTP 400".to_owned()));
        supplies.keep_secret("OTHER".to_owned(), Ok("hunter2".to_owned()));
        assert_eq!(supplies.failures().collect::<Vec<_>>(), ["secret \"FAR\" cannot be read: HTTP 400"]);
    }
}
