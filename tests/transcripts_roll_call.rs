//! Roll call: every verb, every option, every value of an option that has a list of them, every key of `greenlight.yaml` and every
//! exit code stands in a transcript, in each form that it has. What there is is taken from the command's own `--help` and its own
//! schema, so that whatever is added later is missed here until it has a transcript.

mod support {
    pub(crate) mod roll_call;
}

use std::collections::{BTreeMap, BTreeSet};

use greenlight::exit::Exit;
use support::roll_call::{Choice, Form, Played, Verb, exit_codes, keys, keys_of, played};

/// What this many verbs take alike is one option: it is not run with each of them.
const SHARED: usize = 6;

/// Options that leave a verb with one form.
const ONE_FORM: [(&str, &str, &str); 4] = [
    ("check", "--output-file", "it takes JUnit XML, which is a form of its own"),
    ("check", "--output junit", "it is a form of its own"),
    ("rehearse", "--serve", "it prints one line of JSON, whoever reads it"),
    ("rehearse", "--port", "it is an option of --serve"),
];

#[test]
fn every_verb_has_a_transcript_in_each_form() {
    let Played { calls, .. } = played();
    let mut missing = Vec::new();
    for verb in Verb::all() {
        let run = |form: Form| calls.iter().any(|call| call.verb == verb.name && call.form == form);
        missing.extend(verb.forms().iter().filter(|form| !run(**form)).map(|form| format!("{} ({form:?})", verb.name)));
        for argument in &verb.arguments {
            for value in &argument.values {
                let run = |form| {
                    calls.iter().any(|call| {
                        call.verb == verb.name && call.form == form && call.arguments.iter().any(|given| given == value)
                    })
                };
                missing.extend(
                    verb.forms()
                        .iter()
                        .filter(|form| !run(**form))
                        .map(|form| format!("{} {value} ({form:?})", verb.name)),
                );
            }
        }
    }
    assert_none(&missing);
}

#[test]
fn every_option_and_every_listed_value_of_one_has_a_transcript_in_each_form() {
    let Played { calls, .. } = played();
    let verbs = Verb::all();
    let mut takers: BTreeMap<String, usize> = BTreeMap::new();
    for told in verbs
        .iter()
        .flat_map(|verb| &verb.options)
        .flat_map(|option| values(option).into_iter().map(|value| told(option, value)))
    {
        *takers.entry(told).or_default() += 1;
    }
    let mut missing = BTreeSet::new();
    for verb in &verbs {
        for option in &verb.options {
            for value in values(option) {
                // That is what the forms are.
                if option.name == "--output" && matches!(value, Some("human" | "json")) {
                    continue;
                }
                let told = told(option, value);
                let shared = takers[&told] >= SHARED;
                let run = |form: Form| {
                    calls.iter().any(|call| {
                        (shared || call.verb == verb.name) && call.form == form && call.has(&option.name, value)
                    })
                };
                let absent: Vec<_> = verb.forms().iter().filter(|form| !run(**form)).collect();
                let one_is_enough = ONE_FORM.iter().any(|(name, given, _)| *name == verb.name && *given == told);
                let any = calls.iter().any(|call| call.verb == verb.name && call.has(&option.name, value));
                if one_is_enough && any {
                    continue;
                }
                let whose = if shared { "any verb" } else { &verb.name };
                missing.extend(absent.into_iter().map(|form| format!("{whose} {told} ({form:?})")));
            }
        }
    }
    assert_none(&missing.into_iter().collect::<Vec<_>>());
}

#[test]
fn every_key_and_every_policy_of_the_configuration_has_a_transcript_in_each_form() {
    let Played { configurations, .. } = played();
    let missing: Vec<_> = [Form::People, Form::Programs]
        .into_iter()
        .flat_map(|form| {
            let mut written = BTreeSet::new();
            let of_form = configurations.iter().filter(|(of, _)| *of == form);
            of_form.for_each(|(_, configuration)| keys_of(configuration, "", &mut written));
            keys().into_iter().filter(move |key| !written.contains(key)).map(move |key| format!("{key} ({form:?})"))
        })
        .collect();
    assert_none(&missing);
}

#[test]
fn every_exit_code_and_every_outcome_has_a_transcript_in_each_form() {
    let Played { calls, outcomes, .. } = played();
    let mut missing = Vec::new();
    for code in exit_codes() {
        for form in [Form::People, Form::Programs] {
            if !calls.iter().any(|call| call.exit == code && call.form == form) {
                missing.push(format!("exit {code} ({form:?})"));
            }
        }
    }
    let names = Exit::ALL.iter().map(|exit| exit.name());
    missing.extend(names.filter(|name| !outcomes.contains(*name)).map(|name| format!("outcome {name:?}")));
    assert_none(&missing);
}

/// Each listed value, or that there is none.
fn values(option: &Choice) -> Vec<Option<&str>> {
    let listed: Vec<_> = option.values.iter().map(|value| Some(value.as_str())).collect();
    if listed.is_empty() { vec![None] } else { listed }
}

fn told(option: &Choice, value: Option<&str>) -> String {
    value.map_or(option.name.clone(), |value| format!("{} {value}", option.name))
}

fn assert_none(missing: &[String]) {
    assert!(missing.is_empty(), "{} have no transcript:\n  {}", missing.len(), missing.join("\n  "));
}
