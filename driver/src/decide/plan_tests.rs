//! What counts as a change, and what a forecast is made of.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::appspec::Extras;
use crate::decide::testing::{at, set_event, snapshot};
use crate::snapshot::EventStatus;

fn definition(image: &str) -> TaskDefinition {
    let document = json!({"family": "shop", "containerDefinitions": [{"name": "web", "image": image}]});
    TaskDefinition::from_document(document, "td.json").unwrap()
}

fn appspec(task_definition: &str) -> AppSpec {
    AppSpec {
        resource: AppSpec::RESOURCE.to_owned(),
        task_definition: task_definition.to_owned(),
        container: "web".to_owned(),
        port: 80,
        extras: Extras::default(),
        hooks: BTreeMap::new(),
    }
}

/// The last deployment took 12 minutes: 40 s until traffic moved, 5 min of canary, 5 min of termination wait.
fn last() -> Last {
    let mut end = snapshot("Succeeded");
    end.deployment.completed = Some(at(720));
    set_event(&mut end, "AllowTraffic", EventStatus::Succeeded);
    let events = &mut end.target.as_mut().unwrap().events;
    events.iter_mut().find(|event| event.name == "AllowTraffic").unwrap().started = Some(at(40));
    let shift = Shift::predefined("CodeDeployDefault.ECSCanary10Percent5Minutes").unwrap();
    Last::Known { snapshot: Box::new(end), shift, appspec: Ok(Box::new(appspec("arn:shop:1"))) }
}

fn facts() -> Facts {
    Facts {
        service: "shop".to_owned(),
        group: "dg".to_owned(),
        live: Some(("arn:shop:1".to_owned(), definition("shop:1"))),
        wanted: definition("shop:1"),
        equal: Some("arn:shop:1".to_owned()),
        appspec: appspec("arn:shop:1"),
        last: last(),
        bounds: Bounds {
            shift: Shift::predefined("CodeDeployDefault.ECSCanary10Percent5Minutes").unwrap(),
            ready_wait: Duration::ZERO,
            termination_wait: Duration::from_secs(300),
            hooks: 2,
            pace: 1.0,
        },
    }
}

#[test]
fn the_same_revision_with_the_same_appspec_is_nothing_to_do() {
    let plan = plan(facts(), at(10_000));
    assert!(plan.changes_nothing());
    assert_eq!((plan.exit(), plan.exit().code()), (Exit::Succeeded, 0));
    assert_eq!(plan.revision, Revision::Serving("arn:shop:1".to_owned()));
}

#[test]
fn another_image_is_a_new_revision_and_says_what_differs() {
    let mut facts = facts();
    facts.wanted = definition("shop:2");
    facts.equal = None;
    facts.appspec = appspec("shop");
    let plan = plan(facts, at(10_000));
    assert_eq!((plan.exit(), plan.exit().code()), (Exit::Changes, 3));
    assert_eq!(plan.revision, Revision::New("shop".to_owned()));
    let told: Vec<_> = plan.differences.iter().map(|one| one.at.as_str()).collect();
    assert_eq!(told, ["containerDefinitions[web].image"]);
}

#[test]
fn a_revision_that_is_registered_but_does_not_serve_is_a_change() {
    let mut facts = facts();
    facts.equal = Some("arn:shop:2".to_owned());
    let plan = plan(facts, at(10_000));
    assert_eq!(plan.revision, Revision::Reused("arn:shop:2".to_owned()));
    assert_eq!(plan.exit(), Exit::Changes);
}

#[test]
fn another_hook_alone_is_a_change() {
    let mut facts = facts();
    facts.appspec.hooks.insert(greenlight_checks::event::HookEvent::BeforeAllowTraffic, "fn".to_owned());
    let plan = plan(facts, at(10_000));
    let Compared::With { id, differences } = &plan.compared else { panic!("{:?}", plan.compared) };
    assert_eq!(id, "d-1");
    assert_eq!(differences[0].at, "Hooks.BeforeAllowTraffic");
    assert_eq!(plan.exit(), Exit::Changes);
}

#[test]
fn what_cannot_be_compared_is_never_nothing_to_do() {
    let mut never = facts();
    never.last = Last::Never;
    let mut lost = facts();
    if let Last::Known { appspec, .. } = &mut lost.last {
        *appspec = Err("it is kept in S3".to_owned());
    }
    for (facts, reason) in [
        (never, "no deployment of this group has succeeded yet"),
        (lost, "the AppSpec of d-1 cannot be read: it is kept in S3"),
    ] {
        let plan = plan(facts, at(10_000));
        assert_eq!(plan.compared, Compared::Unknown(reason.to_owned()));
        assert_eq!(plan.exit(), Exit::Changes);
    }
}

#[test]
fn a_forecast_exchanges_the_waits_of_the_last_deployment_for_those_of_this_one() {
    let mut facts = facts();
    facts.bounds.termination_wait = Duration::from_secs(60);
    facts.bounds.shift = Shift::AllAtOnce;
    let forecast = plan(facts, at(10_000)).forecast;
    assert_eq!(forecast.basis.as_deref(), Some("d-1"));
    assert_eq!(forecast.shift_begins, Some(at(10_040)));
    // Two minutes besides canary and termination wait.
    assert_eq!(forecast.ends, Some(at(10_000 + 120 + 60)));
    assert_eq!(forecast.steps, [(Duration::ZERO, 100.0)]);
}

#[test]
fn without_a_deployment_that_succeeded_there_are_no_clock_times() {
    let mut facts = facts();
    facts.last = Last::Never;
    let forecast = plan(facts, at(10_000)).forecast;
    assert_eq!((forecast.basis, forecast.shift_begins, forecast.ends), (None, None, None));
    assert_eq!(forecast.steps.len(), 2);
}

#[test]
fn a_wait_for_a_person_leaves_the_shift_without_a_time() {
    let mut facts = facts();
    facts.bounds.ready_wait = Duration::from_secs(600);
    assert_eq!(plan(facts, at(10_000)).forecast.shift_begins, None);
}
