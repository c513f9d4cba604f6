//! The document keeps its shape and holds nothing that it must not.

use super::*;

#[test]
fn a_body_is_kept_as_text_of_two_kibibytes_at_most() {
    assert_eq!(kept_body(b"", &[]), None);
    assert_eq!(kept_body(b"ok", &[]).unwrap(), "ok");
    // Three bytes a character, so the limit falls into one; a byte that is no text becomes three.
    assert_eq!(kept_body("\u{20ac}".repeat(1_000).as_bytes(), &[]).unwrap().len(), 2_046);
    assert!(kept_body(&[0xff; 4_096], &[]).unwrap().len() <= KEPT_BODY);
}

#[test]
fn a_secret_is_gone_before_the_body_is_cut() {
    let body = format!("{}s3cr3t-token", "x".repeat(KEPT_BODY - 4));
    let kept = kept_body(body.as_bytes(), &["s3cr3t-token"]).unwrap();
    assert!(!kept.contains("s3cr"), "{}", &kept[KEPT_BODY - 10..]);
    assert_eq!(redacted("a s3cr3t-token b", &["s3cr3t-token"]), "a [redacted] b");
}

/// With every field.
fn example() -> Evidence {
    Evidence {
        schema: SCHEMA,
        tool: "greenlight-hooks 0.1.0".into(),
        deployment_id: "d-1NNWZG91L".into(),
        execution: "ab".repeat(32),
        event: HookEvent::AfterAllowTestTraffic,
        function: Some("CodeDeployHook_AfterAllowTestTraffic".into()),
        plan: Some(PlanIdentity { source: "checks.yaml".into(), sha256: "cd".repeat(32) }),
        started_at: Timestamp::from_second(1_700_000_000).unwrap(),
        finished_at: Timestamp::from_second(1_700_000_012).unwrap(),
        verdict: Verdict {
            decision: Decision::Failed,
            because: vec![
                Message::new("GL1201", "product", "$.price expected > 0, got \"9.50\" (string)").at("checks.yaml:38"),
            ],
        },
        gate: Some(Gate {
            check: "go".into(),
            from: vec!["ana".into()],
            opened_at: Timestamp::from_second(1_700_000_012).unwrap(),
            until: Timestamp::from_second(1_700_001_812).unwrap(),
            execution_id: "token".into(),
        }),
        observed: Some(Observed { until: "2026-12-31".into(), would_have_failed: true }),
        attestation: Attestation {
            routing: Standing::Proven,
            targets: Standing::NotAttestable,
            routes: vec![Route {
                role: "test".into(),
                arn: "arn:aws:x".into(),
                port: Some(8080),
                forwards: vec![("shop-b".into(), 100.0)],
                others: vec!["authenticate-oidc".into()],
                sticky: true,
            }],
            running: vec![RunningTask {
                arn: "arn:aws:ecs:x:task/main/1".into(),
                task_definition: "arn:aws:ecs:x:task-definition/shop:2".into(),
                targets: vec!["10.0.3.7:80".into()],
                digests: BTreeMap::from([("web".into(), "sha256:00".into())]),
            }],
            notes: vec!["the test listener is sticky".into()],
            ..Attestation::default()
        },
        checks: vec![CheckEvidence {
            id: "product".into(),
            kind: "http".into(),
            severity: Severity::Warn,
            inconclusive_excused: true,
            outcome: Outcome::Inconclusive,
            attempts: 2,
            took_ms: 43,
            numbers: BTreeMap::from([("p95_ms".into(), 43.5)]),
            series: BTreeMap::from([("achieved_rate".into(), Series { seconds_each: 1, values: vec![20.0, 19.0] })]),
            expectations: vec![Expectation { expected: "status 200".into(), seen: None }],
            messages: vec![],
            samples: vec![Sample {
                request: "GET /".into(),
                via: "test listener".into(),
                status: None,
                took_ms: 1,
                attempt: 1,
                body: None,
                error: Some("connection refused".into()),
            }],
        }],
        timeline: vec![Moment { at: Timestamp::from_second(1_700_000_001).unwrap(), what: "plan read".into() }],
    }
}

#[test]
fn evidence_survives_its_json() {
    let evidence = example();
    let json = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), evidence);
    assert!(json.contains(r#""routing":"proven""#) && json.contains(r#""decision":"Failed""#), "{json}");
}

#[cfg(feature = "schema")]
#[test]
fn evidence_as_it_is_written_satisfies_its_schema() {
    use std::collections::BTreeSet;

    let schema = crate::schema::evidence();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let evidence = serde_json::to_value(example()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&evidence).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&evidence), names(&schema["properties"]), "the example has every field");
    for name in ["verdict", "schema", "deployment_id"] {
        let mut evidence = evidence.clone();
        evidence.as_object_mut().unwrap().remove(name);
        assert!(!validator.is_valid(&evidence), "evidence without {name}");
    }
}
