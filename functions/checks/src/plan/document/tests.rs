//! The schema and the reader know the same fields, and agree on what is structurally a plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::plan::{Givens, read};
use crate::schema;

/// Plans that together have every mapping of the model, and every field.
const WHOLE: &str = include_str!("whole.yaml");

/// No field is called like this, or nearly.
const STRANGER: &str = "qqqqq";

fn plans() -> Vec<Value> {
    // As the reader has it: `off` is a word.
    let options = || serde_saphyr::options! { strict_booleans: true };
    WHOLE.split("\n---\n").map(|text| serde_saphyr::from_str_with_options(text, options()).unwrap()).collect()
}

/// What the reader says of a plan as JSON.
fn told(plan: &Value) -> Vec<String> {
    let variables = |name: &str| (name == "WORD").then(|| "warn".to_owned());
    let files = |name: &str| match name {
        "schemas/product.json" => Ok(b"{\"type\": \"object\"}".to_vec()),
        "ca.pem" => Ok(authority().into_bytes()),
        _ => Err("not found".to_owned()),
    };
    let givens = Givens::at("2026-06-01T00:00:00Z".parse().unwrap());
    let givens = givens.with_variables(&variables).with_secrets(&variables).with_files(&files);
    match read(&plan.to_string(), "checks.json", &givens) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.messages().iter().map(|message| message.text.clone()).collect(),
    }
}

fn authority() -> String {
    let parameters = rcgen::CertificateParams::new(["shop.example.com".to_owned()]).unwrap();
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
}

/// The pointers of all mappings in a document.
fn mappings(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(pointer.to_owned());
            for (name, value) in members {
                mappings(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| mappings(item, &format!("{pointer}/{index}"), found));
        }
        _ => {}
    }
}

/// The fields that the reader knows in the mapping at a pointer, as it tells them to somebody who writes a stranger there;
/// none where the keys are the user's own.
fn known_to_the_reader(plan: &Value, pointer: &str) -> Option<BTreeSet<String>> {
    let mut plan = plan.clone();
    plan.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(STRANGER.to_owned(), json!("x"));
    let marker = format!("unknown field \"{STRANGER}\"");
    let events = format!("unknown event \"{STRANGER}\"");
    let told = told(&plan).into_iter().find(|text| text.contains(&marker) || text.contains(&events))?;
    let names = told.split_once("expected one of ").map(|(_, names)| names.to_owned()).unwrap_or_default();
    Some(names.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The fields that the schema knows there, over all branches that the path can take.
fn known_to_the_schema(root: &Value, plan: &Value, pointer: &str) -> BTreeSet<String> {
    let mut nodes = vec![root];
    let mut at = plan;
    for step in pointer.split('/').skip(1) {
        at = at.get(step).or_else(|| at.get(step.parse::<usize>().unwrap_or(usize::MAX))).unwrap();
        let next: Vec<&Value> = nodes.iter().flat_map(|node| children(root, node, step)).collect();
        nodes = next;
    }
    let mut fields = BTreeSet::new();
    for node in nodes {
        for node in branches(root, node) {
            let properties = node.get("properties").and_then(Value::as_object);
            fields.extend(properties.into_iter().flat_map(Map::keys).cloned());
        }
    }
    fields
}

/// A node, what it refers to, and its alternatives.
fn branches<'a>(root: &'a Value, node: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![node];
    if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        found.extend(branches(root, target));
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let alternatives = node.get(keyword).and_then(Value::as_array);
        found.extend(alternatives.into_iter().flatten().flat_map(|branch| branches(root, branch)));
    }
    found
}

fn children<'a>(root: &'a Value, node: &'a Value, step: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for node in branches(root, node) {
        let further = node.get("additionalProperties").filter(|further| further.is_object());
        found.extend(node.get("properties").and_then(|properties| properties.get(step)).or(further));
        if step.parse::<usize>().is_ok() {
            found.extend(node.get("items"));
        }
    }
    found
}

#[test]
fn the_reader_and_the_schema_know_the_same_fields_of_every_mapping() {
    let root = schema::checks();
    let mut compared = BTreeSet::new();
    let mut shared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for plan in plans() {
        assert_eq!(told(&plan), [""; 0], "{plan:#}");
        let mut pointers = Vec::new();
        mappings(&plan, "", &mut pointers);
        for pointer in pointers {
            let Some(reader) = known_to_the_reader(&plan, &pointer) else { continue };
            let schema = known_to_the_schema(&root, &plan, &pointer);
            // A value with a kind of its own (`expect`) has other fields for every kind; those of this one are among them.
            let by_kind = pointer.starts_with("/checks/") && pointer.split('/').nth(3) == Some("expect");
            if by_kind {
                let only_here: Vec<_> = reader.difference(&schema).collect();
                assert!(only_here.is_empty(), "{pointer}: the schema does not know {only_here:?}");
            } else {
                assert_eq!(reader, schema, "{pointer}: left is what the reader knows, right what the schema knows");
            }
            let place: Vec<&str> = pointer.split('/').filter(|step| step.parse::<usize>().is_err()).collect();
            shared.entry(place.join("/")).or_default().extend(reader);
            compared.insert(pointer);
        }
    }
    assert!(compared.len() >= 30, "{compared:?}");
    // And back, where kinds share a place: nothing is in the schema that no kind's reader knows.
    for plan in plans() {
        let mut pointers = Vec::new();
        mappings(&plan, "", &mut pointers);
        for pointer in pointers.iter().filter(|pointer| compared.contains(*pointer)) {
            let place: Vec<&str> = pointer.split('/').filter(|step| step.parse::<usize>().is_err()).collect();
            let reader = &shared[&place.join("/")];
            let schema = known_to_the_schema(&root, &plan, pointer);
            let only_there: Vec<_> = schema.difference(reader).collect();
            assert!(only_there.is_empty(), "{pointer}: the reader does not know {only_there:?}");
        }
    }
}

#[test]
fn every_field_of_the_schema_has_a_description_and_refuses_strangers() {
    fn look(node: &Value, place: &str, faults: &mut Vec<String>) {
        match node {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    if members.get("additionalProperties") != Some(&json!(false)) {
                        faults.push(format!("{place} takes strangers"));
                    }
                    for (name, property) in properties {
                        if property.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
                            faults.push(format!("{place}/{name} has no description"));
                        }
                    }
                }
                members.iter().for_each(|(name, member)| look(member, &format!("{place}/{name}"), faults));
            }
            Value::Array(items) => items.iter().for_each(|item| look(item, place, faults)),
            _ => {}
        }
    }
    let mut faults = Vec::new();
    look(&schema::checks(), "", &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_schema_takes_every_good_plan_and_the_strangers_of_none() {
    let validator = jsonschema::validator_for(&schema::checks()).unwrap();
    for plan in plans() {
        let errors: Vec<_> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{plan:#}");
        let mut pointers = Vec::new();
        mappings(&plan, "", &mut pointers);
        for pointer in pointers.iter().filter(|pointer| known_to_the_reader(&plan, pointer).is_some()) {
            let mut strange = plan.clone();
            strange.pointer_mut(pointer).unwrap()[STRANGER] = json!(1);
            assert!(!validator.is_valid(&strange), "{pointer} takes a stranger");
        }
    }
}

#[test]
fn what_can_be_left_out_cannot_be_null_and_tells_its_default() {
    let schema = schema::checks();
    assert!(!schema.to_string().contains("\"null\"}"), "{schema}");
    let reserve = &schema["$defs"]["Budget"]["properties"]["report_reserve"];
    assert_eq!(reserve["default"], "30s");
    assert!(reserve["description"].as_str().unwrap().ends_with("Default: 30s."), "{reserve}");
}
