//! `CreateDeployment`: what is refused at once. What is wrong inside the AppSpec fails the deployment later, as with AWS.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{group, no_configuration, rollback_event};
use crate::codedeploy::appspec;
use crate::codedeploy::deployment::{Direction, Plan, Revision, RevisionForm, Status};
use crate::codedeploy::event::Event;
use crate::codedeploy::group::AutoRollback;
use crate::codedeploy::wire::{AutoRollbackConfiguration, CreateDeployment, RevisionLocation};
use crate::refusal::Refusal;
use crate::scenario::RollbackOn;
use crate::world::World;

pub(super) fn create_deployment(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let request: CreateDeployment = serde_json::from_value(body.clone())
        .map_err(|error| Refusal::new("SerializationException", error.to_string()))?;
    group(
        world,
        &json!({"applicationName": request.application_name, "deploymentGroupName": request.deployment_group_name}),
    )?;
    const LONGEST_DESCRIPTION: usize = 256;
    if request.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Err(Refusal::new("DescriptionTooLongException", "the description has more than 256 characters"));
    }
    let revision = revision(world, request.revision)?;
    let configuration = request.deployment_config_name.unwrap_or_else(|| world.codedeploy.group.configuration.clone());
    let traffic = world.codedeploy.configurations.get(&configuration).map(|found| found.traffic);
    let traffic = traffic.ok_or_else(|| no_configuration(&configuration))?;
    let auto_rollback = match request.auto_rollback_configuration {
        Some(given) => auto_rollback(&given)?,
        None => world.codedeploy.group.auto_rollback.clone(),
    };
    if let Some(active) = world.codedeploy.active() {
        let message =
            format!("The Deployment Group '{}' already has an active Deployment '{}'", world.names.group, active.id);
        return Err(Refusal::new("DeploymentLimitExceededException", message));
    }
    let appspec = appspec::read(&revision.content);
    let mut hooks = appspec.as_ref().map(|appspec| appspec.hooks.clone()).unwrap_or_default();
    if world.codedeploy.group.test_listener.is_none() {
        hooks.remove(&Event::AfterAllowTestTraffic);
    }
    let plan = Plan {
        direction: Direction::Forward,
        appspec,
        hooks,
        traffic,
        auto_rollback,
        ready_wait: world.codedeploy.group.ready_wait,
        termination_wait: world.codedeploy.group.termination_wait,
        waiting_status: if world.switches.baking { Status::Baking } else { Status::InProgress },
    };
    let id = world.create_deployment(configuration, revision, plan, now);
    let deployment = world.codedeploy.deployment_mut(&id).expect("it was just created");
    deployment.description = request.description;
    deployment.override_alarms = request.override_alarm_configuration;
    world.settle(now);
    Ok(json!({"deploymentId": id}))
}

fn revision(world: &World, location: Option<RevisionLocation>) -> Result<Revision, Refusal> {
    let missing = || Refusal::new("RevisionRequiredException", "RevisionLocation must be specified");
    let location = location.ok_or_else(missing)?;
    let (form, text) = match location.revision_type.as_deref() {
        Some("AppSpecContent") => (RevisionForm::AppSpecContent, location.app_spec_content),
        Some("String") => (RevisionForm::Text, location.text),
        Some("S3") => return object(world, location.s3_location.ok_or_else(missing)?),
        Some(other) => {
            let message = format!(
                "the rehearsal does not read revisions of type {other}; it reads AppSpecContent, String and S3"
            );
            return Err(Refusal::new("InvalidRevisionException", message));
        }
        None => return Err(missing()),
    };
    let text = text.ok_or_else(missing)?;
    let content = text.content.filter(|content| !content.is_empty()).ok_or_else(missing)?;
    let revision = Revision::new(form, content);
    match text.sha256 {
        Some(given) if !given.eq_ignore_ascii_case(&revision.sha256) => {
            let message = format!("the content's SHA-256 is {}, not {given}", revision.sha256);
            Err(Refusal::new("InvalidRevisionException", message))
        }
        Some(_) | None => Ok(revision),
    }
}

/// An AppSpec in a bucket; with an `eTag`, exactly that object.
fn object(world: &World, location: Value) -> Result<Revision, Refusal> {
    let invalid = |what: String| Refusal::new("InvalidRevisionException", what);
    let member = |key: &str| location[key].as_str().unwrap_or_default();
    let (bucket, key) = (member("bucket"), member("key"));
    if !matches!(member("bundleType"), "JSON" | "YAML") {
        return Err(invalid("the bundle type of an ECS revision is JSON or YAML".into()));
    }
    let found = world.buckets.object(bucket, key);
    let found = found.ok_or_else(|| invalid(format!("there is no object s3://{bucket}/{key}")))?;
    let bare = |etag: &str| etag.trim_matches('"').to_owned();
    if location["eTag"].as_str().is_some_and(|etag| bare(etag) != bare(&found.etag)) {
        return Err(invalid(format!("the ETag of s3://{bucket}/{key} is {}, not {}", found.etag, location["eTag"])));
    }
    let content =
        String::from_utf8(found.body.to_vec()).map_err(|_| invalid(format!("s3://{bucket}/{key} is no text")))?;
    Ok(Revision::new(RevisionForm::Object(location), content))
}

fn auto_rollback(given: &AutoRollbackConfiguration) -> Result<AutoRollback, Refusal> {
    let invalid = |message: String| Refusal::new("InvalidAutoRollbackConfigException", message);
    let event = |name: &String| rollback_event(name).ok_or_else(|| invalid(format!("{name:?} is no rollback event")));
    let events = given.events.iter().map(event).collect::<Result<BTreeSet<RollbackOn>, _>>()?;
    if given.enabled && events.is_empty() {
        return Err(invalid("automatic rollback is enabled for no event".into()));
    }
    Ok(AutoRollback { enabled: given.enabled, events })
}
