//! Auto-scaling around a deployment: what is suspended, and the mark that tells the next one who comes what to resume. It calls
//! nothing.
//!
//! The mark is a tag on the scalable target itself, not a file: the next run may be on another machine. It is set before anything is
//! suspended and taken away after everything is resumed, and it holds what was suspended before. So at any moment at
//! which a run may die, whoever finds the mark restores exactly what there was, and a suspension that a person made without a mark
//! is never resumed.

use jiff::Timestamp;

/// The key of the tag.
pub const MARK: &str = "greenlight:auto-scaling-suspended";

/// What is suspended of a scalable target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspension {
    /// Scaling in by policies.
    pub scaling_in: bool,
    /// Scaling out by policies.
    pub scaling_out: bool,
    /// Scheduled actions.
    pub scheduled: bool,
}

impl Suspension {
    /// During a deployment nothing may scale, neither way: a service that is not steady for five minutes fails the shift
    /// (aws-facts §2).
    pub const EVERYTHING: Self = Self { scaling_in: true, scaling_out: true, scheduled: true };
}

/// The scalable target of a service's desired count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalableTarget {
    /// `service/<cluster>/<service>`.
    pub resource: String,
    /// Its ARN, which a mark needs.
    pub arn: Option<String>,
    /// What is suspended now.
    pub suspension: Suspension,
    /// The text of the mark, where there is one.
    pub mark: Option<String>,
}

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What was suspended before.
    pub before: Suspension,
    /// Since when.
    pub since: Timestamp,
}

impl Mark {
    /// As the value of a tag, which takes letters, digits, spaces and `_ . : / = + - @`.
    pub fn text(&self) -> String {
        let word = |suspended: bool| if suspended { "off" } else { "on" };
        format!(
            "in={} out={} scheduled={} since={}",
            word(self.before.scaling_in),
            word(self.before.scaling_out),
            word(self.before.scheduled),
            // To the second: that is as much as anybody wants to know.
            Timestamp::from_second(self.since.as_second()).unwrap_or(self.since)
        )
    }

    /// Reads one. A text that is not one of ours says nothing: nothing is resumed because of it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut value = |key: &str| parts.next()?.strip_prefix(key)?.strip_prefix('=');
        let suspended = |word: &str| match word {
            "off" => Some(true),
            "on" => Some(false),
            _ => None,
        };
        let before = Suspension {
            scaling_in: suspended(value("in")?)?,
            scaling_out: suspended(value("out")?)?,
            scheduled: suspended(value("scheduled")?)?,
        };
        let since = value("since")?.parse().ok()?;
        parts.next().is_none().then_some(Self { before, since })
    }
}

/// How a scalable target stands before a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody of ours suspended it.
    Free,
    /// A run suspended it and did not resume it.
    LeftSuspended(Mark),
    /// It carries a mark that this version cannot read.
    Unreadable,
}

/// How it stands. While a deployment is active the mark is that deployment's; whoever asks knows whether there is one.
pub fn standing(target: &ScalableTarget) -> Standing {
    match target.mark.as_deref().map(Mark::parse) {
        None => Standing::Free,
        Some(Some(mark)) => Standing::LeftSuspended(mark),
        Some(None) => Standing::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(mark: Option<&str>) -> ScalableTarget {
        ScalableTarget {
            resource: "service/c/s".to_owned(),
            arn: Some("arn:x".to_owned()),
            suspension: Suspension::EVERYTHING,
            mark: mark.map(str::to_owned),
        }
    }

    #[test]
    fn a_mark_is_read_back_as_it_was_written_in_the_letters_that_a_tag_takes() {
        for bits in 0..8 {
            let before = Suspension { scaling_in: bits & 1 != 0, scaling_out: bits & 2 != 0, scheduled: bits & 4 != 0 };
            let mark = Mark { before, since: Timestamp::from_second(1_800_000_000).unwrap() };
            let text = mark.text();
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c)), "{text}");
            assert_eq!(Mark::parse(&text), Some(mark), "{text}");
        }
        let mark =
            Mark { before: Suspension::default(), since: Timestamp::from_millisecond(1_800_000_000_750).unwrap() };
        assert_eq!(mark.text(), "in=on out=on scheduled=on since=2027-01-15T08:00:00Z");
    }

    #[test]
    fn a_suspension_without_our_mark_is_a_persons_and_none_of_our_business() {
        assert_eq!(standing(&target(None)), Standing::Free);
    }

    #[test]
    fn a_mark_that_cannot_be_read_resumes_nothing() {
        for text in [
            "",
            "yes",
            "in=on out=on",
            "in=on out=on scheduled=maybe since=2027-01-15T08:00:00Z",
            "in=on out=on scheduled=on since=2027-01-15T08:00:00Z more",
        ] {
            assert_eq!(standing(&target(Some(text))), Standing::Unreadable, "{text}");
        }
    }
}
