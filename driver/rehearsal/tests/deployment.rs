//! Whole deployments through the stand-in's public API and its wire, with real tasks and real traffic. Hooks that report by
//! themselves have stories of their own; here the lifecycle is what is looked at.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use greenlight_rehearsal::clock::instant;
use greenlight_rehearsal::scenario::{Function, Program};
use greenlight_rehearsal::{Demo, GreenFails, Options, Pace, Scenario, StandIn, StartError};
use serde_json::{Value, json};

fn demo(green_fails: Option<GreenFails>) -> Scenario {
    Scenario::demo(Demo {
        shop: vec![env!("CARGO_BIN_EXE_demo-shop").to_owned()],
        hooks: BTreeMap::new(),
        green_fails,
        plan_directory: std::env::temp_dir(),
    })
}

async fn start(scenario: Scenario) -> StandIn {
    start_at(200.0, scenario).await
}

async fn start_at(pace: f64, scenario: Scenario) -> StandIn {
    let pace = Pace::new(pace).unwrap();
    StandIn::start(Options { scenario, pace, port: 0, register_green: true }).await.unwrap()
}

struct Client {
    endpoint: String,
    http: reqwest::Client,
}

impl Client {
    fn of(stand_in: &StandIn) -> Self {
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        Self { endpoint: stand_in.announcement().endpoint.clone(), http: reqwest::Client::new() }
    }

    async fn call(&self, target: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(&self.endpoint).header("x-amz-target", target).body(body.to_string());
        let response = request.send().await.unwrap();
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    async fn codedeploy(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.call(&format!("CodeDeploy_20141006.{operation}"), body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    async fn create(&self, stand_in: &StandIn, hooks: Value) -> String {
        let announcement = stand_in.announcement();
        let appspec = json!({"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": announcement.task_definitions.green,
            "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80}}}}], "Hooks": hooks});
        let revision = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec.to_string()}});
        let created = self.codedeploy(
            "CreateDeployment",
            json!({"applicationName": announcement.application,
            "deploymentGroupName": announcement.deployment_group, "revision": revision}),
        );
        created.await["deploymentId"].as_str().unwrap().to_owned()
    }

    async fn info(&self, id: &str) -> Value {
        self.codedeploy("GetDeployment", json!({"deploymentId": id})).await["deploymentInfo"].clone()
    }

    async fn end_of(&self, id: &str, limit: Duration) -> Value {
        let deadline = instant() + limit;
        loop {
            let info = self.info(id).await;
            if ["Succeeded", "Failed", "Stopped"].iter().any(|status| info["status"] == *status) {
                return info;
            }
            assert!(instant() < deadline, "{info}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn journal(stand_in: &StandIn) -> String {
    stand_in.journal().iter().map(|entry| format!("{} {entry}\n", entry.at)).collect()
}

async fn version(http: &reqwest::Client, base: &str) -> String {
    let response = http.get(format!("{base}/api/products/42")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.headers()["x-shop-version"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_moves_production_from_blue_to_green() {
    let stand_in = start(demo(None)).await;
    let (client, announcement) = (Client::of(&stand_in), stand_in.announcement().clone());
    assert_eq!(version(&client.http, &announcement.production).await, "1");
    let id = client.create(&stand_in, json!([])).await;

    let mut seen = std::collections::BTreeSet::new();
    let deadline = instant() + Duration::from_secs(30);
    while client.info(&id).await["status"] != "Succeeded" {
        seen.insert(version(&client.http, &announcement.production).await);
        assert!(instant() < deadline, "{}", journal(&stand_in));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(version(&client.http, &announcement.production).await, "2", "{}", journal(&stand_in));
    assert_eq!(version(&client.http, announcement.test.as_ref().unwrap()).await, "2");
    let info = client.info(&id).await;
    assert_eq!(info["deploymentOverview"]["Succeeded"], 1);
    stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_that_is_never_ready_fails_install_and_is_rolled_back() {
    // An hour in 1.8 seconds.
    let stand_in = start_at(2000.0, demo(Some(GreenFails::NeverReady))).await;
    let client = Client::of(&stand_in);
    let id = client.create(&stand_in, json!([])).await;
    let info = client.end_of(&id, Duration::from_secs(60)).await;
    assert_eq!(info["errorInformation"]["code"], "TIMEOUT", "{}", journal(&stand_in));
    let rollback = info["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    let rolled_back = client.end_of(&rollback, Duration::from_secs(10)).await;
    assert_eq!(rolled_back["status"], "Succeeded");
    assert_eq!(rolled_back["rollbackInfo"]["rollbackTriggeringDeploymentId"], id.as_str());
    assert_eq!(version(&client.http, &stand_in.announcement().production).await, "1");
    stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blue_that_does_not_come_up_is_said_at_the_start() {
    let mut scenario = demo(None);
    scenario.images.get_mut("greenlight-demo/shop:1").unwrap().run =
        vec!["/bin/sh".into(), "-c".into(), "exit 3".into()];
    let pace = Pace::new(200.0).unwrap();
    let error = StandIn::start(Options { scenario, pace, port: 0, register_green: false }).await.unwrap_err();
    assert!(matches!(&error, StartError::Blue(why) if why.contains('3')), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_with_an_unresolved_binary_does_not_start() {
    let mut scenario = demo(None);
    let function = Function {
        event: Some("BeforeAllowTraffic".into()),
        program: Program::Binary("before-allow-traffic".into()),
        plan: None,
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(3),
        memory: 128,
        directory: std::env::temp_dir(),
    };
    scenario.functions.insert("hook".into(), function);
    assert_eq!(scenario.binaries().into_iter().collect::<Vec<_>>(), ["before-allow-traffic"]);
    assert!(scenario.clone().find_binaries(&|_| None).is_err());
    let error =
        StandIn::start(Options { scenario, pace: Pace::ORDINARY, port: 0, register_green: false }).await.unwrap_err();
    assert!(matches!(error, StartError::Scenario(_)), "{error}");
}

/// Requests one after the other until told to stop: how many, and which failed.
async fn load(http: reqwest::Client, url: String, stop: Arc<AtomicBool>) -> (u32, Vec<String>) {
    let (mut count, mut failed) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        count += 1;
        match http.get(&url).send().await {
            Ok(response) if response.status() == 200 => {
                if let Err(error) = response.bytes().await {
                    failed.push(error.to_string());
                }
            }
            Ok(response) => failed.push(response.status().to_string()),
            Err(error) => failed.push(format!("{error:?}")),
        }
    }
    (count, failed)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_traffic_moves_there_and_back() {
    let stand_in = start(demo(None)).await;
    let (client, announcement) = (Client::of(&stand_in), stand_in.announcement().clone());
    let stop = Arc::new(AtomicBool::new(false));
    let url = format!("{}/api/products/42", announcement.production);
    let users: Vec<_> = (0..4).map(|_| tokio::spawn(load(client.http.clone(), url.clone(), stop.clone()))).collect();

    let first = client.create(&stand_in, json!([])).await;
    assert_eq!(client.end_of(&first, Duration::from_secs(30)).await["status"], "Succeeded");
    // The second one goes the other way, and is stopped while the canary has its ten percent.
    let second = client.create(&stand_in, json!([])).await;
    let deadline = instant() + Duration::from_secs(30);
    while !stand_in.journal().iter().any(|entry| entry.detail == "production: shop-b 90, shop-a 10") {
        assert!(instant() < deadline, "{}", journal(&stand_in));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.codedeploy("StopDeployment", json!({"deploymentId": second, "autoRollbackEnabled": true})).await;
    let stopped = client.info(&second).await;
    let rollback = stopped["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    assert_eq!(client.end_of(&rollback, Duration::from_secs(30)).await["status"], "Succeeded");

    stop.store(true, Ordering::Relaxed);
    for user in users {
        let (count, failed) = user.await.unwrap();
        assert!(count > 100, "{count} requests are no load");
        assert_eq!(failed, Vec::<String>::new(), "of {count}: {}", journal(&stand_in));
    }
    stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_9_a_hook_that_dies_is_retried_and_fails_for_its_silence() {
    let mut scenario = demo(None);
    let function = Function {
        event: Some("AfterAllowTestTraffic".into()),
        program: Program::Run(vec!["/bin/sh".into(), "-c".into(), "exit 1".into()]),
        plan: None,
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(1),
        memory: 128,
        directory: std::env::temp_dir(),
    };
    scenario.functions.insert("CodeDeployHook_dies".into(), function);
    // The hour of silence is 1.8 s, so it is the function's own timeout and a second that count.
    let stand_in = start_at(2000.0, scenario).await;
    let client = Client::of(&stand_in);
    let id = client.create(&stand_in, json!([{"AfterAllowTestTraffic": "CodeDeployHook_dies"}])).await;
    let info = client.end_of(&id, Duration::from_secs(30)).await;
    assert_eq!(info["errorInformation"]["code"], "HOOK_EXECUTION_FAILURE");
    assert!(
        info["errorInformation"]["message"].as_str().unwrap().contains("expects a status callback within one hour")
    );
    let attempts: Vec<_> = stand_in
        .journal()
        .iter()
        .filter(|entry| entry.what == "invocation ended")
        .map(|entry| (entry.detail.contains("crashed"), entry.detail.contains("will be retried")))
        .collect();
    assert_eq!(attempts, [(true, true), (true, true), (true, false)], "{}", journal(&stand_in));
    let rollback = info["rollbackInfo"]["rollbackDeploymentId"].as_str().unwrap().to_owned();
    assert_eq!(client.end_of(&rollback, Duration::from_secs(10)).await["status"], "Succeeded");
    stand_in.shutdown().await;
}
