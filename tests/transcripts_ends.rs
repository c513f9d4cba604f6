//! Golden transcripts: every way in which a followed deployment ends, for people and for programs.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use serde_json::json;
use support::deploy_site::{Plan, Site};
use support::transcript::transcript;

/// Both waits last minutes, whatever the machine is doing.
const GATED: Plan = Plan::GATED;
/// Nobody is waited for.
const OPEN: Plan = Plan { ready_wait: None, termination_wait: "1m", ..GATED };
/// The hour that CodeDeploy waits for a replacement takes two seconds.
const HASTY: Plan = Plan { pace: "2000", ..OPEN };

#[test]
fn a_deployment_that_succeeds_ends_0() {
    transcript(
        "ends_0_succeeded",
        "A deployment that succeeds ends 0.",
        || Site::start(&OPEN),
        |play| {
            play.run(&["deploy"], 0);
        },
    );
}

#[test]
fn a_replacement_that_fails_and_is_rolled_back_ends_10() {
    transcript(
        "ends_10_rolled_back",
        "A replacement that never starts fails the deployment, which is rolled back and ends 10.",
        || Site::start(&HASTY),
        |play| {
            play.run(&["deploy", "--image", "web=shop:none"], 10);
        },
    );
}

#[test]
fn a_replacement_that_fails_without_a_rollback_ends_14() {
    transcript(
        "ends_14_not_rolled_back",
        "A replacement that never starts, without a rollback, ends 14.",
        || Site::start(&HASTY),
        |play| {
            play.run(&["deploy", "--image", "web=shop:none", "--no-auto-rollback"], 14);
        },
    );
}

#[test]
fn whoever_is_interrupted_leaves_with_130_or_143_and_says_how_to_attach_again() {
    transcript(
        "ends_130_and_143_interrupted",
        "A signal leaves the deployment running, says how to attach again, and ends 130 (SIGINT) or 143 (SIGTERM).",
        || Site::start(&GATED),
        |play| {
            let deploying = play.start(&["deploy"]);
            deploying.until_gate(play.form);
            play.remark("SIGINT");
            deploying.signal("INT");
            play.end(deploying, 130);
            let watching = play.start(&["watch"]);
            watching.until_gate(play.form);
            play.remark("SIGTERM");
            watching.signal("TERM");
            play.end(watching, 143);
        },
    );
}

#[test]
fn a_deployment_that_is_stopped_ends_13() {
    transcript(
        "ends_13_stopped",
        "A deployment that is stopped ends 13 for whoever stops it and for whoever follows it.",
        || Site::start(&GATED),
        |play| {
            let deploying = play.start(&["deploy"]);
            deploying.until_gate(play.form);
            play.run(&["stop", "--rollback"], 13);
            play.end(deploying, 13);
        },
    );
}

#[test]
fn an_alarm_that_turns_red_ends_12() {
    transcript(
        "ends_12_alarm",
        "An alarm that turns red while the deployment waits stops it with a rollback and ends 12.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            site.call(
                "GraniteServiceVersion20100801.PutMetricAlarm",
                &json!({"AlarmName": "shop-5xx", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
                    "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold"}),
            );
            let set = |state: &str| {
                let body = json!({"AlarmName": "shop-5xx", "StateValue": state, "StateReason": "a test says so"});
                site.call("GraniteServiceVersion20100801.SetAlarmState", &body);
            };
            set("OK");
            let deploying = play.start(&["deploy", "--alarm", "shop-5xx", "--rollback-on", "alarm"]);
            deploying.until_gate(play.form);
            play.remark("the alarm turns red");
            set("ALARM");
            play.end(deploying, 12);
        },
    );
}
