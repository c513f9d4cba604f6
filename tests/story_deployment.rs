//! A whole deployment with the shipped binaries, seen from outside: the driver's exit code and output, and what clients of
//! both listeners got while it ran.

mod support {
    pub(crate) mod load;
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::process::Output;

use serde_json::Value;
use support::load::{self, Load};
use support::output::text;
use support::stand_in::StandIn;

const PRODUCT: &str = "/api/products/42";

#[tokio::test(flavor = "multi_thread")]
async fn production_sees_blue_then_the_split_then_green_and_no_request_fails() {
    let stand_in = StandIn::start(&[]);
    let production = Load::start(&format!("{}{PRODUCT}", stand_in.text("production")), 4);
    let test = Load::start(&format!("{}{PRODUCT}", stand_in.text("test")), 2);

    let output = deploy(&stand_in);
    let after = load::ask(&load::client(), &format!("{}{PRODUCT}", stand_in.text("production"))).await;

    let (production, test) = (production.stop().await, test.stop().await);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    for (listener, clients) in [("production", &production), ("test", &test)] {
        let failed: Vec<_> = clients.iter().flatten().filter_map(|answer| answer.as_ref().err()).collect();
        assert!(
            failed.is_empty(),
            "{} failed requests on the {listener} listener, first: {:?}",
            failed.len(),
            failed[0]
        );
    }
    assert_eq!(after.as_deref(), Ok("2"));

    for client in &production {
        let versions: Vec<_> = client.iter().map(|answer| answer.as_deref().expect("no request failed")).collect();
        assert_eq!(versions.first(), Some(&"1"), "production starts on blue");
        assert_eq!(versions.last(), Some(&"2"), "production ends on green");
        let first_green = versions.iter().position(|version| *version == "2").expect("green was seen");
        let last_blue = versions.iter().rposition(|version| *version == "1").expect("blue was seen");
        assert!(first_green < last_blue, "the canary sends some requests to green while blue still serves");
        let canary = &versions[first_green..=last_blue];
        let green = canary.iter().filter(|version| **version == "2").count();
        let share = green as f64 / canary.len() as f64;
        assert!(
            (0.02..0.3).contains(&share),
            "a canary of 10 % sent {:.0} % of {} requests to green",
            share * 100.0,
            canary.len()
        );
    }
    for client in &test {
        assert_eq!(client.last().expect("the test listener was asked").as_deref(), Ok("2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_that_fails_is_rolled_back_and_production_never_sees_it() {
    let stand_in = StandIn::start(&["--green-fails", "500"]);
    let production = Load::start(&format!("{}{PRODUCT}", stand_in.text("production")), 4);

    let output = deploy(&stand_in);

    let production = production.stop().await;
    assert_eq!(output.status.code(), Some(11), "{}", text(&output));
    let printed = text(&output);
    for wanted in
        ["AfterAllowTestTraffic", "GL1201 product", "GET /api/products/42", "test listener", "rolled back by d-"]
    {
        assert!(printed.contains(wanted), "no {wanted:?} in:\n{printed}");
    }
    for answer in production.iter().flatten() {
        assert_eq!(answer.as_deref(), Ok("1"), "production stays on blue");
    }
}

#[test]
fn the_last_line_of_json_output_is_the_outcome_with_the_exit_code() {
    for (arguments, exit_code, outcome) in
        [(&[][..], 0, "succeeded"), (&["--green-fails", "wrong-body"][..], 11, "failed")]
    {
        let stand_in = StandIn::start(arguments);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        stand_in.write_configuration(folder.path());
        let output = stand_in
            .greenlight()
            .args(["deploy", "--output", "json"])
            .current_dir(folder.path())
            .output()
            .expect("greenlight can be started");
        let lines: Vec<Value> = String::from_utf8(output.stdout)
            .expect("standard output is text")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}")))
            .collect();
        assert!(lines.len() > 5, "progress is told: {lines:?}");
        for line in &lines {
            assert_eq!(line["schema"], 1, "{line}");
            assert!(line["type"].is_string(), "{line}");
            let at = line["at"].as_str().unwrap_or_else(|| panic!("no time in {line}"));
            assert!(at.ends_with('Z') && at.contains('T'), "{at} is RFC 3339 in UTC");
        }
        let last = lines.last().expect("there is a last line");
        assert_eq!(last["type"], "outcome");
        assert_eq!(last["exit_code"], exit_code, "{last}");
        assert_eq!(output.status.code(), Some(exit_code));
        assert!(last["outcome"].as_str().is_some_and(|text| text.starts_with(outcome)), "{last}");
        assert!(last["deployment_id"].as_str().is_some_and(|id| id.starts_with("d-")), "{last}");
        assert_eq!(last["rollback_deployment_id"].is_string(), exit_code == 11, "{last}");
    }
}

/// Deploys the demo's second version, with plain output.
fn deploy(stand_in: &StandIn) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    stand_in.greenlight().arg("deploy").current_dir(folder.path()).output().expect("greenlight can be started")
}
