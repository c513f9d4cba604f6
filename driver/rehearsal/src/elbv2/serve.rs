//! Answers ELBv2's API, which is Query with XML. Read-only: CodeDeploy, which changes listeners, is in here too.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Listener;
use super::xml::Xml;
use crate::effect::TargetHealth;
use crate::names::target_group_name;
use crate::refusal::Refusal;
use crate::world::World;

/// The XML namespace of the answers.
pub(crate) const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// What there is.
pub(crate) const OPERATIONS: [&str; 5] =
    ["DescribeListeners", "DescribeLoadBalancers", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth"];

/// The parameters of a Query request.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Answer one call with its XML.
pub(crate) fn answer(
    world: &World,
    operation: &str,
    parameters: &Parameters,
    request: &str,
) -> Result<String, Refusal> {
    let write = |result: &dyn Fn(Xml) -> Xml| Xml::answer(operation, NAMESPACE, request, result);
    match operation {
        "DescribeListeners" => {
            let listeners = listeners(world, parameters)?;
            Ok(write(&|xml| xml.members("Listeners", &listeners, |xml, listener| listener_xml(world, xml, listener))))
        }
        "DescribeRules" => {
            let listeners = rules(world, parameters)?;
            Ok(write(&|xml| xml.members("Rules", &listeners, |xml, listener| default_rule(world, xml, listener))))
        }
        "DescribeTargetGroups" => {
            let groups = groups(world, parameters)?;
            Ok(write(&|xml| xml.members("TargetGroups", &groups, |xml, group| group_xml(world, xml, group))))
        }
        "DescribeTargetHealth" => {
            let targets = targets(world, parameters)?;
            Ok(write(&|xml| {
                xml.members("TargetHealthDescriptions", &targets, |xml, (target, health)| {
                    target_xml(xml, *target, health)
                })
            }))
        }
        "DescribeLoadBalancers" => {
            let known = load_balancers(world, parameters)?;
            Ok(write(&|xml| xml.members("LoadBalancers", &known, |xml, arn| load_balancer_xml(world, xml, arn))))
        }
        _ => Err(Refusal::not_implemented("InvalidAction", "ELBv2", operation, &OPERATIONS)),
    }
}

fn listeners<'a>(world: &'a World, parameters: &Parameters) -> Result<Vec<&'a Listener>, Refusal> {
    if let Some(arn) = parameters.get("LoadBalancerArn") {
        load_balancer(world, arn)?;
        return Ok(world.elb.listeners.iter().collect());
    }
    let asked = list(parameters, "ListenerArns");
    if asked.is_empty() {
        return Err(Refusal::new("ValidationError", "You must specify either listener ARNs or a load balancer ARN"));
    }
    asked.iter().map(|arn| listener(world, arn)).collect()
}

fn listener<'a>(world: &'a World, arn: &str) -> Result<&'a Listener, Refusal> {
    let absent = || Refusal::new("ListenerNotFound", format!("One or more listeners not found: {arn}"));
    world.elb.listener(arn).ok_or_else(absent)
}

fn rules<'a>(world: &'a World, parameters: &Parameters) -> Result<Vec<&'a Listener>, Refusal> {
    if let Some(arn) = parameters.get("ListenerArn") {
        return Ok(vec![listener(world, arn)?]);
    }
    let asked = list(parameters, "RuleArns");
    if asked.is_empty() {
        return Err(Refusal::new("ValidationError", "You must specify either listener rule ARNs or a listener ARN"));
    }
    let find = |arn: &String| {
        let absent = || Refusal::new("RuleNotFound", format!("One or more rules not found: {arn}"));
        world.elb.listeners.iter().find(|listener| rule_arn(listener) == *arn).ok_or_else(absent)
    };
    asked.iter().map(find).collect()
}

fn groups(world: &World, parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let known = &world.elb.groups;
    if let Some(arn) = parameters.get("LoadBalancerArn") {
        load_balancer(world, arn)?;
        return Ok(known.iter().filter(|group| world.elb.is_used(group)).cloned().collect());
    }
    let absent = || Refusal::new("TargetGroupNotFound", "One or more target groups not found");
    let find =
        |matches: &dyn Fn(&String) -> bool| known.iter().find(|group| matches(group)).cloned().ok_or_else(absent);
    let (arns, names) = (list(parameters, "TargetGroupArns"), list(parameters, "Names"));
    if arns.is_empty() && names.is_empty() {
        return Ok(known.to_vec());
    }
    let by_arn = arns.iter().map(|arn| find(&|group| group == arn));
    let by_name = names.iter().map(|name| find(&|group| target_group_name(group) == name));
    by_arn.chain(by_name).collect()
}

fn targets(world: &World, parameters: &Parameters) -> Result<Vec<(SocketAddr, TargetHealth)>, Refusal> {
    let arn = parameters.get("TargetGroupArn").map(String::as_str).unwrap_or_default();
    if !world.elb.groups.iter().any(|group| group == arn) {
        return Err(Refusal::new("TargetGroupNotFound", "One or more target groups not found"));
    }
    let of_group = world.elb.targets.iter().filter(|((group, _), _)| group == arn);
    let mut targets: Vec<_> = of_group.map(|((_, target), health)| (*target, health.clone())).collect();
    let asked: Vec<_> = (1..)
        .map_while(|number| parameters.get(&format!("Targets.member.{number}.Id")).map(|id| (number, id)))
        .collect();
    if !asked.is_empty() {
        let port = |number: i32| parameters.get(&format!("Targets.member.{number}.Port"));
        targets.retain(|(target, _)| {
            asked.iter().any(|(number, id)| {
                target.ip().to_string() == **id && port(*number).is_none_or(|port| *port == target.port().to_string())
            })
        });
    }
    Ok(targets)
}

fn load_balancers(world: &World, parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    for arn in list(parameters, "LoadBalancerArns") {
        load_balancer(world, &arn)?;
    }
    if let Some(name) = list(parameters, "Names").iter().find(|name| **name != world.names.service) {
        return Err(Refusal::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found")));
    }
    Ok(vec![world.names.load_balancer_arn()])
}

fn load_balancer(world: &World, arn: &str) -> Result<(), Refusal> {
    if arn == world.names.load_balancer_arn() {
        return Ok(());
    }
    Err(Refusal::new("LoadBalancerNotFound", format!("Load balancers '[{arn}]' not found")))
}

fn listener_xml(world: &World, xml: Xml, listener: &Listener) -> Xml {
    let is_test = world.names.test_listener().is_some_and(|arn| arn == listener.arn);
    let home = world.names.load_balancer_arn();
    let home = if is_test && world.ailments.listeners_apart { format!("{home}-test") } else { home };
    let xml = xml.value("LoadBalancerArn", home).value("Protocol", "HTTP");
    xml.value("Port", listener.port).value("ListenerArn", &listener.arn).members("DefaultActions", [listener], forward)
}

fn default_rule(_: &World, xml: Xml, listener: &Listener) -> Xml {
    let xml = xml.value("RuleArn", rule_arn(listener)).value("Priority", "default");
    xml.members("Conditions", [(); 0], |xml, ()| xml).members("Actions", [listener], forward).value("IsDefault", true)
}

/// A forward to one target group has both the scalar and the list; one to two has only the list.
fn forward(xml: Xml, listener: &Listener) -> Xml {
    let single = match listener.forwards.as_slice() {
        [(arn, _)] => Some(arn),
        _ => None,
    };
    let xml = xml.value("Type", "forward").optional("TargetGroupArn", single);
    xml.element("ForwardConfig", |xml| {
        let xml = xml.members("TargetGroups", &listener.forwards, |xml, (arn, weight)| {
            xml.value("TargetGroupArn", arn).value("Weight", weight)
        });
        xml.element("TargetGroupStickinessConfig", |xml| xml.value("Enabled", false))
    })
}

fn group_xml(world: &World, xml: Xml, arn: &str) -> Xml {
    let check = &world.elb.health_check;
    let port = world.ecs.primary().map_or(80, |set| set.port);
    let balancers = world.elb.is_used(arn).then(|| world.names.load_balancer_arn());
    xml.value("TargetGroupArn", arn)
        .value("TargetGroupName", target_group_name(arn))
        .value("Protocol", "HTTP")
        .value("Port", port)
        .value("VpcId", "vpc-0a1b2c3d4e5f60718")
        .value("HealthCheckProtocol", "HTTP")
        .value("HealthCheckPort", "traffic-port")
        .value("HealthCheckEnabled", true)
        .value("HealthCheckIntervalSeconds", check.interval.as_secs().max(1))
        .value("HealthCheckTimeoutSeconds", check.timeout.as_secs().max(1))
        .value("HealthyThresholdCount", check.healthy)
        .value("UnhealthyThresholdCount", check.unhealthy)
        .value("HealthCheckPath", &check.path)
        .element("Matcher", |xml| xml.value("HttpCode", "200"))
        .members("LoadBalancerArns", balancers, |xml, arn| xml.text(&arn))
        .value("TargetType", "ip")
        .value("ProtocolVersion", "HTTP1")
        .value("IpAddressType", "ipv4")
}

fn target_xml(xml: Xml, target: SocketAddr, health: &TargetHealth) -> Xml {
    let (state, reason, description) = match health {
        TargetHealth::Initial { reason } => {
            ("initial", Some(*reason), Some("Initial health checks in progress".to_owned()))
        }
        TargetHealth::Healthy => ("healthy", None, None),
        TargetHealth::Unhealthy { reason, description } => ("unhealthy", Some(*reason), Some(description.clone())),
        TargetHealth::Unused => {
            let text = "Target group is not configured to receive traffic from the load balancer";
            ("unused", Some("Target.NotInUse"), Some(text.to_owned()))
        }
        TargetHealth::Draining => {
            let text = "Target deregistration is in progress";
            ("draining", Some("Target.DeregistrationInProgress"), Some(text.to_owned()))
        }
    };
    xml.element("Target", |xml| {
        xml.value("Id", target.ip()).value("Port", target.port()).value("AvailabilityZone", "us-east-1a")
    })
    .value("HealthCheckPort", target.port())
    .element("TargetHealth", |xml| {
        xml.value("State", state).optional("Reason", reason).optional("Description", description)
    })
}

fn load_balancer_xml(world: &World, xml: Xml, arn: &str) -> Xml {
    let created = world.ecs.service.created_at;
    xml.value("LoadBalancerArn", arn)
        .value("DNSName", "127.0.0.1")
        .value("CanonicalHostedZoneId", "Z35SXDOTRQ7X7K")
        .value("CreatedTime", created.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
        .value("LoadBalancerName", &world.names.service)
        .value("Scheme", "internet-facing")
        .value("VpcId", "vpc-0a1b2c3d4e5f60718")
        .element("State", |xml| xml.value("Code", "active"))
        .value("Type", if world.names.network { "network" } else { "application" })
        .members("AvailabilityZones", ["us-east-1a"], |xml, zone| xml.value("ZoneName", zone))
        .value("IpAddressType", "ipv4")
}

fn rule_arn(listener: &Listener) -> String {
    let tail = crate::identifiers::tail(&format!("default rule {}", listener.arn));
    format!("{}/{tail}", listener.arn.replace(":listener/", ":listener-rule/"))
}

/// `Name.member.1`, `Name.member.2`, …
fn list(parameters: &Parameters, name: &str) -> Vec<String> {
    (1..).map_while(|number| parameters.get(&format!("{name}.member.{number}")).cloned()).collect()
}
