//! Hooks that go wrong in the ways in which hooks go wrong, as shipped binaries inside whole deployments: each must end in a
//! failed, rolled-back deployment within its deadline, never in silence and never in a pass.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

mod support {
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::time::{Duration, Instant};

use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

/// A function's timeout: twice the shortest report reserve and a little, so that the watchdog acts within seconds.
const TIMEOUT: Duration = Duration::from_secs(22);

#[test]
fn a_hook_that_panics_fails_the_deployment_and_says_so() {
    let ended = deploy(Function::after_allow_test_traffic().drill("panic"));
    ended.is_rolled_back_by_the_hook("GL1904");
}

#[test]
fn a_hook_that_hangs_reports_before_its_deadline() {
    let ended = deploy(Function::after_allow_test_traffic().drill("hang").timeout(TIMEOUT));
    ended.is_rolled_back_by_the_hook("GL1903");
    assert!(ended.took < TIMEOUT, "the report came only after {:?}", ended.took);
}

#[test]
fn a_hook_without_its_plan_fails_the_deployment_and_says_so() {
    let ended = deploy(Function::after_allow_test_traffic().plan("nowhere.yaml"));
    ended.is_rolled_back_by_the_hook("GL1003");
}

#[test]
fn a_hook_with_an_invalid_plan_fails_the_deployment_and_names_the_place() {
    let ended = deploy(Function::after_allow_test_traffic().plan("misspelt.yaml"));
    ended.is_rolled_back_by_the_hook("GL1001");
    assert!(ended.printed.contains("misspelt.yaml:"), "{}", ended.printed);
    assert!(ended.printed.contains("did you mean \"status\"?"), "{}", ended.printed);
}

#[test]
fn a_hook_whose_plan_has_nothing_for_its_event_fails_the_deployment() {
    let ended = deploy(Function::after_allow_test_traffic().plan("elsewhere.yaml"));
    ended.is_rolled_back_by_the_hook("GL1002");
}

#[test]
fn a_function_wired_to_the_wrong_event_fails_the_deployment() {
    let ended = deploy(Function::after_allow_test_traffic().binary("before-allow-traffic"));
    ended.is_rolled_back_by_the_hook("GL1104");
}

#[test]
fn a_hook_whose_process_dies_is_ended_by_the_hour_not_by_a_pass() {
    let ended = deploy(Function::after_allow_test_traffic().drill("exit").timeout(TIMEOUT));
    ended.is_rolled_back("AfterAllowTestTraffic");
    assert!(
        ended.printed.contains("The deployment timed out while waiting for a status callback."),
        "{}",
        ended.printed
    );
}

#[test]
fn a_function_that_does_not_exist_fails_the_deployment() {
    // The preflight would refuse it.
    let nobody = Function::after_allow_test_traffic().named("CodeDeployHook_Nobody").absent();
    let ended = deploy_with(nobody, &["--skip-preflight"]);
    ended.is_rolled_back("AfterAllowTestTraffic");
    assert!(ended.printed.contains("CodeDeployHook_Nobody"), "{}", ended.printed);
}

#[test]
fn an_alarm_that_is_red_before_the_shift_fails_the_deployment_and_is_named() {
    let ended = deploy(Function::before_allow_traffic());
    ended.is_rolled_back("BeforeAllowTraffic");
    assert_eq!(ended.exit_code, Some(11), "{}", ended.printed);
    let told = "GL1311 alarms: shop-5xx expected OK, got ALARM since ";
    assert!(ended.printed.contains(told), "no {told:?} in:\n{}", ended.printed);
    let before = "; it was red before the deployment began (";
    assert!(ended.printed.contains(before), "no {before:?} in:\n{}", ended.printed);
}

/// How a deployment ended, as a person saw it.
struct Ended {
    exit_code: Option<i32>,
    printed: String,
    took: Duration,
}

impl Ended {
    fn is_rolled_back(&self, event: &str) {
        assert!(matches!(self.exit_code, Some(10 | 11)), "exit {:?}:\n{}", self.exit_code, self.printed);
        assert!(self.printed.contains(&format!("FAILED at {event}")), "{}", self.printed);
        assert!(self.printed.contains("rolled back by d-"), "{}", self.printed);
    }

    fn is_rolled_back_by_the_hook(&self, code: &str) {
        self.is_rolled_back("AfterAllowTestTraffic");
        assert_eq!(self.exit_code, Some(11), "{}", self.printed);
        assert!(self.printed.contains(code), "no {code} in:\n{}", self.printed);
    }
}

fn deploy(function: Function) -> Ended {
    deploy_with(function, &[])
}

fn deploy_with(function: Function, arguments: &[&str]) -> Ended {
    let scenario = Scenario::write(&function);
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let started = Instant::now();
    let output = stand_in
        .greenlight()
        .args(["deploy", "--file"])
        .arg(scenario.configuration())
        .args(arguments)
        .output()
        .expect("greenlight can be started");
    Ended {
        exit_code: output.status.code(),
        printed: String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout),
        took: started.elapsed(),
    }
}
