//! A command that deploys, on a stand-in of its own, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::SystemTime;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stand_in::StandIn;

/// Who deploys, and with which scenario.
pub(crate) struct Contender {
    /// Its access key, by which the stand-in counts its calls.
    key: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

/// What it cost.
pub(crate) struct Figures {
    calls: BTreeMap<String, u32>,
    /// Seconds from the end of the deployment to the end of the command.
    pub(crate) late: f64,
}

impl Contender {
    pub(crate) fn greenlight(program: PathBuf, termination: u64) -> Self {
        let folder = scenario(termination);
        Self { key: "greenlight", program, arguments: vec!["deploy".to_owned()], folder }
    }

    pub(crate) fn aws(program: PathBuf, termination: u64) -> Self {
        let folder = scenario(termination);
        let mut arguments: Vec<String> =
            ["ecs", "deploy", "--cluster", "bench", "--service", "shop"].map(str::to_owned).into();
        arguments.extend(
            ["--codedeploy-application", "shop-app", "--codedeploy-deployment-group", "shop-dg"].map(str::to_owned),
        );
        arguments
            .extend(["--task-definition", "green.json", "--codedeploy-appspec", "appspec.json"].map(str::to_owned));
        Self { key: "aws-cli", program, arguments, folder }
    }

    pub(crate) fn deploy(self) -> Figures {
        let scenario = self.folder.path().join("scenario.yaml").display().to_string();
        let stand_in = StandIn::start(&[&scenario, "--pace", "1"]);
        let output = stand_in
            .client(&self.program)
            .args(&self.arguments)
            .env("AWS_ACCESS_KEY_ID", self.key)
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .expect("it can be started");
        let ended =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970").as_secs_f64();
        assert!(output.status.success(), "{}: {}", self.key, String::from_utf8_lossy(&output.stderr));
        let counts: Value = serde_json::from_str(&get(&stand_in, "/_greenlight/calls")).expect("counts are JSON");
        let calls = counts[self.key].as_object().expect("it made calls").iter();
        let calls =
            calls.map(|(name, count)| (name.clone(), u32::try_from(count.as_u64().unwrap()).unwrap())).collect();
        Figures { calls, late: ended - over(&get(&stand_in, "/_greenlight/journal")) }
    }
}

impl Figures {
    pub(crate) fn all(&self) -> u32 {
        self.calls.values().sum()
    }

    /// Calls that look at the deployment.
    pub(crate) fn following(&self) -> u32 {
        let looks = ["GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets"];
        looks.iter().filter_map(|name| self.calls.get(&format!("codedeploy:{name}"))).sum()
    }

    pub(crate) fn told(&self) -> String {
        let told: Vec<_> = self.calls.iter().map(|(name, count)| format!("{name} {count}")).collect();
        told.join(", ")
    }
}

/// When the deployment ended, in seconds since 1970.
fn over(journal: &str) -> f64 {
    let entries =
        journal.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of the journal is JSON"));
    let mut ended = entries.filter(|entry| {
        entry["what"] == "deployment" && entry["detail"].as_str().is_some_and(|detail| detail.ends_with(" Succeeded"))
    });
    let at =
        ended.next_back().expect("the deployment succeeded")["at"].as_str().expect("an entry has a time").to_owned();
    let at: jiff::Timestamp = at.parse().expect("it is RFC 3339");
    at.as_millisecond() as f64 / 1_000.0
}

fn get(stand_in: &StandIn, path: &str) -> String {
    let address = stand_in.text("endpoint").trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).expect("the endpoint listens");
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").expect("a request can be written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer can be read");
    answer.split_once("\r\n\r\n").expect("an answer has a body").1.to_owned()
}

/// A service whose targets are healthy after half a minute, as an ordinary one's are.
fn scenario(termination: u64) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).expect("a file can be written");
    for (name, version) in [("blue.json", "1"), ("green.json", "2")] {
        let definition = json!({"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "web", "image": format!("shop:{version}"), "essential": true, "portMappings": [{"containerPort": 80}]}]});
        write(name, definition.to_string());
    }
    let properties = json!({"TaskDefinition": "<TASK_DEFINITION>", "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80}});
    let resource = json!({"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}});
    write("appspec.json", json!({"version": 0.0, "Resources": [resource]}).to_string());
    let configuration = "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\n";
    write("greenlight.yaml", configuration.to_owned());
    let shop = env!("CARGO_BIN_EXE_greenlight");
    let slow_start = format!("sleep 45; exec '{shop}' demo-shop");
    let scenario = json!({"version": 1, "cluster": "bench", "service": "shop", "application": "shop-app", "deployment_group": "shop-dg",
        "deployment_config": "CodeDeployDefault.ECSAllAtOnce", "desired_count": 1, "container": "web", "port": 80,
        "termination_wait": format!("{termination}m"), "rollback_on": ["failure"],
        "task_definitions": {"blue": "blue.json", "green": "green.json"},
        "images": {"shop:1": {"run": [shop, "demo-shop"], "environment": {"SHOP_VERSION": "1"}},
                   "shop:2": {"run": ["/bin/sh", "-c", slow_start], "environment": {"SHOP_VERSION": "2"}}},
        "health_check": {"path": "/healthz", "interval": "15s", "timeout": "5s", "healthy": 2, "unhealthy": 10}});
    write("scenario.yaml", serde_json::to_string_pretty(&scenario).expect("a scenario is JSON"));
    folder
}
