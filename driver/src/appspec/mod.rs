//! The AppSpec of an ECS deployment: a typed model of everything that it may say, written as JSON (what is sent) or YAML
//! (what a person reads). Parsing is in [`parsing`]. It asks no AWS whether the names exist.

pub mod parsing;

use std::collections::BTreeMap;

use greenlight_checks::event::HookEvent;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The whole file. CodeDeploy takes exactly one resource, an ECS service (aws-facts §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    /// The name of the resource; the guide and AWS's own checker use `TargetService`.
    pub resource: String,
    /// Task definition ARN, with its revision.
    pub task_definition: String,
    /// The container that the load balancer reaches.
    pub container: String,
    /// The container's port that the load balancer reaches.
    pub port: u16,
    /// What else may be said of the service.
    pub extras: Extras,
    /// Function name or ARN by lifecycle event.
    pub hooks: BTreeMap<HookEvent, String>,
}

/// The optional properties. What is absent is inherited from the original task set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// Fargate platform version.
    pub platform_version: Option<String>,
    /// The awsvpc network.
    pub network: Option<Network>,
    /// Where tasks run.
    pub capacity_provider_strategy: Vec<CapacityProvider>,
}

/// `NetworkConfiguration.AwsvpcConfiguration`: all three or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// `ENABLED` or `DISABLED` on the wire.
    pub assign_public_ip: bool,
}

/// One entry of `CapacityProviderStrategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityProvider {
    /// `FARGATE_SPOT`, ….
    pub provider: String,
    /// Tasks that go here first.
    pub base: Option<u32>,
    /// Share of the rest.
    pub weight: Option<u32>,
}

/// An AppSpec as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Compact JSON; what is deployed again, as it was.
    pub content: String,
    /// SHA-256 (hex) of exactly these bytes.
    pub sha256: String,
}

impl Rendered {
    /// This text, as it stands.
    pub fn of(content: String) -> Self {
        let sha256 = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { content, sha256 }
    }
}

impl AppSpec {
    /// The name that the guide gives to the one resource.
    pub const RESOURCE: &str = "TargetService";

    /// What `CreateDeployment` gets.
    pub fn render(&self) -> Rendered {
        Rendered::of(self.document().to_string())
    }

    /// For people.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(&self.document()).expect("a JSON document of text and numbers can be written as YAML")
    }

    /// As JSON.
    pub(crate) fn document(&self) -> Value {
        let mut properties = Map::new();
        properties.insert("TaskDefinition".to_owned(), json!(self.task_definition));
        // A map, not a list: the service refuses a list (aws-facts §4).
        let load_balancer = json!({"ContainerName": self.container, "ContainerPort": self.port});
        properties.insert("LoadBalancerInfo".to_owned(), load_balancer);
        if let Some(version) = &self.extras.platform_version {
            properties.insert("PlatformVersion".to_owned(), json!(version));
        }
        if let Some(network) = &self.extras.network {
            let public = if network.assign_public_ip { "ENABLED" } else { "DISABLED" };
            let awsvpc = json!({"Subnets": network.subnets, "SecurityGroups": network.security_groups, "AssignPublicIp": public});
            properties.insert("NetworkConfiguration".to_owned(), json!({"AwsvpcConfiguration": awsvpc}));
        }
        if !self.extras.capacity_provider_strategy.is_empty() {
            let strategy: Vec<Value> =
                self.extras.capacity_provider_strategy.iter().map(CapacityProvider::document).collect();
            properties.insert("CapacityProviderStrategy".to_owned(), Value::Array(strategy));
        }
        let service = json!({"Type": "AWS::ECS::Service", "Properties": properties});
        let mut document = json!({"version": 0.0, "Resources": [{&self.resource: service}]});
        if !self.hooks.is_empty() {
            document["Hooks"] = self.hooks.iter().map(|(event, function)| json!({event.name(): function})).collect();
        }
        document
    }
}

impl CapacityProvider {
    fn document(&self) -> Value {
        let mut entry = Map::new();
        if let Some(base) = self.base {
            entry.insert("Base".to_owned(), json!(base));
        }
        entry.insert("CapacityProvider".to_owned(), json!(self.provider));
        if let Some(weight) = self.weight {
            entry.insert("Weight".to_owned(), json!(weight));
        }
        Value::Object(entry)
    }
}
