//! A stand-in with a plain service for tests of `greenlight deploy`: no hooks, a deployment that takes seconds until its traffic has
//! shifted and stays long in the wait behind that, or in the one before.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::disallowed_methods, reason = "a test reads its own environment")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::stand_in::StandIn;

/// What is particular about a site.
pub(crate) struct Plan {
    pub(crate) config: &'static str,
    pub(crate) ready_wait: Option<&'static str>,
    pub(crate) termination_wait: &'static str,
    pub(crate) test_listener: bool,
    pub(crate) rollback_on: &'static [&'static str],
    /// The version that replaces: 2, or one that is broken.
    pub(crate) green: &'static [(&'static str, &'static str)],
    pub(crate) pace: &'static str,
}

impl Plan {
    /// Both waits last minutes, whatever the machine is doing; only a failure rolls back.
    pub(crate) const GATED: Self = Self {
        config: "CodeDeployDefault.ECSAllAtOnce",
        ready_wait: Some("20h"),
        termination_wait: "20h",
        test_listener: true,
        rollback_on: &["failure"],
        green: &[("SHOP_VERSION", "2")],
        pace: "400",
    };
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            config: "CodeDeployDefault.ECSAllAtOnce",
            ready_wait: None,
            termination_wait: "1m",
            test_listener: true,
            rollback_on: &["failure", "stop"],
            green: &[("SHOP_VERSION", "2")],
            pace: "100",
        }
    }
}

/// The stand-in and a folder with its scenario and a `greenlight.yaml`.
pub(crate) struct Site {
    pub(crate) stand_in: StandIn,
    folder: TempDir,
}

impl Site {
    pub(crate) fn start(plan: &Plan) -> Self {
        Self::start_with(plan, |_, _| {})
    }

    /// One whose scenario is changed before it is written into this folder.
    pub(crate) fn start_with(plan: &Plan, change: impl FnOnce(&Path, &mut Value)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file can be written");
        for (name, version) in [("blue.json", "1"), ("green.json", "2")] {
            let definition = json!({"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "web", "image": format!("shop:{version}"), "essential": true, "portMappings": [{"containerPort": 80}]}]});
            write(name, &definition.to_string());
        }
        let shop = env!("CARGO_BIN_EXE_greenlight");
        let green: serde_json::Map<String, Value> =
            plan.green.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut scenario = json!({"version": 1, "cluster": "story", "service": "shop", "application": "shop-app", "deployment_group": "shop-dg",
            "deployment_config": plan.config, "desired_count": 1, "container": "web", "port": 80,
            "termination_wait": plan.termination_wait, "rollback_on": plan.rollback_on, "test_listener": plan.test_listener,
            "task_definitions": {"blue": "blue.json", "green": "green.json"},
            "images": {"shop:1": {"run": [shop, "demo-shop"], "environment": {"SHOP_VERSION": "1"}},
                       "shop:2": {"run": [shop, "demo-shop"], "environment": green}},
            "health_check": {"path": "/healthz", "interval": "5s", "timeout": "5s", "healthy": 2, "unhealthy": 2},
            "buckets": ["revisions"]});
        if let Some(wait) = plan.ready_wait {
            scenario["ready_wait"] = json!(wait);
        }
        change(folder.path(), &mut scenario);
        write("scenario.yaml", &scenario.to_string());
        let path = folder.path().join("scenario.yaml");
        let stand_in = StandIn::start(&[path.to_str().expect("a temporary path is text"), "--pace", plan.pace]);
        let site = Self { stand_in, folder };
        site.configure("");
        site
    }

    /// Writes the `greenlight.yaml`, with more in it.
    pub(crate) fn configure(&self, more: &str) {
        let text = format!(
            "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\n{more}"
        );
        self.write("greenlight.yaml", &text);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file can be written");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `greenlight` with these arguments, to be started here.
    pub(crate) fn greenlight(&self, arguments: &[&str]) -> Command {
        let mut command = self.stand_in.greenlight();
        command.args(arguments).args(["--poll", "200ms"]).current_dir(self.folder.path());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.greenlight(arguments).output().expect("greenlight can be started")
    }

    /// One call as any client would write it to the wire.
    pub(crate) fn call(&self, target: &str, input: &Value) -> Value {
        call(&self.stand_in, target, input)
    }

    /// A call of CodeDeploy.
    pub(crate) fn codedeploy(&self, operation: &str, input: &Value) -> Value {
        self.call(&format!("CodeDeploy_20141006.{operation}"), input)
    }

    /// Every deployment of the group.
    pub(crate) fn deployments(&self) -> Vec<String> {
        let group = json!({"applicationName": "shop-app", "deploymentGroupName": "shop-dg"});
        let answer = self.codedeploy("ListDeployments", &group);
        answer["deployments"].as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// `deploymentInfo` of one.
    pub(crate) fn deployment(&self, id: &str) -> Value {
        self.codedeploy("GetDeployment", &json!({"deploymentId": id}))["deploymentInfo"].clone()
    }

    /// Ends the wait behind the shift.
    pub(crate) fn end_termination_wait(&self, id: &str) {
        let input = json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"});
        self.codedeploy("ContinueDeployment", &input);
    }

    /// Active revisions of the family.
    pub(crate) fn revisions(&self) -> Vec<String> {
        let answer =
            self.call("AmazonEC2ContainerServiceV20141113.ListTaskDefinitions", &json!({"familyPrefix": "shop"}));
        let arns = answer["taskDefinitionArns"].as_array().into_iter().flatten();
        arns.filter_map(|arn| arn.as_str()?.rsplit('/').next().map(str::to_owned)).collect()
    }

    /// Gives the service auto-scaling.
    pub(crate) fn register_scaling(&self) {
        let body = json!({"ServiceNamespace": "ecs", "ResourceId": "service/story/shop",
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 4});
        self.call("AnyScaleFrontendService.RegisterScalableTarget", &body);
    }

    /// What is suspended of it, and the mark on it.
    pub(crate) fn scaling(&self) -> (Vec<bool>, Option<String>) {
        let body = json!({"ServiceNamespace": "ecs"});
        let answer = self.call("AnyScaleFrontendService.DescribeScalableTargets", &body);
        let target = &answer["ScalableTargets"][0];
        let state = target["SuspendedState"].as_object().expect("a target has a state");
        let tags = self
            .call("AnyScaleFrontendService.ListTagsForResource", &json!({"ResourceARN": target["ScalableTargetARN"]}));
        let mark = tags["Tags"]["greenlight:auto-scaling-suspended"].as_str().map(str::to_owned);
        (state.values().map(|value| value == true).collect(), mark)
    }
}

/// One call of a stand-in as any client would write it to the wire.
pub(crate) fn call(stand_in: &StandIn, target: &str, input: &Value) -> Value {
    let address = stand_in.text("endpoint").trim_start_matches("http://").to_owned();
    let body = input.to_string();
    let mut stream = TcpStream::connect(&address).expect("the endpoint listens");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: {target}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("a request can be written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer can be read");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body = answer.split_once("\r\n\r\n").expect("an answer has a head").1;
    if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("a body is JSON") }
}

/// Standard output and standard error.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The last line of `--output json`.
pub(crate) fn outcome(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().unwrap_or_else(|| panic!("nothing on standard output: {output:?}"));
    let last: Value = serde_json::from_str(last).expect("a line is JSON");
    assert_eq!(last["type"], "outcome", "{last}");
    last
}
