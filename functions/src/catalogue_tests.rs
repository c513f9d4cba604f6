//! The catalogue of what the hooks say: every code that arises in this crate, brought about by the code that says it, and
//! whole. What the engine says is in a catalogue of its own; here it is seen to that no code is missing in both.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use greenlight_checks::event::HookEvent;
use greenlight_checks::message::Message;
use greenlight_checks::plan::{Attest, EndpointSpec, ImageSpec, TargetsHealthy, Via};
use regex::Regex;

use crate::attest::tests::{TEST, attested, facts, listener};
use crate::attest::{self, Way};
use crate::aws::{Fault, ReadError, Unread};
use crate::demands::Demands;
use crate::drill::Drill;
use crate::environment::Environment;
use crate::facts::{DeploymentStatus, Platform, Role, TaskStatus};
use crate::progress::Progress;
use crate::roll_call::tests as roll;
use crate::sides::sides;
use crate::targets::Targets;
use crate::watchdog::NoTime;
use crate::{endpoints, hook, plan_source, report, stage};

const DEMANDS: Demands = Demands::at(HookEvent::AfterAllowTestTraffic);
const CODES: &str = include_str!("../checks/src/message.rs");
const OF_THE_ENGINE: &str = include_str!(
    "../checks/src/run/snapshots/greenlight_checks__run__catalogue_tests__every_code_of_the_engine_is_said_in_whole_sentences.snap"
);
const OF_THE_HOOKS: &str = include_str!(
    "snapshots/greenlight_hooks__catalogue_tests__every_code_of_the_hooks_is_said_in_whole_sentences.snap"
);

static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#": &str = "(GL\d{4})";"#).unwrap());
static SAID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(GL\d{4}) [^ :]+: .+$").unwrap());

#[test]
fn every_code_is_in_a_catalogue_and_no_catalogue_has_another() {
    let known: BTreeSet<&str> = CODE.captures_iter(CODES).map(|found| found.extract::<1>().1[0]).collect();
    assert!(known.len() >= 36, "{known:?}");
    let said: BTreeSet<&str> = [OF_THE_ENGINE, OF_THE_HOOKS]
        .into_iter()
        .flat_map(|catalogue| SAID.captures_iter(catalogue).map(|found| found.extract::<1>().1[0]))
        .collect();
    let silent: Vec<_> = known.difference(&said).collect();
    assert!(silent.is_empty(), "no catalogue shows what these codes say: {silent:?}");
    let strange: Vec<_> = said.difference(&known).collect();
    assert!(strange.is_empty(), "these codes are not in message.rs: {strange:?}");
}

#[tokio::test]
async fn every_code_of_the_hooks_is_said_in_whole_sentences() {
    let mut catalogue = Catalogue::default();
    about_the_plan(&mut catalogue);
    about_routing(&mut catalogue);
    about_reading(&mut catalogue);
    about_targets(&mut catalogue);
    about_the_event(&mut catalogue);
    about_tasks(&mut catalogue);
    about_the_report(&mut catalogue);
    about_accidents(&mut catalogue).await;
    insta::assert_snapshot!(catalogue.0);
}

#[derive(Default)]
struct Catalogue(String);

impl Catalogue {
    fn says(&mut self, what: &str, messages: impl IntoIterator<Item = Message>) {
        writeln!(self.0, "=== {what}").unwrap();
        let said: Vec<String> = messages.into_iter().map(|message| message.to_string()).collect();
        assert!(!said.is_empty(), "{what}: nothing was said");
        writeln!(self.0, "{}", said.join("\n")).unwrap();
    }
}

fn about_the_plan(catalogue: &mut Catalogue) {
    catalogue.says("no plan is named", plan_source::named(&Environment::default()).unwrap_err());
    let production = EndpointSpec { via: Via::TestListener, host: None, ca: None };
    let early = endpoints::admit(&production, &Demands::at(HookEvent::BeforeInstall));
    catalogue.says("the test listener before it leads anywhere", early.err());
    let mut without = facts();
    without.listeners.pop();
    catalogue.says("no test listener in the group", endpoints::resolve(&without, "green", &production).err());
}

fn about_routing(catalogue: &mut Catalogue) {
    for (what, default) in [
        ("the test listener still on blue", &[("shop-a", 1)][..]),
        ("the test listener on both", &[("shop-a", 1), ("shop-b", 3)]),
        ("the test listener with no weight", &[("shop-a", 0), ("shop-b", 0)]),
        ("the test listener elsewhere", &[("other", 1)]),
        ("the test listener that forwards nowhere", &[]),
    ] {
        let mut facts = facts();
        facts.listeners[1] = listener(Role::Test, default);
        catalogue.says(what, attested(&facts, &TEST).messages);
    }
    let mut shifted = facts();
    shifted.listeners[0] = listener(Role::Production, &[("shop-b", 1)]);
    catalogue.says("production that has moved too early", attested(&shifted, &TEST).messages);
    let production = attested(&facts(), &Way::Listener(Role::Production));
    catalogue.says("checks through the wrong listener", production.messages);
    let own = attested(&facts(), &Way::Elsewhere("https://shop.example.com".to_owned()));
    catalogue.says("checks to an address of the plan's own", own.messages);
    let mut gated = facts();
    gated.listeners[1].default.others = vec!["authenticate-oidc".to_owned()];
    catalogue.says("a login before the forward", attested(&gated, &TEST).messages);
    let mut moved = facts();
    moved.listeners[1] = listener(Role::Test, &[("shop-a", 1)]);
    let before = attested(&facts(), &TEST);
    catalogue
        .says("a listener that moves during the checks", attest::unchanged(&before, &attested(&moved, &TEST)).err());
    let mut split = facts();
    split.listeners[1] = listener(Role::Test, &[("shop-b", 1), ("shop-b", 1), ("shop-a", 0)]);
    let split = attest::unchanged(&before, &attested(&split, &TEST));
    catalogue.says("a listener that changes and still leads there", split.err());
    let mut alone = facts();
    alone.deployment.rolls_back = Some("d-GREEN0001".to_owned());
    alone.task_sets.retain(|set| set.external_id.as_deref() == Some("d-GREEN0001"));
    catalogue.says("a rollback to nothing", attest::rollback(&alone).messages);
}

fn about_reading(catalogue: &mut Catalogue) {
    let failed = |fault, told: &str| ReadError {
        action: "ecs:DescribeServices",
        unread: Unread::Call { fault, told: told.to_owned() },
    };
    for (what, error) in [
        ("a denied call", failed(Fault::Denied, "AccessDeniedException (HTTP 400): not authorized")),
        ("no way to the endpoint", failed(Fault::Network, "operation attempt timeout occurred after 5s")),
        ("a throttled call", failed(Fault::Throttled, "ThrottlingException (HTTP 400): Rate exceeded")),
        ("a refused call", failed(Fault::Final, "ClusterNotFoundException (HTTP 400): Cluster not found.")),
        (
            "an answer that lacks something",
            ReadError {
                action: "ecs:DescribeServices",
                unread: Unread::Missing("service shop in the cluster main".to_owned()),
            },
        ),
    ] {
        catalogue.says(what, [error.message()]);
        catalogue.says(&format!("{what}, after the checks"), [error.message_of_second_look()]);
    }
}

fn about_targets(catalogue: &mut Catalogue) {
    let after = Duration::from_secs(90);
    let mut unhealthy = roll::targets();
    unhealthy[0] = roll::target("10.0.3.7", 80, "unhealthy");
    unhealthy[0].reason = Some("Target.ResponseCodeMismatch".to_owned());
    let mut unused = roll::targets();
    for target in &mut unused {
        (target.state, target.reason) = ("unused".into(), Some("Target.NotInUse".to_owned()));
    }
    for (what, targets, needed) in [
        ("one of two targets unhealthy", unhealthy.clone(), TargetsHealthy::All),
        ("too few healthy targets", unhealthy, TargetsHealthy::AtLeast(2)),
        ("no target at all", Vec::new(), TargetsHealthy::All),
        ("targets behind no listener", unused, TargetsHealthy::All),
    ] {
        let message = Targets::count(&targets, 2).insufficient(&needed, after, &DEMANDS, &facts()).1;
        catalogue.says(what, [message]);
    }
}

fn about_the_event(catalogue: &mut Catalogue) {
    let wrong = stage::confirm(&facts(), HookEvent::BeforeAllowTraffic);
    catalogue.says("a function wired to the wrong hook", wrong.err());
    let mut ended = facts();
    ended.deployment.status = DeploymentStatus::Stopped;
    catalogue.says("a deployment that is over", stage::confirm(&ended, HookEvent::AfterAllowTestTraffic).err());
    let mut lambda = facts();
    lambda.deployment.platform = Platform::Lambda;
    catalogue.says("another platform", stage::confirm(&lambda, HookEvent::AfterAllowTestTraffic).err());
    let mut idle = facts();
    idle.target.events.clear();
    catalogue.says("no event in progress", stage::confirm(&idle, HookEvent::AfterAllowTestTraffic).err());
}

fn about_tasks(catalogue: &mut Catalogue) {
    let demanding = roll::demanding();
    let all = roll::present();
    let mut old = all.clone();
    old.tasks[3].containers[0].digest = Some(roll::OLD.to_owned());
    let mut unknown = all.clone();
    unknown.tasks[3].containers[0].digest = None;
    let mut hidden = all.clone();
    hidden.tasks.iter_mut().for_each(|task| task.addresses.clear());
    let mut stopped = all.clone();
    stopped.tasks.iter_mut().for_each(|task| task.status = TaskStatus::Pending);
    let blue = [roll::target("10.0.2.7", 80, "healthy")];
    for (what, targets, present) in [
        ("one task of two on another image", &roll::targets()[..], &old),
        ("a digest that ECS does not report", &roll::targets(), &unknown),
        ("a healthy target that is no task of the set", &blue, &all),
        ("tasks without an address", &roll::targets(), &hidden),
        ("no running task", &roll::targets(), &stopped),
    ] {
        catalogue.says(what, roll::called(&demanding, targets, present).refusals(&demanding));
    }
    let image = Attest {
        image: Some(ImageSpec { container: "web".to_owned(), digest: roll::OLD.to_owned() }),
        ..Attest::default()
    };
    catalogue.says("an image before there is a replacement", Demands::at(HookEvent::BeforeInstall).admit(&image).err());
    let mut gone = all.clone();
    gone.tasks.remove(3);
    let g1 = &roll::targets()[..1];
    let before = roll::called(&demanding, &roll::targets(), &all);
    catalogue.says("a task that goes", before.unchanged(&roll::called(&demanding, g1, &gone)).err());
    let changed = roll::called(&demanding, &roll::targets(), &old);
    catalogue.says("an image that changes", before.unchanged(&changed).err());
    let strange = roll::called(&demanding, &blue, &all);
    catalogue.says("a target that comes and is a stranger", before.unchanged(&strange).err());
    let mut nobodys = facts();
    nobodys.task_sets.retain(|set| set.external_id.as_deref() != Some("d-GREEN0001"));
    catalogue.says(
        "no task set of this deployment",
        sides(&nobodys, &DEMANDS).and_then(|sides| sides.of(DEMANDS.tested).map(|_| ())).err(),
    );
}

fn about_the_report(catalogue: &mut Catalogue) {
    for (what, fault, told) in [
        ("a report that may not be made", Fault::Denied, "AccessDeniedException (HTTP 400)"),
        ("a report that reaches nobody", Fault::Network, "connection refused"),
        ("a report that is not taken", Fault::Throttled, "ThrottlingException (HTTP 400): Rate exceeded"),
    ] {
        catalogue.says(what, [report::undelivered(fault, told, 3, Duration::from_secs(2))]);
    }
}

async fn about_accidents(catalogue: &mut Catalogue) {
    let progress = Progress::default();
    progress.begins("running the checks");
    let after = Duration::from_secs(60);
    catalogue.says("out of the plan's time", [hook::out_of_time(&progress, after, true)]);
    catalogue.says("out of the function's time", [hook::out_of_time(&progress, after, false)]);
    let short = NoTime { left: Duration::from_secs(15), reserve: Duration::from_secs(10) };
    catalogue.says("no time at all", [hook::no_time(short)]);
    let panic = tokio::spawn(async { panic!("index out of bounds") }).await.unwrap_err();
    catalogue.says("a panic", [hook::panicked(&progress, panic)]);
    catalogue.says("a drill that there is not", Drill::read(Some("explode")).err());
    catalogue.says("a drill that was survived", [Drill::survived()]);
}
