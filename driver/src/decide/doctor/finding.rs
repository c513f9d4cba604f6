//! A finding, and how a check comes to one.

use super::Check;
use super::facts::{Facts, Further, Group, Service, Unread};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The deployment will fail, or do harm, or nothing could be judged.
    Blocking,
    /// It may, or something could not be judged.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Warning, Self::Info];

    /// For programs, and for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub check: Check,
    /// How bad.
    pub severity: Severity,
    /// What is.
    pub finding: String,
    /// What will happen.
    pub consequence: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    pub(super) fn blocking(
        check: Check,
        finding: impl Into<String>,
        consequence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            check,
            severity: Severity::Blocking,
            finding: finding.into(),
            consequence: consequence.into(),
            fix: fix.into(),
        }
    }

    pub(super) fn warning(
        check: Check,
        finding: impl Into<String>,
        consequence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::blocking(check, finding, consequence, fix) }
    }

    pub(super) fn info(
        check: Check,
        finding: impl Into<String>,
        consequence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Info, ..Self::blocking(check, finding, consequence, fix) }
    }

    /// Something could not be read.
    pub(super) fn unjudged(check: Check, unread: &Unread) -> Self {
        let (finding, fix) = if unread.denied {
            (
                format!("could not be judged: needs the permission {} ({})", unread.action, unread.text),
                format!("allow {} to the credentials in use", unread.action),
            )
        } else {
            (format!("could not be judged: {}", unread.text), "look at the cause, and run it again".to_owned())
        };
        Self::warning(check, finding, format!("it is not known whether {}", check.claim()), fix)
    }

    /// Something without which nothing can be judged could not be read.
    pub(super) fn unjudged_at_all(check: Check, unread: &Unread) -> Self {
        let unjudged = Self::unjudged(check, unread);
        let consequence = format!("{}, and what rests on it is not judged either", unjudged.consequence);
        Self { severity: Severity::Blocking, consequence, ..unjudged }
    }
}

/// Findings, or why there are none.
pub(super) type Judged = Result<Vec<Finding>, Skipped>;

/// Why a check says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    /// There is nothing that it is about.
    Inapplicable,
    /// What it rests on is missing, which is another check's finding.
    Behind,
}

impl Facts {
    pub(super) fn known_group(&self) -> Result<&Group, Skipped> {
        self.group.as_ref().map_err(|_| Skipped::Behind)
    }

    pub(super) fn known_service(&self) -> Result<&Service, Skipped> {
        self.service.as_ref().map_err(|_| Skipped::Behind)
    }

    pub(super) fn further(&self) -> Result<&Further, Skipped> {
        self.further.as_ref().ok_or(Skipped::Inapplicable)
    }
}
