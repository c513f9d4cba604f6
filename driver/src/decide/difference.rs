//! What differs between two task definitions, said as an engineer would: by the names of containers and variables, and
//! without regard to an order that means nothing to ECS. It works on JSON, so that a field that nobody knows yet is compared
//! like any other; it shows nothing and decides nothing.

use std::collections::BTreeMap;

use serde_json::Value;

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: `containerDefinitions[web].environment[LOG_LEVEL]`.
    pub at: String,
    /// What is there now; absent where nothing is.
    pub from: Option<Value>,
    /// What will be there; absent where nothing will be.
    pub to: Option<Value>,
}

/// Lists whose elements ECS finds by a name of theirs: their order means nothing. The name of the list, and the members that
/// together name an element (ECS API reference, the types of these members).
const NAMED: [(&str, &[&str]); 20] = [
    ("containerDefinitions", &["name"]),
    ("volumes", &["name"]),
    ("environment", &["name"]),
    ("secrets", &["name"]),
    ("secretOptions", &["name"]),
    ("portMappings", &["containerPort", "containerPortRange", "protocol"]),
    ("mountPoints", &["containerPath"]),
    ("volumesFrom", &["sourceContainer"]),
    ("dependsOn", &["containerName"]),
    ("ulimits", &["name"]),
    ("systemControls", &["namespace"]),
    ("extraHosts", &["hostname"]),
    ("resourceRequirements", &["type"]),
    ("inferenceAccelerators", &["deviceName"]),
    ("devices", &["hostPath"]),
    ("tmpfs", &["containerPath"]),
    ("properties", &["name"]),
    ("tags", &["key"]),
    ("placementConstraints", &["type", "expression"]),
    ("environmentFiles", &["type", "value"]),
];

/// Lists of single words in which the order means nothing.
const SETS: [&str; 3] = ["requiresCompatibilities", "add", "drop"];

/// What leads from one document to the other, in the order of the first; what comes new follows.
pub fn differences(from: &Value, to: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", "", from, to, &mut found);
    found
}

fn compare(at: &str, member: &str, from: &Value, to: &Value, found: &mut Vec<Difference>) {
    match (from, to) {
        (Value::Object(before), Value::Object(after)) => {
            let child = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
            for (key, value) in before {
                match after.get(key) {
                    Some(other) => compare(&child(key), key, value, other, found),
                    None => found.push(Difference { at: child(key), from: Some(value.clone()), to: None }),
                }
            }
            for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                found.push(Difference { at: child(key), from: None, to: Some(value.clone()) });
            }
        }
        (Value::Array(before), Value::Array(after)) => lists(at, member, before, after, found),
        _ if from == to => {}
        _ => found.push(Difference { at: at.to_owned(), from: Some(from.clone()), to: Some(to.clone()) }),
    }
}

fn lists(at: &str, member: &str, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
    let named = NAMED.iter().find(|(list, _)| *list == member).map(|(_, names)| *names);
    if let Some((before, after)) = named.and_then(|names| by_name(before, names).zip(by_name(after, names))) {
        let known: BTreeMap<&str, &Value> = after.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for (name, value) in &before {
            let child = format!("{at}[{name}]");
            match known.get(name.as_str()) {
                Some(other) => compare(&child, "", value, other, found),
                None => found.push(Difference { at: child, from: Some((*value).clone()), to: None }),
            }
        }
        for (name, value) in after.iter().filter(|(name, _)| !before.iter().any(|(other, _)| other == name)) {
            found.push(Difference { at: format!("{at}[{name}]"), from: None, to: Some((*value).clone()) });
        }
        return;
    }
    if SETS.contains(&member) {
        let sorted = |list: &[Value]| {
            let mut words: Vec<String> = list.iter().map(Value::to_string).collect();
            words.sort();
            words
        };
        if sorted(before) == sorted(after) {
            return;
        }
    }
    // An order that may mean something (a command's words) and elements that share a name are told as a whole.
    if before != after {
        let whole = |list: &[Value]| Some(Value::Array(list.to_vec()));
        found.push(Difference { at: at.to_owned(), from: whole(before), to: whole(after) });
    }
}

/// The elements by their names; nothing where two share one, or one has none.
fn by_name<'a>(list: &'a [Value], names: &[&str]) -> Option<Vec<(String, &'a Value)>> {
    let mut all: Vec<(String, &Value)> = Vec::new();
    for value in list {
        let parts: Vec<String> = names.iter().filter_map(|name| word(value.get(name)?)).collect();
        let name = parts.join("/");
        if name.is_empty() || all.iter().any(|(other, _)| *other == name) {
            return None;
        }
        all.push((name, value));
    }
    Some(all)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(from: &Value, to: &Value) -> Vec<String> {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
        let told = differences(from, to);
        told.iter().map(|one| format!("{}: {} => {}", one.at, text(&one.from), text(&one.to))).collect()
    }

    #[test]
    fn elements_are_found_by_name_whatever_their_order() {
        let from = json!({"family": "shop", "requiresCompatibilities": ["EC2", "FARGATE"], "containerDefinitions": [
            {"name": "web", "image": "shop:1", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
             "portMappings": [{"containerPort": 80, "protocol": "tcp"}, {"containerPort": 80, "protocol": "udp"}]},
            {"name": "log", "image": "log:1"}]});
        let mut to = from.clone();
        to["requiresCompatibilities"] = json!(["FARGATE", "EC2"]);
        to["containerDefinitions"].as_array_mut().unwrap().reverse();
        to["containerDefinitions"][1]["environment"].as_array_mut().unwrap().reverse();
        to["containerDefinitions"][1]["portMappings"].as_array_mut().unwrap().reverse();
        assert_eq!(told(&from, &to), Vec::<String>::new());

        to["containerDefinitions"][1]["image"] = json!("shop:2");
        to["containerDefinitions"][1]["environment"] =
            json!([{"name": "C", "value": "3"}, {"name": "A", "value": "9"}]);
        to["containerDefinitions"][0]["brandNew"] = json!({"x": 1});
        assert_eq!(
            told(&from, &to),
            [
                r#"containerDefinitions[web].image: "shop:1" => "shop:2""#,
                r#"containerDefinitions[web].environment[A].value: "1" => "9""#,
                r#"containerDefinitions[web].environment[B]: {"name":"B","value":"2"} => -"#,
                r#"containerDefinitions[web].environment[C]: - => {"name":"C","value":"3"}"#,
                r#"containerDefinitions[log].brandNew: - => {"x":1}"#,
            ]
        );
    }

    #[test]
    fn an_order_that_may_mean_something_is_a_difference() {
        let from = json!({"containerDefinitions": [{"name": "web", "command": ["a", "b"]}]});
        let to = json!({"containerDefinitions": [{"name": "web", "command": ["b", "a"]}]});
        assert_eq!(told(&from, &to), [r#"containerDefinitions[web].command: ["a","b"] => ["b","a"]"#]);
    }

    #[test]
    fn elements_that_share_a_name_are_compared_in_their_order() {
        let from = json!({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]});
        let to = json!({"tags": [{"key": "a", "value": "2"}, {"key": "a", "value": "1"}]});
        assert_eq!(told(&from, &to).len(), 1);
        assert_eq!(told(&from, &from), Vec::<String>::new());
    }

    #[test]
    fn another_type_is_a_difference_in_its_place() {
        assert_eq!(told(&json!({"cpu": "256"}), &json!({"cpu": 256})), [r#"cpu: "256" => 256"#]);
    }
}
