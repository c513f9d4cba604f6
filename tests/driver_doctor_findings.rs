//! `greenlight doctor` and findings that a whole story leads to, one each: a run that was killed, an alarm that counts too much, a
//! function and a group that somebody else has changed, answers with words that nobody knows.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod stage;
    pub(crate) mod stand_in;
}

use std::process::Stdio;

use serde_json::{Value, json};
use support::interposer::{Call, Fate, Interposer};
use support::stage::{Setting, Stage};

/// The findings of a check with this id, while this happens to the doctor's calls; and how it ends.
fn found(stage: &Stage, id: &str, strikes: &[(Call, Fate)]) -> (Vec<Value>, Option<i32>) {
    let arguments = ["doctor", "--output", "json"].map(str::to_owned);
    let (output, _) = stage.struck(&arguments, strikes, "1");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let found = lines.filter(|line| line["type"] == "finding" && line["id"] == id).collect();
    (found, output.status.code())
}

fn is(found: &[Value], severity: &str, text: &str) {
    let [found] = found else { panic!("one finding is expected, {text:?}: {found:#?}") };
    assert_eq!((&found["severity"], &found["finding"]), (&json!(severity), &json!(text)), "{found:#}");
    assert!(found["consequence"].is_string() && found["fix"].is_string(), "{found:#}");
}

#[test]
fn what_a_killed_deployment_left_suspended_is_found_until_the_next_one_has_resumed_it() {
    let stage = Stage::start(Setting::Quick);
    assert_eq!(found(&stage, "DR30", &[]), (Vec::new(), Some(0)));
    let interposer = Interposer::before(stage.site.stand_in.text("endpoint"));
    interposer.strike(&[(Call::Nth("CreateDeployment", 1), Fate::KilledBefore)]);
    let arguments = ["deploy", "--auto-scaling", "suspend", "--env", "web:ROUND=1"];
    let mut command = stage.site.greenlight(&arguments);
    command.env("AWS_ENDPOINT_URL", interposer.endpoint()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("greenlight can be started");
    interposer.victim(child.id());
    assert_eq!(child.wait().expect("it can be waited for").code(), None, "it is killed");

    let (left, code) = found(&stage, "DR30", &[]);
    assert_eq!((left.len(), code), (1, Some(0)), "{left:#?}");
    assert_eq!(left[0]["severity"], "warning");
    let text = left[0]["finding"].as_str().expect("it is text");
    assert!(text.starts_with("a greenlight deploy suspended auto-scaling at "), "{text}");

    stage.run(&arguments, 0);
    assert_eq!(found(&stage, "DR30", &[]), (Vec::new(), Some(0)));
}

#[test]
fn an_alarm_over_a_whole_load_balancer_is_found_and_one_of_a_target_group_is_not() {
    let stage = Stage::start(Setting::Quick);
    let put = |dimensions: &[&str]| {
        let dimensions: Vec<Value> = dimensions.iter().map(|name| json!({"Name": name, "Value": "x"})).collect();
        let alarm = json!({"AlarmName": "calm", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
            "Dimensions": dimensions, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.5,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold"});
        stage.site.call("GraniteServiceVersion20100801.PutMetricAlarm", &alarm);
    };
    put(&["LoadBalancer"]);
    let (alarm, code) = found(&stage, "DR25", &[]);
    is(&alarm, "warning", "alarm calm counts errors of the whole load balancer");
    assert_eq!(code, Some(0));
    put(&["LoadBalancer", "TargetGroup"]);
    assert_eq!(found(&stage, "DR25", &[]), (Vec::new(), Some(0)));
}

#[test]
fn what_is_not_as_this_was_built_for_is_found_and_no_unknown_word_is_a_pass() {
    const EVER: usize = usize::MAX;
    let stage = Stage::start(Setting::Quick);
    for (call, old, new, id, severity, text, code) in [
        (
            "GetFunctionConfiguration",
            r#""Architectures":["x86_64"]"#,
            r#""Architectures":["arm64"]"#,
            "DR13",
            "warning",
            "AfterAllowTestTraffic: function validate runs on arm64",
            0,
        ),
        (
            "GetDeploymentGroup",
            r#"{"name":"shop-b"}"#,
            r#"{"name":"shop-b"},{"name":"shop-a"}"#,
            "DR04",
            "blocking",
            "the deployment group has 3 target groups: shop-a, shop-b and shop-a",
            18,
        ),
        ("DescribeAlarms", "OK", "KO", "DR24", "warning", "", 0),
        ("DescribeListeners", "<Type>forward</Type>", "<Type>teleport</Type>", "DR06", "blocking", "", 18),
        ("DescribeServices", "CODE_DEPLOY", "CODE_DEVISE", "DR03", "blocking", "", 18),
        ("GetFunctionConfiguration", r#""State":"Active""#, r#""State":"Dozing""#, "DR12", "warning", "", 0),
        ("DescribeTargetGroups", "<TargetType>ip<", "<TargetType>pi<", "DR04", "blocking", "", 18),
        ("SimulatePrincipalPolicy", "allowed", "perhaps", "DR15", "blocking", "", 18),
    ] {
        let (seen, ended) = found(&stage, id, &[(Call::Of(call, EVER), Fate::Replaced(old, new))]);
        assert!(!seen.is_empty(), "{call} {new}: no {id}");
        for seen in &seen {
            assert_eq!(seen["severity"], severity, "{call} {new}: {seen:#}");
            assert!(text.is_empty() || seen["finding"] == text, "{call} {new}: {seen:#}");
        }
        assert_eq!(ended, Some(code), "{call} {new}: {seen:#?}");
    }
}

/// Every call of the doctor and the check that rests on it.
const RESTS_ON: [(&str, &str); 13] = [
    ("DescribeServices", "DR02"),
    ("DescribeTargetGroups", "DR04"),
    ("DescribeListeners", "DR06"),
    ("DescribeRules", "DR06"),
    ("GetFunctionConfiguration", "DR12"),
    ("SimulatePrincipalPolicy", "DR15"),
    ("DescribeImages", "DR19"),
    ("DescribeAlarms", "DR24"),
    ("ListDeployments", "DR22"),
    ("DescribeScalingActivities", "DR28"),
    ("InvokeFunction", "DR29"),
    ("DescribeScalableTargets", "DR30"),
    ("ListTagsForResource", "DR30"),
];

#[test]
fn no_call_of_the_doctor_fails_without_a_finding_that_names_it() {
    let stage = Stage::start(Setting::Quick);
    let arguments = ["doctor", "--self-test", "--output", "json"].map(str::to_owned);
    let (output, calls) = stage.struck(&arguments, &[], "3");
    assert_eq!(output.status.code(), Some(0));
    let known = |call: &String| call == "GetDeploymentGroup" || RESTS_ON.iter().any(|(known, _)| known == call);
    let strange: Vec<_> = calls.iter().filter(|call| !known(call)).collect();
    assert!(strange.is_empty(), "without a row: {strange:?}");
    for (call, id) in RESTS_ON {
        assert!(calls.iter().any(|seen| seen == call), "{call} is not called");
        for fate in [Fate::Denied, Fate::ServerFault, Fate::CutOff, Fate::Malformed] {
            let (output, _) = stage.struck(&arguments, &[(Call::Of(call, usize::MAX), fate)], "1");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut lines = text.lines().filter(|line| line.contains(r#""type":"finding""#));
            let named = lines.any(|line| line.contains(&format!("\"{id}\"")) && line.contains(&format!(":{call}")));
            assert!(named, "{call} {fate:?}: no {id} that names it in {text}");
        }
    }
}
