//! `greenlight rollback`: goes back to what has succeeded, says when that serves already, and refuses what cannot be redeployed.

mod support {
    pub(crate) mod load;
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use support::output::{lines, text};
use support::stand_in::StandIn;
use tempfile::TempDir;

/// A group with its `greenlight.yaml`.
struct Group {
    stand_in: StandIn,
    folder: TempDir,
}

impl Group {
    fn start(pace: &str) -> Self {
        let stand_in = StandIn::start(&["--pace", pace]);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        stand_in.write_configuration(folder.path());
        Self { stand_in, folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.stand_in.greenlight().args(arguments).current_dir(self.folder.path()).output();
        output.expect("greenlight can be started")
    }

    /// Deploys this image of the demo shop.
    fn deploy(&self, version: &str) -> String {
        self.image(version);
        let output = self.run(&["deploy", "--output", "json", "--poll", "100ms"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        let outcome = lines(&output).pop().expect("there is an outcome");
        outcome["deployment_id"].as_str().expect("a deployment has an id").to_owned()
    }

    fn image(&self, version: &str) {
        self.stand_in.write_configuration(self.folder.path());
        let file = self.folder.path().join("greenlight.yaml");
        let text = std::fs::read_to_string(&file).expect("the configuration was written");
        let text = text.replace("greenlight-demo/shop:2", &format!("greenlight-demo/shop:{version}"));
        std::fs::write(&file, text).expect("the configuration can be written");
    }
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> &'a Value {
    lines.iter().find(|line| line["type"] == kind).unwrap_or_else(|| panic!("no {kind} in {lines:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_back_to_a_named_success_and_says_what_it_will_do_before() {
    let group = Group::start("400");
    let none = group.run(&["rollback", "--yes"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        text(&none),
        "error: deployment group \"ecs-demo-dg\" has had no deployment that succeeded, so there is no revision to go back to; \
         deploy one: greenlight deploy\n"
    );

    let second = group.deploy("2");
    let serves = group.run(&["rollback"]);
    assert_eq!(serves.status.code(), Some(0), "{}", text(&serves));
    assert_eq!(text(&serves), format!("nothing to do: shop:2, the revision of {second}, serves\n"));

    let third = group.deploy("1");
    let serves = group.run(&["rollback", "--output", "json"]);
    assert_eq!(serves.status.code(), Some(0), "{}", text(&serves));
    let told = lines(&serves).pop().expect("there is an outcome");
    assert_eq!((&told["outcome"], &told["exit_code"]), (&"succeeded".into(), &0.into()));
    let reason = told["reason"].as_str().expect("an outcome has a reason");
    assert!(reason.starts_with(&format!("nothing to do: shop:3, the revision of {third}, serves; ")), "{reason}");
    assert!(reason.ends_with(&format!("greenlight rollback --to {second}")), "{reason}");

    let unasked = group.run(&["rollback", "--to", &second]);
    assert_eq!(unasked.status.code(), Some(2), "{}", text(&unasked));
    let shown = text(&unasked);
    for wanted in [
        format!("shop  ecs-demo-dg  back to the revision of {second} of "),
        "  task definition  shop:3 -> shop:2\n".to_owned(),
        "  hooks            AfterAllowTestTraffic: CodeDeployHook_AfterAllowTestTraffic, BeforeAllowTraffic: "
            .to_owned(),
        "  traffic          canary 10 %, 5 min\n".to_owned(),
        "error: nothing was rolled back: it takes a yes, and standard input is no terminal; give --yes\n".to_owned(),
    ] {
        assert!(shown.contains(&wanted), "no {wanted:?} in\n{shown}");
    }
    assert_eq!(lines(&group.run(&["history", "--output", "json"])).len(), 3, "nothing was created");

    let back = group.run(&["rollback", "--to", &second, "--yes", "--output", "json", "--poll", "100ms"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back));
    let told = lines(&back);
    let proposal = of_type(&told, "rollback");
    assert_eq!((&proposal["to_deployment_id"], &proposal["serving"]), (&json!(second), &json!("shop:3")));
    assert_eq!(proposal["skip_hooks_reason"], Value::Null);
    let created = of_type(&told, "deployment");
    assert_eq!(created["sha256"], proposal["revision_sha256"], "to CodeDeploy it is the same revision");
    assert!(created["task_definition"].as_str().expect("an ARN").ends_with("/shop:2"), "{created}");
    let checked = |line: &&Value| line["type"] == "evidence";
    assert_eq!(told.iter().filter(checked).count(), 2, "the hooks ran");

    let reason = "the hook is what is broken";
    let skipped =
        group.run(&["rollback", "--to", &third, "--skip-hooks", "--reason", reason, "--yes", "--poll", "100ms"]);
    assert_eq!(skipped.status.code(), Some(0), "{}", text(&skipped));
    assert!(
        text(&skipped).contains("  hooks            SKIPPED, all 2: the hook is what is broken\n"),
        "{}",
        text(&skipped)
    );
    assert!(text(&skipped).contains("SUCCEEDED d-"), "{}", text(&skipped));
    let newest = lines(&group.run(&["history", "--limit", "1", "--output", "json"]))[0].clone();
    let about = format!("greenlight rollback to {third}; hooks skipped: {reason}; shop:2 -> shop:3");
    assert_eq!(newest["description"], json!(about));

    let response = support::load::client()
        .post(group.stand_in.text("endpoint"))
        .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition")
        .body(json!({"taskDefinition": "shop:2"}).to_string())
        .send()
        .await
        .expect("the stand-in answers");
    assert!(response.status().is_success());
    let gone = group.run(&["rollback", "--to", &second, "--yes"]);
    assert_eq!(gone.status.code(), Some(2), "{}", text(&gone));
    let told = text(&gone);
    assert!(told.starts_with(&format!("error: task definition shop:2 of deployment {second} is INACTIVE")), "{told}");
}

#[test]
fn what_was_stopped_after_the_shift_is_gone_back_from_without_being_told_where_to() {
    let group = Group::start("40");
    let good = group.deploy("2");
    group.image("1");
    let mut deploying = group
        .stand_in
        .greenlight()
        .args(["deploy", "--output", "json", "--poll", "100ms"])
        .current_dir(group.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("greenlight can be started");
    let shifted = BufReader::new(deploying.stdout.take().expect("standard output is piped")).lines().any(|line| {
        let line: Value = serde_json::from_str(&line.expect("standard output can be read")).expect("a line is JSON");
        line["type"] == "event" && line["event"] == "AfterAllowTraffic" && line["status"] == "Succeeded"
    });
    assert!(shifted, "all traffic was shifted");

    let conflict = group.run(&["rollback", "--yes"]);
    assert_eq!(conflict.status.code(), Some(16), "{}", text(&conflict));
    assert!(
        text(&conflict).contains("what runs is rolled back by stopping it: greenlight stop d-"),
        "{}",
        text(&conflict)
    );

    let stopped = group.run(&["stop", "--no-rollback", "--poll", "100ms"]);
    assert_eq!(stopped.status.code(), Some(13), "{}", text(&stopped));
    deploying.wait().expect("the child can be waited for");

    let back =
        group.run(&["rollback", "--yes", "--skip-hooks", "--reason", "both versions are there", "--poll", "100ms"]);
    let told = text(&back);
    assert!(told.contains(&format!("back to the revision of {good} of ")), "{told}");
    assert!(told.contains("  task definition  shop:3 -> shop:2\n"), "{told}");
    assert_eq!(back.status.code(), Some(0), "{told}");
}

#[test]
fn hooks_are_skipped_for_a_reason_or_not_at_all() {
    for arguments in [
        &["rollback", "--skip-hooks"][..],
        &["rollback", "--reason", "x"],
        &["rollback", "--skip-hooks", "--reason", ""],
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_greenlight")).args(arguments).output();
        assert_eq!(output.expect("greenlight can be started").status.code(), Some(2), "{arguments:?}");
    }
}
