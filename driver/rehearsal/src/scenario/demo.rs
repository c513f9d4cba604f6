//! The built-in scenario: a shop in two versions. Where its programs are is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Ailments, Function, HealthCheck, Image, Program, RollbackOn, Scenario, Switches, TaskDefinitions};

/// What the built-in scenario needs to know.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The command that serves the shop; the version comes in its environment.
    pub shop: Vec<String>,
    /// Lifecycle event to hook binary.
    pub hooks: BTreeMap<String, PathBuf>,
    /// What is wrong with the second version.
    pub green_fails: Option<GreenFails>,
    /// The folder with `checks.yaml`, the hooks' plan.
    pub plan_directory: PathBuf,
}

/// How the second version misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GreenFails {
    /// The product API answers 500.
    ServerError,
    /// The product API takes two seconds.
    Slow,
    /// The product's price is a string.
    WrongBody,
    /// The health check answers 503.
    NeverReady,
}

impl GreenFails {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ServerError, Self::Slow, Self::WrongBody, Self::NeverReady];

    /// As the command line and `SHOP_FAILS` spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerError => "500",
            Self::Slow => "slow",
            Self::WrongBody => "wrong-body",
            Self::NeverReady => "never-ready",
        }
    }
}

impl fmt::Display for GreenFails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mode that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown way to fail {0:?}; expected one of 500, slow, wrong-body, never-ready")]
pub struct UnknownGreenFails(String);

impl FromStr for GreenFails {
    type Err = UnknownGreenFails;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or_else(|| UnknownGreenFails(text.into()))
    }
}

impl Scenario {
    /// The built-in scenario.
    #[must_use]
    pub fn demo(demo: Demo) -> Scenario {
        let fails = |mode: GreenFails| ("SHOP_FAILS".to_owned(), mode.name().to_owned());
        let green = demo.green_fails.map(fails);
        let image = |version: &str, more: Option<(String, String)>| Image {
            run: demo.shop.clone(),
            environment: [("SHOP_VERSION".to_owned(), version.to_owned())].into_iter().chain(more).collect(),
            directory: None,
        };
        let function = |event: &String, binary: &PathBuf| Function {
            event: Some(event.clone()),
            program: Program::Run(vec![binary.to_string_lossy().into_owned()]),
            plan: Some(demo.plan_directory.join("checks.yaml")),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(60),
            memory: 128,
            directory: demo.plan_directory.clone(),
        };
        Scenario {
            cluster: "greenlight-demo".into(),
            service: "shop".into(),
            application: "ecs-demo-codedeploy-app".into(),
            deployment_group: "ecs-demo-dg".into(),
            deployment_config: "CodeDeployDefault.ECSCanary10Percent5Minutes".into(),
            desired_count: 2,
            container: "web".into(),
            port: 80,
            termination_wait: Duration::from_secs(300),
            ready_wait: None,
            rollback_on: BTreeSet::from([RollbackOn::Failure, RollbackOn::Alarm, RollbackOn::Stop]),
            test_listener: true,
            task_definitions: TaskDefinitions { blue: task_definition("1"), green: task_definition("2") },
            images: BTreeMap::from([
                ("greenlight-demo/shop:1".to_owned(), image("1", None)),
                ("greenlight-demo/shop:2".to_owned(), image("2", green)),
                // One that is always broken, to see a deployment fail after one that did not.
                ("greenlight-demo/shop:3".to_owned(), image("3", Some(fails(GreenFails::ServerError)))),
            ]),
            health_check: HealthCheck {
                path: "/healthz".into(),
                interval: Duration::from_secs(10),
                ..HealthCheck::default()
            },
            functions: demo
                .hooks
                .iter()
                .map(|(event, binary)| (format!("CodeDeployHook_{event}"), function(event, binary)))
                .collect(),
            buckets: BTreeSet::new(),
            deploy: None,
            alarms: BTreeMap::new(),
            group_alarms: Vec::new(),
            switches: Switches::default(),
            ailments: Ailments::default(),
        }
    }
}

fn task_definition(version: &str) -> Value {
    json!({
        "family": "shop",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": "web",
            "image": format!("greenlight-demo/shop:{version}"),
            "essential": true,
            "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
        }],
    })
}
