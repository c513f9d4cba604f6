//! What ECS, ELBv2 and Logs answer around a deployment, against what was seen of AWS.

use std::time::Duration;

use serde_json::{Value, json};

use super::simulation::Simulation;

fn running(simulation: &mut Simulation) {
    simulation.create(json!({})).unwrap();
    simulation.run_for(Duration::from_secs(60));
}

#[test]
fn facts_7_the_listeners_before_and_during_a_deployment() {
    let mut simulation = Simulation::demo(&[]);
    let arns: Vec<_> = simulation.world.elb.listeners.iter().map(|listener| listener.arn.clone()).collect();
    let [blue, green] = simulation.world.elb.groups.clone();
    let describe = |simulation: &mut Simulation, arn: &str| {
        simulation.elbv2("DescribeListeners", &[("ListenerArns.member.1", arn)]).unwrap()
    };
    let entry = |arn: &str, weight: u32| {
        format!("<member><TargetGroupArn>{arn}</TargetGroupArn><Weight>{weight}</Weight></member>")
    };
    let stickiness = "<TargetGroupStickinessConfig><Enabled>false</Enabled></TargetGroupStickinessConfig>";
    let weighted = |first: u32, second: u32| {
        let list = format!("{}{}", entry(&green, first), entry(&blue, second));
        format!("<Type>forward</Type><ForwardConfig><TargetGroups>{list}</TargetGroups>{stickiness}</ForwardConfig>")
    };
    let production = describe(&mut simulation, &arns[0]);
    assert!(production.contains(&weighted(0, 100)), "weighted, without a scalar: {production}");
    let test = describe(&mut simulation, &arns[1]);
    let scalar = format!(
        "<Type>forward</Type><TargetGroupArn>{blue}</TargetGroupArn><ForwardConfig><TargetGroups>{}</TargetGroups>",
        entry(&blue, 1)
    );
    assert!(test.contains(&scalar), "scalar and one entry of weight 1: {test}");
    running(&mut simulation);
    assert!(describe(&mut simulation, &arns[0]).contains(&weighted(10, 90)), "the order of the list is unchanged");
    assert!(describe(&mut simulation, &arns[1]).contains(&weighted(100, 0)));
    let rules = simulation.elbv2("DescribeRules", &[("ListenerArn", &arns[0])]).unwrap();
    assert!(rules.contains("<Priority>default</Priority>") && rules.contains(&weighted(10, 90)), "{rules}");
}

#[test]
fn facts_7_target_health_has_no_reason_when_healthy() {
    let mut simulation = Simulation::demo(&[]);
    let [blue, green] = simulation.world.elb.groups.clone();
    let health = simulation.elbv2("DescribeTargetHealth", &[("TargetGroupArn", &blue)]).unwrap();
    assert_eq!(health.matches("<TargetHealth><State>healthy</State></TargetHealth>").count(), 2, "{health}");
    let empty = simulation.elbv2("DescribeTargetHealth", &[("TargetGroupArn", &green)]).unwrap();
    assert!(empty.contains("<TargetHealthDescriptions></TargetHealthDescriptions>"), "{empty}");
    let absent = simulation.elbv2("DescribeTargetHealth", &[("TargetGroupArn", "arn:none")]).unwrap_err();
    assert_eq!(absent.code, "TargetGroupNotFound");
}

#[test]
fn facts_6_a_service_under_codedeploy() {
    let mut simulation = Simulation::demo(&[]);
    let id = simulation.create(json!({})).unwrap();
    simulation.run_while(|world| !world.codedeploy.deployments[0].terminating);
    let ask = json!({"cluster": "greenlight-demo", "services": ["shop", "other"]});
    let answer = simulation.ecs("DescribeServices", ask).unwrap();
    assert_eq!(
        answer["failures"],
        json!([{"arn": "arn:aws:ecs:us-east-1:123456789012:service/greenlight-demo/other", "reason": "MISSING"}])
    );
    let service = &answer["services"][0];
    assert_eq!(service["deployments"], json!([]), "empty for such services");
    assert_eq!(service["deploymentController"], json!({"type": "CODE_DEPLOY"}));
    let sets = service["taskSets"].as_array().unwrap();
    assert_eq!((&sets[0]["status"], &sets[0]["externalId"]), (&json!("PRIMARY"), &json!(id)));
    assert_eq!((&sets[1]["status"], sets[1].get("externalId")), (&json!("ACTIVE"), None));
    for set in sets {
        assert_eq!(set["stabilityStatus"], "STEADY_STATE");
        assert_eq!(set["scale"], json!({"value": 100.0, "unit": "PERCENT"}));
        assert_eq!((&set["startedBy"], &set["computedDesiredCount"]), (&json!("CODE_DEPLOY"), &json!(2)));
    }
    let listed = simulation
        .ecs("ListTasks", json!({"cluster": "greenlight-demo", "serviceName": "shop", "startedBy": sets[0]["id"]}))
        .unwrap();
    assert_eq!(listed["taskArns"].as_array().unwrap().len(), 2);
    let all = simulation.ecs("ListTasks", json!({"cluster": "greenlight-demo", "serviceName": "shop"})).unwrap();
    let ask = json!({"cluster": "greenlight-demo", "tasks": all["taskArns"]});
    let tasks = simulation.ecs("DescribeTasks", ask).unwrap()["tasks"].as_array().unwrap().clone();
    assert_eq!(tasks.len(), 4);
    for task in &tasks {
        let container = &task["containers"][0];
        let image = container["image"].as_str().unwrap();
        let alike = |other: &&Value| other["containers"][0]["imageDigest"] == container["imageDigest"];
        assert!(
            tasks.iter().filter(alike).all(|other| other["containers"][0]["image"] == image),
            "one digest, one image"
        );
        assert_eq!(container["imageDigest"].as_str().unwrap().len(), "sha256:".len() + 64);
        let address = &task["attachments"][0]["details"][0];
        assert_eq!(address["name"], "privateIPv4Address");
        assert_eq!(address["value"], container["networkBindings"][0]["bindIP"]);
        assert_eq!(task["group"], "service:shop");
    }
    let refusal = simulation
        .ecs("UpdateService", json!({"cluster": "greenlight-demo", "service": "shop", "taskDefinition": "shop:1"}))
        .unwrap_err();
    assert_eq!(
        refusal.message,
        "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
    );
    let refusal = simulation
        .ecs("DescribeTaskSets", json!({"cluster": "greenlight-demo", "service": "shop", "taskSets": ["ecs-svc/1"]}))
        .unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        ("InvalidParameterException", "Task Set Identifier is invalid")
    );
}

#[test]
fn logs_are_filtered_by_term_time_and_page() {
    let mut simulation = Simulation::demo(&[]);
    for (second, message) in [(1, "d-ONE begins"), (2, "d-TWO begins"), (3, "d-ONE ends")] {
        let at = jiff::Timestamp::from_second(second).unwrap();
        let logged = crate::effect::Observation::Logged {
            group: "/aws/lambda/f".into(),
            stream: "s".into(),
            at,
            message: message.into(),
        };
        simulation.world.observe(logged, simulation.now);
    }
    let mut filter = |more: Value| {
        let mut body = json!({"logGroupName": "/aws/lambda/f"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let call = crate::call::Call::Logs { operation: "FilterLogEvents".into(), body };
        match simulation.call(call).unwrap() {
            crate::call::Answer::Json(value) => value,
            other => panic!("{other:?}"),
        }
    };
    let messages = |answer: &Value| {
        answer["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(&filter(json!({"filterPattern": "\"d-ONE\""}))), ["d-ONE begins", "d-ONE ends"]);
    assert_eq!(messages(&filter(json!({"startTime": 2000, "endTime": 3000}))), ["d-TWO begins"]);
    let page = filter(json!({"limit": 2}));
    assert_eq!(messages(&filter(json!({"limit": 2, "nextToken": page["nextToken"]}))), ["d-ONE ends"]);
}
