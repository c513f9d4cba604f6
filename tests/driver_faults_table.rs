//! The fault table of the driver: every call that its verbs make on AWS, met by every accident. What passes costs nothing; what stays
//! is an error that names the call. No success without evidence, no second deployment, nothing left behind.
//!
//! A verb that makes a call without a row fails the table (`what_passes_costs_a_verb_nothing_and_each_of_its_calls_has_a_row`).

mod support {
    pub(crate) mod deploy_site;
    pub(crate) mod interposer;
    pub(crate) mod side_by_side;
    pub(crate) mod stage;
    pub(crate) mod stand_in;
    pub(crate) mod verbs;
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use support::deploy_site::text;
use support::interposer::{Call, Fate};
use support::side_by_side::{Row, side_by_side};
use support::stage::{Setting, Stage};
use support::verbs::{BESIDE, DEPLOY, GROUPS, ROLLBACK, Verb, WATCH, on_stages};

/// Each of these passes: the first call meets with it, the second does not.
const PASSING: [Fate; 4] = [Fate::Throttled, Fate::CutOff, Fate::ServerFault, Fate::CallLost];
/// Each of these stays for ever. A call of a verb meets with a refusal and one of them; in another verb, with another one.
const LASTING: [Fate; 5] = [Fate::Throttled, Fate::ServerFault, Fate::CallLost, Fate::CutOff, Fate::Malformed];
/// As often as anybody can ask.
const EVER: usize = usize::MAX;

#[test]
fn what_passes_costs_a_verb_nothing_and_each_of_its_calls_has_a_row() {
    let seen: Mutex<BTreeMap<&str, BTreeSet<String>>> = Mutex::default();
    on_stages(&|stage, verb| {
        for shift in [0, 2] {
            let calls = passes(stage, verb, shift);
            seen.lock().expect("no row panics here").entry(verb.name).or_default().extend(calls);
        }
    });
    let seen = seen.into_inner().expect("no row panics there");
    for verb in GROUPS.into_iter().flatten() {
        let seen: BTreeSet<&str> = seen[verb.name].iter().map(String::as_str).collect();
        let mut known: BTreeSet<&str> = verb.calls().into_iter().collect();
        known.retain(|call| seen.contains(call) || !BESIDE.contains(call));
        assert_eq!(seen, known, "{}: left the calls that were seen, right those with a row", verb.name);
    }
}

fn passes(stage: &Stage, verb: &Verb, shift: usize) -> Vec<String> {
    let arguments = (verb.prepare)(stage);
    let before = stage.counted();
    let each = verb.calls().into_iter().enumerate().map(|(index, call)| {
        // What changes something is not made again before it was looked for: `deploy_crash` is about that.
        let once = if shift == 0 { Fate::AnswerLost } else { Fate::Throttled };
        let fate = if verb.acts.contains(&call) { once } else { PASSING[(index + shift) % PASSING.len()] };
        (Call::Of(call, 1), fate)
    });
    let strikes: Vec<_> = each.collect();
    let (output, calls) = stage.struck(&arguments, &strikes, "3");
    assert_eq!(output.status.code(), Some(verb.code), "{strikes:?}: {}", text(&output));
    stage.assert_made(verb.made, before);
    calls
}

#[test]
fn what_stays_ends_a_verb_with_the_name_of_the_call_and_leaves_nothing_behind() {
    on_stages(&stays);
}

fn stays(stage: &Stage, verb: &'static Verb) {
    let arguments = &(verb.prepare)(stage);
    let before = stage.counted();
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (index, (call, nothing)) in verb.needed.iter().enumerate() {
        let turn = index + verb.name.len();
        for fate in [Fate::Denied, LASTING[turn % LASTING.len()]] {
            let row = move || {
                let said = verb.ends(stage, arguments, &[(Call::Of(call, EVER), fate)], "1", 1);
                assert_named(&said, call, fate);
            };
            rows.push((format!("{call} {fate:?}"), Box::new(row)));
        }
        if *nothing != verb.code {
            let strikes = [(Call::Of(call, EVER), Fate::NothingInIt)];
            let row = move || drop(verb.ends(stage, arguments, &strikes, "1", *nothing));
            rows.push((format!("{call} with nothing in it"), Box::new(row)));
        }
    }
    for (call, nothing) in verb.spared.iter().filter(|(_, nothing)| *nothing != verb.code) {
        let strikes = [(Call::Of(call, EVER), Fate::NothingInIt)];
        let row = move || drop(verb.ends(stage, arguments, &strikes, "1", *nothing));
        rows.push((format!("{call} with nothing in it"), Box::new(row)));
    }
    side_by_side(rows);
    // One after the other: what one makes, it takes back.
    for call in verb.acts {
        let said = verb.ends(stage, arguments, &[(Call::Of(call, EVER), Fate::Denied)], "1", 1);
        assert_named(&said, call, Fate::Denied);
    }
    stage.assert_made(0, before);
}

/// `codedeploy:GetDeployment: AccessDeniedException: not authorized`, and what to do.
fn assert_named(said: &str, call: &str, fate: Fate) {
    assert!(said.contains(&format!(":{call}: ")), "{fate:?}: {call} is not named: {said}");
    if fate == Fate::Denied {
        assert!(said.contains(&format!(":{call} to the credentials in use")), "nobody says what to do: {said}");
    }
}

#[test]
fn what_a_verb_can_do_without_changes_no_end_and_targets_that_are_late_are_waited_for() {
    on_stages(&goes_on);
}

fn goes_on(stage: &Stage, verb: &'static Verb) {
    let runs = |what: &str, strikes: &[(Call, Fate)], code: i32| {
        let arguments = (verb.prepare)(stage);
        let before = stage.counted();
        let said = verb.ends(stage, &arguments, strikes, "1", code);
        if code == verb.code {
            stage.assert_made(verb.made, before);
        }
        assert!(!said.contains("panicked"), "{what}: {said}");
        (arguments, said)
    };
    // What is left behind then is told by a test of its own.
    let spared: Vec<_> = verb.spared.iter().copied().filter(|(call, _)| *call != "UntagResource").collect();
    let all = |calls: &[(&'static str, i32)], fate: Fate, code: Option<i32>| {
        let meant = calls.iter().filter(|(_, nothing)| code.is_none_or(|code| *nothing == code));
        meant.map(|(call, _)| (Call::Of(call, EVER), fate)).collect::<Vec<_>>()
    };
    runs("all that is spared is denied", &all(&spared, Fate::Denied, None), verb.code);
    let nothing =
        [all(&spared, Fate::NothingInIt, Some(verb.code)), all(verb.needed, Fate::NothingInIt, Some(verb.code))];
    runs("nothing in what may be empty", &nothing.concat(), verb.code);
    if verb.calls().contains(&"ListDeploymentTargets") {
        let late = [
            (Call::Of("ListDeploymentTargets", 1), Fate::NotStarted),
            (Call::Of("ListDeploymentTargets", 1), Fate::NothingInIt),
            (Call::Of("BatchGetDeploymentTargets", 1), Fate::NotStarted),
            (Call::Of("BatchGetDeploymentTargets", 1), Fate::NothingInIt),
        ];
        runs("targets are late", &late, verb.unstarted);
    }
    for look in verb.looks {
        let (arguments, said) = runs("a look is denied", &[(Call::Of(look, EVER), Fate::Denied)], 1);
        assert!(said.contains("lost sight of deployment d-") && said.contains(&format!(":{look}: ")), "{said}");
        if verb.name == "deploy" {
            // Run again it is found, whether or not it has ended meanwhile.
            let before = stage.counted();
            verb.ends(stage, &arguments, &[], "3", verb.code);
            stage.assert_made(0, before);
        } else {
            stage.run(&["watch", &stage.site.deployments()[0]], verb.code);
        }
    }
}

#[test]
fn a_list_that_still_names_an_ended_deployment_as_active_misleads_nobody() {
    let stage = Stage::start(Setting::Quick);
    for (verb, arguments, code, said) in [
        (&ROLLBACK, None, 0, "SUCCEEDED"),
        (&DEPLOY, None, 0, "SUCCEEDED"),
        (&WATCH, Some(["watch"].as_slice()), 0, "SUCCEEDED"),
        (&WATCH, Some(&["status"]), 0, "SUCCEEDED"),
        (&WATCH, Some(&["stop", "--rollback"]), 1, "has ended already; there is nothing to stop"),
        (&WATCH, Some(&["continue"]), 1, "is in no wait that could be ended"),
        (&WATCH, Some(&["approve", "--yes", "--by", "ana"]), 1, "waits for nobody's approval"),
    ] {
        let prepared = (verb.prepare)(&stage);
        let arguments = arguments.map_or(prepared, |words| words.iter().map(|word| (*word).to_owned()).collect());
        let before = stage.counted();
        let ended = stage.site.deployments().first().map(|id| format!("\"{id}\"")).unwrap_or_default();
        let listed: &'static str = format!("{{\"deployments\":[{ended}]}}").leak();
        let strikes = [(Call::Of("ListDeployments", 1), Fate::Answered(listed))];
        let printed = verb.ends(&stage, &arguments, &strikes, "1", code);
        assert!(printed.contains(said), "{arguments:?}: {printed}");
        stage.assert_made(verb.made, before);
    }
}

#[test]
fn words_that_nobody_knows_are_shown_and_neither_end_nor_hold_up_a_deployment() {
    let stage = Stage::start(Setting::Quick);
    let targets = |old, new, times| (Call::Of("BatchGetDeploymentTargets", times), Fate::Replaced(old, new));
    let deployment = |new| (Call::Of("GetDeployment", 2), Fate::Replaced("\"status\":\"InProgress\"", new));
    for (strikes, shown) in [
        // The status of the deployment, of its target and of its events, for some looks.
        (vec![deployment("\"status\":\"Hibernating\""), targets("\"InProgress\"", "\"Dozing\"", 2)], "Hibernating"),
        // What a task set is and how it stands, for ever.
        (vec![targets("\"Green\"", "\"Teal\"", 3), targets("\"ACTIVE\"", "\"ASLEEP\"", EVER)], ""),
    ] {
        let arguments = [(DEPLOY.prepare)(&stage), vec!["--output".to_owned(), "json".to_owned()]].concat();
        let before = stage.counted();
        let printed = DEPLOY.ends(&stage, &arguments, &strikes, "1", 0);
        assert!(printed.contains(shown), "{printed}");
        stage.assert_made(1, before);
    }
    // Where the traffic goes is not known then, and not said.
    let strikes =
        [(Call::Of("DescribeListeners", EVER), Fate::Replaced("<Type>forward</Type>", "<Type>teleport</Type>"))];
    WATCH.ends(&stage, &(WATCH.prepare)(&stage), &strikes, "1", 0);
}

#[test]
fn a_mark_that_cannot_be_removed_is_told_and_the_next_deployment_removes_it() {
    let stage = Stage::start(Setting::Quick);
    let strikes = [(Call::Of("UntagResource", EVER), Fate::Denied)];
    let said = DEPLOY.ends(&stage, &(DEPLOY.prepare)(&stage), &strikes, "1", 0);
    let told = "warning: auto-scaling is resumed, but its mark stays until the next deploy with auto_scaling: suspend: \
                application-autoscaling:UntagResource: AccessDeniedException";
    assert!(said.contains(told), "{said}");
    let (suspended, mark) = stage.site.scaling();
    assert!(suspended == [false; 3] && mark.is_some(), "{suspended:?} {mark:?}");
    let before = stage.counted();
    DEPLOY.ends(&stage, &(DEPLOY.prepare)(&stage), &[], "3", 0);
    stage.assert_made(1, before);
}
