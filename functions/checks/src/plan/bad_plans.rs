//! Every kind of mistake in a plan, whole: `bad_plans.txt` has the plans, and the snapshot the lines at which something is
//! said, with the column and the message. A case marked `[schema]` is one that the JSON Schema refuses as well.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::{Givens, read};

const CASES: &str = include_str!("bad_plans.txt");

/// `GL1001 plan: … (checks.yaml:6:15)…`.
static MESSAGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^GL10\d\d plan: .+ \(checks\.yaml:(\d+):(\d+)\)(; .+)?$").unwrap());

struct Case {
    title: &'static str,
    #[cfg(feature = "schema")]
    refused_by_the_schema: bool,
    plan: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |text: &'static str| {
        let (title, plan) = text.split_once('\n').unwrap_or((text, ""));
        let stripped = title.strip_suffix(" [schema]");
        Case {
            title: stripped.unwrap_or(title),
            #[cfg(feature = "schema")]
            refused_by_the_schema: stripped.is_some(),
            plan,
        }
    };
    CASES.split("=== ").skip(1).map(case).collect()
}

fn told(plan: &str) -> Vec<String> {
    let variable = |name: &str| (name == "HOST").then(|| "shop.example.com".to_owned());
    let file = |_: &str| Err("No such file or directory".to_owned());
    let givens = Givens::at("2026-06-01T00:00:00Z".parse().unwrap()).with_variables(&variable).with_files(&file);
    match read(plan, "checks.yaml", &givens) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.messages().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_bad_plan_is_told_what_is_wrong_where_and_what_to_do() {
    let cases = cases();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let mut shown = String::new();
    for case in &cases {
        let told = told(case.plan);
        assert!(!told.is_empty(), "{}: it was read", case.title);
        writeln!(shown, "=== {}", case.title).unwrap();
        let mut last = 0;
        for message in told {
            let place = MESSAGE.captures(&message).unwrap_or_else(|| panic!("{}: {message}", case.title));
            let (line, column): (usize, usize) = (place[1].parse().unwrap(), place[2].parse().unwrap());
            if line != last {
                let text = case.plan.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
                writeln!(shown, "{line:3} | {text}").unwrap();
                last = line;
            }
            writeln!(shown, "    | {:>column$} {message}", '^').unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

#[cfg(feature = "schema")]
#[test]
fn the_schema_refuses_what_is_structurally_wrong_and_takes_the_rest() {
    let validator = jsonschema::validator_for(&crate::schema::checks()).unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        // What is no YAML, or has a key twice, has no value that a schema could be asked about.
        let Ok(plan) = serde_saphyr::from_str::<serde_json::Value>(case.plan) else { continue };
        if case.plan.is_empty() {
            continue;
        }
        if validator.is_valid(&plan) == case.refused_by_the_schema {
            wrong.push(case.title);
        }
        // A name that nobody knows is structure.
        let strange = told(case.plan).iter().any(|message| message.contains("unknown field"));
        assert!(!strange || case.refused_by_the_schema, "{}", case.title);
    }
    assert!(wrong.is_empty(), "the schema says otherwise of {wrong:#?}");
}
