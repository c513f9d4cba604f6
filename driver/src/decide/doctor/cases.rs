//! What the doctor's tests are about: a sound deployment of which nothing is to be said, and one thing wrong at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use greenlight_checks::event::HookEvent;

use super::Check;
use super::facts::*;
use crate::appspec::{Extras, Network};
use crate::decide::auto_scaling::{ScalableTarget, Suspension};
use crate::decide::schedule::Shift;
use crate::snapshot::RollbackEvent;

pub(super) const TEST: HookEvent = HookEvent::AfterAllowTestTraffic;
const HOOK: &str = "CodeDeployHook_AfterAllowTestTraffic";
pub(super) const IMAGE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:2";
pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/shop-task";

fn elb(rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:{rest}")
}

fn target_group(name: &str) -> TargetGroup {
    TargetGroup {
        arn: elb(&format!("targetgroup/{name}/1")),
        name: name.to_owned(),
        target_type: "ip".to_owned(),
        load_balancers: vec![elb("loadbalancer/app/shop/1")],
    }
}

fn listener(kind: &str, which: &str, weights: [u32; 2]) -> Listener {
    let [first, second] = weights;
    Listener {
        arn: elb(&format!("listener/{kind}/shop/1/{which}")),
        load_balancer: elb(&format!("loadbalancer/{kind}/shop/1")),
        forwards: vec![(target_group("shop-a").arn, first), (target_group("shop-b").arn, second)],
        sticky: false,
    }
}

fn function() -> Function {
    Function {
        arn: format!("arn:aws:lambda:eu-west-1:123456789012:function:{HOOK}"),
        role: "arn:aws:iam::123456789012:role/hook".to_owned(),
        state: "Active".to_owned(),
        state_reason: None,
        last_update: Some("Successful".to_owned()),
        architectures: vec!["x86_64".to_owned()],
        runtime: Some("provided.al2023".to_owned()),
        timeout: 600,
        is_ours: true,
    }
}

fn alarm(state: &str) -> Alarm {
    Alarm { name: "shop-5xx".to_owned(), state: state.to_owned(), reason: None, counts_test_traffic: false }
}

/// A deployment of which nothing is to be said, and to which every check applies.
pub(super) fn sound() -> Facts {
    let wiring = Wiring {
        target_groups: vec!["shop-a".to_owned(), "shop-b".to_owned()],
        production: vec![listener("app", "production", [0, 0]).arn],
        test: vec![listener("app", "test", [0, 0]).arn],
        service_role: Some("arn:aws:iam::123456789012:role/ecsCodeDeployRole".to_owned()),
        alarms: vec!["shop-5xx".to_owned()],
        ignores_unread_alarms: false,
        rollback_on: BTreeSet::from([RollbackEvent::Failure, RollbackEvent::Alarm]),
    };
    let plan = PlanRead { file: "checks.yaml".to_owned(), outcome: PlanOutcome::Good };
    let seen = SelfFinding { id: "ecs".to_owned(), ok: Some(true), text: "reached".to_owned(), advice: None };
    Facts {
        wanted: Wanted {
            application: "shop-app".to_owned(),
            group: "shop-dg".to_owned(),
            hooks: BTreeMap::from([(TEST, HOOK.to_owned())]),
            config: None,
            rollback_on: None,
            appspec: Extras::default(),
        },
        group: Ok(Group {
            platform: "ECS".to_owned(),
            service: Some(("main".to_owned(), "shop".to_owned())),
            config: Some("CodeDeployDefault.ECSCanary10Percent5Minutes".to_owned()),
            wiring,
        }),
        service: Ok(Service {
            name: "shop".to_owned(),
            status: "ACTIVE".to_owned(),
            controller: "CODE_DEPLOY".to_owned(),
            standing: Standing {
                desired: 2,
                target_group: Some(target_group("shop-a").arn),
                capacity_providers: Vec::new(),
            },
        }),
        shift: Shift::Canary { percent: 10.0, interval: Duration::from_secs(300) },
        target_groups: Ok(vec![target_group("shop-a"), target_group("shop-b")]),
        listeners: Ok(vec![listener("app", "production", [100, 0]), listener("app", "test", [1, 0])]),
        revision: Ok(Revision {
            source: "task-definition.json".to_owned(),
            network_mode: "awsvpc".to_owned(),
            load_balancer: Ok(("web".to_owned(), 80)),
            images: BTreeMap::from([("web".to_owned(), IMAGE.to_owned())]),
            roles: BTreeSet::from([ROLE.to_owned()]),
        }),
        functions: BTreeMap::from([(TEST, Ok(Some(function())))]),
        images: BTreeMap::from([(IMAGE.to_owned(), Image::There)]),
        alarms: Ok(vec![alarm("OK")]),
        further: Some(Further {
            rules: Ok(vec![Rule {
                arn: elb("listener-rule/app/shop/1/2/3"),
                forwards: vec![(elb("targetgroup/admin/1"), 1)],
            }]),
            active: Ok(Vec::new()),
            scaling: Ok(Vec::new()),
            scalable_target: Ok(Some(ScalableTarget {
                resource: "service/main/shop".to_owned(),
                arn: None,
                suspension: Suspension::default(),
                mark: None,
            })),
            invocation: BTreeMap::from([(TEST, Ok(Verdict::Allowed))]),
            passing: BTreeMap::from([(ROLE.to_owned(), Ok(Verdict::Allowed))]),
            reporting: BTreeMap::from([(TEST, Ok(Verdict::Allowed))]),
            plan: Some(plan),
            self_tests: Some(BTreeMap::from([(TEST, Ok(SelfTest { findings: vec![seen] }))])),
        }),
    }
}

pub(super) fn denied(action: &str) -> Unread {
    Unread { action: action.to_owned(), denied: true, text: format!("{action}: AccessDeniedException: no") }
}

pub(super) fn further(facts: &mut Facts) -> &mut Further {
    facts.further.as_mut().unwrap()
}

pub(super) fn wiring(facts: &mut Facts) -> &mut Wiring {
    &mut facts.group.as_mut().unwrap().wiring
}

fn function_of(facts: &mut Facts) -> &mut Function {
    facts.functions.get_mut(&TEST).unwrap().as_mut().unwrap().as_mut().unwrap()
}

pub(super) type Case = (Check, &'static str, fn(&mut Facts));

/// One thing that is wrong, and the check that says so.
pub(super) const CASES: &[Case] = &[
    (Check::Group, "another platform", |facts| facts.group.as_mut().unwrap().platform = "Server".to_owned()),
    (Check::Group, "no service", |facts| facts.group.as_mut().unwrap().service = None),
    (Check::Group, "not readable", |facts| facts.group = Err(denied("codedeploy:GetDeploymentGroup"))),
    (Check::Service, "absent", |facts| {
        let text = "ecs:DescribeServices: service \"shop\" in cluster \"main\": MISSING".to_owned();
        facts.service = Err(Unread { action: "ecs:DescribeServices".to_owned(), denied: false, text });
    }),
    (Check::Service, "not readable", |facts| facts.service = Err(denied("ecs:DescribeServices"))),
    (Check::Service, "draining", |facts| facts.service.as_mut().unwrap().status = "DRAINING".to_owned()),
    (Check::Controller, "of ECS", |facts| facts.service.as_mut().unwrap().controller = "ECS".to_owned()),
    (Check::TargetGroups, "three", |facts| wiring(facts).target_groups.push("shop-c".to_owned())),
    (Check::TargetGroups, "of the wrong type", |facts| {
        facts.target_groups.as_mut().unwrap()[1].target_type = "instance".to_owned();
    }),
    (Check::TargetGroups, "not readable", |facts| {
        facts.target_groups = Err(denied("elasticloadbalancing:DescribeTargetGroups"));
    }),
    (Check::TargetGroupInUse, "another one", |facts| {
        facts.service.as_mut().unwrap().standing.target_group = Some(target_group("old").arn);
    }),
    (Check::TargetGroupInUse, "none", |facts| facts.service.as_mut().unwrap().standing.target_group = None),
    (Check::ProductionListener, "to the idle group", |facts| {
        facts.listeners.as_mut().unwrap()[0] = listener("app", "production", [0, 100]);
    }),
    (Check::ProductionListener, "to both groups", |facts| {
        facts.listeners.as_mut().unwrap()[0] = listener("app", "production", [90, 10]);
    }),
    (Check::ProductionListener, "to a third group", |facts| {
        facts.listeners.as_mut().unwrap()[0].forwards.push((target_group("old").arn, 0));
    }),
    (Check::ProductionListener, "no forward", |facts| facts.listeners.as_mut().unwrap()[0].forwards.clear()),
    (Check::ProductionListener, "two", |facts| wiring(facts).production.push("arn:other".to_owned())),
    (Check::ProductionListener, "absent", |facts| {
        wiring(facts).production[0] = listener("app", "gone", [0, 0]).arn;
    }),
    (Check::ProductionListener, "a rule to the idle group", |facts| {
        further(facts).rules.as_mut().unwrap()[0].forwards = vec![(target_group("shop-b").arn, 1)];
    }),
    (Check::ProductionListener, "rules not readable", |facts| {
        further(facts).rules = Err(denied("elasticloadbalancing:DescribeRules"));
    }),
    (Check::TestListener, "none", |facts| wiring(facts).test.clear()),
    (Check::TestListener, "absent", |facts| wiring(facts).test[0] = "arn:gone".to_owned()),
    (Check::OneLoadBalancer, "listeners apart", |facts| {
        facts.listeners.as_mut().unwrap()[1].load_balancer = elb("loadbalancer/app/other/2");
    }),
    (Check::OneLoadBalancer, "a target group elsewhere", |facts| {
        facts.target_groups.as_mut().unwrap()[1].load_balancers = vec![elb("loadbalancer/app/other/2")];
    }),
    (Check::NetworkLoadBalancer, "with a canary", |facts| network(facts)),
    (Check::NetworkLoadBalancer, "with an unknown configuration", |facts| {
        network(facts);
        facts.shift = Shift::Unknown;
    }),
    (Check::Stickiness, "on", |facts| facts.listeners.as_mut().unwrap()[0].sticky = true),
    (Check::Validation, "no hook", |facts| {
        facts.wanted.hooks.clear();
        facts.functions.clear();
    }),
    (Check::FunctionActive, "absent", |facts| {
        facts.functions.insert(TEST, Ok(None));
    }),
    (Check::FunctionActive, "not readable", |facts| {
        facts.functions.insert(TEST, Err(denied("lambda:GetFunctionConfiguration")));
    }),
    (Check::FunctionActive, "failed", |facts| {
        function_of(facts).state = "Failed".to_owned();
        function_of(facts).state_reason = Some("The subnet has no free address".to_owned());
    }),
    (Check::FunctionActive, "of an unknown state", |facts| function_of(facts).state = "Asleep".to_owned()),
    (Check::FunctionActive, "update failed", |facts| function_of(facts).last_update = Some("Failed".to_owned())),
    (Check::FunctionActive, "update under way", |facts| function_of(facts).last_update = Some("InProgress".to_owned())),
    (Check::FunctionArchitecture, "arm64", |facts| function_of(facts).architectures = vec!["arm64".to_owned()]),
    (Check::FunctionTimeout, "Lambda's default", |facts| function_of(facts).timeout = 3),
    (Check::FunctionTimeout, "short", |facts| function_of(facts).timeout = 25),
    (Check::FunctionTimeout, "of another function", |facts| {
        function_of(facts).is_ours = false;
        function_of(facts).timeout = 3;
    }),
    (Check::MayInvoke, "not allowed", |facts| {
        further(facts).invocation.insert(TEST, Ok(Verdict::NotAllowed));
    }),
    (Check::MayInvoke, "denied", |facts| {
        further(facts).invocation.insert(TEST, Ok(Verdict::Forbidden));
    }),
    (Check::MayInvoke, "not readable", |facts| {
        further(facts).invocation.insert(TEST, Err(denied("iam:SimulatePrincipalPolicy")));
    }),
    (Check::MayInvoke, "not readable, of another name", |facts| {
        facts.wanted.hooks.insert(TEST, "shop-hook".to_owned());
        further(facts).invocation.insert(TEST, Err(denied("iam:SimulatePrincipalPolicy")));
    }),
    (Check::MayReport, "not allowed", |facts| {
        further(facts).reporting.insert(TEST, Ok(Verdict::NotAllowed));
    }),
    (Check::MayReport, "another word", |facts| {
        further(facts).reporting.insert(TEST, Ok(Verdict::Other("perhaps".to_owned())));
    }),
    (Check::MayReport, "not readable", |facts| {
        further(facts).reporting.insert(TEST, Err(denied("iam:SimulatePrincipalPolicy")));
    }),
    (Check::MayPass, "not allowed", |facts| {
        further(facts).passing.insert(ROLE.to_owned(), Ok(Verdict::NotAllowed));
    }),
    (Check::MayPass, "not readable", |facts| {
        further(facts).passing.insert(ROLE.to_owned(), Err(denied("iam:SimulatePrincipalPolicy")));
    }),
    (Check::Container, "no task definition", |facts| {
        facts.revision = Err("task-definition.json cannot be read: No such file or directory".to_owned());
    }),
    (Check::Container, "no such port", |facts| {
        let problem = "load_balancer: the task definition maps no port like web:8080; it has web:80";
        facts.revision.as_mut().unwrap().load_balancer = Err(problem.to_owned());
    }),
    (Check::Images, "no such tag", |facts| {
        image(facts, Image::NoSuchImage("ecr:DescribeImages: ImageNotFoundException: no".to_owned()));
    }),
    (Check::Images, "no such repository", |facts| {
        image(facts, Image::NoSuchRepository("ecr:DescribeImages: RepositoryNotFoundException: no".to_owned()));
    }),
    (Check::Images, "a variable that is not set", |facts| image(facts, Image::Unset)),
    (Check::Images, "not readable", |facts| image(facts, Image::Unread(denied("ecr:DescribeImages")))),
    (Check::AppSpec, "no capacity provider strategy", |facts| {
        facts.service.as_mut().unwrap().standing.capacity_providers = vec!["FARGATE_SPOT".to_owned()];
    }),
    (Check::AppSpec, "a network without awsvpc", |facts| {
        facts.revision.as_mut().unwrap().network_mode = "bridge".to_owned();
        facts.target_groups.as_mut().unwrap().iter_mut().for_each(|group| group.target_type = "instance".to_owned());
        facts.wanted.appspec.network =
            Some(Network { subnets: Vec::new(), security_groups: Vec::new(), assign_public_ip: false });
    }),
    (Check::Plan, "wrong", |facts| {
        let message = "GL1002 checks.yaml: lists no checks for AfterAllowTestTraffic".to_owned();
        further(facts).plan.as_mut().unwrap().outcome = PlanOutcome::Wrong(vec![message]);
    }),
    (Check::Plan, "with variables", |facts| {
        further(facts).plan.as_mut().unwrap().outcome = PlanOutcome::HasVariables;
    }),
    (Check::ActiveDeployment, "one", |facts| further(facts).active = Ok(vec!["d-1NNWZG91L".to_owned()])),
    (Check::ActiveDeployment, "not readable", |facts| {
        further(facts).active = Err(denied("codedeploy:ListDeployments"));
    }),
    (Check::AlarmLimit, "eleven", |facts| {
        let names: Vec<String> = (1..=11).map(|number| format!("alarm-{number}")).collect();
        facts.alarms = Ok(names.iter().map(|name| Alarm { name: name.clone(), ..alarm("OK") }).collect());
        wiring(facts).alarms = names;
    }),
    (Check::AlarmState, "in ALARM", |facts| {
        let reason = Some("Threshold Crossed".to_owned());
        facts.alarms = Ok(vec![Alarm { reason, ..alarm("ALARM") }]);
    }),
    (Check::AlarmState, "absent", |facts| facts.alarms = Ok(Vec::new())),
    (Check::AlarmState, "absent and ignored", |facts| {
        facts.alarms = Ok(Vec::new());
        wiring(facts).ignores_unread_alarms = true;
    }),
    (Check::AlarmState, "without data", |facts| facts.alarms = Ok(vec![alarm("INSUFFICIENT_DATA")])),
    (Check::AlarmState, "of an unknown state", |facts| facts.alarms = Ok(vec![alarm("PAUSED")])),
    (Check::AlarmState, "not readable", |facts| facts.alarms = Err(denied("cloudwatch:DescribeAlarms"))),
    (Check::AlarmOfTestTraffic, "over the load balancer", |facts| {
        facts.alarms = Ok(vec![Alarm { counts_test_traffic: true, ..alarm("OK") }]);
    }),
    (Check::Rollback, "never", |facts| wiring(facts).rollback_on.clear()),
    (Check::Rollback, "by the configuration, not on an alarm", |facts| {
        facts.wanted.rollback_on = Some(vec![RollbackEvent::Failure]);
    }),
    (Check::DesiredCount, "zero", |facts| facts.service.as_mut().unwrap().standing.desired = 0),
    (Check::Scaling, "under way", |facts| {
        let description = "Setting desired count to 4.".to_owned();
        further(facts).scaling = Ok(vec![ScalingActivity { status: "InProgress".to_owned(), description }]);
    }),
    (Check::Scaling, "not readable", |facts| {
        further(facts).scaling = Err(denied("application-autoscaling:DescribeScalingActivities"));
    }),
    (Check::SelfTest, "something bad, something not looked at", |facts| {
        let finding = |id: &str, ok, text: &str, advice: &str| SelfFinding {
            id: id.to_owned(),
            ok,
            text: text.to_owned(),
            advice: Some(advice.to_owned()),
        };
        let findings = vec![
            finding("ecs", Some(false), "no answer in time", "add an interface endpoint or a NAT route"),
            finding("listeners", None, "no deployment group is named", "name one"),
        ];
        further(facts).self_tests = Some(BTreeMap::from([(TEST, Ok(SelfTest { findings }))]));
    }),
    (Check::Suspension, "by a deploy that died", |facts| {
        let target = further(facts).scalable_target.as_mut().unwrap().as_mut().unwrap();
        target.suspension = Suspension::EVERYTHING;
        target.mark = Some("in=on out=on scheduled=on since=2026-08-09T19:51:20Z".to_owned());
    }),
    (Check::Suspension, "with a mark of another version", |facts| {
        further(facts).scalable_target.as_mut().unwrap().as_mut().unwrap().mark = Some("v9".to_owned());
    }),
    (Check::Suspension, "by a person", |facts| {
        further(facts).scalable_target.as_mut().unwrap().as_mut().unwrap().suspension = Suspension::EVERYTHING;
    }),
    (Check::Suspension, "not readable", |facts| {
        further(facts).scalable_target = Err(denied("application-autoscaling:DescribeScalableTargets"));
    }),
    (Check::SelfTest, "not allowed", |facts| {
        further(facts).self_tests = Some(BTreeMap::from([(TEST, Err(denied("lambda:InvokeFunction")))]));
    }),
];

fn network(facts: &mut Facts) {
    let (production, test) = (listener("net", "production", [100, 0]), listener("net", "test", [1, 0]));
    wiring(facts).production = vec![production.arn.clone()];
    wiring(facts).test = vec![test.arn.clone()];
    facts.target_groups.as_mut().unwrap().iter_mut().for_each(|group| {
        group.load_balancers = vec![production.load_balancer.clone()];
    });
    facts.listeners = Ok(vec![production, test]);
}

fn image(facts: &mut Facts, image: Image) {
    facts.images.insert(IMAGE.to_owned(), image);
}
