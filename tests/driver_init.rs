//! `greenlight init` against a service that runs: the files that it writes are what the other verbs read, and nothing is
//! overwritten that was there.

mod support {
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::fs;
use support::output::text;
use support::stand_in::StandIn;

#[test]
fn what_init_writes_is_planned_deployed_and_never_overwritten() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let run = |arguments: &[&str]| {
        let output = stand_in.greenlight().args(arguments).current_dir(folder.path()).output();
        output.expect("greenlight can be started")
    };
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("the file was written");

    let lost = run(&["init", "--service", "nowhere"]);
    assert_eq!(lost.status.code(), Some(2), "{}", text(&lost));
    let expected = format!(
        "error: no deployment group is like that; there are: ecs-demo-dg of ecs-demo-codedeploy-app (service {} of cluster {})",
        stand_in.text("service"),
        stand_in.text("cluster")
    );
    assert!(text(&lost).contains(&expected), "{}", text(&lost));

    let first = run(&["init"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    for wanted in
        ["wrote ./greenlight.yaml", "wrote ./checks.yaml", "wrote ./appspec.yaml", "greenlight plan --var IMAGE="]
    {
        assert!(text(&first).contains(wanted), "no {wanted:?} in {}", text(&first));
    }
    // The stand-in's service has had no deployment: its functions are not known.
    assert!(read("greenlight.yaml").contains("\n# hooks:\n"), "{}", read("greenlight.yaml"));
    assert!(read("checks.yaml").contains("http: { get: /healthz }"), "{}", read("checks.yaml"));
    assert!(read("appspec.yaml").contains("TaskDefinition: arn:aws:ecs:"), "{}", read("appspec.yaml"));

    let image = format!("IMAGE={}", "greenlight-demo/shop:2");
    let planned = run(&["plan", "--var", &image]);
    assert_eq!(planned.status.code(), Some(3), "{}", text(&planned));
    let deployed = run(&["deploy", "--var", &image]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let again = run(&["plan", "--var", &image]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));

    let before = read("checks.yaml");
    fs::remove_file(folder.path().join("greenlight.yaml")).expect("the file can be removed");
    let refused = run(&["init", "--output", "json"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("checks.yaml, appspec.yaml exists already"), "{}", text(&refused));
    assert!(!folder.path().join("greenlight.yaml").exists(), "all or nothing");
    assert_eq!(read("checks.yaml"), before);

    // The deployment that succeeded had no functions: none are made up.
    let forced = run(&["init", "--force", "--output", "json"]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced));
    let told = String::from_utf8_lossy(&forced.stdout).into_owned();
    let last = told.lines().last().expect("there is an outcome");
    assert!(last.contains(r#""type":"outcome""#) && last.contains(r#""exit_code":0"#), "{told}");
}

#[test]
fn the_functions_of_the_last_deployment_that_succeeded_are_found() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let elsewhere = folder.path().join("deploy");
    fs::create_dir(&elsewhere).expect("a folder can be made");
    let run = |arguments: &[&str]| {
        let output = stand_in.greenlight().args(arguments).current_dir(folder.path()).output();
        output.expect("greenlight can be started")
    };
    let deployed = run(&["deploy"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let made = run(&["init", "--folder", "deploy", "--application", stand_in.text("application")]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    let written = fs::read_to_string(elsewhere.join("greenlight.yaml")).expect("the file was written");
    for (event, function) in stand_in.announcement["hooks"].as_object().expect("the hooks are announced") {
        let line = format!("  {event}: {}", function.as_str().expect("a name"));
        assert!(written.lines().any(|written| written == line), "no {line:?} in\n{written}");
    }
    let planned = run(&["plan", "--file", "deploy/greenlight.yaml", "--var", "IMAGE=greenlight-demo/shop:2"]);
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned));
}
