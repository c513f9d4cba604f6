//! What a request may do: change something, be sent elsewhere, and bring back more than is read.

use super::{check, refused, run_at, said};
use crate::evidence::Outcome;
use crate::plan::Kind;
use crate::probe::error::BODY_LIMIT;
use crate::test_server::{Reply, address, answer};

#[tokio::test]
async fn an_unsafe_method_needs_side_effects_accepted_and_carries_an_idempotency_key() {
    for method in ["post", "put", "patch", "delete"] {
        let asked = format!("http: {{ {method}: / }}, expect: {{ status: 200 }}");
        let name = method.to_uppercase();
        assert_eq!(
            refused(&asked),
            [format!(
                "GL1001 plan: checks[0].http: {name} may change something; add `side_effects: accepted` to the check if that is meant (checks.yaml:4:20)"
            )]
        );
        let server = address();
        let base = server.base.clone();
        let requests = server.serve(|_, _| answer(200, ""));
        let seen = run_at(&check(&format!("{asked}, side_effects: accepted")), &base).await.remove(0);
        assert_eq!(seen.outcome, Outcome::Passed, "{seen:?}");
        let requests = requests.lock().unwrap();
        assert!(requests[0].starts_with(&format!("{name} / HTTP/1.1\r\n")), "{}", requests[0]);
        assert_eq!(requests[0].matches("idempotency-key: execution-a\r\n").count(), 1, "{}", requests[0]);
    }
    // What changes nothing needs and carries none.
    for method in ["get", "head", "options"] {
        let server = address();
        let base = server.base.clone();
        let requests = server.serve(|_, _| answer(200, ""));
        let plan = check(&format!("http: {{ {method}: / }}, expect: {{ status: 200 }}"));
        assert_eq!(run_at(&plan, &base).await[0].outcome, Outcome::Passed);
        assert!(!requests.lock().unwrap()[0].contains("idempotency-key"));
    }
}

#[tokio::test]
async fn redirects_are_not_followed_unless_asked() {
    let moved = || {
        let server = address();
        let base = server.base.clone();
        let requests = server.serve(|_, text| match text.split(' ').nth(1) {
            Some("/a") => Reply::Answer(302, "location: /b\r\n", Vec::new()),
            Some("/b") => Reply::Answer(302, "location: /c\r\n", Vec::new()),
            _ => answer(200, ""),
        });
        (base, requests)
    };
    let asked = |follow: &str| check(&format!("http: {{ get: /a{follow} }}, expect: {{ status: 200 }}"));
    let Kind::Http(http) = &asked("").checks[0].kind else { panic!("it is an http check") };
    assert_eq!(http.request.follow, 0);
    for (follow, told, sent) in [
        ("", &["GL1201 a: status expected 200, got 302"][..], 1),
        (", follow: 1", &["GL1202 a: expected an answer, got none: more than 1 redirects"], 2),
        (", follow: 2", &[], 3),
    ] {
        let (base, requests) = moved();
        let seen = run_at(&asked(follow), &base).await.remove(0);
        assert_eq!(said(&seen), told, "{follow}");
        assert_eq!(requests.lock().unwrap().len(), sent, "{follow}");
    }
    assert_eq!(
        refused("http: { get: /, follow: 21 }, expect: { status: 200 }"),
        ["GL1001 plan: checks[0].http.follow: expected a whole number from 0 to 20, got 21 (checks.yaml:4:38)"]
    );
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_an_error_and_never_cut() {
    assert_eq!(BODY_LIMIT, 1_048_576);
    // The last byte is the one that is looked for: a body that was cut would not have it.
    let plan = check("http: { get: / }, expect: { body: { matches: 'z$' } }, timeout: 60s");
    for (size, outcome, told) in [
        (BODY_LIMIT, Outcome::Passed, &[][..]),
        (
            BODY_LIMIT + 1,
            Outcome::Errored,
            &["GL1202 a: expected an answer, got none: the body is larger than 1048576 bytes"],
        ),
    ] {
        let server = address();
        let base = server.base.clone();
        server.serve(move |_, _| {
            let mut body = vec![b'x'; size - 1];
            body.push(b'z');
            Reply::Answer(200, "", body)
        });
        let seen = run_at(&plan, &base).await.remove(0);
        assert_eq!(seen.outcome, outcome);
        assert_eq!(said(&seen), told);
    }
}
