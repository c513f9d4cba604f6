//! What the reader of `greenlight.yaml` accepts, and what it says about the rest.

use super::*;
use crate::configuration::{AutoScaling, EvidencePlace};
use crate::decide::conflict::OnConflict;
use crate::decide::interruption::OnInterrupt;
use crate::snapshot::RollbackEvent;

const WHOLE: &str = r#"version: 1
application: app
deployment_group: dg
task_definition: td.json
images: { web: "${IMAGE}" }
environment: { web: { LEVEL: info } }
secrets: { web: { TOKEN: "arn:aws:ssm:x" } }
tags: { team: shop }
load_balancer: { container: web, port: 80 }
hooks:
  BeforeAllowTraffic: CodeDeployHook_B
  AfterAllowTestTraffic: CodeDeployHook_A
checks: checks.yaml
deployment:
  config: CodeDeployDefault.ECSAllAtOnce
  rollback_on: [stop, failure]
  alarms: [shop-5xx]
description: the next one
revision_bucket: revisions
on_conflict: supersede
on_interrupt: stop
auto_scaling: suspend
guard: { checks: [product], every: 5s, url: "https://shop.example.com/" }
appspec:
  platform_version: LATEST
  network: { subnets: [s-1], security_groups: [sg-1], assign_public_ip: false }
  capacity_provider_strategy: [{ provider: FARGATE_SPOT, weight: 2 }]
evidence: { bucket: shop-evidence, prefix: /teams/shop/ }
"#;

fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
    read(text, "greenlight.yaml", Path::new("/p"), &|name| (name == "IMAGE").then(|| "shop:2".to_owned()))
}

fn complaints(text: &str) -> Vec<String> {
    parse(text).unwrap_err().lines()
}

#[test]
fn a_whole_file_is_read() {
    let configuration = parse(WHOLE).unwrap();
    assert_eq!(configuration.task_definition, TaskDefinitionSource::File("/p/td.json".into()));
    assert_eq!(configuration.images["web"], "shop:2");
    assert_eq!(configuration.load_balancer, LoadBalancer { container: Some("web".into()), port: Some(80) });
    let hooks: Vec<_> = configuration.hooks.iter().map(|(event, function)| (event.name(), function.as_str())).collect();
    assert_eq!(
        hooks,
        [("AfterAllowTestTraffic", "CodeDeployHook_A"), ("BeforeAllowTraffic", "CodeDeployHook_B")],
        "hooks come in the order of the lifecycle"
    );
    assert_eq!(configuration.rollback_on, Some(vec![RollbackEvent::Failure, RollbackEvent::Stop]));
    assert_eq!(configuration.environment["web"]["LEVEL"], "info");
    assert_eq!(configuration.secrets["web"]["TOKEN"], "arn:aws:ssm:x");
    assert_eq!(configuration.tags["team"], "shop");
    assert_eq!(configuration.alarms, Some(vec!["shop-5xx".to_owned()]));
    assert_eq!(configuration.evidence, Some(EvidencePlace::new("shop-evidence", Some("teams/shop"))));
    assert_eq!(configuration.on_conflict, OnConflict::Supersede);
    assert_eq!(configuration.on_interrupt, OnInterrupt::Stop);
    assert_eq!(configuration.auto_scaling, AutoScaling::Suspend);
    let guard = configuration.guard.unwrap();
    assert_eq!((guard.checks, guard.every.as_secs()), (vec!["product".to_owned()], 5));
    assert_eq!(guard.url.as_deref(), Some("https://shop.example.com"));
    assert_eq!(configuration.appspec.capacity_provider_strategy[0].weight, Some(2));
}

#[test]
fn every_fault_is_named_with_its_place_and_the_nearest_name() {
    let text = "version: 1\naplication: a\ndeployment_group: dg\ntask_definition: live\nimages: { web: \"${NOPE}\" }\nhooks: { AfterAlowTraffic: f }\ndeployment: { rollback_on: [alarms], confg: x }\n";
    assert_eq!(
        complaints(text),
        [
            "greenlight.yaml:1:1: \"application\" is missing",
            "greenlight.yaml:2:1: unknown key \"aplication\"; did you mean \"application\"?",
            "greenlight.yaml:5:16: variable \"NOPE\" is not set; set it in the environment or with --var NOPE=VALUE",
            "greenlight.yaml:6:10: unknown lifecycle event \"AfterAlowTraffic\"; did you mean \"AfterAllowTraffic\"?",
            "greenlight.yaml:7:29: unknown reason \"alarms\"; did you mean \"alarm\"?",
            "greenlight.yaml:7:38: unknown key \"confg\" in \"deployment\"; did you mean \"config\"?",
        ]
    );
}

#[test]
fn a_key_that_belongs_elsewhere_is_told_with_its_place() {
    let complaints = complaints(&format!("{WHOLE}alarms: [shop-5xx]\nnotifications: {{}}\n"));
    assert_eq!(complaints[0], "greenlight.yaml:29:1: unknown key \"alarms\"; it is deployment.alarms");
    assert!(
        complaints[1].starts_with("greenlight.yaml:30:1: unknown key \"notifications\"; expected one of version, ")
    );
}

#[test]
fn evidence_is_kept_in_a_bucket_under_a_prefix() {
    let read = |evidence: &str| {
        let text = WHOLE.replace("{ bucket: shop-evidence, prefix: /teams/shop/ }", evidence);
        parse(&text).map(|configuration| configuration.evidence.unwrap().folder("d-1", "E"))
    };
    assert_eq!(read("{ bucket: shop-evidence }").unwrap(), "greenlight/d-1/E/");
    assert_eq!(read("{ bucket: shop-evidence, prefix: / }").unwrap(), "d-1/E/");
    assert_eq!(read("{ bucket: shop-evidence, prefix: a/b }").unwrap(), "a/b/d-1/E/");
    let bucket = "\"bucket\" is the name of an S3 bucket (3 to 63 of a-z, 0-9, - and .), without s3:// and without a path, unlike";
    for (evidence, told) in [
        (
            "{ prefix: a }",
            "28:11: \"evidence\" needs bucket: the S3 bucket that the functions keep their evidence in".to_owned(),
        ),
        ("{ bucket: \"s3://shop/x\" }", format!("28:21: {bucket} \"s3://shop/x\"")),
        ("{ bucket: Shop }", format!("28:21: {bucket} \"Shop\"")),
        ("{ bucket: -shop }", format!("28:21: {bucket} \"-shop\"")),
        ("{ bucket: [a] }", "28:21: \"bucket\" is text, not a list".to_owned()),
        ("shop", "28:11: \"evidence\" is a map, not text".to_owned()),
        (
            "{ bucket: shop, prefix: a//b }",
            "28:35: \"prefix\" is what the keys begin with, such as teams/shop, unlike \"a//b\"".to_owned(),
        ),
        (
            "{ bucket: shop, prefx: a }",
            "28:27: unknown key \"prefx\" in \"evidence\"; did you mean \"prefix\"?".to_owned(),
        ),
    ] {
        assert_eq!(read(evidence).unwrap_err().lines(), [format!("greenlight.yaml:{told}")], "{evidence}");
    }
}

#[test]
fn a_guard_needs_checks_a_bearable_pace_and_a_whole_address() {
    let text = WHOLE.replace("checks: [product], every: 5s, url: \"https://", "every: 5m, url: \"");
    assert_eq!(
        complaints(&text),
        [
            "greenlight.yaml:23:8: \"guard\" needs checks: ids of the plan's checks",
            "greenlight.yaml:23:17: \"every\" is from 1s to 300s",
            "greenlight.yaml:23:26: \"url\" begins with http:// or https://, unlike \"shop.example.com/\"",
        ]
    );
}

#[test]
fn a_policy_that_nobody_knows_is_told_with_those_that_there_are() {
    let text = WHOLE.replace("on_conflict: supersede", "on_conflict: supercede").replace(": suspend", ": pause");
    assert_eq!(
        complaints(&text),
        [
            "greenlight.yaml:20:14: on_conflict: unknown value \"supercede\"; did you mean \"supersede\"?",
            "greenlight.yaml:22:15: auto_scaling: unknown value \"pause\"; expected one of leave, suspend",
        ]
    );
}

#[test]
fn wrong_types_and_numbers_out_of_range_are_faults() {
    let text = "version: 2\napplication: [a]\ndeployment_group: dg\ntask_definition: live\nload_balancer: { port: 70000 }\nappspec: { network: { subnets: [a] } }\n";
    assert_eq!(
        complaints(text),
        [
            "greenlight.yaml:1:10: this greenlight reads version 1",
            "greenlight.yaml:2:14: \"application\" is text, not a list",
            "greenlight.yaml:5:24: \"port\" is a whole number from 1 to 65535",
            "greenlight.yaml:6:21: \"network\" needs subnets, security_groups and assign_public_ip: all three or none",
        ]
    );
}

#[test]
fn a_variable_may_stand_for_a_number_and_a_doubled_dollar_is_literal() {
    let value = replace("$${A} ${IMAGE}!", &|name| (name == "IMAGE").then(|| "x".to_owned()));
    assert_eq!(value.unwrap(), "${A} x!");
    assert!(replace("${A", &|_| None).unwrap_err().contains("without"));
}

/// What the reader says to a stranger in the mapping at a pointer of the whole file.
fn told_of_a_stranger(pointer: &str) -> Option<String> {
    let mut file: serde_json::Value = serde_saphyr::from_str(WHOLE).unwrap();
    file.pointer_mut(pointer).unwrap()["qqqqqqqqqq"] = "x".into();
    complaints(&file.to_string()).into_iter().find(|complaint| complaint.contains("qqqqqqqqqq"))
}

#[test]
fn the_reader_and_the_schema_know_the_same_keys() {
    use std::collections::BTreeSet;

    let schema = super::super::schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let whole: serde_json::Value = serde_saphyr::from_str(WHOLE).unwrap();
    let errors: Vec<_> = validator.iter_errors(&whole).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for (pointer, definition) in [
        ("", ""),
        ("/load_balancer", "LoadBalancer"),
        ("/hooks", "Hooks"),
        ("/deployment", "Deployment"),
        ("/guard", "Guard"),
        ("/evidence", "Evidence"),
        ("/appspec", "AppSpec"),
        ("/appspec/network", "Network"),
        ("/appspec/capacity_provider_strategy/0", "CapacityProvider"),
    ] {
        let told = told_of_a_stranger(pointer).unwrap_or_else(|| panic!("{pointer} takes strangers"));
        let known = told.split_once("expected one of ").map(|(_, names)| names).unwrap_or_default();
        let known: BTreeSet<&str> = known.split(", ").collect();
        let definition = if definition.is_empty() { &schema } else { &schema["$defs"][definition] };
        let properties = definition["properties"].as_object().unwrap();
        assert_eq!(properties.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "{pointer}");
        for (name, property) in properties {
            assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{pointer}/{name}");
        }
        let mut strange = whole.clone();
        strange.pointer_mut(pointer).unwrap()["qqqqqqqqqq"] = "x".into();
        assert!(!validator.is_valid(&strange), "{pointer}");
    }
}
