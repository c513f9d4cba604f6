//! Scenario files for stories: the demo shop with one hook function as a test wants it.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

const CHECKS: &str = "checks:\n  - id: health\n    http: { get: /healthz }\n    expect: { status: 200 }\n";

/// One hook's function.
pub(crate) struct Function {
    event: &'static str,
    name: String,
    binary: String,
    plan: String,
    environment: serde_json::Map<String, serde_json::Value>,
    timeout: Duration,
    exists: bool,
}

impl Function {
    /// As it should be.
    pub(crate) fn after_allow_test_traffic() -> Self {
        Self {
            event: "AfterAllowTestTraffic",
            name: "CodeDeployHook_AfterAllowTestTraffic".to_owned(),
            binary: "after-allow-test-traffic".to_owned(),
            plan: "checks.yaml".to_owned(),
            environment: serde_json::Map::new(),
            timeout: Duration::from_secs(60),
            exists: true,
        }
    }

    /// The last look before production traffic shifts: the service's health and an alarm, which is red.
    pub(crate) fn before_allow_traffic() -> Self {
        Self {
            event: "BeforeAllowTraffic",
            name: "CodeDeployHook_BeforeAllowTraffic".to_owned(),
            binary: "before-allow-traffic".to_owned(),
            plan: "alarms.yaml".to_owned(),
            ..Self::after_allow_test_traffic()
        }
    }

    /// With a fire drill.
    pub(crate) fn drill(self, drill: &str) -> Self {
        self.set("GREENLIGHT_DRILL", drill)
    }

    /// With a variable in its environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), json!(value));
        self
    }

    /// With this timeout.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With this plan: `checks.yaml`, `misspelt.yaml`, `elsewhere.yaml`, `gated.yaml` (which takes `WITHIN`), or one that is not
    /// there.
    pub(crate) fn plan(mut self, plan: &str) -> Self {
        self.plan = plan.to_owned();
        self
    }

    /// With another hook's binary.
    pub(crate) fn binary(mut self, binary: &str) -> Self {
        self.binary = binary.to_owned();
        self
    }

    /// Under this name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Named by the AppSpec, but not there.
    pub(crate) fn absent(mut self) -> Self {
        self.exists = false;
        self
    }
}

/// A folder with a scenario, its plans, its task definitions and a `greenlight.yaml`.
pub(crate) struct Scenario {
    folder: TempDir,
    path: String,
}

impl Scenario {
    /// Writes one.
    pub(crate) fn write(function: &Function) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a scenario's file can be written");
        };
        let budget = "version: 1\nbudget: { report_reserve: 10s, stabilise: 5s }\n";
        write(
            "checks.yaml",
            &format!("{budget}hooks: {{ AfterAllowTestTraffic: [health], BeforeAllowTraffic: [health] }}\n{CHECKS}"),
        );
        let alarms = "  - id: alarms\n    alarm: { names: [shop-5xx], watch_for: 2s }\n";
        write("alarms.yaml", &format!("{budget}hooks: {{ BeforeAllowTraffic: [health, alarms] }}\n{CHECKS}{alarms}"));
        let approval = "  - id: go\n    approval: { from: [ana, the on-call engineer], within: \"${WITHIN}\" }\n";
        write("gated.yaml", &format!("{budget}hooks: {{ AfterAllowTestTraffic: [health, go] }}\n{CHECKS}{approval}"));
        write("elsewhere.yaml", &format!("{budget}hooks: {{ AfterAllowTraffic: [health] }}\n{CHECKS}"));
        write(
            "misspelt.yaml",
            &format!("{budget}hooks: {{ AfterAllowTestTraffic: [health] }}\n{}", CHECKS.replace("status", "staus")),
        );
        for (name, version) in [("blue.json", "1"), ("green.json", "2")] {
            let definition = json!({"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "web", "image": format!("shop:{version}"), "essential": true, "portMappings": [{"containerPort": 80}]}]});
            write(name, &definition.to_string());
        }
        let functions = if function.exists {
            json!({&function.name: {"event": function.event, "binary": function.binary, "plan": function.plan,
                "timeout": format!("{}s", function.timeout.as_secs()), "environment": function.environment}})
        } else {
            json!({})
        };
        let shop = env!("CARGO_BIN_EXE_greenlight");
        let scenario = json!({"version": 1, "cluster": "story", "service": "shop", "application": "shop-app", "deployment_group": "shop-dg",
            "deployment_config": "CodeDeployDefault.ECSAllAtOnce", "desired_count": 1, "container": "web", "port": 80,
            "termination_wait": "1m", "rollback_on": ["failure"],
            "task_definitions": {"blue": "blue.json", "green": "green.json"},
            "images": {"shop:1": {"run": [shop, "demo-shop"], "environment": {"SHOP_VERSION": "1"}},
                       "shop:2": {"run": [shop, "demo-shop"], "environment": {"SHOP_VERSION": "2"}}},
            "health_check": {"path": "/healthz", "interval": "10s", "timeout": "5s", "healthy": 2, "unhealthy": 2},
            "alarms": {"shop-5xx": {"state": "ALARM"}},
            "functions": functions, "buckets": ["evidence", "plans"], "deploy": "greenlight.yaml"});
        // JSON is YAML, so the scenario can be written as what it is made of.
        write("scenario.yaml", &serde_json::to_string_pretty(&scenario).expect("a scenario is JSON"));
        write(
            "greenlight.yaml",
            &format!(
                "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\nhooks:\n  {}: {}\n",
                function.event, function.name
            ),
        );
        let path = folder.path().join("scenario.yaml").to_str().expect("a temporary path is text").to_owned();
        Self { folder, path }
    }

    /// Sets a member of the scenario.
    pub(crate) fn set(self, member: &str, value: &serde_json::Value) -> Self {
        let text = fs::read_to_string(&self.path).expect("the scenario was written");
        let mut scenario: serde_json::Value = serde_json::from_str(&text).expect("the scenario was written as JSON");
        scenario[member] = value.clone();
        fs::write(&self.path, scenario.to_string()).expect("a scenario's file can be written");
        self
    }

    /// Adds lines to the driver's configuration.
    pub(crate) fn configure(self, lines: &str) -> Self {
        let file = self.configuration();
        let text = fs::read_to_string(&file).expect("the configuration was written");
        fs::write(&file, format!("{text}{lines}")).expect("the configuration can be written");
        self
    }

    /// The scenario file.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The driver's configuration beside it.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.path().join("greenlight.yaml")
    }
}
