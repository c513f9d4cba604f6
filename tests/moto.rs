//! The driver against an independent implementation of AWS: moto's server. It has a service, task definitions, a deployment
//! group and deployments, but no deployment there ever begins, and it has no deployment targets: a deployment is created
//! and read back here, and what moto does not have is told and waited for by nobody.

#![allow(clippy::disallowed_methods, reason = "a test bounds its waits by the clock and reads its own environment")]

mod support {
    pub(crate) mod output;
    pub(crate) mod python;
}

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use support::output::{lines, text};
use support::python;

const WORLD: &str = r#"
import boto3
ecs, codedeploy = boto3.client("ecs"), boto3.client("codedeploy")
ecs.create_cluster(clusterName="moto")
first = ecs.register_task_definition(
    family="shop", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
    containerDefinitions=[{"name": "web", "image": "shop:1", "essential": True, "portMappings": [{"containerPort": 80}]}])
group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop-a/1"
ecs.create_service(
    cluster="moto", serviceName="shop", taskDefinition=first["taskDefinition"]["taskDefinitionArn"], desiredCount=1,
    deploymentController={"type": "CODE_DEPLOY"},
    loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}])
codedeploy.create_application(applicationName="shop-app", computePlatform="ECS")
listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/1/2"
codedeploy.create_deployment_group(
    applicationName="shop-app", deploymentGroupName="shop-dg", deploymentConfigName="CodeDeployDefault.ECSAllAtOnce",
    serviceRoleArn="arn:aws:iam::123456789012:role/codedeploy",
    deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    ecsServices=[{"serviceName": "shop", "clusterName": "moto"}],
    loadBalancerInfo={"targetGroupPairInfoList": [{"targetGroups": [{"name": "shop-a"}, {"name": "shop-b"}],
                                                   "prodTrafficRoute": {"listenerArns": [listener]}}]},
    blueGreenDeploymentConfiguration={
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
        "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}})
"#;

const SEEN: &str = r#"
import boto3, json
ecs, codedeploy = boto3.client("ecs"), boto3.client("codedeploy")
ids = codedeploy.list_deployments(applicationName="shop-app", deploymentGroupName="shop-dg")["deployments"]
print(json.dumps({
    "revisions": ecs.list_task_definitions(familyPrefix="shop")["taskDefinitionArns"],
    "latest": ecs.describe_task_definition(taskDefinition="shop")["taskDefinition"]["containerDefinitions"][0]["image"],
    "deployments": [codedeploy.get_deployment(deploymentId=id)["deploymentInfo"] for id in ids]}, default=str))
"#;

const CONFIGURATION: &str = "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: live\n\
                             images: { web: \"shop:2\" }\ndeployment: { rollback_on: [failure, alarm] }\n";

/// A moto server with the world above; it ends with this.
struct Moto {
    tools: PathBuf,
    server: Child,
    endpoint: String,
}

impl Moto {
    fn start(tools: PathBuf) -> Self {
        let mut server = Command::new(tools.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server can be started");
        let mut said = BufReader::new(server.stderr.take().expect("standard error is piped")).lines();
        let endpoint = said.by_ref().find_map(|line| {
            let line = line.expect("standard error can be read");
            Some(line.split_once("Running on ")?.1.trim().to_owned())
        });
        // It logs every call; a full pipe would stop it.
        std::thread::spawn(move || said.for_each(drop));
        let moto = Self { tools, server, endpoint: endpoint.expect("it says where it listens") };
        moto.python(WORLD);
        moto
    }

    fn client(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "moto")
            .env("AWS_SECRET_ACCESS_KEY", "moto")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    fn python(&self, program: &str) -> String {
        let output =
            self.client(self.tools.join("python")).args(["-c", program]).output().expect("python can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("python prints text")
    }

    fn greenlight(&self, folder: &Path, arguments: &[&str]) -> Output {
        let output = self.client(env!("CARGO_BIN_EXE_greenlight")).args(arguments).current_dir(folder).output();
        output.expect("greenlight can be started")
    }

    /// What moto itself says is there.
    fn seen(&self) -> Value {
        serde_json::from_str(&self.python(SEEN)).expect("it prints JSON")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn moto_gets_a_revision_and_one_deployment_of_it_and_tells_them_back() {
    let test = "moto_gets_a_revision_and_one_deployment_of_it_and_tells_them_back";
    let Some(tools) = python::tools(test) else { return };
    let moto = Moto::start(tools);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("greenlight.yaml"), CONFIGURATION).expect("the configuration can be written");
    let run = |arguments: &[&str]| moto.greenlight(folder.path(), arguments);

    let planned = run(&["plan"]);
    assert_eq!(planned.status.code(), Some(3), "{}", text(&planned));
    assert!(text(&planned).contains("containerDefinitions[web].image: \"shop:1\" -> \"shop:2\""), "{}", text(&planned));
    let before = moto.seen();
    assert_eq!((before["revisions"].as_array().map(Vec::len), &before["deployments"]), (Some(1), &json!([])));

    // moto makes no task sets and this test no target groups: the preflight says so, and nothing is registered.
    let refused = run(&["deploy", "--detach", "--output", "json"]);
    assert_eq!(refused.status.code(), Some(18), "{}", text(&refused));
    let found: Vec<_> = lines(&refused).iter().filter_map(|line| line["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(found, ["DR04", "DR05"], "{}", text(&refused));
    assert_eq!(moto.seen(), before, "the preflight changes nothing");

    let deployed = run(&["deploy", "--skip-preflight", "--detach", "--output", "json"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed));
    let told = lines(&deployed);
    let created = told.iter().find(|line| line["type"] == "deployment").expect("a deployment was created");
    let definition = created["task_definition"].as_str().expect("an ARN");
    assert!(definition.ends_with(":task-definition/shop:2"), "{definition}");

    let seen = moto.seen();
    assert_eq!(seen["latest"], "shop:2");
    let deployments = seen["deployments"].as_array().expect("a list");
    assert_eq!(deployments.len(), 1, "{seen:#}");
    let deployment = &deployments[0];
    assert_eq!(deployment["deploymentId"], created["deployment_id"]);
    assert_eq!(deployment["revision"]["appSpecContent"]["content"], created["appspec"]);
    assert_eq!(deployment["revision"]["appSpecContent"]["sha256"], created["sha256"]);
    assert_eq!(deployment["description"], "greenlight: web 1 -> 2");
    let events = json!(["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]);
    assert_eq!(deployment["autoRollbackConfiguration"], json!({"enabled": true, "events": events}));

    let again = run(&["deploy", "--skip-preflight", "--detach", "--output", "json"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let seen = moto.seen();
    assert_eq!(
        (seen["revisions"].as_array().map(Vec::len), seen["deployments"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );

    let history = lines(&run(&["history", "--output", "json"]));
    assert_eq!((&history[0]["deployment_id"], &history[0]["status"]), (&created["deployment_id"], &json!("Created")));
    assert_eq!((&history[0]["revision_sha256"], &history[0]["outcome"]), (&created["sha256"], &Value::Null));

    // What moto does not have: the targets of a deployment.
    let status = run(&["status"]);
    assert_eq!(status.status.code(), Some(1), "{}", text(&status));
    assert!(text(&status).contains("codedeploy:ListDeploymentTargets"), "{}", text(&status));
}
