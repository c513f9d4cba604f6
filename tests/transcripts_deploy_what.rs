//! Golden transcripts of `greenlight deploy`: what it deploys when something is said on the command line, where that comes from, and
//! what it answers to words that it does not know.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::deploy_site::{Plan, Site};
use support::transcript::{Play, Stage, transcript};

/// Traffic shifts, and the wait behind that lasts minutes.
const OPEN: Plan = Plan { ready_wait: None, ..Plan::GATED };

/// Tells the deployment as CodeDeploy has it, and the task definition as ECS has it.
fn made(play: &mut Play<Site>) {
    let site = play.stage;
    let id = site.deployments().first().expect("one was made").clone();
    let deployment = site.deployment(&id);
    let told: Vec<String> =
        ["description", "deploymentConfigName", "autoRollbackConfiguration", "overrideAlarmConfiguration"]
            .map(|member| format!("{member}: {}", deployment[member]))
            .into();
    play.remark(&format!("CodeDeploy has {id}\n#   {}", told.join("\n#   ")));
    let arn = site.revisions().last().expect("a revision").clone();
    let answer = site.call(
        "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition",
        &json!({"taskDefinition": arn, "include": ["TAGS"]}),
    );
    let container = &answer["taskDefinition"]["containerDefinitions"][0];
    let told: Vec<String> =
        ["image", "environment", "secrets"].map(|member| format!("{member}: {}", container[member])).into();
    play.remark(&format!("ECS has {arn}\n#   {}\n#   tags: {}", told.join("\n#   "), sorted(&answer["tags"])));
}

fn sorted(list: &Value) -> Value {
    let mut list = list.as_array().cloned().unwrap_or_default();
    list.sort_by_key(Value::to_string);
    list.into()
}

#[test]
fn what_is_given_on_the_command_line_goes_before_the_file() {
    transcript(
        "deploy_what_overrides",
        "What is given on the command line goes before what the file says, and reaches ECS and CodeDeploy.",
        || Site::start(&OPEN),
        |play| {
            play.write(
                "greenlight.yaml",
                "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\n\
                 environment: { web: { LEVEL: debug, KEEP: \"1\" } }\ntags: { team: shop }\ndescription: as the file says\n\
                 deployment: { rollback_on: [failure], alarms: [shop-5xx] }\n",
            );
            play.without_events();
            let what = ["deploy", "--image", "web=shop:2", "--env", "web:LEVEL=info", "--tag", "stage=test"];
            let secret = ["--secret", "web:TOKEN=arn:aws:ssm:us-east-1:123456789012:parameter/token"];
            let how = [
                "--description",
                "the next one",
                "--deployment-config",
                "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
            ];
            let safe = ["--rollback-on", "alarm,stop", "--no-alarms", "--until", "traffic-shifted"];
            play.run(&[&what[..], &secret, &how, &safe].concat(), 0);
            made(play);
        },
    );
}

#[test]
fn a_deployment_rolls_back_for_the_reasons_that_are_given() {
    transcript(
        "deploy_what_rollback_on",
        "A deployment rolls back by itself for the reasons that are given, and for no other.",
        // The hour that CodeDeploy waits for a replacement takes two seconds, and the gate stays open for more than half a minute.
        || Site::start(&Plan { ready_wait: Some("20h"), rollback_on: &[], pace: "2000", ..OPEN }),
        |play| {
            let site = play.stage;
            let deploying = play.start(&["deploy", "--rollback-on", "stop"]);
            deploying.until_gate(play.form);
            play.remark("somebody stops it, and says nothing of a rollback");
            site.codedeploy("StopDeployment", &json!({"deploymentId": site.deployments()[0]}));
            play.end(deploying, 13);
            let broken = ["deploy", "--image", "web=shop:none", "--rollback-on"];
            play.run(&[&broken[..], &["failure"]].concat(), 10);
            play.run(&[&broken[..], &["alarm"]].concat(), 14);
        },
    );
}

#[test]
fn an_appspec_in_a_bucket_is_one_object_by_its_bytes() {
    transcript(
        "deploy_what_revision_bucket",
        "An AppSpec in a bucket is one object by its bytes; where it cannot be put, what was registered is taken back.",
        || Site::start(&OPEN),
        |play| {
            let site = play.stage;
            play.without_events();
            let revisions = site.revisions();
            play.run(&["deploy", "--revision-bucket", "nowhere", "--env", "web:ROUND=1"], 2);
            assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
            let deploy = ["deploy", "--revision-bucket", "revisions", "--until", "traffic-shifted"];
            play.run(&deploy, 0);
            let revision = site.deployment(&site.deployments()[0])["revision"].clone();
            assert!(revision["s3Location"]["eTag"].as_str().is_some_and(|etag| !etag.is_empty()), "{revision}");
            play.remark(&format!("CodeDeploy has the revision {revision}"));
            play.run(&deploy, 0);
            assert_eq!(site.deployments().len(), 1);
        },
    );
}

/// A site whose address nobody but the command line and a profile names.
struct Unnamed(Site);

impl Stage for Unnamed {
    fn command(&self) -> Command {
        let mut command = self.0.command();
        for name in ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"] {
            command.env_remove(name);
        }
        let nothing = self.folder().join("nothing");
        command.env("AWS_CONFIG_FILE", self.folder().join("aws-config")).env("AWS_SHARED_CREDENTIALS_FILE", nothing);
        command
    }

    fn folder(&self) -> &Path {
        self.0.folder()
    }
}

#[test]
fn which_file_variables_and_aws_are_given_on_the_command_line() {
    transcript(
        "deploy_what_from",
        "Which file, which variables and which AWS: all of it can be given on the command line.",
        || Unnamed(Site::start(&Plan { ready_wait: Some("20h"), ..OPEN })),
        |play| {
            let Unnamed(site) = play.stage;
            let endpoint = site.stand_in.text("endpoint");
            play.write("aws-config", &format!("[profile shop]\nregion = us-east-1\nendpoint_url = {endpoint}\n"));
            play.write(
                "shop.yaml",
                "version: 1\napplication: shop-app\ndeployment_group: ${GROUP}\ntask_definition: green.json\nimages: { web: \"${IMAGE}\" }\n",
            );
            play.without_events();
            let file = ["deploy", "--file", "shop.yaml"];
            let variables = ["--var", "IMAGE=shop:2", "--var", "GROUP=shop-dg"];
            let known = [&file[..], &variables].concat();
            play.run(&file, 2);
            play.run(&known, 2);
            play.run(&[&known[..], &["--profile", "shp"]].concat(), 2);
            play.run(&[&known[..], &["--profile", "shop", "--until", "gate"]].concat(), 0);
            play.run(
                &[&known[..], &["--region", "us-east-1", "--endpoint-url", endpoint, "--until", "gate"]].concat(),
                0,
            );
            assert_eq!(site.deployments().len(), 1);
        },
    );
}

#[test]
fn a_word_that_is_not_known_is_told_with_what_was_expected() {
    transcript(
        "deploy_what_wrong_words",
        "A word that is not known ends the command with 2 and is told with what was expected.",
        || tempfile::tempdir().expect("a temporary folder can be made"),
        |play| {
            // The play adds it to what is typed.
            play.vary(" --poll <DURATION>", "");
            for wrong in [
                &["--imge", "web=shop:2"][..],
                &["--image", "web"],
                &["--image", "web="],
                &["--env", "LEVEL=info"],
                &["--secret", "web:TOKEN"],
                &["--tag", "team"],
                &["--rollback-on", "failures"],
                &["--rollback-on", "stop", "--no-auto-rollback"],
                &["--alarm", "shop-5xx", "--no-alarms"],
                &["--on-conflict", "wiat"],
                &["--on-interrupt", "rolback"],
                &["--auto-scaling", "suspnd"],
                &["--until", "trafic-shifted"],
                &["--detach", "--until", "gate"],
                &["--deadline", "45"],
                &["--poll", "often"],
                &["--var", "IMAGE"],
                &["--file", "greenlight.yml"],
            ] {
                play.run(&[&["deploy"][..], wrong].concat(), 2);
            }
        },
    );
}

#[test]
fn a_name_that_is_not_there_is_told_with_the_nearest_one_before_anything_is_made() {
    transcript(
        "deploy_what_wrong_names",
        "A name that is not there ends the command before anything is made, with the nearest one where there is one.",
        || Site::start(&OPEN),
        |play| {
            let site = play.stage;
            let revisions = site.revisions();
            play.run(&["deploy", "--image", "wep=shop:2"], 2);
            play.run(&["deploy", "--env", "wep:LEVEL=info"], 2);
            play.run(&["deploy", "--secret", "wep:TOKEN=arn:aws:ssm:us-east-1:123456789012:parameter/token"], 2);
            play.run(&["deploy", "--deployment-config", "CodeDeployDefault.ECSAllAtOnc"], 2);
            play.run(&["deploy", "--alarm", "shop-6xx"], 18);
            assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
        },
    );
}
