//! Did the checks reach the task set that they are about? Pure: facts in, a standing and its reasons out.
//!
//! The load balancer is believed, not CodeDeploy's `trafficWeight`: what counts is what the listeners forward to. A
//! forward action may split between target groups and a listener's rules may route past its default action, so every
//! action that forwards to one of the pair's target groups is summed. The tested listener must send everything to one
//! side, and production to the side where it is at the event: see `demands`.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::evidence::{Route, Standing};
use greenlight_checks::message::{Message, codes};

use crate::demands::{Demands, Version};
use crate::facts::{Actions, Facts, Forward, Listener, Role, TaskSetStatus};
use crate::sides::{Side, Sides, side};

/// The way that the plan's requests to the replacement take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through a listener of the deployment group.
    Listener(Role),
    /// To an address of the plan's own.
    Elsewhere(String),
}

/// What is established about routing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Routing {
    pub(crate) standing: Standing,
    /// `test listener (port 8080) -> shop-b`.
    pub(crate) summary: Option<String>,
    pub(crate) routes: Vec<Route>,
    pub(crate) messages: Vec<Message>,
}

/// It is not known.
pub(crate) fn not_attestable(text: impl Into<String>) -> Message {
    Message::new(codes::ROUTING_NOT_ATTESTABLE, "routing", text)
}

/// The facts say the opposite.
pub(crate) fn contradicted(text: impl Into<String>) -> Message {
    Message::new(codes::ROUTING_CONTRADICTED, "routing", text)
}

/// Whether the tested way leads to the tested side and nowhere else, and production to where it is at the event.
pub(crate) fn routing(facts: &Facts, sides: &Sides, way: &Way, demands: &Demands) -> Routing {
    let mut messages = Vec::new();
    let mut summary = None;
    match (way, sides.of(demands.tested)) {
        (Way::Listener(role), Ok(expected)) => {
            let tested: Vec<&Listener> = facts.listeners.iter().filter(|listener| listener.role == *role).collect();
            if tested.is_empty() {
                messages.push(not_attestable(format!("the deployment group has no {} listener", role.name())));
            }
            for listener in &tested {
                let found = judge(facts, listener, expected, sides, true);
                let wrong = demands.leads_to(*role).is_some_and(|led| led != demands.tested);
                messages.extend(
                    found.into_iter().map(|message| if wrong { another_listener(message, *role) } else { message }),
                );
                messages.extend(gate(listener));
            }
            let names: Vec<String> = tested.iter().map(|listener| named(listener)).collect();
            let group = facts.target_group_name(&expected.target_group);
            summary = Some(match demands.tested {
                Version::Original => format!("{} -> {group}, the original task set", names.join(", ")),
                Version::Replacement => format!("{} -> {group}", names.join(", ")),
            });
        }
        (Way::Listener(_), Err(message)) => messages.push(message),
        (Way::Elsewhere(url), _) => {
            let role = if demands.leads_to(Role::Test).is_some() { Role::Test } else { Role::Production };
            messages.push(not_attestable(format!(
                "the checks go to {url}, and no listener says who answers there; test through the {} listener, or set \
                 attest.routing to warn",
                role.name()
            )));
        }
    }
    let production: Vec<&Listener> =
        facts.listeners.iter().filter(|listener| listener.role == Role::Production).collect();
    if production.is_empty() {
        messages.push(not_attestable("the deployment group has no production listener"));
    }
    for listener in production {
        let found = match sides.of(demands.production) {
            Ok(expected) => judge(facts, listener, expected, sides, false),
            Err(message) => vec![message],
        };
        // The tested listener may be the same one.
        let told = |message: &Message| messages.iter().any(|known| known.text.starts_with(&message.text));
        let new: Vec<Message> = found.into_iter().filter(|message| !told(message)).collect();
        messages.extend(new);
    }
    let standing = standing(&messages);
    let summary = summary.filter(|_| standing == Standing::Proven);
    Routing { standing, summary, routes: routes(facts), messages }
}

/// In a rollback: whether there is an original task set to go back to, and how far production is.
///
/// Where production points decides nothing here. AWS was seen to restore the weights before the rollback's own events,
/// but most events come before `AllowTraffic`, which may be what restores them: a hook that failed because production is
/// not back yet would keep it from coming back. After it, a failed rollback would bring nothing back either.
pub(crate) fn rollback(facts: &Facts) -> Routing {
    let undone = facts.deployment.rolls_back.as_deref();
    let name = undone.unwrap_or("an earlier deployment");
    let original = facts
        .task_sets
        .iter()
        .filter(|task_set| match &task_set.status {
            TaskSetStatus::Primary => undone.is_none() || task_set.external_id.as_deref() != undone,
            TaskSetStatus::Active => undone.is_some() && task_set.external_id.as_deref() != undone,
            TaskSetStatus::Draining | TaskSetStatus::Other(_) => false,
        })
        .min_by_key(|task_set| task_set.status != TaskSetStatus::Primary)
        .ok_or_else(|| {
            contradicted(format!(
                "service {} has no task set but the one of {name}, which is being rolled back",
                facts.target.service
            ))
        })
        .and_then(|task_set| side(facts, task_set));
    let original = match original {
        Ok(original) => original,
        Err(message) => {
            let messages = vec![message];
            return Routing { standing: standing(&messages), summary: None, routes: routes(facts), messages };
        }
    };
    let sides = Sides { replacement: None, original: original.clone() };
    let production: Vec<&Listener> =
        facts.listeners.iter().filter(|listener| listener.role == Role::Production).collect();
    let away: Vec<String> = production
        .iter()
        .flat_map(|listener| judge(facts, listener, &original, &sides, false))
        .map(|message| message.text)
        .collect();
    let names: Vec<String> = production.iter().map(|listener| named(listener)).collect();
    let group = facts.target_group_name(&original.target_group);
    let summary = if away.is_empty() {
        format!("rollback of {name}: {} -> {group}, the original task set {}", names.join(", "), original.task_set)
    } else {
        format!(
            "rollback of {name}: the original task set {} ({group}) is there to go back to; not yet: {}",
            original.task_set,
            away.join("; ")
        )
    };
    Routing { standing: Standing::Proven, summary: Some(summary), routes: routes(facts), messages: Vec::new() }
}

/// What a message says of routing; one about another matter leaves it unknown.
pub(crate) fn standing_of(message: &Message) -> Standing {
    match message.code.as_str() {
        codes::ROUTING_CONTRADICTED => Standing::Contradicted,
        codes::ROUTING_NOT_ATTESTABLE => Standing::NotAttestable,
        _ => Standing::Unknown,
    }
}

/// What messages about routing add up to: one contradiction outweighs everything that is merely not known.
fn standing(messages: &[Message]) -> Standing {
    if messages.is_empty() {
        Standing::Proven
    } else if messages.iter().any(|message| standing_of(message) == Standing::Contradicted) {
        Standing::Contradicted
    } else {
        Standing::NotAttestable
    }
}

fn named(listener: &Listener) -> String {
    match listener.port {
        Some(port) => format!("{} listener (port {port})", listener.role.name()),
        None => format!("{} listener", listener.role.name()),
    }
}

/// The plan tests through a listener that does not lead to what it is about at this event.
fn another_listener(message: Message, role: Role) -> Message {
    let text = format!(
        "{}; the checks go through the {} listener, so that they would test the old version: set endpoints.green.via: \
         test_listener",
        message.text,
        role.name()
    );
    Message { text, ..message }
}

/// A load balancer that wants a login answers the checks itself.
fn gate(listener: &Listener) -> Option<Message> {
    let Actions { forwards, others, .. } = &listener.default;
    (!forwards.is_empty() && !others.is_empty()).then(|| {
        not_attestable(format!(
            "the {} asks for {} before it forwards, so that the load balancer answers the checks itself and nothing of \
             theirs is proven to arrive; test through a listener without it",
            named(listener),
            others.join(" and ")
        ))
    })
}

/// What contradicts that one listener sends everything to one side. A rule that forwards to neither target group of
/// the pair belongs to somebody else and is left alone; so is such a default action, unless this listener is tested.
fn judge(facts: &Facts, listener: &Listener, expected: &Side, sides: &Sides, tested: bool) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut counted = 0;
    let default = (format!("the {}", named(listener)), &listener.default.forwards, tested);
    let rules = listener.rules.iter().map(|rule| {
        (format!("rule {} of the {}", rule_name(&rule.arn), named(listener)), &rule.actions.forwards, false)
    });
    for (place, forwards, foreign_counts) in std::iter::once(default).chain(rules) {
        let ours = forwards.iter().any(|forward| facts.in_pair(&forward.target_group));
        if forwards.is_empty() || !(ours || foreign_counts) {
            continue;
        }
        counted += 1;
        if let Some(text) = diversion(facts, forwards, expected, sides) {
            messages.push(contradicted(format!("{place} {text}")));
        }
    }
    if counted == 0 {
        let instead = match listener.default.others.as_slice() {
            [] => String::new(),
            others => format!("; its default action is {}", others.join(", ")),
        };
        messages.push(contradicted(format!(
            "the {} forwards to neither target group of the deployment group ({}){instead}",
            named(listener),
            facts.group.pair.join(", ")
        )));
    }
    messages
}

/// How forwards differ from "everything to the expected side", if they do.
fn diversion(facts: &Facts, forwards: &[Forward], expected: &Side, sides: &Sides) -> Option<String> {
    let expected_name = facts.target_group_name(&expected.target_group);
    let shares = shares(forwards);
    let elsewhere: Vec<String> = shares
        .iter()
        .filter(|(arn, share)| *arn != expected.target_group && *share > 0.0)
        .map(|(arn, share)| {
            let owner = match sides.owner(arn) {
                Some(Version::Original) => ", which belongs to the ORIGINAL task set",
                Some(Version::Replacement) => ", which belongs to the REPLACEMENT task set",
                None => "",
            };
            format!("{}% to target group {}{owner}", percent(*share), facts.target_group_name(arn))
        })
        .collect();
    if !elsewhere.is_empty() {
        return Some(format!("sends {}; expected {expected_name}", elsewhere.join(" and ")));
    }
    let arrives = shares.iter().any(|(arn, share)| *arn == expected.target_group && *share > 0.0);
    (!arrives).then(|| format!("sends nothing to any target group (all weights are 0); expected {expected_name}"))
}

/// Target groups with their share of a forward action in percent; weights of one target group are summed.
fn shares(forwards: &[Forward]) -> Vec<(&str, f64)> {
    let total: f64 = forwards.iter().map(|forward| f64::from(forward.weight)).sum();
    let mut shares: Vec<(&str, f64)> = Vec::new();
    for forward in forwards {
        let share = if total > 0.0 { f64::from(forward.weight) * 100.0 / total } else { 0.0 };
        match shares.iter_mut().find(|(arn, _)| *arn == forward.target_group) {
            Some((_, sum)) => *sum += share,
            None => shares.push((&forward.target_group, share)),
        }
    }
    shares
}

fn percent(share: f64) -> String {
    if share.fract() == 0.0 { format!("{share:.0}") } else { format!("{share:.1}") }
}

fn rule_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Every listener and rule, and what it does, for the evidence.
pub(crate) fn routes(facts: &Facts) -> Vec<Route> {
    let route = |listener: &Listener, arn: &str, actions: &Actions| Route {
        role: listener.role.name().to_owned(),
        arn: arn.to_owned(),
        port: listener.port,
        forwards: shares(&actions.forwards)
            .into_iter()
            .map(|(arn, share)| (facts.target_group_name(arn).to_owned(), share))
            .collect(),
        others: actions.others.clone(),
        sticky: actions.sticky,
    };
    facts
        .listeners
        .iter()
        .flat_map(|listener| {
            std::iter::once(route(listener, &listener.arn, &listener.default))
                .chain(listener.rules.iter().map(|rule| route(listener, &rule.arn, &rule.actions)))
        })
        .collect()
}

/// What is worth knowing of the listeners and decides nothing.
pub(crate) fn notes(facts: &Facts, way: &Way) -> Vec<String> {
    let mut notes = Vec::new();
    for listener in &facts.listeners {
        let rules = listener.rules.iter().map(|rule| &rule.actions);
        if std::iter::once(&listener.default).chain(rules.clone()).any(|actions| actions.sticky) {
            notes.push(format!(
                "the {} is sticky: a client with its cookie may keep seeing one version; the checks send no cookie",
                named(listener)
            ));
        }
        let ours = |actions: &&Actions| actions.forwards.iter().any(|forward| facts.in_pair(&forward.target_group));
        let elsewhere = rules.filter(|actions| !ours(actions) || !actions.others.is_empty()).count();
        if *way == Way::Listener(listener.role) && elsewhere > 0 {
            notes.push(format!(
                "{elsewhere} of the rules of the {} lead elsewhere or answer by themselves: a check that matches one is not \
                 answered by this service, which attest.identity would find out",
                named(listener)
            ));
        }
    }
    notes
}

/// The routing after the checks, given that it was proven before them: anything else than the same is inconclusive.
pub(crate) fn unchanged(before: &Routing, after: &Routing) -> Result<(), Message> {
    if after.standing == before.standing && after.routes == before.routes {
        return Ok(());
    }
    let seen = after.messages.first().map_or_else(
        || "a listener or rule forwards differently than before".to_owned(),
        |message| message.text.clone(),
    );
    Err(Message::new(
        codes::ROUTING_CHANGED,
        "routing",
        format!(
            "changed while the checks ran, so what answered them is not known: {seen}; another pipeline or a person has \
             changed it (CloudTrail says who: ModifyListener, ModifyRule), so deploy again when nobody else does"
        ),
    ))
}

/// How much a change weighs: one to the opposite as much as if it had been so before, any other leaves the routing unknown.
pub(crate) fn standing_of_change(after: &Routing) -> Standing {
    match after.standing {
        Standing::Contradicted => Standing::Contradicted,
        Standing::Proven | Standing::NotRequired | Standing::NotAttestable | Standing::Unknown => {
            Standing::NotAttestable
        }
    }
}

#[cfg(test)]
#[path = "attest_tests.rs"]
pub(crate) mod tests;
