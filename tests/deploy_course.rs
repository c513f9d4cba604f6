//! How far `greenlight deploy` follows, what it does about another deployment and about a signal, and the exit codes that come of it.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use serde_json::json;
use support::deploy_site::{Plan, Site, outcome, text};
use support::interposer::{Call, Fate, Interposer};
use support::stand_in::{signal, wait};

/// Both waits last minutes, whatever the machine is doing.
const GATED: Plan = Plan {
    config: "CodeDeployDefault.ECSAllAtOnce",
    ready_wait: Some("20h"),
    termination_wait: "20h",
    test_listener: true,
    rollback_on: &["failure"],
    green: &[("SHOP_VERSION", "2")],
    pace: "400",
};
const OPEN: Plan = Plan { ready_wait: None, ..GATED };

/// A `greenlight` that runs.
struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    printed: String,
}

impl Running {
    fn start(site: &Site, arguments: &[&str], endpoint: Option<&str>) -> Self {
        let mut command = site.greenlight(arguments);
        if let Some(endpoint) = endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("greenlight can be started");
        let errors = BufReader::new(child.stderr.take().expect("standard error is piped"));
        Self { child, errors, printed: String::new() }
    }

    /// Reads on until this was printed.
    fn until(&mut self, wanted: &str) {
        while !self.printed.contains(wanted) {
            let read = self.errors.read_line(&mut self.printed).expect("standard error can be read");
            assert!(read > 0, "ended before {wanted:?}:\n{}", self.printed);
        }
    }

    fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Its exit code, and everything that it printed.
    fn end(mut self) -> (Option<i32>, String) {
        self.errors.read_to_string(&mut self.printed).expect("standard error can be read");
        (wait(&mut self.child, Duration::from_secs(60)).code(), self.printed)
    }
}

fn assert_says(printed: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(printed.contains(wanted), "no {wanted:?} in\n{printed}");
    }
}

#[test]
fn detached_it_leaves_as_soon_as_the_deployment_exists() {
    let site = Site::start(&GATED);
    let output = site.run(&["deploy", "--detach"]);
    let id = site.deployments()[0].clone();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(
        &text(&output),
        &[&format!("created: {id} goes on\n"), &format!("attach again: greenlight watch {id} --region us-east-1\n")],
    );
    // The same again is the same deployment.
    let again = site.run(&["deploy", "--detach", "--output", "json"]);
    let last = outcome(&again);
    assert_eq!((&last["outcome"], &last["exit_code"]), (&json!("as_far_as_asked"), &json!(0)), "{last}");
    assert_eq!(last["deployment_id"], id.as_str());
    assert_eq!(site.deployments().len(), 1);

    site.configure("auto_scaling: suspend\n");
    let refused = site.run(&["deploy", "--detach"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert_says(&text(&refused), &["--detach and auto_scaling: suspend do not go together"]);
}

#[test]
fn it_leaves_at_a_place_that_is_reached_and_at_the_gate_with_17() {
    let site = Site::start(&GATED);
    let installed = site.run(&["deploy", "--until", "Install"]);
    let id = site.deployments()[0].clone();
    assert_eq!(installed.status.code(), Some(0), "{}", text(&installed));
    assert_says(&text(&installed), &[&format!("Install is reached; {id} goes on (")]);

    let gate = site.run(&["deploy", "--until", "gate", "--output", "json"]);
    let last = outcome(&gate);
    assert_eq!(gate.status.code(), Some(0), "{last}");
    assert_eq!(last["outcome"], "as_far_as_asked");
    assert_says(last["reason"].as_str().expect("a reason"), &[&format!("gate is reached; {id} goes on (Ready)")]);

    let left = site.run(&["deploy", "--no-wait-at-gate"]);
    assert_eq!(left.status.code(), Some(17), "{}", text(&left));
    assert_says(
        &text(&left),
        &[
            &format!("{id} waits for a person before production traffic shifts (Ready)"),
            &format!("go on: greenlight continue {id} --region us-east-1"),
            "exit 17",
        ],
    );
    let left = outcome(&site.run(&["deploy", "--no-wait-at-gate", "--output", "json"]));
    assert_eq!((&left["outcome"], &left["exit_code"]), (&json!("waits_for_person"), &json!(17)), "{left}");
    assert_eq!(site.deployments().len(), 1, "all of it was one deployment");
}

#[test]
fn a_place_that_cannot_be_reached_any_more_is_told_and_the_end_decides() {
    let site = Site::start(&GATED);
    let mut deploying = Running::start(&site, &["deploy", "--until", "traffic-shifted"], None);
    deploying.until("waits for a person");
    let id = site.deployments()[0].clone();
    site.codedeploy("StopDeployment", &json!({"deploymentId": id, "autoRollbackEnabled": true}));
    let (code, printed) = deploying.end();
    assert_eq!(code, Some(13), "{printed}");
    assert_says(&printed, &["warning: traffic-shifted will not be reached\n", "STOPPED"]);
}

#[test]
fn a_place_that_the_group_does_not_have_is_refused_before_anything_is_made() {
    let site = Site::start(&Plan { test_listener: false, ..OPEN });
    let revisions = site.revisions();
    for (place, why) in [
        ("AfterAllowTestTraffic", "the deployment group has no test listener"),
        ("gate", "the deployment group shifts production traffic without waiting for a person"),
    ] {
        let output = site.run(&["deploy", "--until", place]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert_says(&text(&output), &[&format!("--until {place} would never be reached: {why}")]);
    }
    let output = site.run(&["deploy", "--until", "AlowTraffic"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert_says(&text(&output), &["no such place; did you mean \"AllowTraffic\"?"]);
    assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
}

#[test]
fn a_deadline_that_passes_leaves_with_15_while_the_deployment_goes_on() {
    let site = Site::start(&GATED);
    let output = site.run(&["deploy", "--deadline", "2s"]);
    let id = site.deployments()[0].clone();
    assert_eq!(output.status.code(), Some(15), "{}", text(&output));
    assert_says(&text(&output), &[&format!("the deadline has passed and {id} still runs ("), "exit 15"]);
    let last = outcome(&site.run(&["deploy", "--deadline", "1s", "--output", "json"]));
    assert_eq!((&last["outcome"], &last["exit_code"]), (&json!("deadline_passed"), &json!(15)), "{last}");
    assert_eq!(site.deployment(&id)["status"], "Ready");
}

#[test]
fn a_replacement_that_fails_without_a_rollback_ends_14() {
    let site = Site::start(&OPEN);
    let output = site.run(&["deploy", "--image", "web=shop:none", "--no-auto-rollback"]);
    assert_eq!(output.status.code(), Some(14), "{}", text(&output));
    assert_says(&text(&output), &["FAILED at Install", "exit 14"]);
    let id = site.deployments()[0].clone();
    assert_eq!(site.deployment(&id)["autoRollbackConfiguration"]["enabled"], false);
}

#[test]
fn an_alarm_that_turns_red_ends_12_with_a_rollback() {
    let site = Site::start(&GATED);
    site.call(
        "GraniteServiceVersion20100801.PutMetricAlarm",
        &json!({"AlarmName": "shop-5xx", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count", "Statistic": "Sum",
            "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}),
    );
    let set = |state: &str| {
        let body = json!({"AlarmName": "shop-5xx", "StateValue": state, "StateReason": "a test says so"});
        site.call("GraniteServiceVersion20100801.SetAlarmState", &body);
    };
    set("OK");
    let mut deploying = Running::start(&site, &["deploy", "--alarm", "shop-5xx", "--rollback-on", "alarm"], None);
    deploying.until("waits for a person");
    set("ALARM");
    let (code, printed) = deploying.end();
    assert_eq!(code, Some(12), "{printed}");
    assert_says(&printed, &["ALARM_ACTIVE: ", "Activated alarms: <shop-5xx>", "rolled back by d-", "exit 12"]);
}

#[test]
fn an_interrupt_stops_or_rolls_back_where_that_is_asked_and_the_end_is_followed() {
    for (policy, rollback, words) in
        [("rollback", true, "with rollback: "), ("stop", false, "rollback as configured: ")]
    {
        let site = Site::start(&GATED);
        let mut deploying = Running::start(&site, &["deploy", "--on-interrupt", policy], None);
        deploying.until("waits for a person");
        deploying.signal("INT");
        let (code, printed) = deploying.end();
        let id = site.deployments().last().expect("it was made").clone();
        assert_eq!(code, Some(13), "{printed}");
        assert_says(&printed, &[&format!("interrupted: stop of {id} requested, {words}"), "STOPPED", "exit 13"]);
        assert_eq!(site.deployment(&id)["rollbackInfo"]["rollbackDeploymentId"].is_string(), rollback, "{policy}");
        assert_eq!(printed.contains("rolled back by d-"), rollback, "{printed}");
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_says_what_is_left_running() {
    let site = Site::start(&GATED);
    site.register_scaling();
    site.configure("on_interrupt: rollback\nauto_scaling: suspend\n");
    let interposer = Interposer::before(site.stand_in.text("endpoint"));
    let mut deploying = Running::start(&site, &["deploy"], Some(&interposer.endpoint()));
    deploying.until("waits for a person");
    // Nothing is seen of the stop.
    interposer.strike(&[(Call::Of("GetDeployment", usize::MAX), Fate::Throttled)]);
    deploying.signal("INT");
    deploying.until("interrupted: stop of d-");
    deploying.signal("TERM");
    let (code, printed) = deploying.end();
    let id = site.deployments().last().expect("it was made").clone();
    assert_eq!(code, Some(143), "{printed}");
    assert_says(
        &printed,
        &[
            "auto-scaling resumed\n",
            &format!("left: {id} is being stopped (Ready), and its end was not seen"),
            &format!("attach again: greenlight watch {id} --region us-east-1"),
            "exit 143",
        ],
    );
    assert_eq!(site.scaling(), (vec![false; 3], None));
}

#[test]
fn whoever_leaves_by_a_signal_leaves_no_auto_scaling_suspended() {
    let site = Site::start(&GATED);
    site.register_scaling();
    let mut deploying = Running::start(&site, &["deploy", "--auto-scaling", "suspend"], None);
    deploying.until("waits for a person");
    let (suspended, mark) = site.scaling();
    assert_eq!(suspended, [true; 3]);
    assert!(mark.as_deref().is_some_and(|mark| mark.starts_with("in=on out=on scheduled=on since=20")), "{mark:?}");
    deploying.signal("INT");
    let (code, printed) = deploying.end();
    assert_eq!(code, Some(130), "{printed}");
    assert_says(&printed, &["auto-scaling suspended\n", "auto-scaling resumed\n", "detached: d-", "exit 130"]);
    assert_eq!(site.scaling(), (vec![false; 3], None));
}

#[test]
fn a_suspension_of_somebody_else_is_restored_as_it_was() {
    let site = Site::start(&OPEN);
    site.register_scaling();
    let body = json!({"ServiceNamespace": "ecs", "ResourceId": "service/story/shop",
        "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": {"ScheduledScalingSuspended": true}});
    site.call("AnyScaleFrontendService.RegisterScalableTarget", &body);
    let output = site.run(&["deploy", "--auto-scaling", "suspend", "--until", "traffic-shifted"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(&text(&output), &["auto-scaling is suspended as it was before"]);
    assert_eq!(site.scaling(), (vec![false, false, true], None));
}

#[test]
fn another_deployment_is_waited_for() {
    let site = Site::start(&OPEN);
    let first = site.run(&["deploy", "--until", "traffic-shifted"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let first = site.deployments()[0].clone();
    let other = ["deploy", "--env", "web:ROUND=2", "--on-conflict", "wait", "--until", "traffic-shifted"];
    let mut second = Running::start(&site, &other, None);
    second.until(&format!("waiting for the end of {first}, which is active"));
    site.end_termination_wait(&first);
    let (code, printed) = second.end();
    assert_eq!(code, Some(0), "{printed}");
    let all = site.deployments();
    assert_eq!(all.len(), 2);
    assert_says(&printed, &[&format!("traffic-shifted is reached; {} goes on", all[0])]);
    assert_eq!(site.deployment(&first)["status"], "Succeeded");
}

#[test]
fn another_deployment_is_superseded_with_a_rollback() {
    let site = Site::start(&OPEN);
    let first = site.run(&["deploy", "--until", "traffic-shifted"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let first = site.deployments()[0].clone();
    let other = [
        "deploy",
        "--env",
        "web:ROUND=2",
        "--on-conflict",
        "supersede",
        "--until",
        "traffic-shifted",
        "--output",
        "json",
    ];
    let output = site.run(&other);
    let last = outcome(&output);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(&text(&output), &[&format!("{first} is superseded: stop requested, with rollback: ")]);
    let superseded = site.deployment(&first);
    assert_eq!(superseded["status"], "Stopped");
    let rollback = superseded["rollbackInfo"]["rollbackDeploymentId"].as_str().expect("it was rolled back").to_owned();
    assert_eq!(site.deployment(&rollback)["status"], "Succeeded");
    assert_ne!(last["deployment_id"], first.as_str());
    assert_eq!(site.deployments().len(), 3, "the first, its rollback, the second");
}

#[test]
fn another_deployment_is_followed_instead_or_is_a_conflict() {
    let site = Site::start(&GATED);
    let first = site.run(&["deploy", "--until", "gate"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let first = site.deployments()[0].clone();
    let other = ["deploy", "--env", "web:ROUND=2"];
    let revisions = site.revisions();

    let refused = site.run(&[&other[..], &["--output", "json"]].concat());
    let last = outcome(&refused);
    assert_eq!((&last["outcome"], &last["exit_code"]), (&json!("conflict"), &json!(16)), "{last}");
    assert_says(last["reason"].as_str().expect("a reason"), &[&first, "follow it: greenlight watch"]);

    let attached = site.run(&[&other[..], &["--on-conflict", "attach", "--no-wait-at-gate"]].concat());
    assert_eq!(attached.status.code(), Some(17), "{}", text(&attached));
    assert_says(&text(&attached), &[&format!("{first} is active; it is followed instead (on_conflict: attach)")]);
    assert_eq!((site.deployments().len(), site.revisions()), (1, revisions), "nothing was made");
}

#[test]
fn a_conflict_that_comes_in_between_takes_the_revision_back() {
    let site = Site::start(&GATED);
    let interposer = Interposer::before(site.stand_in.text("endpoint"));
    let first = site.run(&["deploy", "--until", "gate"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    let revisions = site.revisions();
    // It is not seen before, only by the refusal.
    interposer.strike(&[(Call::Of("ListDeployments", 1), Fate::Lagging)]);
    let second = site
        .greenlight(&["deploy", "--env", "web:ROUND=2"])
        .env("AWS_ENDPOINT_URL", interposer.endpoint())
        .output()
        .expect("greenlight can be started");
    assert_eq!(second.status.code(), Some(16), "{}", text(&second));
    assert_says(&text(&second), &["already has an active Deployment", "deregistered: no deployment uses it"]);
    assert_eq!((site.deployments().len(), site.revisions()), (1, revisions));
}
