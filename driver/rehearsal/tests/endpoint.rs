//! The one endpoint of all services: which request goes where, and in which shape each protocol refuses.

#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::collections::BTreeMap;
use std::time::Duration;

use greenlight_rehearsal::scenario::{Function, Program};
use greenlight_rehearsal::{Demo, Options, Pace, Scenario, StandIn};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

struct Endpoint {
    stand_in: StandIn,
    http: reqwest::Client,
}

impl Endpoint {
    async fn start() -> Self {
        // Another test of this process may have been first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut scenario = Scenario::demo(Demo {
            shop: vec![env!("CARGO_BIN_EXE_demo-shop").to_owned()],
            hooks: BTreeMap::new(),
            green_fails: None,
            plan_directory: std::env::temp_dir(),
        });
        let gone = Function {
            event: Some("BeforeInstall".into()),
            program: Program::Run(vec!["/bin/sh".into(), "-c".into(), "exit 1".into()]),
            plan: None,
            environment: BTreeMap::from([("A".to_owned(), "1".to_owned())]),
            timeout: Duration::from_secs(3),
            memory: 256,
            directory: std::env::temp_dir(),
        };
        scenario.functions.insert("broken".into(), gone);
        let pace = Pace::new(200.0).unwrap();
        let stand_in = StandIn::start(Options { scenario, pace, port: 0, register_green: false }).await.unwrap();
        Self { stand_in, http: reqwest::Client::new() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.stand_in.announcement().endpoint))
    }

    async fn target(&self, target: &str, body: &str) -> (u16, Value) {
        let request = self.request(Method::POST, "/").header("x-amz-target", target).body(body.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
        (response.status().as_u16(), read(response).await)
    }

    async fn query(&self, form: &str) -> (u16, String) {
        let request = self.request(Method::POST, "/").header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

async fn read(response: Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_protocol_refuses_in_its_own_shape() {
    let endpoint = Endpoint::start().await;

    let (status, body) =
        endpoint.target("CodeDeploy_20141006.GetDeployment", r#"{"deploymentId":"d-NONE00000"}"#).await;
    assert_eq!((status, body["__type"].as_str()), (400, Some("DeploymentDoesNotExistException")));
    assert!(body["message"].is_string());
    let (status, body) = endpoint.target("AmazonEC2ContainerServiceV20141113.DeleteCluster", "{}").await;
    assert_eq!(status, 400);
    assert!(
        body["message"].as_str().unwrap().contains("the rehearsal does not implement DeleteCluster of ECS"),
        "{body}"
    );
    let (_, body) = endpoint.target("AmazonSSM.GetParameter", "{}").await;
    assert!(body["message"].as_str().unwrap().contains("AmazonSSM.GetParameter"), "{body}");
    let (_, body) = endpoint.target("Logs_20140328.FilterLogEvents", r#"{"logGroupName":"/none"}"#).await;
    assert_eq!(body["__type"], "ResourceNotFoundException");
    let (_, body) = endpoint.target("CodeDeploy_20141006.GetDeployment", "{").await;
    assert_eq!(body["__type"], "SerializationException");

    let (status, xml) = endpoint.query("Action=DescribeListeners&Version=2015-12-01&ListenerArns.member.1=x").await;
    assert_eq!(status, 400);
    let error = "<Error><Type>Sender</Type><Code>ListenerNotFound</Code><Message>";
    assert!(
        xml.starts_with("<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">")
            && xml.contains(error),
        "{xml}"
    );
    let (_, xml) = endpoint.query("Action=CreateListener&Version=2015-12-01").await;
    assert!(xml.contains("does not implement CreateListener of ELBv2"), "{xml}");
    let (status, xml) = endpoint.query("Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(status == 200 && xml.contains("<Account>123456789012</Account>"), "{xml}");
    let (_, xml) = endpoint.query("Action=PutMetricAlarm&Version=2010-08-01").await;
    assert!(xml.contains("InvalidAction") && xml.contains("PutMetricAlarm"), "{xml}");

    let authorization =
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let response = endpoint
        .request(Method::GET, "/bucket?versioning")
        .header("authorization", authorization)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 501);
    let text = response.text().await.unwrap();
    assert!(text.starts_with("<Error><Code>NotImplemented</Code>"), "{text}");
    assert!(
        text.contains("does not implement GET /bucket/?versioning of S3; it implements CreateBucket, PutObject"),
        "{text}"
    );
    endpoint.stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_8_lambda_refuses_and_answers_over_rest() {
    let endpoint = Endpoint::start().await;
    let path = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let absent = endpoint.request(Method::POST, &path("nobody")).body("{}").send().await.unwrap();
    assert_eq!(absent.status(), 404);
    assert_eq!(absent.headers()["x-amzn-errortype"], "ResourceNotFoundException");
    let body = read(absent).await;
    let message = "Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody";
    assert_eq!(body, json!({"Message": message, "Type": "User"}), "with a capital for this type");

    let bad = endpoint.request(Method::POST, &path("broken")).body("{").send().await.unwrap();
    assert_eq!(
        (bad.status().as_u16(), bad.headers()["x-amzn-errortype"].to_str().unwrap()),
        (400, "InvalidRequestContentException")
    );
    assert!(read(bad).await["message"].as_str().unwrap().starts_with("Could not parse request body into json: "));

    let kind = |kind: &str| {
        endpoint.request(Method::POST, &path("broken")).header("x-amz-invocation-type", kind).body("{}").send()
    };
    assert_eq!(kind("DryRun").await.unwrap().status(), 204);
    let accepted = kind("Event").await.unwrap();
    assert_eq!(accepted.status(), 202);
    assert!(accepted.bytes().await.unwrap().is_empty());
    let crashed = kind("RequestResponse").await.unwrap();
    assert_eq!(
        (crashed.status().as_u16(), crashed.headers()["x-amz-function-error"].to_str().unwrap()),
        (200, "Unhandled")
    );
    assert_eq!(read(crashed).await["errorType"], "Runtime.ExitError");

    let configuration =
        endpoint.request(Method::GET, "/2015-03-31/functions/broken/configuration").send().await.unwrap();
    let configuration = read(configuration).await;
    assert_eq!((configuration["MemorySize"].as_u64(), configuration["Timeout"].as_u64()), (Some(256), Some(3)));
    endpoint.stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_served_as_json_lines() {
    let endpoint = Endpoint::start().await;
    let response = endpoint.http.get(&endpoint.stand_in.announcement().journal).send().await.unwrap();
    let text = response.text().await.unwrap();
    let entries: Vec<greenlight_rehearsal::journal::Entry> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries, endpoint.stand_in.journal());
    assert!(entries.iter().any(|entry| entry.what == "task set steady"));
    endpoint.stand_in.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_announcement_has_the_members_of_the_surface() {
    let endpoint = Endpoint::start().await;
    let announcement = serde_json::to_value(endpoint.stand_in.announcement()).unwrap();
    let members: Vec<_> = announcement.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "schema",
            "endpoint",
            "region",
            "account",
            "production",
            "test",
            "cluster",
            "service",
            "application",
            "deployment_group",
            "container",
            "container_port",
            "task_definitions",
            "hooks",
            "journal"
        ]
    );
    assert_eq!(announcement["hooks"], json!({"BeforeInstall": "broken"}));
    assert_eq!(
        announcement["task_definitions"],
        json!({"blue": "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:1"})
    );
    endpoint.stand_in.shutdown().await;
}
