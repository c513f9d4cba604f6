//! `mode` and `until`: whether what the checks come to is enforced, or only observed until a day. A plan that observes for
//! ever would be a check that nobody notices to be off, so that the day is required and passes.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::fields::{Fields, Problems, text};
use super::givens::Givens;

/// What is done with what the checks come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It decides.
    #[default]
    Enforce,
    /// It is recorded, and Succeeded is reported.
    Observe {
        /// The last day (UTC) of it.
        until: Date,
    },
}

#[derive(Clone, Copy)]
enum Word {
    Enforce,
    Observe,
}

/// Reads `mode` and `until` of a plan; the day must not be over.
pub(crate) fn read(plan: &Fields<'_>, givens: &Givens<'_>, problems: &mut Problems) -> Mode {
    let word = plan.word("mode", &[("enforce", Word::Enforce), ("observe", Word::Observe)], problems);
    let until = plan.get("until").and_then(|node| {
        let given = text(node, "until", problems)?;
        let date = (given.len() == "2026-12-31".len()).then(|| given.parse::<Date>().ok()).flatten();
        if date.is_none() {
            problems.add(node.at, "until", format_args!("expected a date such as 2026-12-31, got {given:?}"));
        }
        Some((node.at, date?))
    });
    match (word, plan.get("until"), until) {
        (Some(Word::Observe), None, _) => {
            let at = plan.place_of("mode");
            problems.add(at, "mode", "observe needs its last day; add `until: 2026-12-31`, a date of your own");
            Mode::Enforce
        }
        (Some(Word::Observe), Some(_), Some((at, until))) => {
            let today = TimeZone::UTC.to_datetime(givens.now).date();
            if until < today {
                let text = format_args!(
                    "{until} is over (today is {today}, UTC); set a later day, or remove mode and until so that the \
                     checks decide"
                );
                problems.add(at, "until", text);
            }
            Mode::Observe { until }
        }
        // Without a mode that can be read, whether the day belongs here cannot be said.
        (None, Some(_), _) if plan.get("mode").is_some() => Mode::Enforce,
        (None | Some(Word::Enforce), Some(node), _) => {
            problems.add(node.at, "until", "is the last day of `mode: observe`, which this plan does not say");
            Mode::Enforce
        }
        (Some(Word::Enforce) | None, None, _) | (Some(Word::Observe), Some(_), None) => Mode::Enforce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::read;

    fn said(lines: &str, now: &str) -> Result<Mode, String> {
        let text = format!(
            "version: 1\n{lines}\nhooks: {{ BeforeAllowTraffic: [a] }}\nchecks: [{{ id: a, http: {{ get: / }}, expect: {{ status: 200 }} }}]\n"
        );
        let givens = Givens::at(now.parse().unwrap());
        read(&text, "checks.yaml", &givens).map(|plan| plan.mode).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_plan_enforces_unless_it_says_otherwise() {
        let noon = "2026-06-01T12:00:00Z";
        assert_eq!(said("", noon), Ok(Mode::Enforce));
        assert_eq!(said("mode: enforce", noon), Ok(Mode::Enforce));
        let until = "2026-12-31".parse().unwrap();
        assert_eq!(said("mode: observe\nuntil: 2026-12-31", noon), Ok(Mode::Observe { until }));
    }

    #[test]
    fn the_last_day_is_observed_to_its_end_and_the_next_one_is_an_error() {
        let observing = "mode: observe\nuntil: 2026-12-31";
        assert!(said(observing, "2026-12-31T23:59:59.999Z").is_ok());
        assert_eq!(
            said(observing, "2027-01-01T00:00:00Z").unwrap_err(),
            "GL1001 plan: until: 2026-12-31 is over (today is 2027-01-01, UTC); set a later day, or remove mode and until \
             so that the checks decide (checks.yaml:3:8)"
        );
    }

    #[test]
    fn observing_without_end_and_an_end_without_observing_are_refused() {
        let noon = "2026-06-01T12:00:00Z";
        for (lines, told) in [
            (
                "mode: observe",
                "mode: observe needs its last day; add `until: 2026-12-31`, a date of your own (checks.yaml:2:7)",
            ),
            (
                "until: 2026-12-31",
                "until: is the last day of `mode: observe`, which this plan does not say (checks.yaml:2:8)",
            ),
            (
                "mode: enforce\nuntil: 2026-12-31",
                "until: is the last day of `mode: observe`, which this plan does not say (checks.yaml:3:8)",
            ),
            (
                "mode: observ\nuntil: 2026-12-31",
                "mode: unknown value \"observ\" (checks.yaml:2:7); did you mean \"observe\"?",
            ),
            (
                "mode: observe\nuntil: 2026-13-01",
                "until: expected a date such as 2026-12-31, got \"2026-13-01\" (checks.yaml:3:8)",
            ),
            (
                "mode: observe\nuntil: christmas",
                "until: expected a date such as 2026-12-31, got \"christmas\" (checks.yaml:3:8)",
            ),
            ("mode: observe\nuntil: 20261231", "until: expected a text, got a number (checks.yaml:3:8)"),
        ] {
            assert_eq!(said(lines, noon), Err(format!("GL1001 plan: {told}")), "{lines}");
        }
    }
}
