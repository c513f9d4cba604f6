//! Alarms that stop deployments: those of the group, and those that a deployment brings in their place.

use std::time::Duration;

use serde_json::{Value, json};

use super::simulation::{Hook, Simulation};
use crate::scenario::{AlarmState, RollbackOn, SeededAlarm};

/// A group that watches `group`, beside another alarm; one of them turns red.
fn watched(red: &'static str) -> Simulation {
    // While the replacement comes up: the simulation is steady about half a minute after its beginning.
    let later = Some((Duration::from_secs(70), AlarmState::Alarm));
    Simulation::of(None, &[("AfterAllowTestTraffic", Hook::Reports("Succeeded"))], |scenario| {
        for name in ["group", "other"] {
            let then = later.filter(|_| name == red);
            scenario.alarms.insert(name.to_owned(), SeededAlarm { state: AlarmState::Ok, then });
        }
        scenario.group_alarms = vec!["group".to_owned()];
    })
}

fn end(simulation: &mut Simulation, more: Value) -> (String, Value) {
    let id = simulation.create(more).unwrap();
    simulation.run_to_the_end();
    let info = simulation.info(&id);
    (id, info)
}

#[test]
fn facts_2_an_alarm_of_the_group_ends_in_stopped_and_the_rollback_is_not_stopped_by_it() {
    let mut simulation = watched("group");
    let (id, info) = end(&mut simulation, json!({}));
    assert_eq!(info["status"], "Stopped", "not Failed");
    let message = "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the \
                   affected deployments have been stopped. Activated alarms: <group>";
    assert_eq!(info["errorInformation"], json!({"code": "ALARM_ACTIVE", "message": message}));
    assert_eq!(info.get("overrideAlarmConfiguration"), None, "it brought none");
    let rollback = info["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    assert_eq!(simulation.info(&rollback)["status"], "Succeeded", "the alarm is red still");
    assert_eq!(simulation.world.elb.listeners[0].summary(), "shop-b 0, shop-a 100");
    let rows = simulation.rows(&id);
    let failed: Vec<_> = rows.iter().filter(|(_, status)| status == "Failed").collect();
    assert_eq!(failed.len(), 1, "the event that the alarm hit: {rows:?}");
    let (_, again) = end(&mut simulation, json!({}));
    assert_eq!(again["errorInformation"]["code"], "ALARM_ACTIVE", "one that was red before stops a deployment too");
}

#[test]
fn an_alarm_of_the_group_rolls_back_only_where_the_group_says_so() {
    let mut simulation = watched("group");
    simulation.world.codedeploy.group.auto_rollback.events = [RollbackOn::Failure, RollbackOn::Stop].into();
    let (_, info) = end(&mut simulation, json!({}));
    assert_eq!((&info["status"], info.get("rollbackInfo")), (&json!("Stopped"), None));
}

#[test]
fn what_a_deployment_brings_takes_the_place_of_the_groups_alarms() {
    let alarms = |enabled: bool, names: &[&str]| {
        let alarms: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"overrideAlarmConfiguration": {"enabled": enabled, "alarms": alarms}})
    };
    for (red, given, status) in [
        ("group", alarms(false, &[]), "Succeeded"),
        ("group", alarms(false, &["group"]), "Succeeded"),
        ("group", alarms(true, &["other"]), "Succeeded"),
        ("group", alarms(true, &["other", "group"]), "Stopped"),
        ("other", alarms(true, &["other"]), "Stopped"),
        ("other", json!({}), "Succeeded"),
    ] {
        let (_, info) = end(&mut watched(red), given.clone());
        assert_eq!(info["status"], status, "{red} turns red, {given}");
        let shown = info.get("overrideAlarmConfiguration");
        assert_eq!(shown, given.get("overrideAlarmConfiguration"), "shown as it was given");
    }
}
