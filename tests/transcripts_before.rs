//! Golden transcripts: what a person does before a deployment: writes the files, plans, and looks at what it rests on.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod scene;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::scene::Scene;
use support::transcript::{Demo, Play, Stage as _, transcript};

/// What `init` leaves to be said.
const IMAGE: [&str; 2] = ["--var", "IMAGE=greenlight-demo/shop:2"];

/// A deployment of which the story tells only what came of it.
fn deployed(play: &Play<Demo>, arguments: &[&str], exit: i32) {
    let output = play.stage.command().args(arguments).args(["--poll", "150ms"]).output();
    let output = output.expect("greenlight can be started");
    assert_eq!(output.status.code(), Some(exit), "{output:?}");
}

#[test]
fn init_writes_three_files_from_what_runs_and_overwrites_nothing_unasked() {
    transcript(
        "init_writes",
        "init writes three files from a service that runs, which the other verbs read as they are, and overwrites nothing unasked.",
        || Demo::start(&[]),
        |play| {
            play.run(&["init"], 2);
            let written = play.stage.folder().join("checks.yaml");
            assert!(!written.exists(), "all or nothing");
            play.run(&["init", "--folder", "made", "--service", "nowhere"], 2);
            play.remark("the service has had no deployment: its functions are not known");
            play.run(&["init", "--folder", "made", "--cluster", "greenlight-demo", "--service", "shop"], 0);
            for name in ["made/greenlight.yaml", "made/checks.yaml", "made/appspec.yaml"] {
                play.show(name);
            }
            let plan = ["plan", "--file", "made/greenlight.yaml"];
            play.run(&plan, 2);
            play.run(&[&plan[..], &IMAGE].concat(), 3);
            play.show("greenlight.yaml");
            deployed(play, &["deploy"], 0);
            play.remark("after a deployment that succeeded its functions are known");
            let group = ["--application", "ecs-demo-codedeploy-app", "--deployment-group", "ecs-demo-dg"];
            play.run(&[&["init", "--folder", "made", "--force"], &group[..]].concat(), 0);
            play.show("made/greenlight.yaml");
            play.run(&[&plan[..], &IMAGE].concat(), 0);
        },
    );
}

#[test]
fn a_plan_tells_what_there_is_to_do_and_when_there_is_nothing() {
    transcript(
        "plan_until_there_is_nothing_to_do",
        "A plan changes nothing and exits 3 as long as a deployment would change something, also after one that failed, and 0 afterwards.",
        || Demo::start(&[]),
        |play| {
            play.run(&["plan", "--file", "other.yaml"], 2);
            play.run(&["plan"], 3);
            play.run(&["history"], 0);
            play.remark("after a deployment of another version, which failed and was rolled back");
            deployed(play, &["deploy", "--image", "web=greenlight-demo/shop:3"], 11);
            play.run(&["plan"], 3);
            play.remark("after a deployment that succeeded");
            deployed(play, &["deploy"], 0);
            play.run(&["plan"], 0);
            play.remark("with a hook less");
            let file = play.stage.folder().join("greenlight.yaml");
            let text = std::fs::read_to_string(file).expect("the configuration is there");
            let fewer: Vec<_> = text.lines().filter(|line| !line.contains("BeforeAllowTraffic:")).collect();
            play.write("greenlight.yaml", &fewer.join("\n"));
            play.run(&["plan"], 3);
        },
    );
}

#[test]
fn of_a_sound_deployment_doctor_finds_nothing() {
    transcript(
        "doctor_clean",
        "Of the demo doctor finds nothing, and each of its functions finds itself well.",
        || Demo::start(&[]),
        |play| {
            play.run(&["doctor"], 0);
            play.run(&["doctor", "--self-test"], 0);
        },
    );
}

#[test]
fn everything_that_an_account_has_wrong_is_named_with_its_consequence_and_its_fix() {
    transcript(
        "doctor_findings",
        "Everything that an account has wrong is named with its consequence and its fix, and exits 18.",
        || {
            let ailments = json!({"roles_lack": ["lambda:InvokeFunction", "codedeploy:PutLifecycleEventHookExecutionStatus"],
                "misrouted": true, "network_load_balancer": true, "listeners_apart": true, "scaling": true});
            let scenario = Scenario::write(&Function::after_allow_test_traffic().plan("misspelt.yaml"))
                .set("ailments", &ailments)
                .set("group_alarms", &json!(["shop-5xx", "nobody"]))
                .set("rollback_on", &json!([]))
                .set("deployment_config", &json!("CodeDeployDefault.ECSCanary10Percent5Minutes"))
                .configure(
                    "checks: misspelt.yaml\nimages: { web: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:9\" }\n",
                );
            Scene::start(scenario, &[])
        },
        |play| {
            play.show("greenlight.yaml");
            play.run(&["doctor"], 18);
            play.run(&["doctor", "--self-test"], 18);
        },
    );
}

#[test]
fn what_may_not_be_read_is_told_with_the_permission_that_it_needs() {
    let denied = [
        "iam:SimulatePrincipalPolicy",
        "lambda:GetFunctionConfiguration",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeRules",
        "cloudwatch:DescribeAlarms",
        "application-autoscaling:DescribeScalingActivities",
        "codedeploy:ListDeployments",
        "ecr:DescribeImages",
    ];
    transcript(
        "doctor_unreadable",
        "What may not be read is told with the permission that it needs, and is neither clean nor a fault.",
        || {
            let scenario = Scenario::write(&Function::after_allow_test_traffic())
                .set("ailments", &json!({"denied": denied}))
                .set("group_alarms", &json!(["shop-5xx"]))
                .configure("images: { web: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:9\" }\n");
            Scene::start(scenario, &[])
        },
        |play| {
            play.run(&["doctor"], 0);
        },
    );
}

#[test]
fn a_group_that_cannot_be_examined_blocks_and_one_that_is_not_there_is_a_wrong_configuration() {
    let scene = |ailments: &Value| {
        Scene::start(Scenario::write(&Function::after_allow_test_traffic()).set("ailments", ailments), &[])
    };
    transcript(
        "doctor_of_no_group",
        "A group that may not be read blocks, as what cannot be judged at all is no pass; one that is not there is a wrong configuration.",
        || scene(&json!({"denied": ["codedeploy:GetDeploymentGroup"]})),
        |play| {
            play.run(&["doctor"], 18);
        },
    );
    transcript(
        "doctor_of_another_controller",
        "A service that CodeDeploy does not control blocks; a group that is not there and a key that there is not are a wrong configuration.",
        || scene(&json!({"controller": "ECS"})),
        |play| {
            play.run(&["doctor"], 18);
            let text = std::fs::read_to_string(play.stage.folder().join("greenlight.yaml")).expect("it is there");
            play.write("greenlight.yaml", &text.replace("shop-dg", "other"));
            play.run(&["doctor"], 2);
            play.write("greenlight.yaml", &text.replace("deployment_group", "group"));
            play.run(&["doctor"], 2);
        },
    );
}
