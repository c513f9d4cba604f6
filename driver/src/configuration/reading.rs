//! Reads `greenlight.yaml` out of a document: unknown keys, undefined variables and wrong types are faults with
//! their place; all of them are reported, not the first. It opens no file and reads no environment.

mod deploying;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use greenlight_checks::event::HookEvent;

use super::{Configuration, ConfigurationError, LoadBalancer, TaskDefinitionSource};
use crate::appspec::{CapacityProvider, Extras, Network};
use crate::document::{self, Fault, Key, Node, Place, Value, hint};

const KEYS: [&str; 20] = [
    "version",
    "application",
    "deployment_group",
    "task_definition",
    "images",
    "environment",
    "secrets",
    "tags",
    "load_balancer",
    "hooks",
    "checks",
    "deployment",
    "description",
    "revision_bucket",
    "evidence",
    "on_conflict",
    "on_interrupt",
    "auto_scaling",
    "guard",
    "appspec",
];

/// Keys that people look for at the top, and where they are.
const ELSEWHERE: [(&str, &str); 3] =
    [("alarms", "deployment.alarms"), ("config", "deployment.config"), ("rollback_on", "deployment.rollback_on")];

/// Reads a configuration. `variable` answers `${NAME}`; `directory` is where relative paths begin.
pub fn read(
    text: &str,
    file: &str,
    directory: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Configuration, ConfigurationError> {
    let mut reader = Reader { faults: Vec::new(), directory };
    let configuration = match document::read(text) {
        Ok(mut root) => {
            reader.substitute(&mut root, variable);
            reader.configuration(root)
        }
        Err(fault) => {
            reader.faults.push(fault);
            None
        }
    };
    match configuration {
        Some(configuration) if reader.faults.is_empty() => Ok(configuration),
        _ => {
            reader.faults.sort_by_key(|fault| fault.place);
            Err(ConfigurationError { file: file.to_owned(), faults: reader.faults })
        }
    }
}

struct Reader<'a> {
    faults: Vec<Fault>,
    directory: &'a Path,
}

impl Reader<'_> {
    fn fault(&mut self, place: Place, text: impl Into<String>) {
        self.faults.push(Fault { place, text: text.into() });
    }

    fn configuration(&mut self, root: Node) -> Option<Configuration> {
        let place = root.place;
        let mut map = self.map("greenlight.yaml", root)?;
        for (key, _) in &map.entries {
            let name = key.name.as_str();
            if KEYS.contains(&name) {
                continue;
            }
            let hint = match ELSEWHERE.iter().find(|(known, _)| *known == name) {
                Some((_, place)) => format!("; it is {place}"),
                None => hint(name, KEYS),
            };
            self.fault(key.place, format!("unknown key {name:?}{hint}"));
        }
        match map.take("version") {
            Some(Node { value: Value::Integer(1), .. }) => {}
            Some(node) => self.fault(node.place, "this greenlight reads version 1"),
            None => self.fault(place, "\"version\" is missing; write version: 1"),
        }
        let on_conflict = self.word(map.take("on_conflict"), "on_conflict", deploying::ON_CONFLICT);
        let on_interrupt = self.word(map.take("on_interrupt"), "on_interrupt", deploying::ON_INTERRUPT);
        let auto_scaling = self.word(map.take("auto_scaling"), "auto_scaling", deploying::AUTO_SCALING);
        let application = self.required(&mut map, "application", place);
        let deployment_group = self.required(&mut map, "deployment_group", place);
        let task_definition = self.required(&mut map, "task_definition", place).map(|source| match source.as_str() {
            "live" => TaskDefinitionSource::Live,
            file => TaskDefinitionSource::File(self.directory.join(file)),
        });
        let images = self.texts(map.take("images"), "images").into_iter().map(|(key, text)| (key.name, text)).collect();
        let environment = self.by_container(map.take("environment"), "environment");
        let secrets = self.by_container(map.take("secrets"), "secrets");
        let tags = self.texts(map.take("tags"), "tags").into_iter().map(|(key, text)| (key.name, text)).collect();
        let load_balancer = self.load_balancer(map.take("load_balancer"));
        let hooks = self.hooks(map.take("hooks"));
        let checks =
            map.take("checks").and_then(|node| self.text("checks", node)).map(|file| self.directory.join(file));
        let (deployment_config, rollback_on, alarms) = self.deployment(map.take("deployment"));
        let description = map.take("description").and_then(|node| self.text("description", node));
        let revision_bucket = map.take("revision_bucket").and_then(|node| self.text("revision_bucket", node));
        let evidence = map.take("evidence").and_then(|node| self.evidence(node));
        let guard = map.take("guard").and_then(|node| self.guard(node));
        let appspec = self.extras(map.take("appspec"));
        Some(Configuration {
            application: application?,
            deployment_group: deployment_group?,
            task_definition: task_definition?,
            images,
            environment,
            secrets,
            tags,
            load_balancer,
            hooks,
            checks: checks as Option<PathBuf>,
            deployment_config,
            rollback_on,
            alarms,
            description,
            revision_bucket,
            evidence,
            on_conflict,
            on_interrupt,
            auto_scaling,
            guard,
            appspec,
        })
    }

    fn load_balancer(&mut self, node: Option<Node>) -> LoadBalancer {
        let Some(mut map) = self.known(node, "load_balancer", &["container", "port"]) else {
            return LoadBalancer::default();
        };
        LoadBalancer {
            container: map.take("container").and_then(|node| self.text("container", node)),
            port: map.take("port").and_then(|node| self.number("port", node, 1, 65_535)),
        }
    }

    fn hooks(&mut self, node: Option<Node>) -> BTreeMap<HookEvent, String> {
        let mut hooks = BTreeMap::new();
        for (key, function) in self.texts(node, "hooks") {
            match key.name.parse::<HookEvent>() {
                Ok(event) => {
                    hooks.insert(event, function);
                }
                Err(_) => {
                    let events = HookEvent::ALL.map(HookEvent::name);
                    self.fault(key.place, format!("unknown lifecycle event {:?}{}", key.name, hint(&key.name, events)));
                }
            }
        }
        hooks
    }

    fn extras(&mut self, node: Option<Node>) -> Extras {
        let keys = ["platform_version", "network", "capacity_provider_strategy"];
        let Some(mut map) = self.known(node, "appspec", &keys) else { return Extras::default() };
        let strategy =
            map.take("capacity_provider_strategy").and_then(|node| self.list("capacity_provider_strategy", node));
        Extras {
            platform_version: map.take("platform_version").and_then(|node| self.text("platform_version", node)),
            network: map.take("network").and_then(|node| self.network(node)),
            capacity_provider_strategy: strategy
                .unwrap_or_default()
                .into_iter()
                .filter_map(|node| self.capacity_provider(node))
                .collect(),
        }
    }

    fn network(&mut self, node: Node) -> Option<Network> {
        let place = node.place;
        let mut map = self.known(Some(node), "network", &["subnets", "security_groups", "assign_public_ip"])?;
        let subnets = map.take("subnets").map(|node| self.text_list("subnets", node));
        let security_groups = map.take("security_groups").map(|node| self.text_list("security_groups", node));
        let public = map.take("assign_public_ip").and_then(|node| match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                self.fault(node.place, "\"assign_public_ip\" is true or false");
                None
            }
        });
        match (subnets, security_groups, public) {
            (Some(subnets), Some(security_groups), Some(assign_public_ip)) => {
                Some(Network { subnets, security_groups, assign_public_ip })
            }
            _ => {
                self.fault(place, "\"network\" needs subnets, security_groups and assign_public_ip: all three or none");
                None
            }
        }
    }

    fn capacity_provider(&mut self, node: Node) -> Option<CapacityProvider> {
        let place = node.place;
        let mut map = self.known(Some(node), "capacity_provider_strategy", &["provider", "base", "weight"])?;
        Some(CapacityProvider {
            provider: self.required(&mut map, "provider", place)?,
            base: map.take("base").and_then(|node| self.number("base", node, 0, 100_000)),
            weight: map.take("weight").and_then(|node| self.number("weight", node, 0, 1_000)),
        })
    }

    fn required(&mut self, map: &mut Entries, key: &str, place: Place) -> Option<String> {
        match map.take(key) {
            Some(node) => self.text(key, node),
            None => {
                self.fault(place, format!("{key:?} is missing"));
                None
            }
        }
    }

    fn map(&mut self, what: &str, node: Node) -> Option<Entries> {
        match node.value {
            Value::Map(entries) => Some(Entries { entries }),
            value => {
                self.fault(node.place, format!("{what} is a map, not {}", value.kind()));
                None
            }
        }
    }

    fn known(&mut self, node: Option<Node>, what: &str, keys: &[&str]) -> Option<Entries> {
        let map = self.map(&format!("{what:?}"), node?)?;
        for (key, _) in &map.entries {
            if !keys.contains(&key.name.as_str()) {
                let text = format!("unknown key {:?} in {what:?}{}", key.name, hint(&key.name, keys.iter().copied()));
                self.fault(key.place, text);
            }
        }
        Some(map)
    }

    fn texts(&mut self, node: Option<Node>, what: &str) -> Vec<(Key, String)> {
        let Some(map) = node.and_then(|node| self.map(&format!("{what:?}"), node)) else { return Vec::new() };
        map.entries
            .into_iter()
            .filter_map(|(key, node)| {
                let text = self.text(&key.name, node)?;
                Some((key, text))
            })
            .collect()
    }

    fn text(&mut self, key: &str, node: Node) -> Option<String> {
        match node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            Value::Text(_) => {
                self.fault(node.place, format!("{key:?} is empty"));
                None
            }
            value => {
                self.fault(node.place, format!("{key:?} is text, not {}", value.kind()));
                None
            }
        }
    }

    fn number<T: TryFrom<i64>>(&mut self, key: &str, node: Node, low: i64, high: i64) -> Option<T> {
        let number = match &node.value {
            Value::Integer(number) => Some(*number),
            // A variable's value is text.
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (low..=high).contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.fault(node.place, format!("{key:?} is a whole number from {low} to {high}"));
        }
        number
    }

    fn list(&mut self, key: &str, node: Node) -> Option<Vec<Node>> {
        match node.value {
            Value::List(list) => Some(list),
            value => {
                self.fault(node.place, format!("{key:?} is a list, not {}", value.kind()));
                None
            }
        }
    }

    fn text_list(&mut self, key: &str, node: Node) -> Vec<String> {
        let nodes = self.list(key, node).unwrap_or_default();
        nodes.into_iter().filter_map(|node| self.text(key, node)).collect()
    }

    fn substitute(&mut self, node: &mut Node, variable: &dyn Fn(&str) -> Option<String>) {
        match &mut node.value {
            Value::Text(text) => match replace(text, variable) {
                Ok(replaced) => *text = replaced,
                Err(complaint) => self.fault(node.place, complaint),
            },
            Value::List(list) => list.iter_mut().for_each(|node| self.substitute(node, variable)),
            Value::Map(map) => map.iter_mut().for_each(|(_, node)| self.substitute(node, variable)),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {}
        }
    }
}

/// The entries of a map; what is not taken was refused before.
struct Entries {
    entries: Vec<(Key, Node)>,
}

impl Entries {
    fn take(&mut self, key: &str) -> Option<Node> {
        let index = self.entries.iter().position(|(entry, _)| entry.name == key)?;
        Some(self.entries.remove(index).1)
    }
}

/// Replaces every `${NAME}`; `$${` stands for a literal `${`.
fn replace(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            replaced.push_str(&rest[..start - 1]);
            replaced.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        replaced.push_str(&rest[..start]);
        let end = rest[start..].find('}').ok_or_else(|| format!("\"${{\" without \"}}\" in {text:?}"))?;
        let name = &rest[start + 2..start + end];
        let value = variable(name).ok_or_else(|| {
            format!("variable {name:?} is not set; set it in the environment or with --var {name}=VALUE")
        })?;
        replaced.push_str(&value);
        rest = &rest[start + end + 1..];
    }
    replaced.push_str(rest);
    Ok(replaced)
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
