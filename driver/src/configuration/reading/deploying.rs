//! The part of `greenlight.yaml` that says how to deploy: the deployment's own settings, and the policies.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Reader;
use crate::configuration::{AutoScaling, EvidencePlace, GuardSettings};
use crate::decide::conflict::OnConflict;
use crate::decide::interruption::OnInterrupt;
use crate::document::{Node, hint};
use crate::snapshot::RollbackEvent;

pub(super) const ON_CONFLICT: &[(&str, OnConflict)] = &[
    ("fail", OnConflict::Fail),
    ("wait", OnConflict::Wait),
    ("attach", OnConflict::Attach),
    ("supersede", OnConflict::Supersede),
];
pub(super) const ON_INTERRUPT: &[(&str, OnInterrupt)] =
    &[("detach", OnInterrupt::Detach), ("stop", OnInterrupt::Stop), ("rollback", OnInterrupt::Rollback)];
pub(super) const AUTO_SCALING: &[(&str, AutoScaling)] =
    &[("leave", AutoScaling::Leave), ("suspend", AutoScaling::Suspend)];

/// Often enough to see something within a canary of some minutes, seldom enough to be no load.
const DEFAULT_EVERY: Duration = Duration::from_secs(10);

/// Configuration, automatic rollback, alarms.
type Deployment = (Option<String>, Option<Vec<RollbackEvent>>, Option<Vec<String>>);

impl Reader<'_> {
    pub(super) fn evidence(&mut self, node: Node) -> Option<EvidencePlace> {
        let whole = node.place;
        let mut map = self.known(Some(node), "evidence", &["bucket", "prefix"])?;
        let Some(node) = map.take("bucket") else {
            self.fault(whole, "\"evidence\" needs bucket: the S3 bucket that the functions keep their evidence in");
            return None;
        };
        let place = node.place;
        let bucket = self.text("bucket", node)?;
        // A variable may be unset where a verb only looks.
        if !bucket.contains("${") && !is_bucket(&bucket) {
            let text = format!(
                "\"bucket\" is the name of an S3 bucket (3 to 63 of a-z, 0-9, - and .), without s3:// and without a path, unlike {bucket:?}"
            );
            self.fault(place, text);
        }
        let prefix = map.take("prefix").and_then(|node| {
            let place = node.place;
            let prefix = self.text("prefix", node)?;
            if prefix.contains("//") || prefix.starts_with("s3:") {
                let text = format!("\"prefix\" is what the keys begin with, such as teams/shop, unlike {prefix:?}");
                self.fault(place, text);
            }
            Some(prefix)
        });
        Some(EvidencePlace::new(&bucket, prefix.as_deref()))
    }

    pub(super) fn deployment(&mut self, node: Option<Node>) -> Deployment {
        let Some(mut map) = self.known(node, "deployment", &["config", "rollback_on", "alarms"]) else {
            return (None, None, None);
        };
        let config = map.take("config").and_then(|node| self.text("config", node));
        let rollback_on = map.take("rollback_on").and_then(|node| self.list("rollback_on", node)).map(|nodes| {
            let mut events = Vec::new();
            for node in nodes {
                let place = node.place;
                match self.text("rollback_on", node).map(|text| text.parse::<RollbackEvent>()) {
                    Some(Ok(event)) => events.push(event),
                    Some(Err(complaint)) => self.fault(place, complaint),
                    None => {}
                }
            }
            events.sort();
            events.dedup();
            events
        });
        let alarms = map.take("alarms").map(|node| self.text_list("alarms", node));
        (config, rollback_on, alarms)
    }

    pub(super) fn guard(&mut self, node: Node) -> Option<GuardSettings> {
        let place = node.place;
        let mut map = self.known(Some(node), "guard", &["checks", "every", "url"])?;
        let checks = map.take("checks").map(|node| self.text_list("checks", node)).unwrap_or_default();
        if checks.is_empty() {
            self.fault(place, "\"guard\" needs checks: ids of the plan's checks");
        }
        let every = match map.take("every") {
            None => DEFAULT_EVERY,
            Some(node) => {
                let place = node.place;
                let seconds = self.text("every", node).and_then(|text| text.strip_suffix('s')?.parse::<u64>().ok());
                match seconds.filter(|seconds| (1..=300).contains(seconds)) {
                    Some(seconds) => Duration::from_secs(seconds),
                    None => {
                        self.fault(place, "\"every\" is from 1s to 300s");
                        DEFAULT_EVERY
                    }
                }
            }
        };
        let url = map.take("url").and_then(|node| {
            let place = node.place;
            let url = self.text("url", node)?;
            if url.starts_with("http://") || url.starts_with("https://") {
                return Some(url.trim_end_matches('/').to_owned());
            }
            self.fault(place, format!("\"url\" begins with http:// or https://, unlike {url:?}"));
            None
        });
        Some(GuardSettings { checks, every, url })
    }

    /// Maps of texts by container.
    pub(super) fn by_container(
        &mut self,
        node: Option<Node>,
        what: &str,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let Some(map) = node.and_then(|node| self.map(&format!("{what:?}"), node)) else { return BTreeMap::new() };
        map.entries
            .into_iter()
            .map(|(container, node)| {
                let texts = self.texts(Some(node), &container.name);
                (container.name, texts.into_iter().map(|(key, text)| (key.name, text)).collect())
            })
            .collect()
    }

    /// One word of some; the default when it is not given.
    pub(super) fn word<T: Copy + Default>(&mut self, node: Option<Node>, key: &str, words: &[(&str, T)]) -> T {
        let Some(node) = node else { return T::default() };
        let place = node.place;
        let Some(text) = self.text(key, node) else { return T::default() };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => *value,
            None => {
                let known = words.iter().map(|(word, _)| *word);
                self.fault(place, format!("{key}: unknown value {text:?}{}", hint(&text, known)));
                T::default()
            }
        }
    }
}

/// As S3 names buckets.
fn is_bucket(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| inner(byte) || byte == b'-' || byte == b'.')
        && name.bytes().next().is_some_and(inner)
        && name.bytes().last().is_some_and(inner)
}
