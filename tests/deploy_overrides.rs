//! What `greenlight deploy` deploys when something is said on the command line, and where the AppSpec goes.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod stand_in;
}

use serde_json::{Value, json};
use support::deploy_site::{Plan, Site, text};

const OPEN: Plan = Plan {
    config: "CodeDeployDefault.ECSAllAtOnce",
    ready_wait: None,
    termination_wait: "20h",
    test_listener: true,
    rollback_on: &["failure"],
    green: &[("SHOP_VERSION", "2")],
    pace: "400",
};

fn assert_says(printed: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(printed.contains(wanted), "no {wanted:?} in\n{printed}");
    }
}

#[test]
fn what_is_given_on_the_command_line_goes_before_the_file() {
    let site = Site::start(&OPEN);
    site.configure(
        "environment: { web: { LEVEL: debug, KEEP: \"1\" } }\ntags: { team: shop }\ndescription: as the file says\ndeployment: { rollback_on: [failure], alarms: [shop-5xx] }\n",
    );
    let output = site.run(&[
        "deploy",
        "--until",
        "traffic-shifted",
        "--image",
        "web=shop:2",
        "--env",
        "web:LEVEL=info",
        "--secret",
        "web:TOKEN=arn:aws:ssm:us-east-1:123456789012:parameter/token",
        "--tag",
        "stage=test",
        "--description",
        "the next one",
        "--deployment-config",
        "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
        "--rollback-on",
        "alarm,stop",
        "--no-alarms",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(&text(&output), &["linear 10 % every 1 min"]);
    let id = site.deployments()[0].clone();
    let info = site.deployment(&id);
    assert_eq!(info["description"], "the next one");
    assert_eq!(info["deploymentConfigName"], "CodeDeployDefault.ECSLinear10PercentEvery1Minutes");
    assert_eq!(
        info["autoRollbackConfiguration"],
        json!({"enabled": true, "events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]})
    );
    assert_eq!(
        info["overrideAlarmConfiguration"],
        json!({"enabled": false, "ignorePollAlarmFailure": false, "alarms": []})
    );
    let newest = site.revisions().last().expect("a revision").clone();
    let registered = site.call(
        "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition",
        &json!({"taskDefinition": newest, "include": ["TAGS"]}),
    );
    let container = &registered["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(container["image"], "shop:2");
    assert_eq!(
        sorted(&container["environment"]),
        [json!({"name": "KEEP", "value": "1"}), json!({"name": "LEVEL", "value": "info"})]
    );
    assert_eq!(
        container["secrets"],
        json!([{"name": "TOKEN", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/token"}])
    );
    assert_eq!(
        sorted(&registered["tags"]),
        [json!({"key": "stage", "value": "test"}), json!({"key": "team", "value": "shop"})]
    );
}

#[test]
fn an_appspec_in_a_bucket_is_one_object_by_its_bytes_and_the_deployment_is_told_by_it() {
    let site = Site::start(&OPEN);
    let deploy = ["deploy", "--revision-bucket", "revisions", "--until", "traffic-shifted"];
    let output = site.run(&[&deploy[..], &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let id = site.deployments()[0].clone();
    let printed = text(&output);
    let created: Value = printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find(|line: &Value| line["type"] == "deployment")
        .expect("the deployment is told");
    let key = format!("shop-app/shop-dg/{}.json", created["sha256"].as_str().expect("a hash"));
    assert_says(&printed, &[&format!("AppSpec put into s3://revisions/{key}")]);
    let revision = site.deployment(&id)["revision"].clone();
    assert_eq!(
        (&revision["revisionType"], &revision["s3Location"]["bucket"], &revision["s3Location"]["key"]),
        (&json!("S3"), &json!("revisions"), &json!(key))
    );
    assert!(revision["s3Location"]["eTag"].as_str().is_some_and(|etag| !etag.is_empty()), "{revision}");

    let again = site.run(&deploy);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_says(&text(&again), &[&format!("{id} deploys exactly this already; it is followed")]);
    assert_eq!(site.deployments().len(), 1);
}

#[test]
fn a_bucket_that_is_not_there_fails_before_a_deployment_and_takes_the_revision_back() {
    let site = Site::start(&OPEN);
    let revisions = site.revisions();
    let output = site.run(&["deploy", "--revision-bucket", "nowhere", "--env", "web:ROUND=1"]);
    assert_ne!(output.status.code(), Some(0), "{}", text(&output));
    assert_says(
        &text(&output),
        &["failed to put the AppSpec into s3://nowhere/shop-app/shop-dg/", "NoSuchBucket", "deregistered"],
    );
    assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
}

fn sorted(list: &Value) -> Vec<Value> {
    let mut list = list.as_array().expect("it is a list").clone();
    list.sort_by_key(Value::to_string);
    list
}

#[test]
fn a_container_that_is_not_there_is_told_with_the_nearest_name() {
    let site = Site::start(&OPEN);
    for (option, value, list) in
        [("--image", "wep=shop:2", "images"), ("--env", "wep:A=b", "environment"), ("--secret", "wep:A=arn", "secrets")]
    {
        let output = site.run(&["deploy", option, value]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        let wanted = format!("{list}: no container \"wep\" in the task definition; did you mean \"web\"?");
        assert_says(&text(&output), &[&wanted]);
    }
    let output = site.run(&["deploy", "--env", "A=b"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert_says(&text(&output), &["expected CONTAINER:NAME=VALUE"]);
}
