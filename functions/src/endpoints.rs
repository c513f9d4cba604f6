//! Where the checks go: addresses from the deployment's own listeners, never a fallback from one listener to another.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{EndpointSpec, Via};
use greenlight_checks::run::Endpoint;

use crate::attest::Way;
use crate::facts::{Facts, Protocol, Role};

/// The way that an endpoint of the plan means.
pub(crate) fn way(spec: &EndpointSpec) -> Way {
    match &spec.via {
        Via::TestListener => Way::Listener(Role::Test),
        Via::ProductionListener => Way::Listener(Role::Production),
        Via::Url(url) => Way::Elsewhere(url.clone()),
    }
}

/// Turns an endpoint of the plan into an address.
pub(crate) fn resolve(facts: &Facts, name: &str, spec: &EndpointSpec) -> Result<Endpoint, Message> {
    match way(spec) {
        Way::Elsewhere(url) => Ok(Endpoint { via: url.clone(), base: url, host: spec.host.clone() }),
        Way::Listener(role) => Ok(Endpoint {
            base: address(facts, name, role)?,
            host: spec.host.clone(),
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
        Protocol::Http | Protocol::Tcp => "http",
        Protocol::Https | Protocol::Tls => "https",
        Protocol::Other(other) => {
            return Err(unusable(format!("the {} listener speaks {other:?}; the checks speak HTTP", role.name())));
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
        EndpointSpec { via, host: Some("shop.example.com".to_owned()) }
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
            ("HTTPS", Some("https:")),
            ("TLS", Some("https:")),
            ("UDP", None),
        ] {
            let mut facts = facts();
            facts.listeners[1].protocol = protocol.into();
            let base = resolve(&facts, "green", &spec(Via::TestListener)).map(|endpoint| endpoint.base);
            match scheme {
                Some(scheme) => assert!(base.unwrap().starts_with(scheme), "{protocol}"),
                None => assert_eq!(base.unwrap_err().code, codes::ROUTING_NOT_ATTESTABLE),
            }
        }
    }

    #[test]
    fn no_test_listener_is_a_plan_error_and_never_production() {
        let mut facts = facts();
        facts.listeners.remove(1);
        let message = resolve(&facts, "green", &spec(Via::TestListener)).unwrap_err();
        assert_eq!(message.code, codes::PLAN_INVALID);
    }
}
