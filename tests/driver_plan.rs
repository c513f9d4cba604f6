//! `greenlight plan` before a deployment, after it, and with one hook less: what it says, and that it changes nothing.

mod support {
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use serde_json::Value;
use support::output::{lines, text};
use support::stand_in::StandIn;

#[test]
fn a_plan_says_what_a_deployment_would_do_and_afterwards_that_there_is_nothing_to_do() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let run = |arguments: &[&str]| {
        let output = stand_in.greenlight().args(arguments).current_dir(folder.path()).output();
        output.expect("greenlight can be started")
    };

    let before = run(&["plan"]);
    assert_eq!(before.status.code(), Some(3), "{}", text(&before));
    let printed = String::from_utf8_lossy(&before.stdout).into_owned();
    for wanted in [
        "task definition  shop:1 -> shop:2, which is equal and would be used again",
        r#"  ~ containerDefinitions[web].image: "greenlight-demo/shop:1" -> "greenlight-demo/shop:2""#,
        "appspec  not compared: no deployment of this group has succeeded yet",
        "    - TargetService:",
        "traffic  canary 10 %, 5 min; measured from its beginning, as nothing tells how long the way there is:",
        "  +     0s  10 % to the replacement",
        "  + 5m 00s  100 % to the replacement",
        "there are changes; greenlight deploy makes them",
    ] {
        assert!(printed.lines().any(|line| line == wanted), "no line {wanted:?} in\n{printed}");
    }
    assert!(printed.contains("\ndeadline  "), "{printed}");

    let other = run(&["plan", "--file", "other.yaml", "--output", "json"]);
    assert_eq!(other.status.code(), Some(2), "{}", text(&other));

    let history = lines(&run(&["history", "--output", "json"]));
    assert!(history.iter().all(|line| line["type"] != "history"), "a plan creates no deployment: {history:?}");
    let deployed = run(&["deploy", "--output", "json"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let id = lines(&deployed).pop().expect("there is an outcome")["deployment_id"].clone();

    let after = run(&["plan"]);
    assert_eq!(after.status.code(), Some(0), "{}", text(&after));
    let printed = text(&after);
    let id_text = id.as_str().expect("an id");
    for wanted in [
        "task definition  shop:2 serves already; nothing would be registered".to_owned(),
        format!("appspec  as {id_text} had it, the last that succeeded"),
        format!("traffic  canary 10 %, 5 min; if it begins now and goes like {id_text}:"),
        "nothing to do: what serves is what would be deployed".to_owned(),
    ] {
        assert!(printed.lines().any(|line| line == wanted), "no line {wanted:?} in\n{printed}");
    }
    assert!(printed.contains("\nends  about "), "{printed}");

    let file = folder.path().join("greenlight.yaml");
    let configuration = std::fs::read_to_string(&file).expect("the configuration is there");
    let kept = configuration.lines().filter(|line| !line.contains("BeforeAllowTraffic:"));
    std::fs::write(&file, kept.collect::<Vec<_>>().join("\n")).expect("the configuration can be written");
    let fewer = run(&["plan", "--output", "json"]);
    assert_eq!(fewer.status.code(), Some(3), "{}", text(&fewer));
    let told = lines(&fewer);
    assert_eq!(told.len(), 2, "{}", text(&fewer));
    let (plan, outcome) = (&told[0], &told[1]);
    assert_eq!(plan["type"], "plan");
    assert_eq!(plan["revision"]["is"], "serving");
    assert_eq!(plan["task_definition_differences"], serde_json::json!([]));
    assert_eq!(plan["appspec_differences"][0]["at"], "Hooks.BeforeAllowTraffic");
    assert_eq!(plan["appspec_differences"][0]["to"], Value::Null);
    assert_eq!(plan["last_succeeded_deployment_id"], id);
    assert_eq!(plan["traffic"][1]["replacement_percent"], 100.0);
    assert!(plan["traffic"][1]["at"].is_string() && plan["ends_at"].is_string(), "{plan}");
    assert_eq!(
        (&outcome["type"], &outcome["outcome"], &outcome["exit_code"]),
        (&"outcome".into(), &"changes".into(), &3.into())
    );
}
