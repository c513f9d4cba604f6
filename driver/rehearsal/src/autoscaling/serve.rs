//! Answers Application Auto Scaling's API for the service's desired count.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ScalableTarget, Suspended};
use crate::epoch::Epoch;
use crate::names::{ACCOUNT, REGION};
use crate::refusal::Refusal;
use crate::world::World;

/// The service's name in `X-Amz-Target`.
pub(crate) const TARGET: &str = "AnyScaleFrontendService";

/// What there is.
pub(crate) const OPERATIONS: [&str; 6] = [
    "DescribeScalableTargets",
    "DescribeScalingActivities",
    "ListTagsForResource",
    "RegisterScalableTarget",
    "TagResource",
    "UntagResource",
];

const DIMENSION: &str = "ecs:service:DesiredCount";

/// Answer one call.
pub(crate) fn answer(world: &mut World, operation: &str, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    match operation {
        "DescribeScalableTargets" => describe(world, body),
        "DescribeScalingActivities" => activities(world, body),
        "RegisterScalableTarget" => register(world, body, now),
        "ListTagsForResource" => Ok(json!({"Tags": tagged(world, body)?.tags})),
        "TagResource" => {
            let Some(tags) = body["Tags"].as_object() else { return Err(invalid("Tags is missing")) };
            let target = tagged(world, body)?;
            for (key, value) in tags {
                target.tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
            }
            let keys = tags.keys().cloned().collect::<Vec<_>>().join(", ");
            world.note(now, "autoscaling", "tagged", keys);
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys: Vec<&str> = body["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let target = tagged(world, body)?;
            target.tags.retain(|key, _| !keys.contains(&key.as_str()));
            world.note(now, "autoscaling", "untagged", keys.join(", "));
            Ok(json!({}))
        }
        _ => {
            let code = "UnknownOperationException";
            Err(Refusal::not_implemented(code, "Application Auto Scaling", operation, &OPERATIONS))
        }
    }
}

fn describe(world: &World, body: &Value) -> Result<Value, Refusal> {
    namespace(body)?;
    let resource = resource(world);
    let ids = body["ResourceIds"].as_array();
    let asked = ids.is_none_or(|ids| ids.is_empty() || ids.iter().any(|id| *id == *resource));
    let dimension = body["ScalableDimension"].as_str().is_none_or(|dimension| dimension == DIMENSION);
    let found = world.autoscaling.target.iter().filter(|_| asked && dimension);
    let targets: Vec<Value> = found
        .map(|target| {
            json!({"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": DIMENSION,
                "MinCapacity": target.least, "MaxCapacity": target.most, "CreationTime": Epoch(target.created),
                "RoleARN": format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"),
                "ScalableTargetARN": target.arn,
                "SuspendedState": {"DynamicScalingInSuspended": target.suspended.scaling_in,
                    "DynamicScalingOutSuspended": target.suspended.scaling_out, "ScheduledScalingSuspended": target.suspended.scheduled}})
        })
        .collect();
    Ok(json!({"ScalableTargets": targets}))
}

/// Nothing scales here; an activity is under way where the scenario says so.
fn activities(world: &World, body: &Value) -> Result<Value, Refusal> {
    namespace(body)?;
    let resource = resource(world);
    let asked = body["ResourceId"].as_str().is_none_or(|id| id == resource);
    let began = Epoch(world.ecs.service.created_at);
    let wanted = world.ecs.service.desired_count + 1;
    let activity = json!({"ActivityId": "00000000-0000-0000-0000-00000000a5ca", "ServiceNamespace": "ecs",
        "ResourceId": resource, "ScalableDimension": DIMENSION,
        "Description": format!("Setting desired count to {wanted}."),
        "Cause": "the scenario says so", "StartTime": began, "StatusCode": "InProgress"});
    let activities = if world.ailments.scaling && asked { vec![activity] } else { Vec::new() };
    Ok(json!({"ScalingActivities": activities}))
}

/// Registers, or changes what is given and leaves the rest.
fn register(world: &mut World, body: &Value, now: Timestamp) -> Result<Value, Refusal> {
    namespace(body)?;
    let (known, asked) = (resource(world), body["ResourceId"].as_str().unwrap_or_default());
    if asked != known {
        return Err(invalid(format!("ECS service doesn't exist: {asked}")));
    }
    if body["ScalableDimension"] != DIMENSION {
        return Err(invalid(format!("the scalable dimension of an ECS service is {DIMENSION}")));
    }
    let number = |key: &str| body[key].as_u64().and_then(|number| u32::try_from(number).ok());
    let (least, most) = (number("MinCapacity"), number("MaxCapacity"));
    let mut target = match (world.autoscaling.target.take(), least, most) {
        (Some(target), _, _) => target,
        (None, Some(least), Some(most)) => ScalableTarget {
            arn: format!(
                "arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/0ec5{}",
                world.identifiers.uuid("scalable target").replace('-', "")
            ),
            least,
            most,
            suspended: Suspended::default(),
            created: now,
            tags: texts(&body["Tags"]),
        },
        (None, _, _) => return Err(invalid("MinCapacity and MaxCapacity are needed to register a scalable target")),
    };
    target.least = least.unwrap_or(target.least);
    target.most = most.unwrap_or(target.most);
    let state = &body["SuspendedState"];
    let flag = |key: &str, before: bool| state[key].as_bool().unwrap_or(before);
    let before = target.suspended;
    target.suspended = Suspended {
        scaling_in: flag("DynamicScalingInSuspended", before.scaling_in),
        scaling_out: flag("DynamicScalingOutSuspended", before.scaling_out),
        scheduled: flag("ScheduledScalingSuspended", before.scheduled),
    };
    let detail = format!("{} to {}, {}", target.least, target.most, target.suspended.described());
    let answer = json!({"ScalableTargetARN": target.arn});
    world.autoscaling.target = Some(target);
    world.note(now, "autoscaling", "scalable target", detail);
    Ok(answer)
}

fn tagged<'a>(world: &'a mut World, body: &Value) -> Result<&'a mut ScalableTarget, Refusal> {
    let arn = body["ResourceARN"].as_str().unwrap_or_default();
    let found = world.autoscaling.target.as_mut().filter(|target| target.arn == arn);
    let message = || format!("The specified resource doesn't exist: {arn}");
    found.ok_or_else(|| Refusal::new("ResourceNotFoundException", message()))
}

fn namespace(body: &Value) -> Result<(), Refusal> {
    match body["ServiceNamespace"].as_str() {
        Some("ecs") => Ok(()),
        other => {
            Err(invalid(format!("the rehearsal has the service namespace ecs, not {}", other.unwrap_or("(none)"))))
        }
    }
}

/// `service/<cluster>/<service>`.
fn resource(world: &World) -> String {
    format!("service/{}/{}", world.names.cluster, world.names.service)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn texts(tags: &Value) -> std::collections::BTreeMap<String, String> {
    let text = |(key, value): (&String, &Value)| (key.clone(), value.as_str().unwrap_or_default().to_owned());
    tags.as_object().into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::simulation::Simulation;

    fn ask(simulation: &mut Simulation, operation: &str, body: Value) -> Result<Value, Refusal> {
        let now = simulation.now;
        answer(&mut simulation.world, operation, &body, now)
    }

    fn registration(more: Value) -> Value {
        let mut body = json!({"ServiceNamespace": "ecs", "ScalableDimension": DIMENSION});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[test]
    fn a_registration_changes_what_it_names_and_nothing_else() {
        let mut simulation = Simulation::demo(&[]);
        let resource = resource(&simulation.world);
        let described = |simulation: &mut Simulation| {
            ask(simulation, "DescribeScalableTargets", json!({"ServiceNamespace": "ecs", "ResourceIds": [resource]}))
                .unwrap()
        };
        assert_eq!(described(&mut simulation), json!({"ScalableTargets": []}));
        let refused = ask(&mut simulation, "RegisterScalableTarget", registration(json!({"ResourceId": resource})));
        assert!(refused.unwrap_err().message.contains("MinCapacity and MaxCapacity"));

        let new = registration(json!({"ResourceId": resource, "MinCapacity": 2, "MaxCapacity": 8}));
        ask(&mut simulation, "RegisterScalableTarget", new).unwrap();
        let part = json!({"ResourceId": resource, "SuspendedState": {"DynamicScalingInSuspended": true}});
        ask(&mut simulation, "RegisterScalableTarget", registration(part)).unwrap();
        let target = described(&mut simulation)["ScalableTargets"][0].clone();
        assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(2), &json!(8)));
        assert_eq!(
            target["SuspendedState"],
            json!({"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false})
        );
    }

    #[test]
    fn a_mark_is_kept_by_arn_until_it_is_taken_away() {
        let mut simulation = Simulation::demo(&[]);
        let resource = resource(&simulation.world);
        let new = registration(json!({"ResourceId": resource, "MinCapacity": 2, "MaxCapacity": 8}));
        let arn = ask(&mut simulation, "RegisterScalableTarget", new).unwrap()["ScalableTargetARN"].clone();
        ask(&mut simulation, "TagResource", json!({"ResourceARN": arn, "Tags": {"who": "me", "why": "x"}})).unwrap();
        ask(&mut simulation, "UntagResource", json!({"ResourceARN": arn, "TagKeys": ["why"]})).unwrap();
        let tags = ask(&mut simulation, "ListTagsForResource", json!({"ResourceARN": arn})).unwrap();
        assert_eq!(tags, json!({"Tags": {"who": "me"}}));
        let absent = ask(&mut simulation, "ListTagsForResource", json!({"ResourceARN": "arn:other"})).unwrap_err();
        assert_eq!(absent.code, "ResourceNotFoundException");
    }

    #[test]
    fn an_activity_is_under_way_where_the_scenario_says_so_and_nowhere_else() {
        for scaling in [false, true] {
            let mut simulation = Simulation::of(None, &[], |scenario| scenario.ailments.scaling = scaling);
            let body = json!({"ServiceNamespace": "ecs", "ResourceId": resource(&simulation.world)});
            let told = ask(&mut simulation, "DescribeScalingActivities", body).unwrap();
            let statuses: Vec<_> =
                told["ScalingActivities"].as_array().unwrap().iter().map(|it| &it["StatusCode"]).collect();
            assert_eq!(statuses, if scaling { vec!["InProgress"] } else { vec![] });
        }
    }

    #[test]
    fn another_service_and_another_namespace_are_refused() {
        let mut simulation = Simulation::demo(&[]);
        let other = registration(json!({"ResourceId": "service/a/b", "MinCapacity": 1, "MaxCapacity": 2}));
        let refused = ask(&mut simulation, "RegisterScalableTarget", other).unwrap_err();
        assert_eq!(refused.message, "ECS service doesn't exist: service/a/b");
        let refused = ask(&mut simulation, "DescribeScalableTargets", json!({"ServiceNamespace": "ec2"})).unwrap_err();
        assert_eq!(refused.code, "ValidationException");
    }
}
