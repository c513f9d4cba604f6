//! ECS's documents on the wire: the service, its task sets, its tasks.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::service::{Task, TaskPhase, TaskSet};
use crate::ecs::definitions::service_role;
use crate::epoch::Epoch;
use crate::names::Names;
use crate::world::World;

pub(super) fn service(world: &World) -> Value {
    let names = &world.names;
    let service = &world.ecs.service;
    // A running task's own state is what counts, whichever set it belongs to.
    let count = |phase: TaskPhase| world.ecs.tasks.iter().filter(|task| task.phase == phase).count();
    let primary = world.ecs.primary();
    let load_balancers = primary.map(|set| json!([load_balancer(set)])).unwrap_or_else(|| json!([]));
    let mut sets: Vec<_> = world.ecs.task_sets.iter().collect();
    // The primary one came first wherever it was seen.
    sets.sort_by_key(|set| set.status != super::service::TaskSetStatus::Primary);
    let mut document = json!({
        "serviceArn": names.service_arn(),
        "serviceName": names.service,
        "clusterArn": names.cluster_arn(),
        "loadBalancers": load_balancers,
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": service.desired_count,
        "runningCount": count(TaskPhase::Running),
        "pendingCount": count(TaskPhase::Pending),
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "platformFamily": "Linux",
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        "taskSets": sets.into_iter().map(|set| task_set(world, set)).collect::<Vec<_>>(),
        "deployments": [],
        "roleArn": service_role(),
        "events": service.events.iter().map(|event| {
            json!({"id": event.id, "createdAt": Epoch(event.at), "message": event.message})
        }).collect::<Vec<_>>(),
        "createdAt": Epoch(service.created_at),
        "placementConstraints": [],
        "placementStrategy": [],
        "healthCheckGracePeriodSeconds": 0,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": world.ailments.controller.as_deref().unwrap_or("CODE_DEPLOY")},
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
    });
    if let Some(set) = primary {
        document["taskDefinition"] = set.task_definition.clone().into();
        if let Some(network) = &set.network_configuration {
            document["networkConfiguration"] = network.clone();
        }
    }
    document
}

pub(super) fn task_set(world: &World, set: &TaskSet) -> Value {
    let names = &world.names;
    let count = |phase: TaskPhase| world.ecs.tasks_of(&set.id).filter(|task| task.phase == phase).count();
    let scale = if set.desired(1) == 0 { 0.0 } else { 100.0 };
    let mut document = json!({
        "id": set.id,
        "taskSetArn": names.task_set_arn(&set.id),
        "serviceArn": names.service_arn(),
        "clusterArn": names.cluster_arn(),
        "startedBy": "CODE_DEPLOY",
        "status": set.status.name(),
        "taskDefinition": set.task_definition,
        "computedDesiredCount": set.desired(world.ecs.service.desired_count),
        "pendingCount": count(TaskPhase::Pending),
        "runningCount": count(TaskPhase::Running),
        "createdAt": Epoch(set.created_at),
        "updatedAt": Epoch(set.updated_at),
        "platformVersion": set.platform_version,
        "platformFamily": "Linux",
        "loadBalancers": [load_balancer(set)],
        "serviceRegistries": [],
        "scale": {"value": scale, "unit": "PERCENT"},
        "stabilityStatus": if set.steady { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": Epoch(set.stability_at),
        "tags": [],
    });
    let optional = [
        ("externalId", set.external_id.clone().map(Value::from)),
        ("networkConfiguration", set.network_configuration.clone()),
        ("capacityProviderStrategy", set.capacity_provider_strategy.clone()),
        ("launchType", set.capacity_provider_strategy.is_none().then(|| "FARGATE".into())),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            document[key] = value;
        }
    }
    document
}

fn load_balancer(set: &TaskSet) -> Value {
    json!({"targetGroupArn": set.target_group, "containerName": set.container, "containerPort": set.port})
}

pub(super) fn task(world: &World, task: &Task) -> Value {
    let names: &Names = &world.names;
    let set = world.ecs.task_set(&task.task_set);
    let registered = world.ecs.definitions.find(&task.definition).ok();
    let definition = registered.map_or(&Value::Null, |registered| &registered.document);
    let main = set.map(|set| set.container.as_str());
    let containers = definition["containerDefinitions"].as_array().into_iter().flatten();
    // Only the container behind the load balancer is run.
    let containers = containers.filter(|container| main.is_none() || container["name"].as_str() == main);
    let desired = if task.phase.is_wanted() { "RUNNING" } else { "STOPPED" };
    let mut document = json!({
        "taskArn": task.arn,
        "clusterArn": names.cluster_arn(),
        "taskDefinitionArn": task.definition,
        "group": format!("service:{}", names.service),
        "startedBy": task.task_set,
        "launchType": "FARGATE",
        "platformVersion": set.map_or("1.4.0", |set| set.platform_version.as_str()),
        "platformFamily": "Linux",
        "availabilityZone": "us-east-1a",
        "cpu": definition["cpu"].as_str().unwrap_or("256"),
        "memory": definition["memory"].as_str().unwrap_or("512"),
        "connectivity": "CONNECTED",
        "desiredStatus": desired,
        "lastStatus": task.phase.name(),
        "healthStatus": "UNKNOWN",
        "version": 1,
        "createdAt": Epoch(task.created_at),
        "containers": containers.map(|definition| container(task, definition, set)).collect::<Vec<_>>(),
        "attachments": attachments(task),
        "overrides": {"containerOverrides": []},
        "tags": [],
    });
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| json!(Epoch(at)));
    let stopped = task.stopped_reason.is_some();
    let optional = [
        ("startedAt", moment(task.started_at)),
        ("stoppingAt", moment(task.stopping_at)),
        ("stoppedAt", moment(task.stopped_at)),
        ("stoppedReason", task.stopped_reason.clone().map(Value::from)),
        ("stopCode", stopped.then(|| task.stop_code.into())),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            document[key] = value;
        }
    }
    document
}

/// The task's network interface. Every task has an address of this machine's loopback interface, so that only the port, in
/// the container's network bindings, tells one from another.
fn attachments(task: &Task) -> Value {
    let Some(address) = task.address else { return json!([]) };
    json!([{"id": task.id, "type": "ElasticNetworkInterface", "status": "ATTACHED",
        "details": [{"name": "privateIPv4Address", "value": address.ip().to_string()}]}])
}

/// There is no image, so that there is nothing to digest but its name: the same for every task of one name, and another for
/// another. A name that ends in a digest has that one.
fn image_digest(image: &str) -> String {
    match image.rsplit_once('@') {
        Some((_, digest)) => digest.to_owned(),
        None => format!("sha256:{:x}", Sha256::digest(image.as_bytes())),
    }
}

fn container(task: &Task, definition: &Value, set: Option<&TaskSet>) -> Value {
    let mut document = json!({
        "containerArn": format!("{}/{}", task.arn.replace(":task/", ":container/"), definition["name"].as_str().unwrap_or_default()),
        "taskArn": task.arn,
        "name": definition["name"],
        "image": definition["image"],
        "runtimeId": format!("{}-1", task.id),
        "lastStatus": task.phase.name(),
        "healthStatus": "UNKNOWN",
        "networkBindings": [],
        "networkInterfaces": [],
        "cpu": "0",
    });
    if let (Some(address), Some(set)) = (task.address, set) {
        document["networkBindings"] = json!([{"bindIP": address.ip().to_string(), "containerPort": set.port,
            "hostPort": address.port(), "protocol": "tcp"}]);
        document["networkInterfaces"] =
            json!([{"attachmentId": task.id, "privateIpv4Address": address.ip().to_string()}]);
        // ECS knows the digest once the image is pulled.
        document["imageDigest"] = image_digest(definition["image"].as_str().unwrap_or_default()).into();
    }
    if let Some(code) = task.exit_code {
        document["exitCode"] = code.into();
    }
    if let Some(reason) = &task.reason {
        document["reason"] = reason.clone().into();
    }
    document
}
