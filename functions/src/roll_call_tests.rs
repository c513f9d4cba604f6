//! Tables for the roll call: what ECS may say of tasks, and what follows from it.

use greenlight_checks::event::HookEvent;
use greenlight_checks::plan::{IdentitySpec, ImageSpec};

use super::*;
use crate::attest::tests::facts;
use crate::facts::Container;
use crate::sides::sides;

const DEMANDS: Demands = Demands::at(HookEvent::AfterAllowTestTraffic);
pub(crate) const OLD: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const NEW: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{id}")
}

/// A task of the task set `ecs-svc/<set>`, which runs revision `<set>`.
fn task(id: &str, set: u32, address: &str, digest: &str) -> Task {
    Task {
        arn: arn(id),
        status: TaskStatus::Running,
        task_definition: format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:{set}"),
        group: Some("service:shop".to_owned()),
        started_by: Some(format!("ecs-svc/{set}")),
        containers: vec![Container {
            name: "web".to_owned(),
            image: format!("shop:{set}"),
            digest: Some(digest.to_owned()),
            host_ports: Vec::new(),
        }],
        addresses: vec![address.to_owned()],
        container_instance: None,
    }
}

pub(crate) fn present() -> Present {
    let tasks = vec![
        task("b1", 1, "10.0.2.7", OLD),
        task("b2", 1, "10.0.2.8", OLD),
        task("g1", 2, "10.0.3.7", NEW),
        task("g2", 2, "10.0.3.8", NEW),
    ];
    Present { tasks, instances: BTreeMap::new() }
}

pub(crate) fn target(id: &str, port: u16, state: &str) -> Target {
    Target { id: id.to_owned(), port: Some(port), state: state.into(), reason: None, description: None }
}

pub(crate) fn targets() -> Vec<Target> {
    vec![target("10.0.3.7", 80, "healthy"), target("10.0.3.8", 80, "healthy")]
}

pub(crate) fn demanding() -> Attest {
    Attest {
        image: Some(ImageSpec { container: "web".to_owned(), digest: NEW.to_owned() }),
        identity: Some(IdentitySpec { header: "x-task-arn".parse().unwrap() }),
        ..Attest::default()
    }
}

pub(crate) fn called(attest: &Attest, targets: &[Target], present: &Present) -> RollCall {
    let facts = facts();
    RollCall::take(&facts, &sides(&facts, &DEMANDS).unwrap(), &DEMANDS, attest, targets, present)
}

#[test]
fn tasks_that_are_as_they_should_be_are_proven_and_known_by_name() {
    let call = called(&demanding(), &targets(), &present());
    assert_eq!((call.tasks.standing, call.image.standing), (Standing::Proven, Standing::Proven));
    assert_eq!(call.answering, [arn("g1"), arn("g2")]);
    assert_eq!(call.refusals(&demanding()), []);
    assert_eq!(call.running[1].targets, ["10.0.3.8:80"]);
    assert_eq!(call.running[1].digests["web"], NEW);
    assert_eq!(call.told.as_deref(), Some("the healthy targets are tasks of ecs-svc/2 (found by startedBy)"));
}

#[test]
fn what_the_plan_does_not_ask_for_is_not_looked_at() {
    let off = Attest { routing: Requirement::Off, ..Attest::default() };
    let call = called(&off, &[target("10.0.9.9", 80, "healthy")], &present());
    let standings = [call.tasks.standing, call.image.standing, call.identity.standing];
    assert_eq!(standings, [Standing::NotRequired; 3]);
    assert!(!RollCall::is_wanted(&off));
    assert!(RollCall::is_wanted(&Attest { routing: Requirement::Off, ..demanding() }));
}

#[test]
fn started_by_is_believed_in_either_form_and_the_task_definition_serves_where_it_names_nothing() {
    let forms =
        [Some("ecs-svc/2"), Some("arn:aws:ecs:eu-west-1:111122223333:task-set/main/shop/ecs-svc/2"), Some("?"), None];
    for (form, found_by) in forms.into_iter().zip(["startedBy", "startedBy", "their task", "their task"]) {
        let mut present = present();
        for task in &mut present.tasks {
            task.started_by =
                form.map(|form| form.replace('2', if task.task_definition.ends_with(":2") { "2" } else { "1" }));
        }
        let call = called(&demanding(), &targets(), &present);
        assert_eq!(call.answering, [arn("g1"), arn("g2")], "{form:?}");
        assert!(call.told.as_ref().unwrap().contains(&format!("(found by {found_by}")), "{:?}", call.told);
    }
}

#[test]
fn two_task_sets_of_one_task_definition_cannot_be_told_apart_without_started_by() {
    let mut present = present();
    let mut facts = facts();
    facts.task_sets[0].task_definition = facts.task_sets[1].task_definition.clone();
    for task in &mut present.tasks {
        (task.started_by, task.task_definition) = (None, facts.task_sets[1].task_definition.clone());
    }
    let take = |present: &Present| {
        RollCall::take(&facts, &sides(&facts, &DEMANDS).unwrap(), &DEMANDS, &demanding(), &targets(), present)
    };
    let call = take(&present);
    let standings = [call.tasks.standing, call.image.standing, call.identity.standing];
    assert_eq!(standings, [Standing::NotAttestable; 3]);
    let told: Vec<String> = call.refusals(&demanding()).iter().map(ToString::to_string).collect();
    assert_eq!(
        told[0],
        "GL1111 tasks: which tasks are ecs-svc/2's cannot be told: no task's startedBy names a task set, and ecs-svc/1 runs \
         the same task definition arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:2"
    );
    assert!(told[1].starts_with("GL1107 image: ") && told[2].starts_with("GL1109 identity: "), "{told:?}");
    for (task, set) in present.tasks.iter_mut().zip(["1", "1", "2", "2"]) {
        task.started_by = Some(format!("ecs-svc/{set}"));
    }
    assert_eq!(take(&present).tasks.standing, Standing::Proven, "with startedBy they can");
}

#[test]
fn a_task_that_does_not_run_or_is_another_services_is_none() {
    for change in [
        (|task: &mut Task| task.status = TaskStatus::Pending) as fn(&mut Task),
        |task| task.status = TaskStatus::Other("HIBERNATING".to_owned()),
        |task| task.group = Some("service:other".to_owned()),
        |task| task.started_by = Some("ecs-svc/1".to_owned()),
    ] {
        let mut present = present();
        change(&mut present.tasks[2]);
        let call = called(&demanding(), &targets(), &present);
        assert_eq!(call.tasks.standing, Standing::Contradicted);
        assert_eq!(call.answering, [arn("g2")]);
        change(&mut present.tasks[3]);
        let call = called(&demanding(), &targets(), &present);
        assert_eq!(call.tasks.standing, Standing::NotAttestable);
        assert_eq!(call.tasks.messages[0].text, "ECS lists no running task of ecs-svc/2 in service shop");
    }
}

#[test]
fn a_target_that_is_no_task_of_the_set_is_told_with_its_owner_where_there_is_one() {
    let mut strange = targets();
    strange.push(target("10.0.2.7", 80, "healthy"));
    let call = called(&Attest::default(), &strange, &present());
    assert_eq!(
        call.refusals(&Attest::default())[0].to_string(),
        format!(
            "GL1110 tasks: target 10.0.2.7:80 in target group shop-b is healthy, gets requests, and is no task of the \
             replacement task set ecs-svc/2 (running: {}, {}); it is {} of \
             arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:1; deregister it, or find out who registers it",
            arn("g1"),
            arn("g2"),
            arn("b1")
        )
    );
    let unhealthy = vec![strange[0].clone(), target("10.0.9.9", 80, "unhealthy"), target("10.0.9.8", 80, "draining")];
    assert_eq!(called(&Attest::default(), &unhealthy, &present()).tasks.standing, Standing::Proven);
}

#[test]
fn a_contradiction_decides_while_it_is_only_warned_of_and_what_is_not_known_does_not() {
    let warned = Attest { routing: Requirement::Warn, ..Attest::default() };
    let strange = [target("10.0.9.9", 80, "healthy")];
    assert_eq!(called(&warned, &strange, &present()).refusals(&warned)[0].code, codes::TASKS_CONTRADICTED);
    let mut hidden = present();
    hidden.tasks.iter_mut().for_each(|task| task.addresses.clear());
    let call = called(&warned, &targets(), &hidden);
    assert_eq!(call.tasks.standing, Standing::NotAttestable);
    assert_eq!(call.refusals(&warned), []);
    assert_eq!(
        call.refusals(&Attest::default())[0].to_string(),
        format!(
            "GL1111 tasks: whether target 10.0.3.7:80 in target group shop-b is a task of the replacement task set ecs-svc/2 \
             cannot be known: ECS tells no address of {}",
            arn("g1")
        )
    );
}

#[test]
fn where_addresses_are_shared_the_port_tells_tasks_apart() {
    let mut shared = present();
    for (task, port) in shared.tasks.iter_mut().zip(32_000..) {
        task.addresses = vec!["127.0.0.1".to_owned()];
        task.containers[0].host_ports = vec![port];
    }
    for (ports, standing) in [([32_002, 32_003], Standing::Proven), ([32_002, 32_001], Standing::Contradicted)] {
        let targets = ports.map(|port| target("127.0.0.1", port, "healthy"));
        assert_eq!(called(&Attest::default(), &targets, &shared).tasks.standing, standing);
    }
}

#[test]
fn a_task_on_an_instance_is_the_instances_port() {
    let mut bridged = present();
    for (task, port) in bridged.tasks.iter_mut().zip(32_000..) {
        task.addresses.clear();
        task.containers[0].host_ports = vec![port];
        task.container_instance = Some("arn:host".to_owned());
    }
    let on = |id: &str, port| called(&Attest::default(), &[target(id, port, "healthy")], &bridged).tasks.standing;
    assert_eq!(on("i-1", 32_002), Standing::NotAttestable, "nobody knows which instance it is");
    bridged.instances.insert("arn:host".to_owned(), "i-1".to_owned());
    let on = |id: &str, port| called(&Attest::default(), &[target(id, port, "healthy")], &bridged).tasks.standing;
    assert_eq!(on("i-1", 32_002), Standing::Proven);
    assert_eq!(on("i-1", 32_000), Standing::Contradicted);
    assert_eq!(on("i-2", 32_002), Standing::Contradicted);
}

#[test]
fn no_healthy_target_proves_nothing() {
    let call = called(&Attest::default(), &[target("10.0.3.7", 80, "initial")], &present());
    assert_eq!(call.tasks.standing, Standing::NotAttestable);
    assert!(call.tasks.messages[0].text.starts_with("target group shop-b has no healthy target"), "{call:?}");
}

#[test]
fn one_task_on_another_image_outweighs_those_of_which_it_is_not_known() {
    let mut mixed = present();
    mixed.tasks[2].containers[0].digest = None;
    let call = called(&demanding(), &targets(), &mixed);
    assert_eq!(
        call.refusals(&demanding())[0].to_string(),
        format!(
            "GL1107 image: ECS reports no image digest of container web in 1 of 2 running tasks of the replacement task set \
             ecs-svc/2, so that {NEW} is not proven: {} (shop:2)",
            arn("g1")
        )
    );
    mixed.tasks[3].containers[0].digest = Some(OLD.to_owned());
    let call = called(&demanding(), &targets(), &mixed);
    assert_eq!(
        call.refusals(&demanding())[0].to_string(),
        format!(
            "GL1106 image: container web is not {NEW} in 1 of 2 running tasks of the replacement task set ecs-svc/2: {} runs \
             {OLD} (shop:2); a tag has moved or the task definition is another one: deploy the image that was tested, or \
             correct attest.image in the plan",
            arn("g2")
        )
    );
    mixed.tasks[3].containers[0].name = "sidecar".to_owned();
    let call = called(&demanding(), &targets(), &mixed);
    assert!(
        call.image.messages[0].text.contains("g2 has no such container (it has sidecar); a tag has moved"),
        "{call:?}"
    );
}

#[test]
fn a_later_look_may_find_more_tasks_and_nothing_worse() {
    let before = called(&demanding(), &targets(), &present());
    assert_eq!(before.unchanged(&before), Ok(()));
    let mut more = present();
    more.tasks.push(task("g3", 2, "10.0.3.9", NEW));
    assert_eq!(before.unchanged(&called(&demanding(), &targets(), &more)), Ok(()));

    let mut gone = present();
    gone.tasks.remove(3);
    let mut replaced = more.clone();
    replaced.tasks.remove(3);
    let mut image = present();
    image.tasks[3].containers[0].digest = Some(OLD.to_owned());
    let g1 = [target("10.0.3.7", 80, "healthy")];
    for (present, targets, seen) in [
        (&gone, &g1[..], format!("task {} is gone", arn("g2"))),
        (&replaced, &g1, format!("task {} is gone", arn("g2"))),
        (&image, &targets(), format!("container web is not {NEW} in 1 of 2 running tasks")),
        (&more, &[target("10.0.9.9", 80, "healthy")], "target 10.0.9.9:80 in target group shop-b".to_owned()),
        (&more, &[], "target group shop-b has no healthy target".to_owned()),
    ] {
        let message = before.unchanged(&called(&demanding(), targets, present)).unwrap_err();
        assert_eq!(message.code, codes::TASKS_CHANGED);
        let expected = format!("changed while the checks ran, so what answered them is not known: {seen}");
        assert!(message.text.starts_with(&expected), "{message}");
    }
}

#[test]
fn before_the_test_listener_moves_the_originals_tasks_answer_and_the_replacements_are_the_targets() {
    let demands = Demands::at(HookEvent::AfterInstall);
    let facts = facts();
    let sides = sides(&facts, &demands).unwrap();
    let call = RollCall::take(&facts, &sides, &demands, &demanding(), &targets(), &present());
    assert_eq!((call.tasks.standing, call.image.standing), (Standing::Proven, Standing::Proven));
    assert_eq!(call.answering, [arn("b1"), arn("b2")]);
    assert_eq!(call.whose, "original task set ecs-svc/1");
}
