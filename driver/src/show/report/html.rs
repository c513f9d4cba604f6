//! The report for people: one page that needs no network and runs nothing, with the lifecycle, the split of production traffic,
//! latencies of both versions, and every check. It decides nothing and colours nothing that it does not also say.

use std::fmt::Write as _;
use std::time::Duration;

use greenlight_checks::evidence::{CheckEvidence, Evidence};
use jiff::Timestamp;

use super::super::words;
use super::chart::{self, Line, Plot};
use super::checks;
use super::document::{Document, Event, Hook, Split};
use super::page::{escaped, folded, page, table};

/// Percentiles that a latency plot may have, in order.
pub(super) const PERCENTILES: [&str; 8] = ["p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9"];

/// The page.
pub fn document(document: &Document) -> String {
    let mut body = String::from("<main id=\"content\">\n");
    header(&mut body, document);
    failure(&mut body, document);
    lifecycle(&mut body, document);
    traffic(&mut body, document);
    for hook in &document.hooks {
        hook_section(&mut body, hook);
    }
    let _ = write!(
        body,
        "<footer class=\"quiet\"><p>Written by {} at {}. The same for programs: report.json, junit.xml.</p></footer>\n</main>\n",
        escaped(&document.tool),
        clock(document.written_at)
    );
    page(&format!("{} {}", document.deployment.id, document.outcome.name.replace('_', " ")), &body)
}

fn header(body: &mut String, document: &Document) {
    let deployment = &document.deployment;
    let (class, word) = match document.outcome.exit_code {
        Some(0) => ("good", "SUCCEEDED"),
        Some(_) => ("bad", "NOT SUCCEEDED"),
        None => ("odd", "RUNNING"),
    };
    let _ = write!(
        body,
        "<h1><span class=\"mark {class}\">{word}</span> {} of {}</h1>\n<p>{}</p>\n<dl>\n",
        escaped(&deployment.id),
        escaped(&deployment.service),
        escaped(&document.outcome.reason)
    );
    let mut entry = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(body, "<dt>{name}</dt><dd>{}</dd>", escaped(&value));
        }
    };
    entry("Deployment group", Some(deployment.group.clone()));
    let versions = deployment.container.as_ref().zip(deployment.from.as_ref()).zip(deployment.to.as_ref());
    entry("Version", versions.map(|((container, from), to)| format!("{container} {from} \u{2192} {to}")));
    entry("Shift", deployment.shift.clone());
    entry("Took", deployment.took_ms.map(milliseconds));
    entry("CodeDeploy's status", deployment.status.clone());
    entry("Rolls back", deployment.rolls_back.clone());
    entry("Exit code", document.outcome.exit_code.map(|code| code.to_string()));
    entry(
        "Rollback",
        document.rollback.as_ref().map(|rollback| {
            let id = rollback.deployment_id.as_deref().unwrap_or("there is no rollback deployment");
            let took = rollback.took_ms.map(|took| format!(" in {}", milliseconds(took))).unwrap_or_default();
            if rollback.done { format!("{id}, done{took}") } else { format!("{id}, NOT done") }
        }),
    );
    entry("Production listener", document.serving.production.as_ref().map(split));
    entry("Test listener", document.serving.test.as_ref().map(split));
    body.push_str("</dl>\n");
}

fn split(split: &Split) -> String {
    format!("{} original, {} replacement", words::percent(split.original), words::percent(split.replacement))
}

fn failure(body: &mut String, document: &Document) {
    let Some(failure) = &document.failure else { return };
    let _ = writeln!(body, "<h2>Why</h2>\n<pre>{}</pre>", escaped(&failure.told.join("\n")));
}

/// From the first event's beginning to the last one's end, or to now while one runs.
fn span(events: &[Event], now: Timestamp) -> Option<(Timestamp, f64)> {
    let first = events.iter().filter_map(|event| event.started_at).min()?;
    let last = events.iter().filter_map(|event| event.started_at.map(|_| event.ended_at.unwrap_or(now))).max()?;
    Some((first, seconds(first, last).max(0.001)))
}

fn lifecycle(body: &mut String, document: &Document) {
    if document.events.is_empty() {
        return;
    }
    body.push_str("<h2>Lifecycle</h2>\n<figure>\n<ul class=\"events\">\n");
    let span = span(&document.events, document.written_at);
    let mut rows = Vec::new();
    for event in &document.events {
        let class = match event.status.as_str() {
            "Succeeded" => "good",
            "Failed" => "bad",
            _ => "odd",
        };
        let took = event.started_at.zip(event.ended_at).map(|(from, to)| milliseconds_between(from, to));
        let told = took.clone().unwrap_or_else(|| event.status.clone());
        let bar = span.zip(event.started_at).map(|((first, whole), started)| {
            let ended = event.ended_at.unwrap_or(document.written_at);
            chart::bar(seconds(first, started) / whole, seconds(first, ended) / whole, class)
        });
        let _ = writeln!(
            body,
            "<li><span>{} <span class=\"{class}\">{}</span></span><span class=\"took\">{}</span>{}</li>",
            escaped(&event.name),
            escaped(&event.status),
            escaped(&told),
            bar.unwrap_or_else(|| "<span></span>".to_owned())
        );
        rows.push(vec![
            escaped(&event.name),
            escaped(&event.status),
            event.started_at.map(clock).unwrap_or_default(),
            event.ended_at.map(clock).unwrap_or_default(),
            took.unwrap_or_default(),
        ]);
    }
    let caption = span.map(|(first, whole)| {
        format!("Bars from {} on, {} in all.", clock(first), words::duration(Duration::from_secs_f64(whole)))
    });
    let _ = writeln!(body, "</ul>\n<figcaption>{}</figcaption>\n</figure>", caption.unwrap_or_default());
    let events = table("Lifecycle events", &["Event", "Status", "Began", "Ended", "Took"], &rows);
    body.push_str(&folded("Lifecycle events as a table", &events));
}

fn traffic(body: &mut String, document: &Document) {
    let allowed = document.events.iter().find(|event| event.name == "AllowTraffic").and_then(|event| event.started_at);
    let Some(first) = document.traffic.first().map(|traffic| traffic.at) else { return };
    body.push_str("<h2>Production traffic</h2>\n");
    let begins = allowed.filter(|allowed| *allowed < first).unwrap_or(first);
    let last = document.traffic.iter().map(|traffic| traffic.at).chain([document.written_at]).max().unwrap_or(first);
    let whole = seconds(begins, last).max(0.001);
    let mut points = vec![(0.0, 0.0)];
    points.extend(
        document
            .traffic
            .iter()
            .map(|traffic| (seconds(begins, traffic.at) / whole, traffic.replacement_percent / 100.0)),
    );
    if let Some((_, share)) = points.last().copied() {
        points.push((1.0, share));
    }
    let seen: Vec<_> = document.traffic.iter().map(|seen| words::percent(seen.replacement_percent)).collect();
    let plot = Plot {
        label: format!("The replacement's share of production traffic over time: {}", seen.join(", then ")),
        upright: ["0 %".to_owned(), "100 %".to_owned()],
        along: vec![clock(begins), clock(last)],
        lines: vec![Line { name: "replacement".to_owned(), class: "green", points: chart::steps(&points) }],
    };
    let rows: Vec<_> = document
        .traffic
        .iter()
        .map(|seen| {
            vec![
                clock(seen.at),
                words::percent(seen.replacement_percent),
                words::percent(100.0 - seen.replacement_percent),
            ]
        })
        .collect();
    let _ = write!(
        body,
        "<figure>\n{}<figcaption>The replacement's share, as it was seen.</figcaption>\n</figure>\n{}",
        chart::plot(&plot),
        folded("Traffic as a table", &table("Traffic over time", &["Seen at", "Replacement", "Original"], &rows))
    );
}

fn hook_section(body: &mut String, hook: &Hook) {
    let _ = writeln!(body, "<h2>{}</h2>", escaped(&hook.event));
    let Some(evidence) = &hook.evidence else {
        let why = hook.unreadable.as_deref().unwrap_or("The function left no evidence.");
        let _ = writeln!(body, "<p class=\"bad\">{}</p>", escaped(why));
        for looked in &hook.stored {
            let _ = writeln!(body, "<p>Looked for evidence: {}</p>", escaped(looked));
        }
        if !hook.log.is_empty() {
            let _ = writeln!(body, "<pre>{}</pre>", escaped(&hook.log.join("\n")));
        }
        return;
    };
    about(body, evidence);
    if evidence.checks.is_empty() {
        body.push_str("<p class=\"bad\">No check ran.</p>\n");
    } else {
        body.push_str(&checks::table(&format!("Checks of {}", hook.event), &evidence.checks));
    }
    for check in &evidence.checks {
        latencies(body, check);
    }
}

fn about(body: &mut String, evidence: &Evidence) {
    let plan = evidence.plan.as_ref().map(|plan| format!("{} (SHA-256 {})", plan.source, plan.sha256));
    let routing = evidence.attestation.summary.clone();
    let observed = evidence.observed.as_ref().map(|observed| {
        let would = if observed.would_have_failed { "would have failed" } else { "would have succeeded" };
        format!("only observes until {}; {would}", observed.until)
    });
    body.push_str("<dl>\n");
    let entries = [
        ("Verdict", Some(format!("{:?}", evidence.verdict.decision))),
        ("Mode", observed),
        ("Routing", Some(format!("{:?}", evidence.attestation.routing).to_lowercase())),
        ("Attested", routing),
        ("Function", evidence.function.clone()),
        ("Plan", plan),
    ];
    for (name, value) in entries {
        if let Some(value) = value {
            let _ = writeln!(body, "<dt>{name}</dt><dd>{}</dd>", escaped(&value));
        }
    }
    body.push_str("</dl>\n");
    let because: Vec<_> = evidence.verdict.because.iter().map(ToString::to_string).collect();
    if !because.is_empty() {
        let _ = writeln!(body, "<pre>{}</pre>", escaped(&because.join("\n")));
    }
}

/// The percentiles of a check that measured some: of one version for `load`, of both for each request of `compare`.
fn latencies(body: &mut String, check: &CheckEvidence) {
    let mut prefixes: Vec<&str> = check
        .numbers
        .keys()
        .filter_map(|name| name.strip_suffix("green_p50_ms").filter(|rest| rest.ends_with('.')))
        .collect();
    prefixes.sort_unstable();
    let percentiles = |prefix: &str| -> Vec<(&'static str, f64)> {
        PERCENTILES
            .into_iter()
            .filter_map(|percentile| Some((percentile, *check.numbers.get(&format!("{prefix}{percentile}_ms"))?)))
            .collect()
    };
    if prefixes.is_empty() {
        plot_latencies(body, &check.id, &[("green", percentiles(""))]);
    }
    for prefix in prefixes {
        let of = |side: &str| percentiles(&format!("{prefix}{side}_"));
        let title = format!("{}, {}", check.id, prefix.trim_end_matches('.'));
        plot_latencies(body, &title, &[("blue", of("blue")), ("green", of("green"))]);
    }
}

fn plot_latencies(body: &mut String, title: &str, sides: &[(&'static str, Vec<(&'static str, f64)>)]) {
    let Some((_, told)) = sides.iter().find(|(_, told)| told.len() > 1) else { return };
    let most = sides.iter().flat_map(|(_, told)| told).map(|(_, value)| *value).fold(0.0, f64::max);
    if most <= 0.0 {
        return;
    }
    let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
    let along = |name: &str| {
        let place = names.iter().position(|known| *known == name).unwrap_or_default();
        place as f64 / (names.len() - 1) as f64
    };
    let words = |told: &[(&str, f64)]| {
        let parts: Vec<_> = told.iter().map(|(name, value)| format!("{name} {} ms", number(*value))).collect();
        parts.join(", ")
    };
    let label: Vec<_> = sides.iter().map(|(side, told)| format!("{side}: {}", words(told))).collect();
    let plot = Plot {
        label: format!("Latency by percentile; {}", label.join("; ")),
        upright: ["0 ms".to_owned(), format!("{} ms", number(most))],
        along: names.iter().map(|name| (*name).to_owned()).collect(),
        lines: sides
            .iter()
            .map(|(side, told)| Line {
                name: (*side).to_owned(),
                class: side,
                points: told
                    .iter()
                    .filter(|(name, _)| names.contains(name))
                    .map(|(name, value)| (along(name), value / most))
                    .collect(),
            })
            .collect(),
    };
    let mut head = vec!["Percentile"];
    head.extend(sides.iter().map(|(side, _)| *side));
    let rows: Vec<_> = names
        .iter()
        .map(|name| {
            let of = |told: &[(&str, f64)]| {
                told.iter().find(|(known, _)| known == name).map(|(_, value)| format!("{} ms", number(*value)))
            };
            std::iter::once((*name).to_owned())
                .chain(sides.iter().map(|(_, told)| of(told).unwrap_or_default()))
                .collect()
        })
        .collect();
    let _ = write!(
        body,
        "<h3>Latency: {}</h3>\n<figure>\n{}<figcaption>By percentile; green is the replacement, blue the original.</figcaption>\n</figure>\n{}",
        escaped(title),
        chart::plot(&plot),
        folded("Latencies as a table", &table(&format!("Latencies of {title}"), &head, &rows))
    );
}

pub(super) fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    if value != 0.0 && rounded == 0.0 { format!("{value:.1e}") } else { rounded.to_string() }
}

fn milliseconds(took: u64) -> String {
    words::duration(Duration::from_millis(took))
}

fn milliseconds_between(from: Timestamp, to: Timestamp) -> String {
    words::duration(Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO))
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}
