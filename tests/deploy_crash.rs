//! `greenlight deploy` dies at every step, or its answers are lost at every step: in the end there is one deployment, every
//! revision is used, and auto-scaling is resumed.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod stand_in;
}

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use support::deploy_site::{Plan, Site, outcome, text};
use support::interposer::{Call, Fate, Interposer};

/// The wait behind the shift lasts long here, and each deployment is let out of it: whoever comes late still finds it active.
const LONG: Plan = Plan {
    config: "CodeDeployDefault.ECSAllAtOnce",
    ready_wait: None,
    termination_wait: "100h",
    test_listener: true,
    rollback_on: &["failure", "stop"],
    green: &[("SHOP_VERSION", "2")],
    pace: "200",
};

/// A way through `deploy` with calls of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Nothing but the deployment, its AppSpec sent along.
    Plain,
    /// Auto-scaling suspended, the AppSpec put into a bucket, a hook with its function, an alarm for the preflight.
    Everything,
    /// Another deployment is active and is stopped for this one.
    Superseding,
}

/// Asked again and again, and after a wait as often as it takes: the first two stand for all of them.
const REPEATED: [&str; 5] =
    ["GetDeployment", "BatchGetDeploymentTargets", "FilterLogEvents", "ListDeployments", "BatchGetDeployments"];

struct Place {
    site: Site,
    interposer: Interposer,
    course: Course,
}

impl Place {
    fn start(course: Course) -> Self {
        let site = match course {
            Course::Plain | Course::Superseding => Site::start(&LONG),
            Course::Everything => Site::start_with(&LONG, with_hook),
        };
        if course == Course::Everything {
            site.register_scaling();
            site.configure(
                "auto_scaling: suspend\nhooks: { AfterAllowTestTraffic: validate }\nrevision_bucket: revisions\n",
            );
        }
        let interposer = Interposer::before(site.stand_in.text("endpoint"));
        Self { site, interposer, course }
    }

    /// What is there before a deployment of this round: where one is to be superseded, that one.
    fn prepare(&self, round: usize) -> Counted {
        let mut before = self.count();
        if self.course == Course::Superseding {
            let other = self.site.run(&["deploy", "--detach", "--env", &format!("web:OTHER={round}")]);
            assert_eq!(other.status.code(), Some(0), "{}", text(&other));
            before = self.count();
            // Its rollback.
            before.deployments += 1;
        }
        before
    }

    /// Deploys something that was not deployed before, and lets the deployment out of its last wait. Whether it came to an
    /// end of its own, and what it printed.
    fn deploy(&self, round: usize) -> (Option<i32>, Vec<Value>) {
        let round = format!("web:ROUND={round}");
        let mut arguments = vec!["deploy", "--output", "json", "--env", &round];
        if self.course == Course::Superseding {
            arguments.extend(["--on-conflict", "supersede"]);
        }
        let mut child = self
            .site
            .greenlight(&arguments)
            .env("AWS_ENDPOINT_URL", self.interposer.endpoint())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("greenlight can be started");
        self.interposer.victim(child.id());
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            let line: Value = serde_json::from_str(&line.expect("it can be read")).expect("a line is JSON");
            if line["type"] == "event" && line["event"] == "AfterAllowTraffic" && line["status"] == "Succeeded" {
                self.site.end_termination_wait(&self.site.deployments()[0]);
            }
            lines.push(line);
        }
        (child.wait().expect("it can be waited for").code(), lines)
    }

    /// Deploys and is killed at this call.
    fn is_killed(&self, row: &Row, fate: Fate, round: usize) {
        self.interposer.strike(&[(Call::Nth(row.0, row.1), fate)]);
        let (code, lines) = self.deploy(round);
        assert_eq!(code, None, "not killed: {fate:?} at {row:?}: {lines:#?}");
        self.interposer.strike(&[]);
    }

    /// One more deployment than before, one more revision at most, and nothing suspended or marked.
    fn assert_one_more(&self, before: &Counted, what: &str) {
        let after = self.count();
        assert_eq!(after.deployments, before.deployments + 1, "deployments after {what}");
        assert_eq!(after.revisions, before.revisions + 1, "revisions after {what}");
        if self.course == Course::Everything {
            assert_eq!(self.site.scaling(), (vec![false; 3], None), "auto-scaling after {what}");
        }
        let newest = self.site.deployments()[0].clone();
        assert_eq!(self.site.deployment(&newest)["status"], "Succeeded", "{newest} after {what}");
    }

    fn count(&self) -> Counted {
        Counted { deployments: self.site.deployments().len(), revisions: self.site.revisions().len() }
    }

    /// Everything that a run changes.
    fn state(&self) -> State {
        let deployments = self.site.deployments();
        let statuses = deployments.iter().take(1).map(|id| self.site.deployment(id)["status"].clone()).collect();
        let scaling = (self.course == Course::Everything).then(|| self.site.scaling());
        (self.count(), deployments, statuses, scaling)
    }

    /// Every call of a run that nothing happens to: the table is made of what was seen, so no call can be missing in it.
    fn rows(&self) -> Vec<Row> {
        self.prepare(0);
        self.interposer.strike(&[]);
        let (code, lines) = self.deploy(0);
        assert_eq!(code, Some(0), "{lines:#?}");
        let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut rows = Vec::new();
        for call in self.interposer.calls() {
            // A test's process is short.
            let call: &'static str = call.leak();
            let nth = seen.entry(call).and_modify(|nth| *nth += 1).or_insert(1);
            if *nth <= 2 || !REPEATED.contains(&call) {
                rows.push((call, *nth));
            }
        }
        rows
    }
}

/// An operation, and which of its calls.
type Row = (&'static str, usize);

/// Counts, deployments, the status of the newest, auto-scaling with its mark.
type State = (Counted, Vec<String>, Vec<Value>, Option<(Vec<bool>, Option<String>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    deployments: usize,
    revisions: usize,
}

fn with_hook(folder: &Path, scenario: &mut Value) {
    let plan = folder.join("checks.yaml");
    let checks = "version: 1\nbudget: { report_reserve: 10s, stabilise: 5s }\nhooks: { AfterAllowTestTraffic: [health] }\n\
                  checks:\n  - id: health\n    http: { get: /healthz }\n    expect: { status: 200 }\n";
    std::fs::write(&plan, checks).expect("a file can be written");
    scenario["functions"] = json!({"validate": {"event": "AfterAllowTestTraffic", "binary": "after-allow-test-traffic",
        "plan": "checks.yaml", "timeout": "60s"}});
    scenario["alarms"] = json!({"calm": {"state": "OK"}});
    scenario["group_alarms"] = json!(["calm"]);
    scenario["rollback_on"] = json!(["failure", "stop", "alarm"]);
}

/// Killed at each call of a course. As long as nothing was made, the next kill befalls the same attempt; when something was, the
/// command is run again and ends the deployment, the only one.
fn killed(course: Course, fate: Fate, calls_of_its_own: &[&str]) {
    let place = Place::start(course);
    let rows = place.rows();
    for wanted in calls_of_its_own {
        assert!(rows.iter().any(|(call, _)| call == wanted), "no {wanted} in {rows:?}");
    }
    // What is read before anything is made is read alike on every course.
    let own = |row: &&Row| course != Course::Superseding || calls_of_its_own.contains(&row.0);
    let mut round = 1;
    let mut before = place.prepare(round);
    let mut untouched = place.state();
    let mut at: Vec<&Row> = Vec::new();
    for row in rows.iter().filter(own) {
        place.is_killed(row, fate, round);
        at.push(row);
        if place.state() == untouched {
            continue;
        }
        let what = format!("{fate:?} at {at:?} of {course:?}");
        let deployments = place.site.deployments();
        let is_over =
            deployments.len() > before.deployments && place.site.deployment(&deployments[0])["status"] == "Succeeded";
        let (code, lines) = place.deploy(round);
        let last = lines.last().expect("there is an outcome");
        assert_eq!((code, &last["exit_code"]), (Some(0), &0.into()), "{what}: {lines:#?}");
        let nothing = last["reason"].as_str().is_some_and(|reason| reason.starts_with("nothing to do: d-"));
        assert_eq!(nothing, is_over, "what is deployed already is not deployed again: {what}: {last}");
        place.assert_one_more(&before, &what);
        round += 1;
        before = place.prepare(round);
        untouched = place.state();
        at.clear();
    }
    assert!(round > 1, "nothing was ever made: {rows:?}");
}

/// The calls that change something.
const MAKING: [&str; 7] = [
    "RegisterTaskDefinition",
    "CreateDeployment",
    "PutObject",
    "TagResource",
    "RegisterScalableTarget",
    "UntagResource",
    "StopDeployment",
];
const OF_PLAIN: [&str; 4] = ["RegisterTaskDefinition", "CreateDeployment", "DescribeTargetGroups", "DescribeListeners"];
const OF_EVERYTHING: [&str; 8] = [
    "PutObject",
    "RegisterScalableTarget",
    "TagResource",
    "UntagResource",
    "GetFunctionConfiguration",
    "DescribeAlarms",
    "FilterLogEvents",
    "CreateDeployment",
];
const OF_SUPERSEDING: [&str; 3] = ["ListDeployments", "BatchGetDeployments", "StopDeployment"];

#[test]
fn killed_before_any_call_and_run_again_one_deployment_results() {
    killed(Course::Plain, Fate::KilledBefore, &OF_PLAIN);
}

#[test]
fn killed_after_any_call_and_run_again_one_deployment_results() {
    killed(Course::Plain, Fate::KilledAfter, &OF_PLAIN);
}

#[test]
fn killed_before_any_call_of_a_deployment_with_everything_and_run_again_one_results() {
    killed(Course::Everything, Fate::KilledBefore, &OF_EVERYTHING);
}

#[test]
fn killed_after_any_call_of_a_deployment_with_everything_and_run_again_one_results() {
    killed(Course::Everything, Fate::KilledAfter, &OF_EVERYTHING);
}

#[test]
fn killed_around_the_stop_of_another_deployment_and_run_again_one_takes_its_place() {
    std::thread::scope(|scope| {
        for fate in [Fate::KilledBefore, Fate::KilledAfter] {
            scope.spawn(move || killed(Course::Superseding, fate, &OF_SUPERSEDING));
        }
    });
}

#[test]
fn with_the_answer_to_any_one_call_lost_one_deployment_results() {
    let courses = [Course::Plain, Course::Everything, Course::Superseding];
    std::thread::scope(|scope| {
        for course in courses {
            scope.spawn(move || answers_lost(course));
        }
    });
}

fn answers_lost(course: Course) {
    let place = Place::start(course);
    let rows = place.rows();
    // Where something is made, one at a time; what is only read, every answer once in one run.
    let makes = |row: &&Row| MAKING.contains(&row.0);
    let mut struck: Vec<Vec<Row>> = rows.iter().filter(makes).map(|row| vec![*row]).collect();
    struck.push(rows.iter().filter(|row| row.1 == 1 && !makes(row)).copied().collect());
    for (index, struck) in struck.iter().enumerate() {
        let round = index + 1;
        let what = format!("the answers lost of {struck:?} of {course:?}");
        let before = place.prepare(round);
        let strikes: Vec<_> = struck.iter().map(|(call, nth)| (Call::Nth(call, *nth), Fate::AnswerLost)).collect();
        place.interposer.strike(&strikes);
        let (code, lines) = place.deploy(round);
        assert_eq!(code, Some(0), "{what}: {lines:#?}");
        place.assert_one_more(&before, &what);
        let told = lines.iter().any(|line| {
            line["type"] == "warning"
                && line["text"].as_str().is_some_and(|text| text.contains("was not answered; looking whether"))
        });
        let creates = ["CreateDeployment", "RegisterTaskDefinition"].contains(&struck[0].0);
        assert_eq!(told, creates, "{what}: {lines:#?}");
    }
}

#[test]
fn an_answer_that_is_lost_while_the_lists_lag_behind_leads_to_one_deployment() {
    let place = Place::start(Course::Everything);
    let before = place.count();
    // The first list is asked before anything is created.
    place.interposer.strike(&[
        (Call::Of("CreateDeployment", 1), Fate::AnswerLost),
        (Call::Of("ListDeployments", 3), Fate::Lagging),
    ]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(0), "{lines:#?}");
    place.assert_one_more(&before, "a lost answer and a lagging list");
}

#[test]
fn throttling_of_the_calls_that_create_is_waited_out_without_a_word_of_doubt() {
    let place = Place::start(Course::Everything);
    let before = place.count();
    place.interposer.strike(&[
        (Call::Of("RegisterTaskDefinition", 3), Fate::Throttled),
        (Call::Of("CreateDeployment", 4), Fate::Throttled),
    ]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(lines.iter().all(|line| line["type"] != "warning"), "{lines:#?}");
    place.assert_one_more(&before, "throttling");
    let calls = place.interposer.calls();
    assert_eq!(calls.iter().filter(|call| *call == "CreateDeployment").count(), 5);
}

#[test]
fn a_revision_that_no_deployment_uses_is_taken_back_and_auto_scaling_resumed() {
    let place = Place::start(Course::Everything);
    let before = place.count();
    place.interposer.strike(&[(Call::Of("CreateDeployment", 1), Fate::Refused)]);
    let (code, lines) = place.deploy(1);
    assert_eq!(code, Some(1), "{lines:#?}");
    let after = place.count();
    assert_eq!((after.deployments, after.revisions), (before.deployments, before.revisions), "{lines:#?}");
    assert_eq!(place.site.scaling(), (vec![false; 3], None));
    let notes: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    assert!(notes.iter().any(|note| note.ends_with("deregistered: no deployment uses it")), "{notes:?}");
    assert!(notes.contains(&"auto-scaling resumed"), "{notes:?}");
    let last = lines.last().expect("there is an outcome");
    assert_eq!(
        last["reason"],
        "failed to create the deployment; codedeploy:CreateDeployment: InvalidRoleException: the role is gone"
    );
}

#[test]
fn what_serves_already_is_not_deployed_again_unless_it_is_forced() {
    let site = Site::start(&LONG);
    let deploy = |arguments: &[&str]| -> Output {
        let output = site.run(&[&["deploy", "--until", "traffic-shifted"], arguments].concat());
        let newest = site.deployments()[0].clone();
        if site.deployment(&newest)["status"] == "InProgress" {
            site.end_termination_wait(&newest);
            // Follows it to its end.
            site.run(&["watch", &newest]);
        }
        output
    };
    assert_eq!(deploy(&[]).status.code(), Some(0));
    let id = site.deployments()[0].clone();
    let again = deploy(&["--output", "json"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let last = outcome(&again);
    assert_eq!(last["deployment_id"], id.as_str());
    assert_eq!(
        last["reason"],
        format!("nothing to do: {id} deployed exactly this, and it serves; --force deploys it again")
    );
    assert_eq!(site.deployments().len(), 1);
    let forced = deploy(&["--force"]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced));
    assert_eq!(site.deployments().len(), 2);
    assert!(text(&forced).contains("is equal and used again"), "{}", text(&forced));
}
