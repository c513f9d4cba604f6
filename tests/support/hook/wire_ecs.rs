//! The tasks of the service in ECS's words, written by hand from what AWS was seen to answer.

use serde_json::{Value, json};

use super::aws::{GREEN, State, Task};

const REGION: &str = "eu-west-1:111122223333";

/// One task a page, so that a hook that reads only the first page is found out.
pub(crate) fn task_arns(state: &State, input: &Value) -> Value {
    assert_eq!(input["serviceName"], json!("shop"));
    let start = input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let page: Vec<String> = state.tasks.iter().skip(start).take(1).map(Task::arn).collect();
    let mut answer = json!({"taskArns": page});
    if start + 1 < state.tasks.len() {
        answer["nextToken"] = json!((start + 1).to_string());
    }
    answer
}

pub(crate) fn tasks(state: &State, input: &Value) -> Value {
    let asked = |task: &&Task| input["tasks"].as_array().unwrap().contains(&json!(task.arn()));
    let described: Vec<Value> = state.tasks.iter().filter(asked).map(|task| described(state, task)).collect();
    json!({"tasks": described, "failures": []})
}

/// Fargate's form, and an instance's where the task has a host: there it has ports and no address.
fn described(state: &State, task: &Task) -> Value {
    let (set, revision) = if task.of == GREEN { ("3413672", 2) } else { ("5779968", 1) };
    let revision = if state.same_definition { 1 } else { revision };
    let mut container = json!({"name": "web", "image": format!("shop:{revision}"), "lastStatus": "RUNNING",
        "networkBindings": [], "networkInterfaces": []});
    let mut described = json!({
        "taskArn": task.arn(), "clusterArn": format!("arn:aws:ecs:{REGION}:cluster/main"), "group": "service:shop",
        "taskDefinitionArn": format!("arn:aws:ecs:{REGION}:task-definition/shop:{revision}"),
        "desiredStatus": "RUNNING", "lastStatus": "RUNNING", "attachments": [],
    });
    if state.started_by_set {
        described["startedBy"] = json!(format!("ecs-svc/922337049342{set}"));
    }
    if let Some(digest) = task.digest {
        container["imageDigest"] = json!(digest);
    }
    if let Some(address) = task.address {
        container["networkInterfaces"] = json!([{"attachmentId": task.id, "privateIpv4Address": address}]);
        described["attachments"] = json!([{"id": task.id, "type": "ElasticNetworkInterface", "status": "ATTACHED",
            "details": [{"name": "subnetId", "value": "subnet-0a1b2c3d"}, {"name": "privateIPv4Address", "value": address}]}]);
    }
    if let Some((instance, port)) = task.host {
        container["networkBindings"] =
            json!([{"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": port, "protocol": "tcp"}]);
        described["containerInstanceArn"] = json!(format!("arn:aws:ecs:{REGION}:container-instance/main/{instance}"));
    }
    described["containers"] = json!([container]);
    described
}

/// The container instance of an EC2 instance has the same name here.
pub(crate) fn instances(state: &State, input: &Value) -> Value {
    let known = |arn: &&Value| {
        let name = arn.as_str().unwrap().rsplit('/').next().unwrap();
        state.tasks.iter().any(|task| task.host.is_some_and(|(instance, _)| instance == name))
    };
    let described: Vec<Value> = input["containerInstances"]
        .as_array()
        .unwrap()
        .iter()
        .filter(known)
        .map(|arn| json!({"containerInstanceArn": arn, "ec2InstanceId": arn.as_str().unwrap().rsplit('/').next()}))
        .collect();
    json!({"containerInstances": described, "failures": []})
}
