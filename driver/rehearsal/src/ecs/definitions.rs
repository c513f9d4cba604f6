//! Task definitions, kept as the JSON that was registered: what the stand-in does not know passes through unchanged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::epoch::Epoch;
use crate::names::{ACCOUNT, Names, task_definition_arn};
use crate::refusal::Refusal;

/// All revisions of all families.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definitions {
    families: BTreeMap<String, Vec<Registered>>,
}

/// One revision.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    /// `taskDefinition` as the API answers.
    pub(crate) document: Value,
    pub(crate) tags: Value,
}

impl Definitions {
    /// Register the next revision of the document's family.
    pub(crate) fn register(&mut self, mut document: Value, now: Timestamp) -> Result<&Registered, Refusal> {
        let family = document["family"].as_str().filter(|family| !family.is_empty());
        let family = family.ok_or_else(|| invalid("Family cannot be empty."))?.to_owned();
        let network = document["networkMode"].as_str().unwrap_or("bridge").to_owned();
        let containers = document["containerDefinitions"].as_array_mut().filter(|list| !list.is_empty());
        for container in containers.ok_or_else(|| invalid("Container list cannot be empty."))? {
            complete_container(container, &network)?;
        }
        let revisions = self.families.entry(family.clone()).or_default();
        let revision = u32::try_from(revisions.len()).unwrap_or(u32::MAX).saturating_add(1);
        let map = document.as_object_mut().ok_or_else(|| invalid("The task definition is not a map."))?;
        let tags = map.shift_remove("tags").unwrap_or_else(|| json!([]));
        for (key, default) in
            [("volumes", json!([])), ("placementConstraints", json!([])), ("requiresAttributes", json!([]))]
        {
            map.entry(key).or_insert(default);
        }
        map.entry("networkMode").or_insert(network.into());
        map.insert("taskDefinitionArn".into(), task_definition_arn(&family, revision).into());
        map.insert("revision".into(), revision.into());
        map.insert("status".into(), "ACTIVE".into());
        map.insert("compatibilities".into(), json!(["EC2", "FARGATE"]));
        map.insert("registeredAt".into(), json!(Epoch(now)));
        map.insert("registeredBy".into(), format!("arn:aws:iam::{ACCOUNT}:user/rehearsal").into());
        revisions.push(Registered { document, tags });
        Ok(revisions.last().expect("it was just added"))
    }

    /// A revision by ARN, `family:revision`, or family (its latest active one).
    pub(crate) fn find(&self, reference: &str) -> Result<&Registered, Refusal> {
        let (family, revision) = self.place(reference)?;
        Ok(&self.families[&family][revision])
    }

    /// Mark a revision `INACTIVE`.
    pub(crate) fn deregister(&mut self, reference: &str, now: Timestamp) -> Result<&Registered, Refusal> {
        if !reference.rsplit('/').next().is_some_and(|name| name.contains(':')) {
            return Err(invalid("TaskDefinition should have a revision."));
        }
        let (family, revision) = self.place(reference)?;
        let registered = &mut self.families.get_mut(&family).expect("it was just found")[revision];
        registered.document["status"] = "INACTIVE".into();
        registered.document["deregisteredAt"] = json!(Epoch(now));
        Ok(registered)
    }

    /// ARNs of a family's revisions, or of all with a prefix, oldest first, with the given status.
    pub(crate) fn list(&self, family: Option<&str>, status: &str) -> Vec<String> {
        let families = self.families.iter().filter(|(name, _)| family.is_none_or(|family| *name == family));
        families
            .flat_map(|(_, revisions)| revisions)
            .filter(|registered| registered.document["status"] == status)
            .filter_map(|registered| registered.document["taskDefinitionArn"].as_str().map(str::to_owned))
            .collect()
    }

    fn place(&self, reference: &str) -> Result<(String, usize), Refusal> {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let absent = || Refusal::new("ClientException", "Unable to describe task definition.");
        let (family, revision) = match name.split_once(':') {
            Some((family, revision)) => {
                let number: usize =
                    revision.parse().map_err(|_| invalid(format!("Invalid revision number. Number: {revision}")))?;
                (family, number.checked_sub(1).ok_or_else(absent)?)
            }
            None => {
                let revisions = self.families.get(name).ok_or_else(absent)?;
                let latest = revisions.iter().rposition(|registered| registered.document["status"] == "ACTIVE");
                (name, latest.ok_or_else(absent)?)
            }
        };
        self.families.get(family).and_then(|revisions| revisions.get(revision)).ok_or_else(absent)?;
        Ok((family.to_owned(), revision))
    }
}

impl Registered {
    pub(crate) fn arn(&self) -> &str {
        self.document["taskDefinitionArn"].as_str().expect("registering sets it")
    }

    /// A container by name, if it has the port: the checks of CreateTaskSet, with ECS's words.
    pub(crate) fn container(&self, name: &str, port: u16) -> Result<&Value, String> {
        let containers = self.document["containerDefinitions"].as_array().expect("registering checks it");
        let container = containers.iter().find(|container| container["name"] == name);
        let container =
            container.ok_or_else(|| format!("The container {name} does not exist in the task definition."))?;
        let ports = container["portMappings"].as_array().into_iter().flatten();
        if !ports.into_iter().any(|mapping| mapping["containerPort"] == port) {
            return Err(format!("The container {name} did not have a container port {port} defined."));
        }
        Ok(container)
    }
}

/// The members that ECS adds to every container definition.
fn complete_container(container: &mut Value, network: &str) -> Result<(), Refusal> {
    let map = container.as_object_mut().ok_or_else(|| invalid("A container definition is not a map."))?;
    for key in ["name", "image"] {
        if map.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(invalid(format!("Container.{key} should not be null or empty.")));
        }
    }
    let empty = || json!([]);
    for (key, default) in [
        ("cpu", json!(0)),
        ("essential", json!(true)),
        ("portMappings", empty()),
        ("environment", empty()),
        ("mountPoints", empty()),
        ("volumesFrom", empty()),
        ("systemControls", empty()),
    ] {
        map.entry(key).or_insert(default);
    }
    for mapping in map["portMappings"].as_array_mut().into_iter().flatten() {
        let host = if network == "awsvpc" { mapping["containerPort"].clone() } else { json!(0) };
        if let Some(mapping) = mapping.as_object_mut() {
            mapping.entry("hostPort").or_insert(host);
            mapping.entry("protocol").or_insert("tcp".into());
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ClientException", message)
}

/// The role that the group's deployments use; nothing checks it.
pub(crate) fn service_role() -> String {
    Names::role_arn("ecsCodeDeployRole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({"family": "shop", "networkMode": "awsvpc", "newMemberOfTomorrow": {"kept": [1, 2]},
            "tags": [{"key": "a", "value": "b"}],
            "containerDefinitions": [{"name": "web", "image": "i:1", "portMappings": [{"containerPort": 80}], "odd": true}]})
    }

    #[test]
    fn what_is_not_known_passes_through_unchanged() {
        let mut definitions = Definitions::default();
        let registered = definitions.register(document(), Timestamp::UNIX_EPOCH).unwrap().clone();
        assert_eq!(registered.document["newMemberOfTomorrow"], json!({"kept": [1, 2]}));
        assert_eq!(registered.document["containerDefinitions"][0]["odd"], true);
        assert_eq!(registered.tags[0]["key"], "a");
        assert!(registered.document.get("tags").is_none());
        assert!(registered.arn().ends_with("task-definition/shop:1"));
    }

    #[test]
    fn a_family_means_its_latest_active_revision() {
        let mut definitions = Definitions::default();
        for _ in 0..3 {
            definitions.register(document(), Timestamp::UNIX_EPOCH).unwrap();
        }
        definitions.deregister("shop:3", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(definitions.find("shop").unwrap().document["revision"], 2);
        assert_eq!(definitions.find("shop:3").unwrap().document["status"], "INACTIVE");
        assert_eq!(definitions.list(Some("shop"), "ACTIVE").len(), 2);
        assert!(definitions.find("shop:4").is_err());
    }

    #[test]
    fn facts_2_a_wrong_revision_or_container_is_refused_in_ecs_words() {
        let mut definitions = Definitions::default();
        definitions.register(document(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(definitions.find("shop:latest").unwrap_err().message, "Invalid revision number. Number: latest");
        let registered = definitions.find("shop").unwrap();
        let message = registered.container("web", 443).unwrap_err();
        assert_eq!(message, "The container web did not have a container port 443 defined.");
        assert!(registered.container("db", 80).is_err());
        assert!(registered.container("web", 80).is_ok());
    }
}
