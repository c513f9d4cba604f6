//! Golden transcripts of `greenlight deploy`: how far it follows, what it does about another deployment, about a signal and about
//! auto-scaling, and what keeps it from starting.

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod stand_in;
    pub(crate) mod transcript;
}

use std::path::Path;
use std::process::Command;

use serde_json::json;
use support::deploy_site::{Plan, Site};
use support::interposer::{Call, Fate, Interposer};
use support::transcript::{Play, Stage, transcript};

/// Both waits last minutes, whatever the machine is doing.
const GATED: Plan = Plan::GATED;
const OPEN: Plan = Plan { ready_wait: None, ..GATED };
/// Nobody is waited for.
const QUICK: Plan = Plan { termination_wait: "1m", ..OPEN };

#[test]
fn it_leaves_as_early_as_it_is_asked_to_and_the_deployment_goes_on() {
    transcript(
        "deploy_leaves_early",
        "It leaves as early as it is asked to, the deployment goes on, and the same command finds it again.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            play.without_events();
            play.run(&["deploy", "--detach"], 0);
            let made = site.deployments();
            play.run(&["deploy", "--until", "gate"], 0);
            play.run(&["deploy", "--until", "Install"], 0);
            play.run(&["deploy", "--no-wait-at-gate"], 17);
            play.run(&["deploy", "--deadline", "1s"], 15);
            play.run(&["deploy", "--detach"], 0);
            play.run(&["deploy", "--detach", "--auto-scaling", "suspend"], 2);
            assert_eq!((made.len(), site.deployments()), (1, made), "all of it is one deployment");
        },
    );
}

#[test]
fn a_place_that_is_not_on_the_way_is_refused_before_anything_is_made() {
    transcript(
        "deploy_until_nowhere",
        "A place that the group's deployments do not pass is refused before anything is made.",
        || Site::start(&Plan { test_listener: false, ..OPEN }),
        |play| {
            let site = play.stage;
            let revisions = site.revisions();
            play.run(&["deploy", "--until", "AfterAllowTestTraffic"], 2);
            play.run(&["deploy", "--until", "gate"], 2);
            play.run(&["deploy", "--until", "AlowTraffic"], 2);
            assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
            play.remark("what is on the way is waited for");
            play.without_events();
            play.run(&["deploy", "--until", "traffic-shifted"], 0);
        },
    );
}

#[test]
fn a_signal_does_what_the_command_line_says() {
    transcript(
        "deploy_on_interrupt",
        "The first signal leaves, stops, or rolls back, as --on-interrupt says; a place that cannot be reached any more is told.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            for (policy, exit) in [("detach", 130), ("rollback", 13), ("stop", 13)] {
                let deploying = play.start(&["deploy", "--on-interrupt", policy, "--until", "traffic-shifted"]);
                deploying.until_gate(play.form);
                play.remark("SIGINT");
                deploying.signal("INT");
                play.end(deploying, exit);
            }
            let rolled_back = |id: &String| site.deployment(id)["rollbackInfo"]["rollbackDeploymentId"].is_string();
            let all = site.deployments();
            let (first, last) = (all.last().expect("one was made"), all.first().expect("one was made"));
            assert_eq!((all.len(), rolled_back(first), rolled_back(last)), (3, true, false), "{all:?}");
        },
    );
}

/// A site whose answers may be lost.
struct Doubtful {
    site: Site,
    interposer: Interposer,
}

impl Doubtful {
    fn start() -> Self {
        let site = Site::start(&GATED);
        let interposer = Interposer::before(site.stand_in.text("endpoint"));
        Self { site, interposer }
    }
}

impl Stage for Doubtful {
    fn command(&self) -> Command {
        let mut command = self.site.command();
        command.env("AWS_ENDPOINT_URL", self.interposer.endpoint());
        command
    }

    fn folder(&self) -> &Path {
        self.site.folder()
    }
}

#[test]
fn a_conflict_that_is_seen_late_takes_the_revision_back_and_a_second_signal_leaves_at_once() {
    transcript(
        "deploy_on_bad_days",
        "A conflict that is seen late takes the revision back. A second signal leaves at once, says what is left running, and leaves no \
         auto-scaling suspended.",
        Doubtful::start,
        |play| {
            let Doubtful { site, interposer } = play.stage;
            site.register_scaling();
            let deploying = play.start(&["deploy", "--on-interrupt", "rollback", "--auto-scaling", "suspend"]);
            deploying.until_gate(play.form);
            assert_eq!(site.scaling().0, [true; 3]);

            let revisions = site.revisions();
            play.remark("the list of deployments comes too late to show that one is active");
            interposer.strike(&[(Call::Of("ListDeployments", 1), Fate::Lagging)]);
            play.run(&["deploy", "--env", "web:ROUND=2"], 16);
            assert_eq!((site.deployments().len(), site.revisions()), (1, revisions));

            play.remark("from now on nothing is seen of the deployment; SIGINT, and when it was answered SIGTERM");
            interposer.strike(&[(Call::Of("GetDeployment", usize::MAX), Fate::Throttled)]);
            deploying.signal("INT");
            deploying.until(play.form, "interrupted: stop of d-", "interrupted: stop of d-");
            deploying.signal("TERM");
            play.end(deploying, 143);
            assert_eq!(site.scaling(), (vec![false; 3], None));
        },
    );
}

#[test]
fn auto_scaling_is_suspended_where_that_is_asked_and_always_resumed() {
    transcript(
        "deploy_auto_scaling",
        "Auto-scaling is suspended where that is asked, and is afterwards as it was before.",
        || Site::start(&GATED),
        |play| {
            let site = play.stage;
            let suspending = ["deploy", "--auto-scaling", "suspend", "--until", "gate"];
            play.run(&suspending, 0);

            site.register_scaling();
            play.remark("the service now has auto-scaling");
            let deploying = play.start(&["deploy", "--auto-scaling", "suspend"]);
            deploying.until_gate(play.form);
            let (suspended, mark) = site.scaling();
            assert_eq!(suspended, [true; 3]);
            let marked = |mark: &str| mark.starts_with("in=on out=on scheduled=on since=20");
            assert!(mark.as_deref().is_some_and(marked), "{mark:?}");
            play.remark("SIGINT");
            deploying.signal("INT");
            play.end(deploying, 130);
            assert_eq!(site.scaling(), (vec![false; 3], None));

            site.call(
                "AnyScaleFrontendService.RegisterScalableTarget",
                &json!({"ServiceNamespace": "ecs", "ResourceId": "service/story/shop",
                    "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": {"ScheduledScalingSuspended": true}}),
            );
            play.remark("somebody suspends scheduled scaling");
            play.run(&suspending, 0);
            assert_eq!(site.scaling(), (vec![false, false, true], None));
            play.run(&["deploy", "--auto-scaling", "leave", "--until", "gate"], 0);
        },
    );
}

#[test]
fn another_deployment_is_refused_followed_outlasted_or_superseded() {
    transcript(
        "deploy_on_conflict",
        "Another deployment of the group ends the command, is followed, is waited for, or is superseded, as --on-conflict says.",
        || Site::start(&OPEN),
        |play| {
            let site = play.stage;
            play.without_events();
            play.run(&["deploy", "--until", "traffic-shifted"], 0);
            let first = site.deployments()[0].clone();
            let revisions = site.revisions();
            let next = ["deploy", "--env", "web:ROUND=2", "--until", "traffic-shifted", "--on-conflict"];
            play.run(&[&next[..], &["fail"]].concat(), 16);
            play.run(&[&next[..], &["attach"]].concat(), 0);
            assert_eq!((site.deployments().len(), site.revisions()), (1, revisions), "nothing was made");

            let waiting = play.start(&[&next[..], &["wait"]].concat());
            let wanted = format!("waiting for the end of {first}, which is active");
            waiting.until(play.form, &wanted, &wanted);
            play.remark("somebody ends the termination wait of the first");
            site.end_termination_wait(&first);
            play.end(waiting, 0);
            assert_eq!(site.deployment(&first)["status"], "Succeeded");

            let second = site.deployments()[0].clone();
            let third = ["deploy", "--env", "web:ROUND=3", "--until", "traffic-shifted", "--on-conflict", "supersede"];
            play.run(&third, 0);
            let superseded = site.deployment(&second);
            assert_eq!(superseded["status"], "Stopped");
            let rollback = superseded["rollbackInfo"]["rollbackDeploymentId"].as_str().expect("it was rolled back");
            assert_eq!(site.deployment(rollback)["status"], "Succeeded");
            assert_eq!(site.deployments().len(), 4);
        },
    );
}

#[test]
fn what_serves_already_is_not_deployed_again_unless_it_is_forced() {
    transcript(
        "deploy_force",
        "What serves already is not deployed again, unless --force is given; a report is kept of what was done.",
        || Site::start(&QUICK),
        |play| {
            play.run(&["deploy", "--report", "report"], 0);
            kept(play, "report");
            play.run(&["deploy"], 0);
            play.run(&["deploy", "--force"], 0);
            assert_eq!(play.stage.deployments().len(), 2);
        },
    );
}

/// Tells what lies in a folder.
fn kept(play: &mut Play<Site>, folder: &str) {
    let entries = std::fs::read_dir(play.stage.folder().join(folder)).expect("the folder was made");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    play.remark(&format!("{folder}/ has {}", names.join(", ")));
}

#[test]
fn what_would_fail_the_deployment_is_found_before_anything_is_registered() {
    transcript(
        "deploy_preflight",
        "What would fail the deployment ends the command with 18 before anything is registered; skipped, it fails the deployment.",
        || Site::start(&QUICK),
        |play| {
            let site = play.stage;
            let revisions = site.revisions();
            let text = "version: 1\napplication: shop-app\ndeployment_group: shop-dg\ntask_definition: green.json\n\
                        hooks: { BeforeAllowTraffic: CodeDeployHook_Nobody }\n";
            play.write("greenlight.yaml", text);
            play.run(&["deploy", "--env", "web:ROUND=2"], 18);
            assert_eq!((site.deployments().len(), site.revisions()), (0, revisions));
            play.run(&["deploy", "--env", "web:ROUND=2", "--skip-preflight"], 11);
        },
    );
}
