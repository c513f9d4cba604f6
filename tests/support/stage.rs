//! A place for the driver's fault table: a stand-in whose group is brought into the state that a verb needs, and the verb run
//! there with accidents between it and the stand-in.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::deploy_site::{Plan, Site, text};
use super::interposer::{Call, Fate, Interposer};

/// What a group is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Deployments end by themselves.
    Quick,
    /// They wait for a person before production traffic shifts.
    Ready,
    /// Their hook asks a person.
    Gated,
    /// They stay in the wait behind the shift.
    Lasting,
}

/// Many deployments are made here, one after the other.
pub(crate) struct Stage {
    pub(crate) site: Site,
    round: AtomicUsize,
    is_scaled: bool,
}

impl Stage {
    pub(crate) fn start(setting: Setting) -> Self {
        let plan = Plan {
            ready_wait: (setting == Setting::Ready).then_some("100h"),
            termination_wait: if setting == Setting::Lasting { "400h" } else { "1m" },
            // An hour of CodeDeploy's is long enough for a machine that has much else to do.
            pace: if setting == Setting::Gated { "20" } else { "100" },
            ..Plan::default()
        };
        let site = Site::start_with(&plan, |folder, scenario| change(setting, folder, scenario));
        let mut configuration = String::new();
        if setting != Setting::Lasting {
            configuration += "hooks: { AfterAllowTestTraffic: validate }\n";
        }
        if setting == Setting::Quick {
            site.register_scaling();
            configuration += &format!("images: {{ web: \"{IMAGE}\" }}\n");
        }
        site.configure(&configuration);
        Self { site, round: AtomicUsize::new(0), is_scaled: setting == Setting::Quick }
    }

    /// The next deployment is of something that was not deployed before.
    pub(crate) fn next(&self) -> String {
        format!("web:ROUND={}", self.round.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// How many deployments and revisions there are.
    pub(crate) fn counted(&self) -> (usize, usize) {
        (self.site.deployments().len(), self.site.revisions().len())
    }

    /// So many deployments more, no revision without one, nothing left suspended.
    pub(crate) fn assert_made(&self, made: usize, before: (usize, usize)) {
        let (deployments, revisions) = self.counted();
        assert_eq!(deployments, before.0 + made, "deployments");
        assert!(revisions <= before.1 + made, "{revisions} revisions after {}", before.1);
        if self.is_scaled {
            assert_eq!(self.site.scaling(), (vec![false; 3], None), "auto-scaling");
        }
    }

    /// Runs a verb to its end, undisturbed; it must end with this code.
    pub(crate) fn run(&self, arguments: &[&str], code: i32) {
        let output = self.site.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
    }

    /// Runs a verb while this happens to its calls, with so many attempts that the SDK makes. What it printed, and its calls.
    pub(crate) fn struck(
        &self,
        arguments: &[String],
        strikes: &[(Call, Fate)],
        attempts: &str,
    ) -> (Output, Vec<String>) {
        let interposer = Interposer::before(self.site.stand_in.text("endpoint"));
        interposer.strike(strikes);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = self.site.greenlight(&arguments);
        command.env("AWS_ENDPOINT_URL", interposer.endpoint()).env("AWS_MAX_ATTEMPTS", attempts);
        let output = command.output().expect("greenlight can be started");
        (output, interposer.calls())
    }
}

/// In ECR, so that somebody is asked whether it is there.
const IMAGE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:2";

fn change(setting: Setting, folder: &Path, scenario: &mut Value) {
    let approval = "  - id: go\n    approval: { from: [ana], within: 50m }\n";
    let (ids, more) = if setting == Setting::Gated { ("health, go", approval) } else { ("health", "") };
    let checks = format!(
        "version: 1\nbudget: {{ report_reserve: 10s, stabilise: 5s }}\nhooks: {{ AfterAllowTestTraffic: [{ids}] }}\nchecks:\n  \
         - id: health\n    http: {{ get: /healthz }}\n    expect: {{ status: 200 }}\n{more}"
    );
    std::fs::write(folder.join("checks.yaml"), checks).expect("a file can be written");
    let mut function = json!({"event": "AfterAllowTestTraffic", "binary": "after-allow-test-traffic", "plan": "checks.yaml",
        "timeout": "60s"});
    if setting != Setting::Gated {
        // Without it the log alone tells of a gate.
        function["environment"] = json!({"GREENLIGHT_EVIDENCE_BUCKET": "revisions"});
    }
    scenario["functions"] = json!({"validate": function});
    scenario["alarms"] = json!({"calm": {"state": "OK"}});
    scenario["group_alarms"] = json!(["calm"]);
    scenario["images"][IMAGE] = scenario["images"]["shop:2"].clone();
}
