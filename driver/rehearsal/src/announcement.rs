//! What a running stand-in tells other programs: the one line of JSON that `greenlight rehearse --serve` prints.
//!
//! The members are a stable surface; a change of meaning is a change of `schema`.

use std::collections::BTreeMap;

use serde::Serialize;

/// Where everything is, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Announcement {
    /// 1.
    pub schema: u32,
    /// The one endpoint of all services: `http://127.0.0.1:…`.
    pub endpoint: String,
    /// The region of all ARNs.
    pub region: String,
    /// The account of all ARNs.
    pub account: String,
    /// The production listener.
    pub production: String,
    /// The test listener, unless the deployment group has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The CodeDeploy application.
    pub application: String,
    /// The CodeDeploy deployment group.
    pub deployment_group: String,
    /// The container that the load balancer reaches.
    pub container: String,
    /// Its port, as the task definition has it.
    pub container_port: u16,
    /// Registered task definitions.
    pub task_definitions: AnnouncedTaskDefinitions,
    /// Lifecycle event to function name.
    pub hooks: BTreeMap<String, String>,
    /// The journal, as JSON lines.
    pub journal: String,
}

/// ARNs of the scenario's task definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnnouncedTaskDefinitions {
    /// What runs at the start.
    pub blue: String,
    /// What is to be deployed; absent unless the stand-in was asked to register it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub green: Option<String>,
}
