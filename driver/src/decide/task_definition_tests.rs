//! What is kept, what is exchanged, and what counts as the same revision.

use serde_json::json;

use super::*;

fn plain() -> Value {
    json!({"family": "shop", "networkMode": "awsvpc", "containerDefinitions": [
        {"name": "web", "image": "shop:1", "portMappings": [{"containerPort": 80}], "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
        {"name": "log", "image": "log:1"}]})
}

fn definition(value: Value) -> TaskDefinition {
    TaskDefinition::from_document(value, "td.json").unwrap()
}

#[test]
fn an_answer_is_taken_as_a_file_and_loses_only_what_answers_add() {
    let mut value = plain();
    value["taskDefinitionArn"] = json!("arn:x:7");
    value["revision"] = json!(7);
    value["brandNew"] = json!({"kept": true});
    let read = TaskDefinition::read(&json!({"taskDefinition": value}).to_string(), "td.json").unwrap();
    let mut expected = plain();
    expected["brandNew"] = json!({"kept": true});
    assert_eq!(read.document(), expected);
}

#[test]
fn images_are_exchanged_by_container_and_nothing_else_changes() {
    let mut changed = definition(plain());
    let changes = changed.set_images(&[("web".to_owned(), "shop:2".to_owned())].into()).unwrap();
    assert_eq!(changes, [ImageChange { container: "web".into(), from: "shop:1".into(), to: "shop:2".into() }]);
    let mut expected = plain();
    expected["containerDefinitions"][0]["image"] = json!("shop:2");
    assert_eq!(changed.document(), expected);
    let error = changed.set_images(&[("wev".to_owned(), "x".to_owned())].into()).unwrap_err();
    assert_eq!(error.to_string(), "images: no container \"wev\" in the task definition; did you mean \"web\"?");
}

#[test]
fn what_ecs_fills_in_is_no_difference_and_everything_else_is() {
    let ours = definition(plain());
    let mut filled = plain();
    filled["volumes"] = json!([]);
    filled["placementConstraints"] = json!([]);
    let web = &mut filled["containerDefinitions"][0];
    web["cpu"] = json!(0);
    web["essential"] = json!(true);
    web["mountPoints"] = json!([]);
    web["portMappings"] = json!([{"hostPort": 80, "containerPort": 80, "protocol": "tcp"}]);
    web["environment"] = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    assert!(ours.repeats(&definition(filled.clone())));
    for (pointer, value) in [
        ("/containerDefinitions/0/image", json!("shop:2")),
        ("/containerDefinitions/0/essential", json!(false)),
        ("/containerDefinitions/0/environment/0/value", json!("9")),
        ("/containerDefinitions/0/portMappings/0/hostPort", json!(81)),
        ("/networkMode", json!("bridge")),
    ] {
        let mut other = filled.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        assert!(!ours.repeats(&definition(other)), "{pointer}");
    }
    let mut newer = filled;
    newer["brandNew"] = json!(1);
    assert!(!ours.repeats(&definition(newer)));
}

#[test]
fn the_load_balancers_container_is_chosen_only_where_there_is_no_choice() {
    let any = LoadBalancer::default();
    assert_eq!(definition(plain()).load_balancer(&any, None).unwrap(), ("web".to_owned(), 80));
    let mut two = plain();
    two["containerDefinitions"][1]["portMappings"] = json!([{"containerPort": 9000}]);
    let two = definition(two);
    assert_eq!(
        two.load_balancer(&any, None).unwrap_err().to_string(),
        "load_balancer: several fit: web:80, log:9000; say which with container and port"
    );
    assert_eq!(two.load_balancer(&any, Some(&("log".to_owned(), 9000))).unwrap().0, "log");
    let wanted = LoadBalancer { container: Some("log".to_owned()), port: None };
    assert_eq!(two.load_balancer(&wanted, None).unwrap(), ("log".to_owned(), 9000));
    let wrong = LoadBalancer { container: Some("web".to_owned()), port: Some(81) };
    assert_eq!(
        two.load_balancer(&wrong, None).unwrap_err().to_string(),
        "load_balancer: the task definition maps no port like web:81; it has web:80, log:9000"
    );
}

#[test]
fn what_is_no_task_definition_is_refused_with_its_place() {
    assert!(TaskDefinition::read("{\n  \"family\": }", "td.json").unwrap_err().to_string().starts_with("td.json:2:"));
    assert_eq!(TaskDefinition::read("{}", "td.json").unwrap_err().to_string(), "td.json: \"family\" is missing");
}
