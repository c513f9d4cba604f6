//! Golden transcripts of `greenlight deploy`: every key of `greenlight.yaml` and what comes of it, the hooks and the guard among them.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod scenario;
    pub(crate) mod scene;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use serde_json::json;
use support::deploy_site::{Plan, Site};
use support::scenario::{Function, Scenario};
use support::scene::Scene;
use support::transcript::{Play, transcript};

const GATED: Plan = Plan::GATED;

/// Writes the configuration of a site, with more in it.
fn configure(play: &mut Play<Site>, more: &str) {
    let begin = "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\n";
    play.write("greenlight.yaml", &format!("{begin}{more}"));
}

/// The hook's plan. Nothing in it depends on how quick the machine is.
const PLAN: &str = "version: 1
budget: { report_reserve: 10s, stabilise: 5s }
hooks: { AfterAllowTestTraffic: [health, product] }
checks:
  - id: health
    http: { get: /healthz }
    expect: { status: 200 }
  - id: product
    http: { get: /api/products/42 }
    expect:
      status: 200
      json: [{ at: $.price, greater_than: 0 }]
";

/// A service with a hook and an alarm that is content.
fn hooked() -> Scene {
    let scenario =
        Scenario::write(&Function::after_allow_test_traffic()).set("alarms", &json!({"shop-5xx": {"state": "OK"}}));
    std::fs::write(scenario.configuration().with_file_name("checks.yaml"), PLAN).expect("a plan can be written");
    Scene::start(scenario, &["--pace", "400"])
}

#[test]
fn every_key_of_the_file_is_honoured() {
    transcript("deploy_file_whole", "Every key of greenlight.yaml is honoured.", hooked, |play| {
        let production = format!("PRODUCTION={}", play.stage.stand_in.text("production"));
        play.write(
            "greenlight.yaml",
            r#"version: 1
application: shop-app
deployment_group: shop-dg
task_definition: green.json
images: { web: "${IMAGE}" }
environment: { web: { LEVEL: info } }
secrets: { web: { TOKEN: "arn:aws:ssm:us-east-1:123456789012:parameter/token" } }
tags: { team: shop }
load_balancer: { container: web, port: 80 }
hooks: { AfterAllowTestTraffic: CodeDeployHook_AfterAllowTestTraffic }
checks: checks.yaml
deployment:
  config: CodeDeployDefault.ECSCanary10Percent5Minutes
  rollback_on: [failure, alarm, stop]
  alarms: [shop-5xx]
description: the next one
revision_bucket: plans
evidence: { bucket: evidence, prefix: greenlight }
on_conflict: fail
on_interrupt: detach
auto_scaling: leave
guard: { checks: [health], every: 300s, url: "${PRODUCTION}" }
appspec:
  platform_version: LATEST
  network: { subnets: [subnet-1], security_groups: [sg-1], assign_public_ip: false }
  capacity_provider_strategy: [{ provider: FARGATE_SPOT, base: 1, weight: 2 }]
"#,
        );
        play.run(&["deploy", "--var", "IMAGE=shop:2", "--var", &production], 0);
    });
}

#[test]
fn what_the_hooks_found_decides() {
    transcript(
        "deploy_hooks",
        "What the hooks found decides: their evidence is shown where they pass, and why it failed, and where, where they do not.",
        hooked,
        |play| {
            play.write(
                "greenlight.yaml",
                "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: live\nimages: { web: shop:2 }\n\
                 hooks:\n  AfterAllowTestTraffic: CodeDeployHook_AfterAllowTestTraffic\n",
            );
            play.run(&["deploy"], 0);
            play.run(&["deploy", "--env", "web:SHOP_FAILS=500"], 11);
        },
    );
}

#[test]
fn a_function_that_does_not_exist_is_found_for_every_event() {
    transcript(
        "deploy_file_hooks_absent",
        "A function that does not exist is found before the deployment, for every lifecycle event.",
        || Site::start(&GATED),
        |play| {
            configure(
                play,
                "hooks:\n  BeforeInstall: Hook_BeforeInstall\n  AfterInstall: Hook_AfterInstall\n  \
                 AfterAllowTestTraffic: Hook_AfterAllowTestTraffic\n  BeforeAllowTraffic: Hook_BeforeAllowTraffic\n  \
                 AfterAllowTraffic: Hook_AfterAllowTraffic\n",
            );
            play.run(&["deploy"], 18);
            assert_eq!(play.stage.deployments().len(), 0);
        },
    );
}

#[test]
fn the_policies_of_the_file_are_followed() {
    transcript(
        "deploy_file_policies",
        "What is done about another deployment and about a signal is as the file says.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            play.without_events();
            configure(play, "on_interrupt: detach\non_conflict: fail\n");
            let deploying = play.start(&["deploy"]);
            deploying.until_gate(play.form);
            play.remark("SIGINT");
            deploying.signal("INT");
            play.end(deploying, 130);
            let first = site.deployments()[0].clone();

            let round = "environment: { web: { ROUND: \"2\" } }\n";
            configure(play, &format!("{round}on_conflict: fail\n"));
            play.run(&["deploy"], 16);
            configure(play, &format!("{round}on_conflict: attach\n"));
            play.run(&["deploy", "--no-wait-at-gate"], 17);
            configure(play, &format!("{round}on_conflict: wait\non_interrupt: rollback\n"));
            let waiting = play.start(&["deploy"]);
            let wanted = format!("waiting for the end of {first}, which is active");
            waiting.until(play.form, &wanted, &wanted);
            play.remark("somebody stops the first");
            site.codedeploy("StopDeployment", &json!({"deploymentId": first}));
            waiting.until_gate(play.form);
            play.remark("SIGINT");
            waiting.signal("INT");
            play.end(waiting, 13);

            play.run(&["deploy", "--until", "gate"], 0);
            configure(play, "environment: { web: { ROUND: \"3\" } }\non_conflict: supersede\non_interrupt: stop\n");
            let superseding = play.start(&["deploy"]);
            superseding.until_gate(play.form);
            play.remark("SIGINT");
            superseding.signal("INT");
            play.end(superseding, 13);
        },
    );
}

#[test]
fn auto_scaling_is_suspended_or_left_as_the_file_says() {
    transcript(
        "deploy_file_auto_scaling",
        "Auto-scaling is suspended or left as the file says.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            site.register_scaling();
            configure(play, "auto_scaling: suspend\n");
            let deploying = play.start(&["deploy", "--until", "gate"]);
            deploying.until(play.form, "auto-scaling suspended", "auto-scaling suspended");
            play.end(deploying, 0);
            assert_eq!(site.scaling(), (vec![false; 3], None));
            configure(play, "auto_scaling: leave\n");
            play.run(&["deploy", "--until", "gate"], 0);
        },
    );
}

/// One check, which every second request of a shift by halves sends to the replacement.
const CHECKS: &str = "version: 1\nhooks: { AfterAllowTestTraffic: [product] }\nchecks:\n  - id: product\n    \
                      http: { get: /api/products/42 }\n    expect: { status: 200 }\n";

/// A configuration that shifts half of the traffic, waits so many minutes, and shifts the rest.
fn halves(play: &Play<Site>, minutes: u32) -> String {
    let name = format!("Halves{minutes}Minutes");
    let shift =
        json!({"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 50, "canaryInterval": minutes}});
    let input = json!({"deploymentConfigName": name, "computePlatform": "ECS", "trafficRoutingConfig": shift});
    play.stage.codedeploy("CreateDeploymentConfig", &input);
    name
}

#[test]
fn a_guard_lets_a_good_version_pass_and_stops_a_bad_one() {
    transcript(
        "deploy_file_guard",
        "A guard lets a good version pass, and stops one that fails its checks while production traffic shifts.",
        || Site::start(&Plan { ready_wait: None, termination_wait: "1m", pace: "20", ..GATED }),
        |play| {
            let (short, long) = (halves(play, 1), halves(play, 10));
            play.write("checks.yaml", CHECKS);
            configure(play, "checks: checks.yaml\nguard: { checks: [product], every: 1s }\n");
            play.run(&["deploy", "--deployment-config", &short], 0);
            play.run(&["deploy", "--deployment-config", &long, "--env", "web:SHOP_FAILS=500"], 10);
            let id = play.stage.deployments().last().expect("it was made").clone();
            assert_eq!(play.stage.deployment(&id)["status"], "Succeeded");
        },
    );
}

#[test]
fn a_guard_that_could_not_work_is_refused() {
    transcript(
        "deploy_file_guard_refused",
        "A guard that could not work is refused before anything is made, and one that has nothing to guard is told.",
        || Site::start(&Plan { ready_wait: None, ..GATED }),
        |play| {
            play.without_events();
            play.write("checks.yaml", CHECKS);
            configure(play, "guard: { checks: [product] }\n");
            play.run(&["deploy"], 2);
            configure(play, "checks: checks.yaml\nguard: { checks: [prodict] }\n");
            play.run(&["deploy"], 2);
            configure(play, "checks: check.yaml\n");
            play.run(&["deploy"], 2);
            assert_eq!(play.stage.deployments().len(), 0);
            configure(play, "checks: checks.yaml\nguard: { checks: [product] }\n");
            play.run(&["deploy", "--until", "traffic-shifted"], 0);
        },
    );
}

#[test]
fn every_fault_of_the_file_is_told_with_its_place() {
    transcript(
        "deploy_file_wrong",
        "Every fault of the file is told with its place, what was expected and the nearest name; AWS is not asked.",
        || tempfile::tempdir().expect("a temporary folder can be made"),
        |play| {
            for text in [
                "version: 1\naplication: shop-app\ndeployment_group: ${GROUP}\nhooks: { AfterAlowTraffic: f }\n\
                 deployment: { confg: x }\nguard: { check: [a] }\nappspec: { platform: LATEST }\nnotifications: {}\n",
                "version: 2\napplication: [shop-app]\ndeployment_group: shop-dg\ntask_definition: live\n\
                 load_balancer: { port: 70000 }\ndeployment: { rollback_on: [failures] }\non_conflict: supercede\n\
                 on_interrupt: rolback\nauto_scaling: pause\nguard: { checks: [product], every: 5m, url: shop.example.com }\n\
                 appspec: { network: { subnets: [subnet-1] } }\n",
                "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: live\napplication: shop-app\n",
                "version: 1\napplication: shop-app\n  deployment_group: shop-dg\n",
                "",
            ] {
                play.write("greenlight.yaml", text);
                play.run(&["deploy"], 2);
            }
        },
    );
}
