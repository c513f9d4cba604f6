//! Reads an AppSpec for ECS: JSON or YAML, its keys in any case. It looks nothing up; whether the task definition exists is
//! found out in Install, as with AWS.

use std::collections::BTreeMap;

use serde_json::Value;

use super::event::Event;

/// What an AppSpec says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AppSpec {
    /// ARN, or family with or without a revision.
    pub(crate) task_definition: String,
    pub(crate) container: String,
    pub(crate) port: u16,
    pub(crate) platform_version: Option<String>,
    pub(crate) network_configuration: Option<Value>,
    pub(crate) capacity_provider_strategy: Option<Value>,
    /// Event to function name or ARN.
    pub(crate) hooks: BTreeMap<Event, String>,
}

const NOT_WELL_FORMED: &str = "The input AppSpec file is a not well-formed yaml. The template cannot be parsed.";

/// Read the text; an error is the last part of the deployment's failure message.
pub(crate) fn read(text: &str) -> Result<AppSpec, String> {
    let document: Value = serde_saphyr::from_str(text).map_err(|_| NOT_WELL_FORMED.to_owned())?;
    let resources = member(&document, "Resources").and_then(Value::as_array).ok_or(NOT_WELL_FORMED)?;
    let [resource] = resources.as_slice() else {
        return Err(format!("An AppSpec file for ECS has exactly one resource, not {}.", resources.len()));
    };
    let resource = resource.as_object().and_then(|map| map.values().next()).ok_or(NOT_WELL_FORMED)?;
    let kind = member(resource, "Type").and_then(Value::as_str).unwrap_or_default();
    if kind != "AWS::ECS::Service" {
        return Err(format!("The resource's Type must be AWS::ECS::Service, not {kind:?}."));
    }
    let properties = member(resource, "Properties").ok_or("The resource has no Properties.")?;
    let task_definition = member(properties, "TaskDefinition").and_then(Value::as_str);
    let load_balancer =
        member(properties, "LoadBalancerInfo").filter(|value| value.is_object()).ok_or(NOT_WELL_FORMED)?;
    let container = member(load_balancer, "ContainerName").and_then(Value::as_str);
    let port = member(load_balancer, "ContainerPort").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    Ok(AppSpec {
        task_definition: task_definition.ok_or("The TaskDefinition property is missing.")?.to_owned(),
        container: container.ok_or("The LoadBalancerInfo has no ContainerName.")?.to_owned(),
        port: port.ok_or("The LoadBalancerInfo has no ContainerPort that is a port number.")?,
        platform_version: member(properties, "PlatformVersion").and_then(Value::as_str).map(str::to_owned),
        network_configuration: member(properties, "NetworkConfiguration").filter(|value| !value.is_null()).cloned(),
        capacity_provider_strategy: member(properties, "CapacityProviderStrategy")
            .filter(|value| !value.is_null())
            .cloned(),
        hooks: hooks(member(&document, "Hooks"))?,
    })
}

fn hooks(list: Option<&Value>) -> Result<BTreeMap<Event, String>, String> {
    let mut hooks = BTreeMap::new();
    let Some(list) = list.filter(|list| !list.is_null()) else { return Ok(hooks) };
    for (name, function) in list.as_array().ok_or(NOT_WELL_FORMED)?.iter().filter_map(Value::as_object).flatten() {
        let event = Event::ALL.into_iter().find(|event| event.is_hook() && event.name().eq_ignore_ascii_case(name));
        let event = event.ok_or_else(|| format!("The hook {name} is not one of an ECS deployment's."))?;
        let function = function.as_str().ok_or_else(|| format!("The hook {name} must name one function."))?;
        if hooks.insert(event, function.to_owned()).is_some() {
            return Err(format!("The hook {name} is given twice."));
        }
    }
    Ok(hooks)
}

/// A member of a map, whatever the case of its key: the CLI's examples are in lower camel, the guide's in Pascal.
fn member<'a>(map: &'a Value, key: &str) -> Option<&'a Value> {
    map.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = r#"
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:r:a:task-definition/fam:7"
        LoadBalancerInfo: {ContainerName: "c", ContainerPort: 80}
        PlatformVersion: "LATEST"
        NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [s-1], SecurityGroups: [sg-1], AssignPublicIp: ENABLED}}
Hooks:
  - AfterAllowTestTraffic: "CodeDeployHook_x"
"#;

    #[test]
    fn facts_4_yaml_and_json_say_the_same() {
        let yaml = read(YAML).unwrap();
        let value: Value = serde_saphyr::from_str(YAML).unwrap();
        assert_eq!(read(&value.to_string()).unwrap(), yaml);
        assert_eq!(yaml.port, 80);
        assert_eq!(yaml.hooks[&Event::AfterAllowTestTraffic], "CodeDeployHook_x");
        assert_eq!(yaml.network_configuration.unwrap()["AwsvpcConfiguration"]["Subnets"][0], "s-1");
    }

    #[test]
    fn facts_4_keys_are_read_in_any_case() {
        let lower = r#"{"version":0.0,"resources":[{"x":{"type":"AWS::ECS::Service","properties":{"taskDefinition":"fam:1",
            "loadBalancerInfo":{"containerName":"c","containerPort":80}}}}],"hooks":[{"beforeInstall":"f"}]}"#;
        let read = read(lower).unwrap();
        assert_eq!((read.task_definition.as_str(), read.hooks[&Event::BeforeInstall].as_str()), ("fam:1", "f"));
    }

    #[test]
    fn facts_4_what_is_not_well_formed_says_so_in_the_seen_words() {
        for text in [
            "{",
            "",
            "Resources: 1",
            &YAML.replace("{ContainerName: \"c\", ContainerPort: 80}", "[{ContainerName: c}]"),
        ] {
            assert_eq!(read(text).unwrap_err(), NOT_WELL_FORMED, "{text}");
        }
    }

    #[test]
    fn one_resource_and_known_hooks_only() {
        assert!(read(&YAML.replace("AfterAllowTestTraffic", "AllowTraffic")).unwrap_err().contains("AllowTraffic"));
        let two = r#"{"Resources":[{"a":{}},{"b":{}}]}"#;
        assert!(read(two).unwrap_err().contains("exactly one"));
    }
}
