//! The wire's words, written by hand from what AWS was seen to answer: JSON 1.1 for CodeDeploy and ECS, Query/XML for the
//! load balancer. No type is shared with the hook.

use serde_json::{Value, json};

use super::aws::{BLUE, DEPLOYMENT, GREEN, State};

const REGION: &str = "eu-west-1:111122223333";

fn target_group(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:targetgroup/{name}/73e2d6bc24d8a067")
}

fn listener(role: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:listener/app/shop/50dc6c495c0c9188/{role}")
}

fn load_balancer() -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:loadbalancer/app/shop/50dc6c495c0c9188")
}

pub(crate) fn deployment(state: &State, input: &Value) -> Value {
    let mut info = json!({
        "applicationName": "shop", "deploymentGroupName": "shop-dg", "deploymentId": input["deploymentId"],
        "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "a709102b"}},
        "status": state.status, "createTime": 1786239453.9, "startTime": 1786239454.6, "creator": state.creator,
        "ignoreApplicationStopFailures": false, "updateOutdatedInstancesOnly": false,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "instanceTerminationWaitTimeStarted": false, "computePlatform": "ECS",
    });
    if let Some(triggering) = state.rolls_back {
        info["rollbackInfo"] = json!({"rollbackTriggeringDeploymentId": triggering});
    }
    json!({"deploymentInfo": info})
}

/// All eight events in their order; pending ones have no times, the running one has only a start.
pub(crate) fn targets(state: &State, input: &Value) -> Value {
    let names = [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ];
    let now = names.iter().position(|name| *name == state.event).unwrap();
    let events: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(index, name)| match index.cmp(&now) {
            std::cmp::Ordering::Less => json!({"lifecycleEventName": name, "status": "Succeeded",
                "startTime": 1543431361.022, "endTime": 1543431361.433}),
            std::cmp::Ordering::Equal => {
                json!({"lifecycleEventName": name, "status": "InProgress", "startTime": 1543431362.1})
            }
            std::cmp::Ordering::Greater => json!({"lifecycleEventName": name, "status": "Pending"}),
        })
        .collect();
    let task_set = |id: &str, label: &str, status: &str, weight: f64, group: &str| {
        json!({"identifer": id, "desiredCount": 2, "pendingCount": 0, "runningCount": 2, "status": status,
            "trafficWeight": weight, "targetGroup": {"name": group}, "taskSetLabel": label})
    };
    let [blue, green] = state.production.map(f64::from);
    let (first, second) = if state.promoted { ("ACTIVE", "PRIMARY") } else { ("PRIMARY", "ACTIVE") };
    let mut task_sets = vec![task_set("ecs-svc/9223370493425779968", "Blue", first, blue, BLUE)];
    if state.replacement {
        task_sets.push(task_set("ecs-svc/9223370493423413672", "Green", second, green, GREEN));
    }
    json!({"deploymentTargets": [{"deploymentTargetType": "ECSTarget", "ecsTarget": {
    "deploymentId": input["deploymentId"], "targetId": "main:shop",
    "targetArn": format!("arn:aws:ecs:{REGION}:service/main/shop"), "lastUpdatedAt": 1543431490.226,
    "lifecycleEvents": events, "status": "InProgress",
    "taskSetsInfo": task_sets}}]})
}

pub(crate) fn group(state: &State) -> Value {
    let mut pair = json!({"targetGroups": [{"name": BLUE}, {"name": GREEN}],
        "prodTrafficRoute": {"listenerArns": [listener("production")]}});
    if state.test_listener {
        pair["testTrafficRoute"] = json!({"listenerArns": [listener("test")]});
    }
    json!({"deploymentGroupInfo": {
        "applicationName": "shop", "deploymentGroupName": "shop-dg", "computePlatform": "ECS",
        "deploymentGroupId": "445aa5a5-0000-0000-0000-000000000000",
        "ecsServices": [{"serviceName": "shop", "clusterName": "main"}],
        "loadBalancerInfo": {"targetGroupPairInfoList": [pair]}}})
}

pub(crate) fn services(state: &State) -> Value {
    let task_set = |id: &str, status: &str, group: &str, revision: u32| {
        json!({"id": id, "status": status, "startedBy": "CODE_DEPLOY", "computedDesiredCount": 2,
            "pendingCount": 0, "runningCount": 2, "scale": {"value": 100.0, "unit": "PERCENT"},
            "taskDefinition": format!("arn:aws:ecs:{REGION}:task-definition/shop:{revision}"),
            "stabilityStatus": "STEADY_STATE",
            "loadBalancers": [{"targetGroupArn": target_group(group), "containerName": "web", "containerPort": 80}]})
    };
    let (first, second) = if state.promoted { ("ACTIVE", "PRIMARY") } else { ("PRIMARY", "ACTIVE") };
    let mut task_sets = Vec::new();
    if state.original {
        task_sets.push(task_set("ecs-svc/9223370493425779968", first, BLUE, 1));
    }
    if state.replacement {
        let revision = if state.same_definition { 1 } else { 2 };
        let mut replacement = task_set("ecs-svc/9223370493423413672", second, GREEN, revision);
        replacement["externalId"] = json!(DEPLOYMENT);
        task_sets.push(replacement);
    }
    json!({"services": [{"serviceName": "shop", "status": "ACTIVE", "desiredCount": 2, "deployments": [],
        "taskSets": task_sets}], "failures": []})
}

fn member(text: &str) -> String {
    format!("<member>{text}</member>")
}

/// A listener on one target group has both the scalar and a list of one; on two it has only the list.
fn forward([blue, green]: [u32; 2], sticky: bool) -> String {
    let tuple = |name: &str, weight: u32| {
        member(&format!("<TargetGroupArn>{}</TargetGroupArn><Weight>{weight}</Weight>", target_group(name)))
    };
    let stickiness = format!("<TargetGroupStickinessConfig><Enabled>{sticky}</Enabled></TargetGroupStickinessConfig>");
    let config =
        |tuples: String| format!("<ForwardConfig><TargetGroups>{tuples}</TargetGroups>{stickiness}</ForwardConfig>");
    let single =
        |name: &str| format!("<TargetGroupArn>{}</TargetGroupArn>{}", target_group(name), config(tuple(name, 1)));
    let action = match (blue, green) {
        (0, 1) => single(GREEN),
        (1, 0) => single(BLUE),
        _ => config(tuple(GREEN, green) + &tuple(BLUE, blue)),
    };
    member(&format!("<Type>forward</Type>{action}"))
}

pub(crate) fn listeners(state: &State, arns: &[&str]) -> String {
    let described: String = arns
        .iter()
        .map(|arn| {
            let (port, actions) = if *arn == listener("test") {
                let gate = state.gate.map(|gate| member(&format!("<Type>{gate}</Type><Order>1</Order>")));
                (state.test_port, gate.unwrap_or_default() + &forward(state.test, state.sticky))
            } else {
                (state.production_port, forward(state.production, false))
            };
            member(&format!(
                "<LoadBalancerArn>{}</LoadBalancerArn><Protocol>{}</Protocol><Port>{port}</Port>\
                 <ListenerArn>{arn}</ListenerArn><DefaultActions>{actions}</DefaultActions>",
                load_balancer(),
                state.protocol
            ))
        })
        .collect();
    format!("<Listeners>{described}</Listeners>")
}

/// The default rule, and one that belongs to somebody else.
pub(crate) fn rules(state: &State, arn: &str) -> String {
    let weights = if arn == listener("test") { state.test } else { state.production };
    let foreign = format!(
        "<Type>forward</Type><TargetGroupArn>{}</TargetGroupArn><Order>1</Order>",
        target_group("somebody-elses")
    );
    let rule = |id: &str, priority: &str, default: bool, actions: &str| {
        member(&format!(
            "<RuleArn>{}/{id}</RuleArn><Priority>{priority}</Priority><IsDefault>{default}</IsDefault>\
             <Conditions/><Actions>{actions}</Actions>",
            arn.replace(":listener/", ":listener-rule/")
        ))
    };
    let of_test = state.test_rule.filter(|_| arn == listener("test"));
    let of_test = of_test.map(|weights| rule("5c5c5c5c5c5c5c5c", "20", false, &forward(weights, false)));
    format!(
        "<Rules>{}{}{}</Rules>",
        rule("9683b2d02a6cabee", "10", false, &member(&foreign)),
        of_test.unwrap_or_default(),
        rule("8f8f8f8f8f8f8f8f", "default", true, &forward(weights, false))
    )
}

pub(crate) fn load_balancers(state: &State) -> String {
    let kind = if state.protocol.starts_with("HTTP") { "application" } else { "network" };
    let described = format!(
        "<LoadBalancerArn>{}</LoadBalancerArn><DNSName>{}</DNSName><Type>{kind}</Type>\
         <LoadBalancerName>shop</LoadBalancerName>",
        load_balancer(),
        state.dns_name
    );
    format!("<LoadBalancers>{}</LoadBalancers>", member(&described))
}

pub(crate) fn target_groups() -> String {
    let described: String = [BLUE, GREEN]
        .iter()
        .map(|name| {
            member(&format!(
                "<TargetGroupArn>{}</TargetGroupArn><TargetGroupName>{name}</TargetGroupName>",
                target_group(name)
            ))
        })
        .collect();
    format!("<TargetGroups>{described}</TargetGroups>")
}

/// Behind each target is a task of the same place in the list, by its address or its host's port.
pub(crate) fn target_health(state: &State, arn: &str) -> String {
    let (targets, of, network) = if arn == target_group(GREEN) {
        (&state.targets, GREEN, "10.0.3")
    } else {
        (&state.blue_targets, BLUE, "10.0.2")
    };
    let hosts: Vec<_> = state.tasks.iter().filter(|task| task.of == of).map(|task| task.host).collect();
    let target = |id: &str, port: u16, health: &str, reason: Option<&str>| {
        let reason = reason.map(|reason| format!("<Reason>{reason}</Reason>")).unwrap_or_default();
        member(&format!(
            "<Target><Id>{id}</Id><Port>{port}</Port></Target><HealthCheckPort>{port}</HealthCheckPort>\
             <TargetHealth><State>{health}</State>{reason}</TargetHealth>"
        ))
    };
    let mut described = String::new();
    for (index, (health, reason)) in targets.iter().enumerate() {
        described += &match hosts.get(index).copied().flatten() {
            Some((instance, port)) => target(instance, port, health, *reason),
            None => target(&format!("{network}.{}", index + 7), 80, health, *reason),
        };
    }
    for stranger in state.strangers.iter().filter(|_| of == GREEN) {
        described += &target(stranger, 80, "healthy", None);
    }
    format!("<TargetHealthDescriptions>{described}</TargetHealthDescriptions>")
}

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

pub(crate) fn query_answer(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>18e470d3</RequestId></ResponseMetadata></{operation}Response>"
    )
}

pub(crate) fn query_error(code: &str, operation: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>switched on for {operation}</Message></Error><RequestId>18e470d3</RequestId></ErrorResponse>"
    )
}
