//! `greenlight history` after a deployment that a hook failed: both it and its rollback, as a table and as NDJSON.

mod support {
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use support::output::{lines, text};
use support::stand_in::StandIn;

#[test]
fn a_failed_deployment_and_its_rollback_are_told_with_outcome_and_links() {
    let stand_in = StandIn::start(&["--green-fails", "500"]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let run = |arguments: &[&str]| {
        let output = stand_in.greenlight().args(arguments).current_dir(folder.path()).output();
        output.expect("greenlight can be started")
    };

    let before = run(&["history"]);
    assert_eq!(before.status.code(), Some(0), "{}", text(&before));
    assert!(before.stdout.is_empty(), "there is no data");
    assert!(text(&before).contains("has had no deployment"), "{}", text(&before));

    let deployed = run(&["deploy", "--output", "json"]);
    assert_eq!(deployed.status.code(), Some(11), "{}", text(&deployed));
    let outcome = lines(&deployed).pop().expect("there is an outcome");
    let (id, rollback) = (&outcome["deployment_id"], &outcome["rollback_deployment_id"]);

    let table = run(&["history"]);
    assert_eq!(table.status.code(), Some(0));
    let printed = String::from_utf8_lossy(&table.stdout).into_owned();
    let rows: Vec<_> = printed.lines().collect();
    assert_eq!(rows.len(), 3, "{printed}");
    assert!(rows[0].trim_start().starts_with("DEPLOYMENT"), "{printed}");
    let (id_text, rollback_text) = (id.as_str().expect("an id"), rollback.as_str().expect("a rollback"));
    for (row, wanted) in [
        (rows[1], [" ok   ", rollback_text, "succeeded", "codeDeployRollback", &format!("rolls back {id_text}")]),
        (rows[2], [" !!   ", id_text, "failed by a hook, rolled back", "user", &format!("rollback: {rollback_text}")]),
    ] {
        for piece in wanted {
            assert!(row.contains(piece), "no {piece:?} in {row:?}");
        }
    }

    let told = lines(&run(&["history", "--output", "json"]));
    assert_eq!(told.len(), 3);
    assert_eq!((&told[0]["deployment_id"], &told[0]["rolls_back_deployment_id"]), (rollback, id));
    assert_eq!((&told[1]["deployment_id"], &told[1]["rollback_deployment_id"]), (id, rollback));
    assert_eq!(told[1]["outcome"], "failed_by_hook_rolled_back");
    assert_eq!(told[1]["revision_sha256"].as_str().map(str::len), Some(64));
    assert!(told[1]["took_ms"].is_u64());
    assert_eq!((&told[2]["type"], &told[2]["exit_code"]), (&"outcome".into(), &0.into()));

    let newest = lines(&run(&["history", "--limit", "1", "--output", "json"]));
    assert_eq!(newest.len(), 2);
    assert_eq!(&newest[0]["deployment_id"], rollback);
}
