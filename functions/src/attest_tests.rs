//! Tables for attestation: what listeners may look like, and what follows from it.

use greenlight_checks::event::HookEvent;
use greenlight_checks::evidence::Standing;
use greenlight_checks::message::codes;

use super::*;
use crate::facts::{
    Deployment, DeploymentStatus, DeploymentTarget, EventStatus, Group, Label, LabelledTaskSet, LifecycleEvent,
    LoadBalancer, Platform, Protocol, Rule, TargetGroup, TaskSet,
};
use crate::sides::sides;

fn arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}/0123456789abcdef")
}

fn forwards(shares: &[(&str, u32)]) -> Vec<Forward> {
    shares.iter().map(|(name, weight)| Forward { target_group: arn(name), weight: *weight }).collect()
}

pub(crate) fn listener(role: Role, default: &[(&str, u32)]) -> Listener {
    Listener {
        role,
        arn: format!("arn:listener/{}", role.name()),
        port: Some(if role == Role::Test { 8080 } else { 80 }),
        protocol: Protocol::Http,
        load_balancer: "arn:loadbalancer/shop".to_owned(),
        default: actions(default),
        rules: Vec::new(),
    }
}

fn actions(shares: &[(&str, u32)]) -> Actions {
    Actions { forwards: forwards(shares), ..Actions::default() }
}

fn task_set(id: &str, external_id: Option<&str>, status: TaskSetStatus, group: &str) -> TaskSet {
    TaskSet {
        id: id.to_owned(),
        external_id: external_id.map(str::to_owned),
        status,
        task_definition: format!(
            "arn:aws:ecs:eu-west-1:111122223333:task-definition/{}",
            id.replace("ecs-svc/", "shop:")
        ),
        target_groups: vec![arn(group)],
        desired: 2,
    }
}

/// A deployment at AfterAllowTestTraffic that is as it should be: the original behind `shop-a`, the replacement behind
/// `shop-b`, production in the form of aws-facts section 7 (both groups, weights, no scalar).
pub(crate) fn facts() -> Facts {
    let event = |name: &str, status| LifecycleEvent { name: name.to_owned(), status };
    Facts {
        deployment: Deployment {
            id: "d-GREEN0001".to_owned(),
            application: "shop".to_owned(),
            group: "shop-dg".to_owned(),
            platform: Platform::Ecs,
            status: DeploymentStatus::InProgress,
            configuration: Some("CodeDeployDefault.ECSAllAtOnce".to_owned()),
            created_by_rollback: false,
            rolls_back: None,
            began: None,
        },
        target: DeploymentTarget {
            cluster: "main".to_owned(),
            service: "shop".to_owned(),
            events: vec![
                event("AllowTestTraffic", EventStatus::Succeeded),
                event("AfterAllowTestTraffic", EventStatus::InProgress),
                event("BeforeAllowTraffic", EventStatus::Pending),
            ],
            task_sets: vec![
                LabelledTaskSet { id: "ecs-svc/1".to_owned(), label: Some(Label::Blue) },
                LabelledTaskSet { id: "ecs-svc/2".to_owned(), label: Some(Label::Green) },
            ],
        },
        task_sets: vec![
            task_set("ecs-svc/1", None, TaskSetStatus::Primary, "shop-a"),
            task_set("ecs-svc/2", Some("d-GREEN0001"), TaskSetStatus::Active, "shop-b"),
        ],
        group: Group {
            production: vec!["arn:listener/production".to_owned()],
            test: vec!["arn:listener/test".to_owned()],
            pair: vec!["shop-a".to_owned(), "shop-b".to_owned()],
        },
        listeners: vec![
            listener(Role::Production, &[("shop-b", 0), ("shop-a", 100)]),
            listener(Role::Test, &[("shop-b", 1)]),
        ],
        load_balancers: vec![LoadBalancer {
            arn: "arn:loadbalancer/shop".to_owned(),
            dns_name: "shop.elb.example".to_owned(),
        }],
        target_groups: ["shop-a", "shop-b"].map(|name| TargetGroup { arn: arn(name), name: name.to_owned() }).to_vec(),
    }
}

pub(crate) const TEST: Way = Way::Listener(Role::Test);
const DEMANDS: Demands = Demands::at(HookEvent::AfterAllowTestTraffic);

pub(crate) fn attested(facts: &Facts, way: &Way) -> Routing {
    routing(facts, &sides(facts, &DEMANDS).unwrap(), way, &DEMANDS)
}

#[test]
fn a_deployment_as_it_should_be_is_proven_and_told_in_one_fragment() {
    let routing = attested(&facts(), &TEST);
    assert_eq!(routing.standing, Standing::Proven);
    assert_eq!(routing.summary.as_deref(), Some("test listener (port 8080) -> shop-b"));
    assert_eq!(routing.routes[0].forwards, [("shop-b".to_owned(), 0.0), ("shop-a".to_owned(), 100.0)]);
}

#[test]
fn every_share_of_a_test_listener_must_go_to_the_replacement() {
    use Standing::{Contradicted, Proven};
    for (default, standing) in [
        (&[("shop-b", 1)][..], Proven),
        (&[("shop-b", 100), ("shop-a", 0)], Proven),
        (&[("shop-b", 60), ("shop-b", 40)], Proven),
        (&[("shop-a", 1)], Contradicted),
        (&[("shop-a", 100), ("shop-b", 0)], Contradicted),
        (&[("shop-a", 1), ("shop-b", 99)], Contradicted),
        (&[("shop-a", 0), ("shop-b", 0)], Contradicted),
        (&[("other", 1)], Contradicted),
        (&[("shop-b", 99), ("other", 1)], Contradicted),
        (&[], Contradicted),
    ] {
        let mut facts = facts();
        facts.listeners[1] = listener(Role::Test, default);
        assert_eq!(attested(&facts, &TEST).standing, standing, "{default:?}");
    }
}

#[test]
fn a_test_listener_on_the_original_says_which_group_and_whose_it_is() {
    let mut facts = facts();
    facts.listeners[1] = listener(Role::Test, &[("shop-a", 1)]);
    assert_eq!(
        attested(&facts, &TEST).messages[0].to_string(),
        "GL1101 routing: the test listener (port 8080) sends 100% to target group shop-a, which belongs to the ORIGINAL \
         task set; expected shop-b"
    );
}

#[test]
fn production_must_still_send_everything_to_the_original() {
    use Standing::{Contradicted, Proven};
    for (default, standing) in [
        (&[("shop-a", 1)][..], Proven),
        (&[("shop-a", 100), ("shop-b", 0)], Proven),
        (&[("shop-a", 90), ("shop-b", 10)], Contradicted),
        (&[("shop-a", 0), ("shop-b", 100)], Contradicted),
        (&[("shop-b", 1)], Contradicted),
    ] {
        let mut facts = facts();
        facts.listeners[0] = listener(Role::Production, default);
        assert_eq!(attested(&facts, &TEST).standing, standing, "{default:?}");
    }
}

#[test]
fn rules_that_forward_to_the_pair_count_and_others_are_left_alone() {
    use Standing::{Contradicted, Proven};
    for (rule, standing) in [
        (&[("shop-b", 1)][..], Proven),
        (&[("other", 1)], Proven),
        (&[], Proven),
        (&[("shop-a", 1)], Contradicted),
        (&[("shop-b", 50), ("shop-a", 50)], Contradicted),
        (&[("shop-b", 50), ("other", 50)], Contradicted),
    ] {
        let mut facts = facts();
        facts.listeners[1].rules =
            vec![Rule { arn: "arn:listener-rule/app/shop/1/2/abcdef".to_owned(), actions: actions(rule) }];
        let routing = attested(&facts, &TEST);
        assert_eq!(routing.standing, standing, "{rule:?}");
        if standing == Contradicted {
            assert!(routing.messages[0].text.starts_with("rule abcdef of the test listener"), "{:?}", routing.messages);
        }
    }
}

#[test]
fn a_default_action_that_answers_by_itself_is_fine_where_a_rule_forwards() {
    let mut facts = facts();
    facts.listeners[1].default = Actions { others: vec!["redirect".to_owned()], ..Actions::default() };
    facts.listeners[1].rules = vec![Rule { arn: "rule/1".to_owned(), actions: actions(&[("shop-b", 1)]) }];
    assert_eq!(attested(&facts, &TEST).standing, Standing::Proven);
}

#[test]
fn target_groups_swap_roles_on_every_deployment() {
    let mut facts = facts();
    facts.task_sets[0].target_groups = vec![arn("shop-b")];
    facts.task_sets[1].target_groups = vec![arn("shop-a")];
    facts.listeners =
        vec![listener(Role::Production, &[("shop-b", 100), ("shop-a", 0)]), listener(Role::Test, &[("shop-a", 1)])];
    assert_eq!(attested(&facts, &TEST).standing, Standing::Proven);
}

#[test]
fn both_sides_behind_one_target_group_prove_nothing() {
    let mut facts = facts();
    facts.task_sets[1].target_groups = vec![arn("shop-a")];
    assert_eq!(sides(&facts, &DEMANDS).unwrap_err().code, codes::ROUTING_CONTRADICTED);
}

#[test]
fn checks_through_the_production_listener_would_test_the_old_version() {
    let routing = attested(&facts(), &Way::Listener(Role::Production));
    assert_eq!(routing.standing, Standing::Contradicted);
    assert!(routing.messages[0].text.contains("ORIGINAL"), "{:?}", routing.messages);
}

#[test]
fn no_test_listener_and_an_address_of_ones_own_are_not_attestable() {
    let mut without = facts();
    without.listeners.remove(1);
    assert_eq!(attested(&without, &TEST).standing, Standing::NotAttestable);
    let elsewhere = Way::Elsewhere("http://10.0.0.1".to_owned());
    assert_eq!(attested(&facts(), &elsewhere).standing, Standing::NotAttestable);
}

#[test]
fn the_replacement_is_the_task_set_that_the_deployment_created() {
    let mut facts = facts();
    facts.task_sets[1].external_id = Some("d-ANOTHER01".to_owned());
    assert_eq!(sides(&facts, &DEMANDS).unwrap_err().code, codes::ROUTING_NOT_ATTESTABLE);
}

#[test]
fn a_label_of_codedeploy_that_disagrees_settles_nothing_and_an_absent_one_does_not_matter() {
    let mut labelled_blue = facts();
    labelled_blue.target.task_sets[1].label = Some(Label::Blue);
    assert_eq!(sides(&labelled_blue, &DEMANDS).unwrap_err().code, codes::ROUTING_NOT_ATTESTABLE);
    let mut unlabelled = facts();
    unlabelled.target.task_sets[1].label = None;
    assert!(sides(&unlabelled, &DEMANDS).is_ok());
}

#[test]
fn a_routing_that_changed_is_not_proven() {
    let before = attested(&facts(), &TEST);
    assert_eq!(unchanged(&before, &before), Ok(()));
    let mut moved = facts();
    moved.listeners[1] = listener(Role::Test, &[("shop-a", 1)]);
    let message = unchanged(&before, &attested(&moved, &TEST)).unwrap_err();
    assert_eq!(message.code, codes::ROUTING_CHANGED);
    assert!(message.text.contains("shop-a"), "{message}");
}

#[test]
fn a_rollback_needs_an_original_task_set_to_go_back_to() {
    let mut facts = facts();
    facts.deployment.id = "d-ROLLBACK1".to_owned();
    facts.deployment.rolls_back = Some("d-GREEN0001".to_owned());
    let summary = rollback(&facts).summary.unwrap();
    assert_eq!(
        summary,
        "rollback of d-GREEN0001: production listener (port 80) -> shop-a, the original task set ecs-svc/1"
    );

    for status in [TaskSetStatus::Draining, TaskSetStatus::Other("GONE".to_owned())] {
        let mut gone = facts.clone();
        gone.task_sets[0].status = status;
        assert_eq!(rollback(&gone).standing, Standing::Contradicted);
    }
    facts.task_sets.remove(0);
    assert_eq!(rollback(&facts).standing, Standing::Contradicted);
}

#[test]
fn a_rollback_is_not_failed_for_what_it_has_yet_to_do() {
    let mut facts = facts();
    facts.deployment.id = "d-ROLLBACK1".to_owned();
    facts.deployment.rolls_back = Some("d-GREEN0001".to_owned());
    facts.listeners[0] = listener(Role::Production, &[("shop-b", 90), ("shop-a", 10)]);
    facts.task_sets[0].status = TaskSetStatus::Active;
    facts.task_sets[1].status = TaskSetStatus::Primary;
    let routing = rollback(&facts);
    assert_eq!(routing.standing, Standing::Proven);
    assert!(routing.summary.unwrap().ends_with(
        "(shop-a) is there to go back to; not yet: the production listener (port 80) sends 90% to target group shop-b; \
         expected shop-a"
    ));
}

#[test]
fn checks_through_the_wrong_listener_are_told_which_one_to_take() {
    assert_eq!(
        attested(&facts(), &Way::Listener(Role::Production)).messages[0].to_string(),
        "GL1101 routing: the production listener (port 80) sends 100% to target group shop-a, which belongs to the ORIGINAL \
         task set; expected shop-b; the checks go through the production listener, so that they would test the old version: \
         set endpoints.green.via: test_listener"
    );
}

#[test]
fn a_wrong_listener_in_the_group_is_told_with_what_it_does_instead() {
    let mut elsewhere = facts();
    elsewhere.listeners[1] = listener(Role::Test, &[]);
    elsewhere.listeners[1].default.others = vec!["redirect".to_owned()];
    assert_eq!(
        attested(&elsewhere, &TEST).messages[0].to_string(),
        "GL1101 routing: the test listener (port 8080) forwards to neither target group of the deployment group (shop-a, \
         shop-b); its default action is redirect"
    );
    let mut foreign = facts();
    foreign.listeners[1] = listener(Role::Test, &[("other", 1)]);
    assert_eq!(
        attested(&foreign, &TEST).messages[0].to_string(),
        "GL1101 routing: the test listener (port 8080) sends 100% to target group other; expected shop-b"
    );
}

#[test]
fn a_login_before_the_forward_is_not_attestable_where_it_is_tested_and_does_not_matter_elsewhere() {
    let mut gated = facts();
    gated.listeners[0].default.others = vec!["authenticate-oidc".to_owned()];
    assert_eq!(attested(&gated, &TEST).standing, Standing::Proven);
    gated.listeners[1].default.others = vec!["authenticate-oidc".to_owned()];
    let routing = attested(&gated, &TEST);
    assert_eq!(routing.standing, Standing::NotAttestable);
    assert_eq!(
        routing.messages[0].to_string(),
        "GL1102 routing: the test listener (port 8080) asks for authenticate-oidc before it forwards, so that the load \
         balancer answers the checks itself and nothing of theirs is proven to arrive; test through a listener without it"
    );
}

#[test]
fn a_network_load_balancers_listener_has_one_forward_and_no_rules() {
    for protocol in [Protocol::Tcp, Protocol::Tls, Protocol::TcpUdp] {
        let mut facts = facts();
        for listener in &mut facts.listeners {
            listener.protocol = protocol.clone();
        }
        facts.listeners[0].default = actions(&[("shop-a", 1)]);
        assert_eq!(attested(&facts, &TEST).standing, Standing::Proven);
        facts.listeners[1].default = actions(&[("shop-a", 1)]);
        assert_eq!(attested(&facts, &TEST).standing, Standing::Contradicted);
    }
}

#[test]
fn stickiness_and_rules_that_lead_elsewhere_are_noted_and_decide_nothing() {
    assert_eq!(notes(&facts(), &TEST), Vec::<String>::new());
    let mut facts = facts();
    facts.listeners[0].default.sticky = true;
    let rule = |actions: Actions| Rule { arn: "arn:rule/1".to_owned(), actions };
    let answers = Actions { others: vec!["fixed-response".to_owned()], ..Actions::default() };
    for listener in &mut facts.listeners {
        listener.rules = vec![rule(answers.clone()), rule(actions(&[("other", 1)])), rule(actions(&[]))];
    }
    facts.listeners[1].rules[2] = rule(actions(&[("shop-b", 1)]));
    assert_eq!(attested(&facts, &TEST).standing, Standing::Proven);
    assert_eq!(
        notes(&facts, &TEST),
        [
            "the production listener (port 80) is sticky: a client with its cookie may keep seeing one version; the checks \
             send no cookie",
            "2 of the rules of the test listener (port 8080) lead elsewhere or answer by themselves: a check that matches one \
             is not answered by this service, which attest.identity would find out"
        ]
    );
}
