//! Where the checks go: addresses from the deployment's own listeners, never a fallback from one listener to another.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::event::HookEvent;
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{EndpointSpec, Via};
use greenlight_checks::surroundings::Endpoint;

use crate::attest::Way;
use crate::demands::{Demands, Version};
use crate::facts::{Facts, Protocol, Role};

/// The way that an endpoint of the plan means.
pub(crate) fn way(spec: &EndpointSpec) -> Way {
    match &spec.via {
        Via::TestListener => Way::Listener(Role::Test),
        Via::ProductionListener => Way::Listener(Role::Production),
        Via::Url(url) => Way::Elsewhere(url.clone()),
    }
}

/// Refuses the test listener at an event at which it does not lead to the replacement: what it leads to is not known.
pub(crate) fn admit(spec: &EndpointSpec, demands: &Demands) -> Result<(), Message> {
    match way(spec) {
        Way::Listener(role) if demands.leads_to(role).is_none() => Err(Message::new(
            codes::PLAN_INVALID,
            "plan",
            format!(
                "endpoints.green.via: {}_listener, but at {event} no listener leads to the replacement yet, and nothing of \
                 it can be tested; move these checks to {}, or give the function of {event} a plan of its own that \
                 tests the original with endpoints.green.via: production_listener",
                role.name(),
                HookEvent::AfterAllowTestTraffic,
                event = demands.event,
            ),
        )),
        Way::Listener(_) | Way::Elsewhere(_) => Ok(()),
    }
}

/// The address of the serving version, for checks that look at both: only where the way leads to the original, or is the
/// plan's own.
pub(crate) fn serving(facts: &Facts, spec: &EndpointSpec, demands: &Demands) -> Option<Endpoint> {
    let original = match way(spec) {
        Way::Listener(role) => demands.leads_to(role) == Some(Version::Original),
        Way::Elsewhere(_) => true,
    };
    original.then(|| resolve(facts, "blue", spec).ok()).flatten()
}

/// Turns an endpoint of the plan into an address.
pub(crate) fn resolve(facts: &Facts, name: &str, spec: &EndpointSpec) -> Result<Endpoint, Message> {
    match way(spec) {
        Way::Elsewhere(url) => {
            Ok(Endpoint { via: url.clone(), base: url, host: spec.host.clone(), ca: spec.ca.clone() })
        }
        Way::Listener(role) => Ok(Endpoint {
            base: address(facts, name, role)?,
            host: spec.host.clone(),
            ca: spec.ca.clone(),
            via: format!("{} listener", role.name()),
        }),
    }
}

fn address(facts: &Facts, name: &str, role: Role) -> Result<String, Message> {
    let listener = facts.listeners.iter().find(|listener| listener.role == role).ok_or_else(|| {
        Message::new(
            codes::PLAN_INVALID,
            "plan",
            format!(
                "endpoints.{name}.via: {}_listener, but the deployment group {} has no {} listener; add one to the group",
                role.name(),
                facts.deployment.group,
                role.name()
            ),
        )
    })?;
    let unusable = |what: String| Message::new(codes::ROUTING_NOT_ATTESTABLE, "routing", what);
    let scheme = match &listener.protocol {
        Protocol::Http | Protocol::Tcp | Protocol::TcpUdp => "http",
        Protocol::Https | Protocol::Tls => "https",
        other @ (Protocol::Udp | Protocol::Other(_)) => {
            return Err(unusable(format!("the {} listener speaks {other}; the checks speak HTTP", role.name())));
        }
    };
    let port =
        listener.port.ok_or_else(|| unusable(format!("the {} listener {} has no port", role.name(), listener.arn)))?;
    let host = facts
        .load_balancers
        .iter()
        .find(|load_balancer| load_balancer.arn == listener.load_balancer && !load_balancer.dns_name.is_empty())
        .ok_or_else(|| unusable(format!("the load balancer of the {} listener has no DNS name", role.name())))?;
    Ok(format!("{scheme}://{}:{port}", host.dns_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::tests::facts;

    fn spec(via: Via) -> EndpointSpec {
        EndpointSpec { via, host: Some("shop.example.com".to_owned()), ca: None }
    }

    #[test]
    fn an_address_is_the_listeners_and_the_host_is_the_plans() {
        let endpoint = resolve(&facts(), "green", &spec(Via::TestListener)).unwrap();
        assert_eq!(endpoint.base, "http://shop.elb.example:8080");
        assert_eq!(endpoint.host.as_deref(), Some("shop.example.com"));
        assert_eq!(endpoint.via, "test listener");
        let endpoint = resolve(&facts(), "blue", &spec(Via::ProductionListener)).unwrap();
        assert_eq!(endpoint.base, "http://shop.elb.example:80");
    }

    #[test]
    fn the_scheme_follows_the_listeners_protocol_and_an_unknown_one_is_refused() {
        for (protocol, scheme) in [
            ("HTTP", Some("http:")),
            ("TCP", Some("http:")),
            ("TCP_UDP", Some("http:")),
            ("HTTPS", Some("https:")),
            ("TLS", Some("https:")),
            ("UDP", None),
            ("QUIC", None),
        ] {
            let mut facts = facts();
            facts.listeners[1].protocol = protocol.into();
            let base = resolve(&facts, "green", &spec(Via::TestListener)).map(|endpoint| endpoint.base);
            match scheme {
                Some(scheme) => assert!(base.unwrap().starts_with(scheme), "{protocol}"),
                None => assert_eq!(
                    base.unwrap_err().to_string(),
                    format!("GL1102 routing: the test listener speaks {protocol}; the checks speak HTTP")
                ),
            }
        }
    }

    #[test]
    fn no_test_listener_is_a_plan_error_and_never_production() {
        let mut facts = facts();
        facts.listeners.remove(1);
        let message = resolve(&facts, "green", &spec(Via::TestListener)).unwrap_err();
        assert_eq!(
            message.to_string(),
            "GL1001 plan: endpoints.green.via: test_listener, but the deployment group shop-dg has no test listener; add \
             one to the group"
        );
    }

    #[test]
    fn the_test_listener_is_refused_where_it_leads_to_no_replacement() {
        for event in HookEvent::ALL {
            let early = matches!(event, HookEvent::BeforeInstall | HookEvent::AfterInstall);
            let demands = Demands::at(event);
            assert_eq!(admit(&spec(Via::TestListener), &demands).is_err(), early, "{event}");
            assert_eq!(admit(&spec(Via::ProductionListener), &demands), Ok(()));
            assert_eq!(admit(&spec(Via::Url("http://10.0.0.1".to_owned())), &demands), Ok(()));
        }
    }

    #[test]
    fn production_is_not_the_serving_versions_address_once_it_has_shifted() {
        let production = |event| serving(&facts(), &spec(Via::ProductionListener), &Demands::at(event));
        assert!(production(HookEvent::BeforeAllowTraffic).is_some());
        assert_eq!(production(HookEvent::AfterAllowTraffic), None);
    }
}
