//! CodeDeploy's documents on the wire, member by member as the service model spells them. What is null is absent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::epoch::Epoch;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDeployment {
    pub(super) application_name: Option<String>,
    pub(super) deployment_group_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) deployment_config_name: Option<String>,
    pub(super) revision: Option<RevisionLocation>,
    pub(super) auto_rollback_configuration: Option<AutoRollbackConfiguration>,
    pub(super) override_alarm_configuration: Option<Value>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevisionLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision_type: Option<String>,
    #[serde(rename = "string", skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<RevisionText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app_spec_content: Option<RevisionText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_location: Option<Value>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct RevisionText {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AutoRollbackConfiguration {
    #[serde(default)]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) events: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentInfo {
    pub(super) application_name: String,
    pub(super) deployment_group_name: String,
    pub(super) deployment_config_name: String,
    pub(super) deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_revision: Option<RevisionLocation>,
    pub(super) revision: RevisionLocation,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_information: Option<ErrorInformation>,
    pub(super) create_time: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete_time: Option<Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deployment_overview: Option<DeploymentOverview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    pub(super) creator: &'static str,
    pub(super) ignore_application_stop_failures: bool,
    pub(super) auto_rollback_configuration: AutoRollbackConfiguration,
    pub(super) update_outdated_instances_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rollback_info: Option<RollbackInfo>,
    pub(super) deployment_style: Value,
    pub(super) instance_termination_wait_time_started: bool,
    pub(super) blue_green_deployment_configuration: Value,
    pub(super) load_balancer_info: Value,
    pub(super) file_exists_behavior: &'static str,
    pub(super) deployment_status_messages: Vec<String>,
    pub(super) compute_platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) override_alarm_configuration: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct ErrorInformation {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The only capitalised members of CodeDeploy.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeploymentOverview {
    pub(super) pending: u32,
    pub(super) in_progress: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    pub(super) skipped: u32,
    pub(super) ready: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RollbackInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rollback_deployment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rollback_triggering_deployment_id: Option<String>,
    pub(super) rollback_message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentTarget {
    pub(super) deployment_target_type: &'static str,
    pub(super) ecs_target: EcsTarget,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EcsTarget {
    pub(super) deployment_id: String,
    pub(super) target_id: String,
    pub(super) target_arn: String,
    pub(super) last_updated_at: Epoch,
    pub(super) lifecycle_events: Vec<LifecycleEvent>,
    pub(super) status: &'static str,
    pub(super) task_sets_info: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LifecycleEvent {
    pub(super) lifecycle_event_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diagnostics: Option<Diagnostics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time: Option<Epoch>,
    pub(super) status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Diagnostics {
    pub(super) error_code: &'static str,
    pub(super) script_name: String,
    pub(super) message: String,
    pub(super) log_tail: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskSetInfo {
    /// The model's own spelling.
    pub(super) identifer: String,
    pub(super) desired_count: u32,
    pub(super) pending_count: u32,
    pub(super) running_count: u32,
    pub(super) status: &'static str,
    pub(super) traffic_weight: f64,
    pub(super) target_group: TargetGroupName,
    pub(super) task_set_label: &'static str,
}

#[derive(Serialize)]
pub(super) struct TargetGroupName {
    pub(super) name: String,
}
