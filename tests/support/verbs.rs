//! The rows of the driver's fault table: its verbs, and what each of their calls is to them.

use super::deploy_site::text;
use super::interposer::{Call, Fate};
use super::side_by_side::{Row, side_by_side};
use super::stage::{Setting, Stage};

/// A verb, and what its calls are to it.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) setting: Setting,
    /// Brings the group into the state that the verb needs, and says what to run.
    pub(crate) prepare: fn(&Stage) -> Vec<String>,
    /// How many deployments more there are after it.
    pub(crate) made: usize,
    /// How it ends when nothing happens, and when what happens passes.
    pub(crate) code: i32,
    /// How it ends when the deployment has no targets yet.
    pub(crate) unstarted: i32,
    /// Without an answer to these it ends. With each, how it ends when there is nothing in the answer.
    pub(crate) needed: &'static [(&'static str, i32)],
    /// It follows by these: asked again until they answer.
    pub(crate) looks: &'static [&'static str],
    /// These change something.
    pub(crate) acts: &'static [&'static str],
    /// It goes on without these. With each, how it ends when there is nothing in the answer.
    pub(crate) spared: &'static [(&'static str, i32)],
}

/// Read beside the loop: at the end they are not waited for.
pub(crate) const BESIDE: [&str; 3] = ["ListBucket", "GetObject", "FilterLogEvents"];
/// This is only asked where an answer was lost to a call that creates.
pub(crate) const LOOKED_FOR: &str = "BatchGetDeployments";
/// The last deployment of a group where nothing goes on.
fn last(stage: &Stage) -> String {
    if stage.site.deployments().is_empty() {
        stage.run(&["deploy", "--env", &stage.next()], 0);
    }
    stage.site.deployments()[0].clone()
}

pub(crate) const DEPLOY: Verb = Verb {
    name: "deploy",
    setting: Setting::Quick,
    prepare: |stage| {
        let more = ["--auto-scaling", "suspend", "--revision-bucket", "revisions", "--env"];
        words(&[&["deploy"], &more[..], &[&stage.next()]].concat())
    },
    made: 1,
    code: 0,
    unstarted: 0,
    needed: &[
        ("GetDeploymentGroup", 2),
        ("DescribeServices", 2),
        ("DescribeTaskDefinition", 2),
        ("DescribeScalableTargets", 0),
        ("ListTagsForResource", 0),
    ],
    looks: &["GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets"],
    acts: &["RegisterTaskDefinition", "PutObject", "TagResource", "RegisterScalableTarget", "CreateDeployment"],
    spared: &[
        // A second deployment would be refused by CreateDeployment.
        ("ListDeployments", 0),
        // The preflight says what it could not judge; what is not there blocks.
        ("DescribeTargetGroups", 18),
        ("DescribeListeners", 18),
        ("GetFunctionConfiguration", 0),
        ("DescribeImages", 18),
        ("DescribeAlarms", 18),
        ("ListBucket", 0),
        ("GetObject", 0),
        ("FilterLogEvents", 0),
        ("UntagResource", 0),
        (LOOKED_FOR, 0),
    ],
};

const STOP: Verb = Verb {
    name: "stop",
    setting: Setting::Lasting,
    prepare: |stage| {
        stage.run(&["deploy", "--detach", "--env", &stage.next()], 0);
        words(&["stop", "--rollback"])
    },
    // The rollback.
    made: 1,
    code: 13,
    unstarted: 13,
    needed: &[
        ("ListDeployments", 1),
        ("GetDeployment", 2),
        ("ListDeploymentTargets", 13),
        ("BatchGetDeploymentTargets", 13),
    ],
    looks: &[],
    acts: &["StopDeployment"],
    spared: &[
        ("GetApplicationRevision", 13),
        ("GetDeploymentGroup", 13),
        ("DescribeListeners", 13),
        ("ListTasks", 13),
        ("DescribeTasks", 13),
        ("DescribeServices", 13),
        ("DescribeTargetGroups", 13),
        ("DescribeTargetHealth", 13),
        ("DescribeAlarms", 13),
    ],
};

const CONTINUE: Verb = Verb {
    name: "continue",
    setting: Setting::Ready,
    prepare: |stage| {
        stage.run(&["deploy", "--no-wait-at-gate", "--env", &stage.next()], 17);
        words(&["continue"])
    },
    made: 0,
    code: 0,
    unstarted: 0,
    needed: &[
        ("ListDeployments", 1),
        ("GetDeployment", 2),
        ("ListDeploymentTargets", 0),
        ("BatchGetDeploymentTargets", 0),
    ],
    looks: &[],
    acts: &["ContinueDeployment"],
    spared: &[
        ("GetApplicationRevision", 0),
        ("GetDeploymentGroup", 0),
        ("DescribeListeners", 0),
        ("GetFunctionConfiguration", 0),
        ("ListBucket", 0),
        ("GetObject", 0),
        ("FilterLogEvents", 0),
    ],
};

const APPROVE: Verb = Verb {
    name: "approve",
    setting: Setting::Gated,
    prepare: |stage| {
        if let Some(id) = stage.site.deployments().first() {
            // Until the one before is over.
            stage.site.run(&["watch", id]);
        }
        stage.run(&["deploy", "--no-wait-at-gate", "--env", &stage.next()], 17);
        words(&["approve", "--yes", "--by", "ana"])
    },
    made: 0,
    code: 0,
    // Which hook runs is the target's to tell.
    unstarted: 1,
    needed: &[
        ("ListDeployments", 1),
        ("GetDeployment", 2),
        ("ListDeploymentTargets", 1),
        ("BatchGetDeploymentTargets", 1),
        ("FilterLogEvents", 1),
    ],
    looks: &[],
    acts: &["PutLifecycleEventHookExecutionStatus"],
    spared: &[("GetApplicationRevision", 0), ("GetDeploymentGroup", 0), ("CreateLogStream", 0), ("PutLogEvents", 0)],
};

pub(crate) const ROLLBACK: Verb = Verb {
    name: "rollback --to",
    setting: Setting::Quick,
    prepare: |stage| {
        // To what served before the last.
        while stage.site.deployments().len() < 2 {
            stage.run(&["deploy", "--env", &stage.next()], 0);
        }
        words(&["rollback", "--yes", "--to", &stage.site.deployments()[1]])
    },
    made: 1,
    code: 0,
    unstarted: 0,
    needed: &[
        ("GetDeploymentGroup", 2),
        ("ListDeployments", 0),
        ("DescribeServices", 2),
        ("GetDeployment", 2),
        ("GetApplicationRevision", 2),
        ("DescribeTaskDefinition", 2),
    ],
    looks: &["ListDeploymentTargets", "BatchGetDeploymentTargets"],
    acts: &["CreateDeployment"],
    spared: &[
        ("DescribeListeners", 0),
        ("GetFunctionConfiguration", 0),
        ("ListBucket", 0),
        ("GetObject", 0),
        ("FilterLogEvents", 0),
        (LOOKED_FOR, 0),
    ],
};

pub(crate) const WATCH: Verb = Verb {
    name: "watch",
    prepare: |stage| words(&["watch", &last(stage)]),
    needed: &[("GetDeployment", 2), ("ListDeploymentTargets", 0), ("BatchGetDeploymentTargets", 0)],
    spared: &[
        ("GetApplicationRevision", 0),
        ("GetDeploymentGroup", 0),
        ("DescribeListeners", 0),
        ("GetFunctionConfiguration", 0),
        ("ListBucket", 0),
        ("GetObject", 0),
        ("FilterLogEvents", 0),
    ],
    ..STATUS
};

const STATUS: Verb = Verb {
    name: "status",
    setting: Setting::Quick,
    prepare: |stage| {
        last(stage);
        words(&["status"])
    },
    made: 0,
    code: 0,
    unstarted: 0,
    needed: &[
        ("ListDeployments", 0),
        ("GetDeploymentGroup", 2),
        ("GetDeployment", 2),
        ("ListDeploymentTargets", 0),
        ("BatchGetDeploymentTargets", 0),
    ],
    looks: &[],
    acts: &[],
    spared: &[
        ("GetApplicationRevision", 0),
        ("DescribeListeners", 0),
        ("GetFunctionConfiguration", 0),
        ("ListBucket", 0),
        ("GetObject", 0),
        ("FilterLogEvents", 0),
    ],
};

const HISTORY: Verb = Verb {
    name: "history",
    prepare: |stage| {
        last(stage);
        words(&["history"])
    },
    needed: &[("ListDeployments", 0), ("BatchGetDeployments", 1)],
    spared: &[],
    ..STATUS
};

const PLAN: Verb = Verb {
    name: "plan",
    prepare: |stage| {
        last(stage);
        words(&["plan"])
    },
    code: 3,
    unstarted: 3,
    needed: &[
        ("GetDeploymentGroup", 2),
        ("DescribeServices", 2),
        ("DescribeTaskDefinition", 2),
        ("ListDeployments", 3),
        ("BatchGetDeployments", 1),
        ("GetDeployment", 3),
        ("ListDeploymentTargets", 3),
        ("BatchGetDeploymentTargets", 3),
    ],
    spared: &[("GetApplicationRevision", 3)],
    ..STATUS
};

const ROLLBACK_TO_WHAT_SERVES: Verb = Verb {
    name: "rollback",
    prepare: |stage| {
        last(stage);
        words(&["rollback", "--yes"])
    },
    needed: &[
        ("GetDeploymentGroup", 2),
        ("ListDeployments", 2),
        ("BatchGetDeployments", 1),
        ("DescribeServices", 2),
        ("GetDeployment", 0),
        ("GetApplicationRevision", 2),
        ("DescribeTaskDefinition", 0),
    ],
    spared: &[("DescribeListeners", 0)],
    ..STATUS
};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Verb {
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        let needed = self.needed.iter().chain(self.spared).map(|(call, _)| *call);
        needed.chain(self.looks.iter().copied()).chain(self.acts.iter().copied()).collect()
    }

    /// Runs it while this happens, and checks its end.
    pub(crate) fn ends(
        &self,
        stage: &Stage,
        arguments: &[String],
        strikes: &[(Call, Fate)],
        attempts: &str,
        code: i32,
    ) -> String {
        let (output, _) = stage.struck(arguments, strikes, attempts);
        let printed = text(&output);
        assert_eq!(output.status.code(), Some(code), "{strikes:?}: {printed}");
        printed
    }
}

/// Each by itself that changes something; those that only look share a stage. The doctor says what it could not read and goes on: its
/// table is `driver_doctor_findings`.
pub(crate) static GROUPS: [&[Verb]; 6] = [
    &[DEPLOY],
    &[STOP],
    &[CONTINUE],
    &[APPROVE],
    &[ROLLBACK],
    &[WATCH, STATUS, HISTORY, PLAN, ROLLBACK_TO_WHAT_SERVES],
];

/// Every verb on its group's stage; those that share one at once.
pub(crate) fn on_stages(play: &(dyn Fn(&Stage, &'static Verb) + Sync)) {
    let row = |group: &'static [Verb]| -> Row<'_> {
        let play = move || {
            let stage = Stage::start(group[0].setting);
            if group[0].made == 0 && group.len() > 1 {
                last(&stage);
            }
            let stage = &stage;
            let verb = |verb: &'static Verb| -> Row<'_> { (verb.name.to_owned(), Box::new(move || play(stage, verb))) };
            side_by_side(group.iter().map(verb).collect());
        };
        (group[0].name.to_owned(), Box::new(play))
    };
    side_by_side(GROUPS.iter().map(|group| row(group)).collect());
}
