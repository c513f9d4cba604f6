//! Which deployments are gone back to, and what is said of those that are not.

use std::collections::BTreeMap;

use super::*;
use crate::appspec::Extras;
use crate::decide::testing::{at, snapshot};
use crate::snapshot::Deployment;

fn past(id: &str, status: &str, created: i64) -> Past {
    let deployment = Deployment {
        id: id.to_owned(),
        created: Some(at(created)),
        appspec_sha256: Some(format!("sha of {id}")),
        ..snapshot(status).deployment
    };
    Past { deployment, creator: Some("user".to_owned()), description: None }
}

fn revision(id: &str, definition: &str) -> Revision {
    let appspec = AppSpec {
        resource: AppSpec::RESOURCE.to_owned(),
        task_definition: format!("arn:aws:ecs:us-east-1:1:task-definition/{definition}"),
        container: "web".to_owned(),
        port: 80,
        extras: Extras::default(),
        hooks: BTreeMap::new(),
    };
    Revision { past: past(id, "Succeeded", 0), content: appspec.render().content, appspec }
}

fn serving(deployment: Option<&str>, definition: &str) -> Serving {
    Serving {
        deployment: deployment.map(str::to_owned),
        fingerprint: deployment.map(|id| format!("sha of {id}")),
        task_definition: Some(format!("arn:aws:ecs:us-east-1:1:task-definition/{definition}")),
        shares: vec![("shop-a".to_owned(), 100.0), ("shop-b".to_owned(), 0.0)],
    }
}

#[test]
fn only_what_succeeded_and_was_asked_for_is_gone_back_to_the_newest_first() {
    let mut rollback = past("d-4", "Succeeded", 40);
    rollback.deployment.rolls_back = Some("d-3".to_owned());
    let all = vec![past("d-1", "Succeeded", 10), past("d-2", "Succeeded", 20), past("d-3", "Failed", 30), rollback];
    let ids: Vec<_> = candidates(all).into_iter().map(|past| past.deployment.id).collect();
    assert_eq!(ids, ["d-2", "d-1"]);
}

#[test]
fn what_serves_wholly_is_nothing_to_do_and_what_serves_partly_is_told_what_the_rollback_is() {
    let revision = revision("d-1", "shop:1");
    for serves in [serving(Some("d-1"), "shop:1"), serving(None, "shop:1")] {
        assert_eq!(course(&revision, &serves, None), Ok(Course::Nothing));
    }
    let mut split = serving(Some("d-1"), "shop:1");
    split.shares = vec![("shop-a".to_owned(), 90.0), ("shop-b".to_owned(), 10.0)];
    let told = course(&revision, &split, Some("ACTIVE")).unwrap_err().to_string();
    assert!(
        told.starts_with("the revision of d-1 serves already, but the production listener sends 90 % to shop-a and 10 % to shop-b elsewhere too"),
        "{told}"
    );
}

#[test]
fn another_appspec_of_the_same_task_definition_is_another_revision() {
    let revision = revision("d-1", "shop:1");
    assert_eq!(course(&revision, &serving(Some("d-9"), "shop:1"), Some("ACTIVE")), Ok(Course::Deploy));
}

#[test]
fn a_task_definition_that_is_not_active_is_refused_with_what_to_do() {
    let revision = revision("d-1", "shop:1");
    for (status, seen) in [(Some("INACTIVE"), "INACTIVE"), (None, "not there any more"), (Some("NEW"), "NEW")] {
        let told = course(&revision, &serving(Some("d-2"), "shop:2"), status).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "task definition shop:1 of deployment d-1 is {seen}: ECS starts no task of it; register it again with `aws ecs \
                 describe-task-definition --task-definition shop:1` and `greenlight deploy`, or go further back: greenlight \
                 rollback --to DEPLOYMENT_ID"
            )
        );
    }
}

#[test]
fn what_is_named_must_have_succeeded_in_this_group_and_be_no_rollback() {
    assert_eq!(named(&past("d-1", "Succeeded", 0), "app", "dg"), Ok(()));
    let mut rollback = past("d-4", "Succeeded", 40);
    rollback.deployment.rolls_back = Some("d-3".to_owned());
    for (past, group, wanted) in [
        (past("d-1", "Failed", 0), "dg", "deployment d-1 is Failed, and only a revision that has succeeded"),
        (past("d-1", "Hibernating", 0), "dg", "deployment d-1 is Hibernating, and only a revision that has succeeded"),
        (past("d-1", "Succeeded", 0), "other", "deployment d-1 is one of group \"dg\" of application \"app\", not of"),
        (rollback, "dg", "deployment d-4 is itself the rollback of d-3"),
    ] {
        let told = named(&past, "app", group).unwrap_err().to_string();
        assert!(told.starts_with(wanted), "{told}");
    }
}

#[test]
fn the_reason_for_skipping_hooks_is_never_cut_off_by_the_rest() {
    let reason = "the hook calls a service that is down";
    let told = description(&revision("d-1", "shop:1"), &serving(Some("d-2"), "shop:2"), Some(reason));
    assert_eq!(told, format!("greenlight rollback to d-1; hooks skipped: {reason}; shop:2 -> shop:1"));
    let long = "x".repeat(400);
    assert_eq!(description(&revision("d-1", "shop:1"), &Serving::default(), Some(&long)).chars().count(), 256);
}
