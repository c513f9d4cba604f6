//! What `alarm` and `metric` may say, and what every mistake in them is told.

use std::time::Duration;

use super::*;
use crate::event::HookEvent;

/// A plan with one check; `check` stands from line 4, column 5 on.
fn with(check: &str) -> String {
    format!("version: 1\nhooks: {{ BeforeAllowTraffic: [a] }}\nchecks:\n  - {}\n", check.replace('\n', "\n    "))
}

fn read_one(check: &str) -> Result<Check, Vec<String>> {
    let plan = read(&with(check), "checks.yaml", &Givens::at(jiff::Timestamp::UNIX_EPOCH))
        .map_err(|errors| errors.messages().iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(plan.for_event(HookEvent::BeforeAllowTraffic).unwrap().checks.remove(0))
}

#[test]
fn an_alarm_check_is_read_as_it_is_meant() {
    let Kind::Alarm(alarm) = read_one("id: a\nalarm: { names: [shop-5xx] }").unwrap().kind else { panic!("an alarm") };
    let expected = AlarmCheck {
        names: vec!["shop-5xx".into()],
        watch_for: Duration::ZERO,
        every: Duration::from_secs(5),
        already_red: AlreadyRed::Fail,
    };
    assert_eq!(alarm, expected);
    let whole = "id: a\nalarm: { names: [a, b], watch_for: 60s, every: 10s, already_red: ignore }";
    let Kind::Alarm(alarm) = read_one(whole).unwrap().kind else { panic!("an alarm") };
    assert_eq!((alarm.watch_for.as_secs(), alarm.every.as_secs()), (60, 10));
    assert_eq!((alarm.names.len(), alarm.already_red), (2, AlreadyRed::Ignore));
}

#[test]
fn a_metric_check_is_read_as_it_is_meant() {
    let least = "id: a\nmetric: { namespace: Shop, name: Errors, statistic: Sum }\nexpect: { at_most: 5 }";
    let Kind::Metric(metric) = read_one(least).unwrap().kind else { panic!("a metric") };
    assert_eq!((metric.query.period_seconds, metric.periods, metric.wait_for.as_secs()), (60, 5, 120));
    assert_eq!(metric.missing, Missing::Inconclusive);
    assert_eq!((metric.expected.to_string(), metric.place.as_str()), ("<= 5".into(), "checks.yaml:6"));
    let whole = "id: a\nmetric: { namespace: AWS/ApplicationELB, name: TargetResponseTime, dimensions: { TargetGroup: t/b/1, Shard: 7 }, statistic: p99.9, period: 10s, over: 2m, wait_for: 0s }\nexpect: 0.5";
    let Kind::Metric(metric) = read_one(whole).unwrap().kind else { panic!("a metric") };
    assert_eq!((metric.query.period_seconds, metric.periods, metric.wait_for.as_secs()), (10, 12, 0));
    assert_eq!(metric.query.to_string(), "p99.9 of AWS/ApplicationELB TargetResponseTime (TargetGroup=t/b/1, Shard=7)");
    assert_eq!(metric.expected.to_string(), "0.5");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mut wrong = String::new();
    for (check, told) in BAD {
        let found = read_one(check).err().unwrap_or_default();
        let told: Vec<String> = told.lines().map(|line| format!("GL1001 plan: checks[0]{line}")).collect();
        if found != told {
            wrong.push_str(&format!("--- expected\n{}\n+++ got\n{}\n", told.join("\n"), found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[rustfmt::skip]
const BAD: &[(&str, &str)] = &[
    ("id: a\nalarm: {}", ".alarm: \"names\" is missing (checks.yaml:5:12)"),
    ("id: a\nalarm: [shop-5xx]", ".alarm: expected a mapping, got a list (checks.yaml:5:12)"),
    ("id: a\nalarm: { names: [] }", ".alarm.names: lists no alarm; nothing would be watched (checks.yaml:5:21)"),
    ("id: a\nalarm: { names: shop-5xx }", ".alarm.names: expected a list, got a text (checks.yaml:5:21)"),
    ("id: a\nalarm: { names: [a, a] }", ".alarm.names: lists \"a\" twice (checks.yaml:5:25)"),
    ("id: a\nalarm: { names: [''] }", ".alarm.names: \"\" is no alarm's name; it has 1 to 255 characters (checks.yaml:5:22)"),
    ("id: a\nalarm: { names: ['arn:aws:cloudwatch:r:1:alarm:a'] }", ".alarm.names: expected the alarm's name, got its ARN \"arn:aws:cloudwatch:r:1:alarm:a\" (checks.yaml:5:22)"),
    ("id: a\nalarm: { names: [a], watch: 60s }", ".alarm: unknown field \"watch\" (checks.yaml:5:26); did you mean \"watch_for\"?"),
    ("id: a\nalarm: { names: [a], watch_for: 60 }", ".alarm.watch_for: expected a duration such as 500ms, 90s or 8m, got \"60\" (checks.yaml:5:37)"),
    ("id: a\nalarm: { names: [a], watch_for: 51m }", ".alarm.watch_for: expected at most 50m; no hook runs longer (checks.yaml:5:37)"),
    ("id: a\nalarm: { names: [a], every: 500ms }", ".alarm.every: expected at least 1s; CloudWatch answers an account nine times a second (checks.yaml:5:33)"),
    ("id: a\nalarm: { names: [a], already_red: ignored }", ".alarm.already_red: unknown value \"ignored\" (checks.yaml:5:39); did you mean \"ignore\"?"),
    ("id: a\nalarm: { names: [a] }\nexpect: { status: 200 }", ".expect: is not for alarm checks: OK passes, within watch_for (checks.yaml:6:13)"),
    ("id: a\nalarm: { names: [a] }\ntimeout: 10s", ".timeout: is not for alarm checks: OK passes, within watch_for (checks.yaml:6:14)"),
    ("id: a\nalarm: { names: [a] }\nretry: { until: 10s }", ".retry: an alarm check is judged once and not repeated (checks.yaml:6:12)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum }", ": \"expect\" is missing (checks.yaml:4:5)"),
    ("id: a\nmetric: { name: E, statistic: Sum }\nexpect: 0", ".metric: \"namespace\" is missing (checks.yaml:5:13)"),
    ("id: a\nmetric: { namespace: S, statistic: Sum }\nexpect: 0", ".metric: \"name\" is missing (checks.yaml:5:13)"),
    ("id: a\nmetric: { namespace: S, name: '', statistic: Sum }\nexpect: 0", ".metric.name: expected 1 to 255 characters, got \"\" (checks.yaml:5:35)"),
    ("id: a\nmetric: { namespace: S, name: E }\nexpect: 0", ".metric: \"statistic\" is missing (checks.yaml:5:13)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: sum }\nexpect: 0", ".metric.statistic: unknown statistic \"sum\" (checks.yaml:5:49); did you mean \"Sum\"?"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: p101 }\nexpect: 0", ".metric.statistic: unknown statistic \"p101\" (checks.yaml:5:49); expected one of Average, Sum, Minimum, Maximum, SampleCount, IQM, p99"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, period: 45s }\nexpect: 0", ".metric.period: expected 1s, 5s, 10s, 20s, 30s or whole minutes, at most 3h (checks.yaml:5:62)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, over: 90s }\nexpect: 0", ".metric.over: expected a multiple of the period (60s), at most 3h (checks.yaml:5:60)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, over: 0s }\nexpect: 0", ".metric.over: expected a multiple of the period (60s), at most 3h (checks.yaml:5:60)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, wait_for: 4h }\nexpect: 0", ".metric.wait_for: expected at most 3h (checks.yaml:5:64)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, missing: 0 }\nexpect: 0", ".metric.missing: expected a text, got a number (checks.yaml:5:63)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, missing: none }\nexpect: 0", ".metric.missing: unknown value \"none\" (checks.yaml:5:63); expected one of inconclusive, zero"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: p99, missing: zero }\nexpect: 0", ".metric.missing: zero is for Sum and SampleCount; a missing p99 is not 0 (checks.yaml:5:63)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, dimension: {} }\nexpect: 0", ".metric: unknown field \"dimension\" (checks.yaml:5:54); did you mean \"dimensions\"?"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, dimensions: { A: '' } }\nexpect: 0", ".metric.dimensions.A: must not be empty (checks.yaml:5:71)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum, dimensions: { A: [b] } }\nexpect: 0", ".metric.dimensions.A: expected a text, got a list (checks.yaml:5:71)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum }\nexpect: few", ".expect: expected a number, got a text (checks.yaml:6:13)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum }\nexpect: { at_mots: 5 }", ".expect: unknown field \"at_mots\" (checks.yaml:6:15); did you mean \"at_most\"?"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum }\nexpect: 0\ntimeout: 10s", ".timeout: is not for metric checks; they wait for values for wait_for (checks.yaml:7:14)"),
    ("id: a\nmetric: { namespace: S, name: E, statistic: Sum }\nexpect: 0\nretry: { until: 10s }", ".retry: a metric check is judged once and not repeated (checks.yaml:7:12)"),
];
