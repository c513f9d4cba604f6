//! Answers ECS's API. What only CodeDeploy may do (`CreateTaskSet`, …) is not offered: CodeDeploy is in here too.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::definitions::Registered;
use super::wire;
use crate::names::short;
use crate::refusal::Refusal;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 11] = [
    "DeregisterTaskDefinition",
    "DescribeClusters",
    "DescribeServices",
    "DescribeTaskDefinition",
    "DescribeTaskSets",
    "DescribeTasks",
    "ListServices",
    "ListTaskDefinitions",
    "ListTasks",
    "RegisterTaskDefinition",
    "UpdateService",
];

/// Answer one call.
pub(crate) fn answer(world: &mut World, operation: &str, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    match operation {
        "RegisterTaskDefinition" => {
            let registered = world.ecs.definitions.register(body.clone(), now)?.clone();
            world.note(now, "ecs", "task definition", format!("{} registered", short(registered.arn())));
            Ok(definition(&registered))
        }
        "DescribeTaskDefinition" => {
            let mut answer = definition(world.ecs.definitions.find(required(body, "taskDefinition")?)?);
            if !strings(body, "include").iter().any(|word| word == "TAGS")
                && let Some(map) = answer.as_object_mut()
            {
                map.shift_remove("tags");
            }
            Ok(answer)
        }
        "DeregisterTaskDefinition" => {
            let registered = world.ecs.definitions.deregister(required(body, "taskDefinition")?, now)?.clone();
            world.note(now, "ecs", "task definition", format!("{} deregistered", short(registered.arn())));
            Ok(json!({"taskDefinition": registered.document}))
        }
        "ListTaskDefinitions" => {
            let status = body["status"].as_str().unwrap_or("ACTIVE");
            let mut arns = world.ecs.definitions.list(body["familyPrefix"].as_str(), status);
            if body["sort"] == "DESC" {
                arns.reverse();
            }
            Ok(page(body, "taskDefinitionArns", &arns))
        }
        "DescribeClusters" => Ok(describe_clusters(world, body)),
        "ListServices" => {
            cluster(world, body)?;
            Ok(json!({"serviceArns": [world.names.service_arn()]}))
        }
        "DescribeServices" => {
            cluster(world, body)?;
            let (found, missing): (Vec<_>, Vec<_>) =
                strings(body, "services").into_iter().partition(|name| is_service(world, name));
            let failures = missing.iter().map(|name| failure(&missing_service(world, name)));
            let failures: Vec<_> = failures.collect();
            let services: Vec<_> = found.iter().map(|_| wire::service(world)).collect();
            Ok(json!({"services": services, "failures": failures}))
        }
        "DescribeTaskSets" => describe_task_sets(world, body),
        "ListTasks" => list_tasks(world, body),
        "DescribeTasks" => {
            cluster(world, body)?;
            let asked = strings(body, "tasks");
            let find = |name: &String| world.ecs.tasks.iter().find(|task| task.arn == *name || task.id == *name);
            let tasks: Vec<_> = asked.iter().filter_map(find).map(|task| wire::task(world, task)).collect();
            let missing = asked.iter().filter(|name| find(name).is_none());
            let missing: Vec<_> = missing.map(|name| failure(&world.names.task_arn(short(name)))).collect();
            Ok(json!({"tasks": tasks, "failures": missing}))
        }
        "UpdateService" => update_service(world, body, now),
        _ => Err(Refusal::not_implemented("InvalidAction", "ECS", operation, &OPERATIONS)),
    }
}

fn definition(registered: &Registered) -> Value {
    json!({"taskDefinition": registered.document, "tags": registered.tags})
}

fn describe_clusters(world: &World, body: &Value) -> Value {
    let asked = strings(body, "clusters");
    let asked = if asked.is_empty() { vec!["default".to_owned()] } else { asked };
    let is_known = |name: &&String| short(name) == world.names.cluster;
    let running = world.ecs.tasks.iter().filter(|task| task.phase.name() == "RUNNING").count();
    let pending = world.ecs.tasks.iter().filter(|task| task.phase.name() == "PENDING").count();
    let cluster = json!({"clusterArn": world.names.cluster_arn(), "clusterName": world.names.cluster, "status": "ACTIVE",
        "registeredContainerInstancesCount": 0, "runningTasksCount": running, "pendingTasksCount": pending,
        "activeServicesCount": 1, "statistics": [], "tags": [], "settings": [], "capacityProviders": [],
        "defaultCapacityProviderStrategy": []});
    let clusters: Vec<_> = asked.iter().filter(is_known).map(|_| cluster.clone()).collect();
    let missing = asked.iter().filter(|name| !is_known(name));
    let failures: Vec<_> =
        missing.map(|name| failure(&world.names.cluster_arn().replace(&world.names.cluster, short(name)))).collect();
    json!({"clusters": clusters, "failures": failures})
}

fn describe_task_sets(world: &World, body: &Value) -> Result<Value, Refusal> {
    cluster(world, body)?;
    service(world, required(body, "service")?)?;
    let asked = strings(body, "taskSets");
    let matches = |name: &String, id: &str| name == id || *name == world.names.task_set_arn(id);
    let known = |name: &&String| world.ecs.task_sets.iter().any(|set| matches(name, &set.id));
    if !asked.iter().all(|name| known(&name)) {
        return Err(Refusal::new("InvalidParameterException", "Task Set Identifier is invalid"));
    }
    let shown =
        world.ecs.task_sets.iter().filter(|set| asked.is_empty() || asked.iter().any(|name| matches(name, &set.id)));
    Ok(json!({"taskSets": shown.map(|set| wire::task_set(world, set)).collect::<Vec<_>>(), "failures": []}))
}

fn list_tasks(world: &World, body: &Value) -> Result<Value, Refusal> {
    cluster(world, body)?;
    if let Some(name) = body["serviceName"].as_str() {
        service(world, name)?;
    }
    let stopped = body["desiredStatus"] == "STOPPED";
    let started_by = body["startedBy"].as_str();
    let family = body["family"].as_str();
    let shown = world.ecs.tasks.iter().filter(|task| {
        let of_family = family.is_none_or(|family| short(&task.definition).split(':').next() == Some(family));
        task.phase.is_wanted() != stopped && started_by.is_none_or(|id| task.task_set == id) && of_family
    });
    let arns: Vec<_> = shown.map(|task| task.arn.clone()).collect();
    Ok(page(body, "taskArns", &arns))
}

/// Under CodeDeploy only a few things may be changed here.
fn update_service(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    cluster(world, body)?;
    service(world, required(body, "service")?)?;
    let use_codedeploy =
        "on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.";
    let refused = [
        ("taskDefinition", "update task definition"),
        ("networkConfiguration", "update network parameters"),
        ("loadBalancers", "update load balancers"),
    ];
    for (key, what) in refused {
        if !body[key].is_null() {
            return Err(Refusal::new("InvalidParameterException", format!("Unable to {what} {use_codedeploy}")));
        }
    }
    if body["forceNewDeployment"] == true {
        return Err(Refusal::new(
            "InvalidParameterException",
            format!("Cannot force a new deployment {use_codedeploy}"),
        ));
    }
    if let Some(count) = body["desiredCount"].as_u64() {
        world.ecs.service.desired_count = u32::try_from(count).unwrap_or(u32::MAX);
        world.note(now, "ecs", "desired count", count.to_string());
        world.settle(now);
    }
    Ok(json!({"service": wire::service(world)}))
}

/// The cluster of a request; a request without one means `default`.
fn cluster(world: &World, body: &Value) -> Result<(), Refusal> {
    let name = body["cluster"].as_str().unwrap_or("default");
    if short(name) == world.names.cluster {
        return Ok(());
    }
    Err(Refusal::new("ClusterNotFoundException", "Cluster not found."))
}

fn service(world: &World, name: &str) -> Result<(), Refusal> {
    if is_service(world, name) { Ok(()) } else { Err(Refusal::new("ServiceNotFoundException", "Service not found.")) }
}

fn is_service(world: &World, name: &str) -> bool {
    name == world.names.service || name == world.names.service_arn()
}

fn missing_service(world: &World, name: &str) -> String {
    let known = world.names.service_arn();
    known.strip_suffix(&world.names.service).map_or_else(|| name.to_owned(), |stem| format!("{stem}{}", short(name)))
}

fn failure(arn: &str) -> Value {
    json!({"arn": arn, "reason": "MISSING"})
}

fn required<'a>(body: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    body[key].as_str().ok_or_else(|| Refusal::new("InvalidParameterException", format!("{key} cannot be empty.")))
}

fn strings(body: &Value, key: &str) -> Vec<String> {
    body[key].as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// One page of a list: `maxResults` and `nextToken`, which is the number of the first item.
fn page(body: &Value, member: &str, items: &[String]) -> Value {
    const MOST: u64 = 100;
    let start = body["nextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0).min(items.len());
    let size = usize::try_from(body["maxResults"].as_u64().unwrap_or(MOST).clamp(1, MOST)).unwrap_or(usize::MAX);
    let end = start.saturating_add(size).min(items.len());
    let mut answer = json!({member: &items[start..end]});
    if end < items.len() {
        answer["nextToken"] = end.to_string().into();
    }
    answer
}
