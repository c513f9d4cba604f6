//! What a plan may say of a conversation, and what every mistake in it is told.

use super::Givens;
use super::reading::read;

fn problems(check: &str) -> Vec<String> {
    let text = format!("version: 1\nhooks: {{ AfterAllowTestTraffic: [a] }}\nchecks:\n  - id: a\n{check}\n");
    match read(&text, "checks.yaml", &Givens::at(jiff::Timestamp::UNIX_EPOCH)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.messages().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let table = [
        ("    websocket: { path: /ws }\n    expect: { message: a, within: 5s }", ""),
        ("    websocket: { path: /ws }", "checks[0]: \"expect\" is missing (checks.yaml:4:5)"),
        (
            "    websocket: {}\n    expect: { message: a }",
            "checks[0].websocket: \"path\" is missing (checks.yaml:5:16)",
        ),
        (
            "    websocket: { path: ws }\n    expect: { message: a }",
            "checks[0].websocket.path: expected a path that begins with / and is percent-encoded, got \"ws\" (checks.yaml:5:24)",
        ),
        (
            "    websocket: { path: /ws, sent: a }\n    expect: { message: a }",
            "checks[0].websocket: unknown field \"sent\" (checks.yaml:5:29); did you mean \"send\"?",
        ),
        (
            "    websocket: { path: /ws, headers: { Upgrade: a } }\n    expect: { message: a }",
            "checks[0].websocket.headers.Upgrade: cannot be set here; it asks for the upgrade (checks.yaml:5:40)",
        ),
        (
            "    websocket: { path: /ws, headers: { Sec-WebSocket-Protocol: a } }\n    expect: { message: a }",
            "checks[0].websocket.headers.Sec-WebSocket-Protocol: cannot be set here; use subprotocol (checks.yaml:5:40)",
        ),
        (
            "    websocket: { path: /ws, subprotocol: 'a, b' }\n    expect: { message: a }",
            "checks[0].websocket.subprotocol: expected one name, got \"a, b\" (checks.yaml:5:42)",
        ),
        (
            "    websocket: { path: /ws }\n    expect: { within: 1s }",
            "checks[0].expect: \"message\" is missing (checks.yaml:6:13)",
        ),
        (
            "    websocket: { path: /ws }\n    expect: { message: { contain: a } }",
            "checks[0].expect.message: unknown field \"contain\" (checks.yaml:6:26); did you mean \"contains\"?",
        ),
        (
            "    websocket: { path: /ws }\n    expect: { message: a, within: 0s }",
            "checks[0].expect.within: expected more than 0 (checks.yaml:6:35)",
        ),
        (
            "    websocket: { path: /ws }\n    expect: { message: a, within: 6s }",
            "checks[0].expect.within: is longer than timeout (5000 ms), which ends the attempt; raise it (checks.yaml:6:35)",
        ),
        (
            "    websocket: { path: /ws }\n    expect: { message: a, within: 2s }\n    timeout: 1s",
            "checks[0].expect.within: is longer than timeout (1000 ms), which ends the attempt; raise it (checks.yaml:6:35)",
        ),
    ];
    for (check, told) in table {
        let told: Vec<String> =
            Some(told).filter(|told| !told.is_empty()).map(|told| format!("GL1001 plan: {told}")).into_iter().collect();
        assert_eq!(problems(check), told, "{check}");
    }
}
