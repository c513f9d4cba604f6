//! Reads an AppSpec, JSON or YAML, keys in any case (the AWS CLI finds them so, aws-facts §4). It refuses what CodeDeploy
//! would refuse later: several resources, other types, unknown hooks.

use std::collections::BTreeMap;

use greenlight_checks::event::HookEvent;

use super::{AppSpec, CapacityProvider, Extras, Network};
use crate::document::{self, Fault, Node, Place, Value, hint};

/// Reads one.
pub fn parse(text: &str) -> Result<AppSpec, Fault> {
    let root = document::read(text)?;
    let resources = list(required(&root, "Resources")?, "Resources")?;
    let [resource] = resources else {
        return Err(fault(root.place, "an ECS AppSpec has exactly one resource"));
    };
    let (name, service) = one_entry(resource, "Resources")?;
    let kind = text_of(required(service, "Type")?, "Type")?;
    if kind != "AWS::ECS::Service" {
        return Err(fault(service.place, format!("the resource is an AWS::ECS::Service, not {kind:?}")));
    }
    let properties = required(service, "Properties")?;
    let load_balancer = required(properties, "LoadBalancerInfo")?;
    let hooks = match member(&root, "Hooks")? {
        Some(node) => hooks(node)?,
        None => BTreeMap::new(),
    };
    Ok(AppSpec {
        resource: name.to_owned(),
        task_definition: text_of(required(properties, "TaskDefinition")?, "TaskDefinition")?.to_owned(),
        container: text_of(required(load_balancer, "ContainerName")?, "ContainerName")?.to_owned(),
        port: number(required(load_balancer, "ContainerPort")?, "ContainerPort")?,
        extras: Extras {
            platform_version: match member(properties, "PlatformVersion")? {
                Some(node) => Some(text_of(node, "PlatformVersion")?.to_owned()),
                None => None,
            },
            network: member(properties, "NetworkConfiguration")?.map(network).transpose()?,
            capacity_provider_strategy: match member(properties, "CapacityProviderStrategy")? {
                Some(node) => {
                    list(node, "CapacityProviderStrategy")?.iter().map(capacity_provider).collect::<Result<_, _>>()?
                }
                None => Vec::new(),
            },
        },
        hooks,
    })
}

fn hooks(node: &Node) -> Result<BTreeMap<HookEvent, String>, Fault> {
    let mut hooks = BTreeMap::new();
    for entry in list(node, "Hooks")? {
        let (name, function) = one_entry(entry, "Hooks")?;
        let event =
            HookEvent::ALL.into_iter().find(|event| event.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
                let known = hint(name, HookEvent::ALL.map(HookEvent::name));
                fault(entry.place, format!("unknown lifecycle event {name:?}{known}"))
            })?;
        if hooks.insert(event, text_of(function, name)?.to_owned()).is_some() {
            return Err(fault(entry.place, format!("{event} has two functions; CodeDeploy calls one")));
        }
    }
    Ok(hooks)
}

fn network(node: &Node) -> Result<Network, Fault> {
    let awsvpc = required(node, "AwsvpcConfiguration")?;
    let texts = |name: &str| -> Result<Vec<String>, Fault> {
        list(required(awsvpc, name)?, name)?.iter().map(|node| Ok(text_of(node, name)?.to_owned())).collect()
    };
    let public = required(awsvpc, "AssignPublicIp")?;
    Ok(Network {
        subnets: texts("Subnets")?,
        security_groups: texts("SecurityGroups")?,
        assign_public_ip: match text_of(public, "AssignPublicIp")? {
            "ENABLED" => true,
            "DISABLED" => false,
            other => return Err(fault(public.place, format!("AssignPublicIp is ENABLED or DISABLED, not {other:?}"))),
        },
    })
}

fn capacity_provider(node: &Node) -> Result<CapacityProvider, Fault> {
    let optional = |name: &str| member(node, name)?.map(|node| number(node, name)).transpose();
    Ok(CapacityProvider {
        provider: text_of(required(node, "CapacityProvider")?, "CapacityProvider")?.to_owned(),
        base: optional("Base")?,
        weight: optional("Weight")?,
    })
}

fn fault(place: Place, text: impl Into<String>) -> Fault {
    Fault { place, text: text.into() }
}

fn member<'a>(node: &'a Node, name: &str) -> Result<Option<&'a Node>, Fault> {
    match &node.value {
        Value::Map(map) => Ok(map
            .iter()
            .find(|(key, _)| key.name.eq_ignore_ascii_case(name))
            .map(|(_, node)| node)
            .filter(|node| node.value != Value::Null)),
        other => Err(fault(node.place, format!("expected a map with {name}, found {}", other.kind()))),
    }
}

fn required<'a>(node: &'a Node, name: &str) -> Result<&'a Node, Fault> {
    member(node, name)?.ok_or_else(|| fault(node.place, format!("{name} is missing")))
}

fn one_entry<'a>(node: &'a Node, what: &str) -> Result<(&'a str, &'a Node), Fault> {
    match &node.value {
        Value::Map(map) if map.len() == 1 => Ok((&map[0].0.name, &map[0].1)),
        _ => Err(fault(node.place, format!("each entry of {what} is a map with one key"))),
    }
}

fn list<'a>(node: &'a Node, what: &str) -> Result<&'a [Node], Fault> {
    match &node.value {
        Value::List(list) => Ok(list),
        other => Err(fault(node.place, format!("{what} is a list, not {}", other.kind()))),
    }
}

fn text_of<'a>(node: &'a Node, what: &str) -> Result<&'a str, Fault> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err(fault(node.place, format!("{what} is text, not {}", other.kind()))),
    }
}

fn number<T: TryFrom<i64>>(node: &Node, what: &str) -> Result<T, Fault> {
    let number = match &node.value {
        Value::Integer(number) => T::try_from(*number).ok(),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
    };
    number.ok_or_else(|| fault(node.place, format!("{what} is a whole number in its range")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole() -> AppSpec {
        AppSpec {
            resource: AppSpec::RESOURCE.to_owned(),
            task_definition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:7".to_owned(),
            container: "web".to_owned(),
            port: 80,
            extras: Extras {
                platform_version: Some("LATEST".to_owned()),
                network: Some(Network {
                    subnets: vec!["subnet-1".to_owned()],
                    security_groups: vec!["sg-1".to_owned()],
                    assign_public_ip: true,
                }),
                capacity_provider_strategy: vec![CapacityProvider {
                    provider: "FARGATE_SPOT".to_owned(),
                    base: Some(1),
                    weight: Some(2),
                }],
            },
            hooks: HookEvent::ALL.into_iter().map(|event| (event, format!("Hook_{event}"))).collect(),
        }
    }

    #[test]
    fn the_smallest_one_is_written_byte_for_byte_as_documented() {
        let spec = AppSpec { extras: Extras::default(), hooks: BTreeMap::new(), ..whole() };
        let rendered = spec.render();
        assert_eq!(
            rendered.content,
            r#"{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:7","LoadBalancerInfo":{"ContainerName":"web","ContainerPort":80}}}}]}"#
        );
        assert_eq!(rendered.sha256.len(), 64);
    }

    #[test]
    fn json_and_yaml_say_the_same_with_every_property_and_hook() {
        let spec = whole();
        assert_eq!(parse(&spec.render().content).unwrap(), spec);
        assert_eq!(parse(&spec.to_yaml()).unwrap(), spec, "{}", spec.to_yaml());
    }

    #[test]
    fn keys_are_found_in_any_case() {
        let text = "version: 0.0\nresources:\n  - TargetService:\n      type: AWS::ECS::Service\n      properties:\n        taskDefinition: \"arn:x:7\"\n        loadBalancerInfo: { containerName: web, containerPort: 80 }\nhooks:\n  - afterAllowTraffic: f\n";
        let spec = parse(text).unwrap();
        assert_eq!((spec.task_definition.as_str(), spec.port), ("arn:x:7", 80));
        assert_eq!(spec.hooks[&HookEvent::AfterAllowTraffic], "f");
    }

    #[test]
    fn a_load_balancer_that_is_a_list_is_refused_as_codedeploy_refuses_it() {
        let text = whole().render().content.replace(r#"{"ContainerName":"web","ContainerPort":80}"#, "[]");
        assert!(parse(&text).unwrap_err().text.contains("expected a map with ContainerName"), "{text}");
    }

    #[test]
    fn an_unknown_hook_is_named_with_its_place() {
        let found = parse(&whole().to_yaml().replace("BeforeInstall", "BeforeInstal")).unwrap_err();
        assert!(found.place.line > 1);
        assert_eq!(found.text, "unknown lifecycle event \"BeforeInstal\"; did you mean \"BeforeInstall\"?");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(container in "[a-z][a-zA-Z0-9_-]{0,20}", port in 1u16.., functions in proptest::collection::vec("[ -~]{1,40}", 5), used in 0usize..=5) {
            let hooks = HookEvent::ALL.into_iter().zip(functions).take(used).collect();
            let spec = AppSpec { container, port, hooks, ..whole() };
            prop_assert_eq!(&parse(&spec.render().content).unwrap(), &spec);
            prop_assert_eq!(&parse(&spec.to_yaml()).unwrap(), &spec);
        }
    }
}
