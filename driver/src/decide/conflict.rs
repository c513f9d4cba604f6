//! What to do when a deployment of the group is active already: it may be ours, of a run that was cut short, or somebody else's,
//! where a policy decides. It calls nothing.

use crate::snapshot::{Deployment, Revision};

/// `on_conflict`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The command ends.
    #[default]
    Fail,
    /// It waits for the other one's end, and deploys then.
    Wait,
    /// It follows the other one instead.
    Attach,
    /// It stops the other one, with rollback, and deploys then.
    Supersede,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted<'a> {
    /// The revision, where there is one already: without an equal task definition nothing can deploy it yet.
    pub revision: Option<&'a Revision>,
    /// The deployment configuration, where one is asked for.
    pub config: Option<&'a str>,
    /// The policy.
    pub policy: OnConflict,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub enum Decision<'a> {
    /// Nothing is in the way.
    Free,
    /// This one is what is wanted: follow it, create none.
    Ours(&'a Deployment),
    /// Give up because of this one.
    Fail(&'a Deployment),
    /// Wait for the end of this one.
    Wait(&'a Deployment),
    /// Follow this one.
    Attach(&'a Deployment),
    /// Stop this one, with rollback, and wait for its end.
    Stop(&'a Deployment),
}

/// Decides on the group's latest deployments.
pub fn decide<'a>(latest: &'a [Deployment], wanted: &Wanted<'_>) -> Decision<'a> {
    let mut active = latest.iter().filter(|deployment| !deployment.status.is_terminal());
    let Some(first) = active.clone().next() else { return Decision::Free };
    if let Some(ours) = active.find(|deployment| is_ours(deployment, wanted)) {
        return Decision::Ours(ours);
    }
    match wanted.policy {
        OnConflict::Fail => Decision::Fail(first),
        OnConflict::Wait => Decision::Wait(first),
        OnConflict::Attach => Decision::Attach(first),
        // A rollback is on its way to what served before. To stop it would leave the group between two versions.
        OnConflict::Supersede if first.rolls_back.is_some() => Decision::Wait(first),
        OnConflict::Supersede => Decision::Stop(first),
    }
}

/// The deployment of this revision among the group's latest, but for one that was there before we asked for it.
pub fn found<'a>(latest: &'a [Deployment], revision: &Revision, before: Option<&str>) -> Option<&'a Deployment> {
    latest.iter().find(|deployment| deployment.deploys(revision) && Some(deployment.id.as_str()) != before)
}

/// A deployment of the same bytes in another way, all at once instead of a canary, is not what was asked for.
fn is_ours(deployment: &Deployment, wanted: &Wanted<'_>) -> bool {
    let same_revision = wanted.revision.is_some_and(|revision| deployment.deploys(revision));
    same_revision && wanted.config.is_none_or(|config| deployment.config.as_deref() == Some(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::testing::snapshot;
    use crate::snapshot::Object;

    const CONFIG: &str = "CodeDeployDefault.ECSCanary10Percent5Minutes";

    fn deployment(id: &str, status: &str, sha256: &str) -> Deployment {
        let deployment = snapshot(status).deployment;
        Deployment { id: id.to_owned(), appspec_sha256: Some(sha256.to_owned()), ..deployment }
    }

    fn wanted(revision: Option<&Revision>, policy: OnConflict) -> Wanted<'_> {
        Wanted { revision, config: None, policy }
    }

    fn revision(sha256: &str) -> Revision {
        Revision::Content { sha256: sha256.to_owned() }
    }

    #[test]
    fn every_policy_has_its_decision_about_a_deployment_of_somebody_else() {
        let latest = [deployment("d-0", "Succeeded", "aa"), deployment("d-1", "InProgress", "bb")];
        let ours = revision("aa");
        let decided = |policy| decide(&latest, &wanted(Some(&ours), policy));
        assert_eq!(decided(OnConflict::Fail), Decision::Fail(&latest[1]));
        assert_eq!(decided(OnConflict::Wait), Decision::Wait(&latest[1]));
        assert_eq!(decided(OnConflict::Attach), Decision::Attach(&latest[1]));
        assert_eq!(decided(OnConflict::Supersede), Decision::Stop(&latest[1]));
        assert_eq!(decide(&latest[..1], &wanted(Some(&ours), OnConflict::Fail)), Decision::Free);
    }

    #[test]
    fn an_active_deployment_of_the_same_bytes_is_ours_whatever_the_policy() {
        let latest = [deployment("d-1", "Created", "AA")];
        let ours = revision("aa");
        for policy in [OnConflict::Fail, OnConflict::Wait, OnConflict::Attach, OnConflict::Supersede] {
            assert_eq!(decide(&latest, &wanted(Some(&ours), policy)), Decision::Ours(&latest[0]));
            assert_ne!(
                decide(&latest, &wanted(None, policy)),
                Decision::Ours(&latest[0]),
                "nothing equal is registered"
            );
        }
    }

    #[test]
    fn the_same_bytes_in_another_way_are_not_what_was_asked_for() {
        let latest = [deployment("d-1", "InProgress", "aa")];
        let ours = revision("aa");
        let with = |config| decide(&latest, &Wanted { config: Some(config), ..wanted(Some(&ours), OnConflict::Fail) });
        assert_eq!(with(CONFIG), Decision::Ours(&latest[0]));
        assert_eq!(with("CodeDeployDefault.ECSAllAtOnce"), Decision::Fail(&latest[0]));
    }

    #[test]
    fn a_rollback_is_waited_for_and_never_stopped_nor_taken_for_ours() {
        let rollback = Deployment { rolls_back: Some("d-0".to_owned()), ..deployment("d-1", "InProgress", "aa") };
        let (ours, latest) = (revision("aa"), [rollback]);
        assert_eq!(decide(&latest, &wanted(Some(&ours), OnConflict::Supersede)), Decision::Wait(&latest[0]));
        assert_eq!(decide(&latest, &wanted(Some(&ours), OnConflict::Fail)), Decision::Fail(&latest[0]));
    }

    #[test]
    fn an_object_is_told_by_bucket_and_key() {
        let object = |key: &str| Revision::Object { bucket: "b".to_owned(), key: key.to_owned() };
        let mut deployment = deployment("d-1", "InProgress", "aa");
        deployment.appspec_object =
            Some(Object { bucket: "b".to_owned(), key: "aa.json".to_owned(), ..Object::default() });
        let latest = [deployment];
        assert_eq!(found(&latest, &object("aa.json"), None), Some(&latest[0]));
        assert_eq!(found(&latest, &object("bb.json"), None), None);
    }

    #[test]
    fn an_object_that_is_named_after_its_bytes_is_the_same_revision_as_these_bytes() {
        let sha256 = "0123456789abcdef".repeat(4);
        let mut deployment = deployment("d-1", "InProgress", "aa");
        deployment.appspec_sha256 = None;
        let key = format!("app/dg/{sha256}.json");
        deployment.appspec_object = Some(Object { bucket: "b".to_owned(), key, ..Object::default() });
        assert!(deployment.deploys(&revision(&sha256)) && !deployment.deploys(&revision(&"0".repeat(64))));
        deployment.appspec_object =
            Some(Object { bucket: "b".to_owned(), key: "appspec.json".to_owned(), ..Object::default() });
        assert!(!deployment.deploys(&revision(&sha256)), "its bytes are not known");
        assert_eq!(deployment.fingerprint().as_deref(), Some("s3://b/appspec.json"));
    }

    #[test]
    fn what_was_there_before_is_not_the_answer_to_our_call() {
        let latest = [deployment("d-1", "Succeeded", "aa")];
        assert_eq!(found(&latest, &revision("aa"), Some("d-1")), None);
        assert_eq!(found(&latest, &revision("aa"), Some("d-0")), Some(&latest[0]));
    }
}
