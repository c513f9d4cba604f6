//! AWS as one hook sees it: a deployment in the middle of its way, behind real HTTP, with faults to switch on.
//!
//! State in the domain's words; the wire's words are in `wire`. Whatever is called that a hook must not call is kept, and
//! a test ends by proving that there is none.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::cloudwatch::{self, CloudWatch};
use super::{wire, wire_ecs};

pub(crate) const DEPLOYMENT: &str = "d-GREEN0001";
pub(crate) const BLUE: &str = "shop-a";
pub(crate) const GREEN: &str = "shop-b";

/// Digests of the image that the original runs, and of the one that the replacement runs.
pub(crate) const OLD: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
pub(crate) const NEW: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

/// A failing answer: HTTP status and error code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault(pub u16, pub &'static str);

/// One `PutLifecycleEventHookExecutionStatus`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) deployment: String,
    pub(crate) execution: String,
    pub(crate) status: String,
}

/// A running task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The last part of its ARN.
    pub(crate) id: &'static str,
    /// `BLUE` or `GREEN`: whose task it is.
    pub(crate) of: &'static str,
    /// Its address, where it has a network of its own.
    pub(crate) address: Option<&'static str>,
    /// EC2 instance and port of the host, where it has none.
    pub(crate) host: Option<(&'static str, u16)>,
    /// Of the container `web`.
    pub(crate) digest: Option<&'static str>,
}

impl Task {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{}", self.id)
    }
}

/// What is so, until a test changes it.
pub(crate) struct State {
    pub(crate) status: &'static str,
    pub(crate) creator: &'static str,
    pub(crate) rolls_back: Option<&'static str>,
    /// The lifecycle event in progress.
    pub(crate) event: &'static str,
    pub(crate) test_listener: bool,
    /// Weights of blue and green on the test listener.
    pub(crate) test: [u32; 2],
    /// Weights of blue and green on the production listener.
    pub(crate) production: [u32; 2],
    pub(crate) production_port: u16,
    pub(crate) test_port: u16,
    /// What both listeners speak.
    pub(crate) protocol: &'static str,
    /// The load balancer's name.
    pub(crate) dns_name: &'static str,
    /// State and reason of each green target.
    pub(crate) targets: Vec<(&'static str, Option<&'static str>)>,
    /// State and reason of each blue target.
    pub(crate) blue_targets: Vec<(&'static str, Option<&'static str>)>,
    /// Addresses of healthy targets in green's group that nobody knows of.
    pub(crate) strangers: Vec<&'static str>,
    /// Every running task of the service.
    pub(crate) tasks: Vec<Task>,
    /// `startedBy` names a task's set; otherwise it names nothing that is known.
    pub(crate) started_by_set: bool,
    /// Both task sets run the same task definition.
    pub(crate) same_definition: bool,
    /// The test listener keeps a client on one target group.
    pub(crate) sticky: bool,
    /// An action of the test listener before it forwards.
    pub(crate) gate: Option<&'static str>,
    /// Weights of blue and green in a rule of the test listener.
    pub(crate) test_rule: Option<[u32; 2]>,
    /// The service's first task set is there.
    pub(crate) original: bool,
    /// The task set that the deployment created is there.
    pub(crate) replacement: bool,
    /// It is the primary one of the service.
    pub(crate) promoted: bool,
    /// The execution was reported, and accepted.
    pub(crate) completed: bool,
    /// Alarms and metrics.
    pub(crate) cloudwatch: CloudWatch,
    /// Failing answers to the next calls of an operation, then success.
    pub(crate) next: BTreeMap<&'static str, VecDeque<Fault>>,
    /// Failing answers to every call of an operation.
    pub(crate) always: BTreeMap<&'static str, Fault>,
    pub(crate) calls: Vec<String>,
    /// Every report that came, refused ones too.
    pub(crate) reports: Vec<Report>,
    /// When the first one arrived.
    pub(crate) reported_at: Option<std::time::Instant>,
    /// The ones that were taken: never more than one.
    pub(crate) accepted: Vec<Report>,
    pub(crate) unexpected: Vec<String>,
}

impl State {
    /// Green's tasks have no network of their own: each is a port of an instance.
    pub(crate) fn on_instances(&mut self) {
        for (task, port) in self.tasks.iter_mut().filter(|task| task.of == GREEN).zip(32_768..) {
            (task.address, task.host) = (None, Some(("i-0a1b2c3d4e5f60718", port)));
        }
    }
}

/// The endpoint.
#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Aws {
    /// A deployment at `event`, everything as it should be.
    pub(crate) async fn at(event: &'static str, blue: SocketAddr, green: SocketAddr) -> Self {
        let created = event != "BeforeInstall";
        let tested = !["BeforeInstall", "AfterInstall"].contains(&event);
        let shifted = event == "AfterAllowTraffic";
        let state = State {
            status: "InProgress",
            creator: "user",
            rolls_back: None,
            event,
            test_listener: true,
            test: if tested { [0, 1] } else { [1, 0] },
            production: if shifted { [0, 100] } else { [100, 0] },
            production_port: if shifted { green.port() } else { blue.port() },
            test_port: if tested { green.port() } else { blue.port() },
            protocol: "HTTP",
            dns_name: "127.0.0.1",
            targets: if created { vec![("healthy", None); 2] } else { Vec::new() },
            blue_targets: vec![("healthy", None); 2],
            strangers: Vec::new(),
            tasks: tasks(created),
            started_by_set: true,
            same_definition: false,
            sticky: false,
            gate: None,
            test_rule: None,
            original: true,
            replacement: created,
            promoted: shifted,
            completed: false,
            cloudwatch: CloudWatch::default(),
            next: BTreeMap::new(),
            always: BTreeMap::new(),
            calls: Vec::new(),
            reports: Vec::new(),
            reported_at: None,
            accepted: Vec::new(),
            unexpected: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, state }
    }

    /// What is so. Not to be held across an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// How often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|call| *call == operation).count()
    }
}

/// Two of the original, and two of the replacement once it is created, behind the addresses of the targets.
fn tasks(created: bool) -> Vec<Task> {
    let task = |id, of, address, digest| Task { id, of, address: Some(address), host: None, digest: Some(digest) };
    let mut tasks = vec![task("b1", BLUE, "10.0.2.7", OLD), task("b2", BLUE, "10.0.2.8", OLD)];
    if created {
        tasks.extend([task("g1", GREEN, "10.0.3.7", NEW), task("g2", GREEN, "10.0.3.8", NEW)]);
    }
    tasks
}

async fn answer(Shared(state): Shared<Arc<Mutex<State>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut state = state.lock().unwrap();
    if let Some(operation) = uri.path().strip_prefix(cloudwatch::OPERATIONS) {
        return cloudwatch::answer(&mut state, operation, &body);
    }
    match headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
        Some(target) => json_protocol(&mut state, target, &body),
        None => query_protocol(&mut state, &body),
    }
}

pub(super) fn fault(state: &mut State, operation: &str) -> Option<Fault> {
    state.calls.push(operation.to_owned());
    let next = state.next.get_mut(operation).and_then(VecDeque::pop_front);
    next.or_else(|| state.always.get(operation).copied())
}

fn json_protocol(state: &mut State, target: &str, body: &[u8]) -> Response {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let answer = |status: u16, value: Value| {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", "fake")];
        (StatusCode::from_u16(status).unwrap(), headers, value.to_string()).into_response()
    };
    if let Some(Fault(status, code)) = fault(state, operation) {
        return answer(status, json!({"__type": code, "message": format!("switched on for {operation}")}));
    }
    let input: Value = serde_json::from_slice(body).unwrap_or_default();
    if ["ListTasks", "DescribeTasks"].contains(&operation) && input["cluster"] != "main" {
        return answer(400, json!({"__type": "ClusterNotFoundException", "message": "Cluster not found."}));
    }
    let known = match target {
        "CodeDeploy_20141006.GetDeployment" => wire::deployment(state, &input),
        "CodeDeploy_20141006.ListDeploymentTargets" => json!({"targetIds": ["main:shop"]}),
        "CodeDeploy_20141006.BatchGetDeploymentTargets" => wire::targets(state, &input),
        "CodeDeploy_20141006.GetDeploymentGroup" => wire::group(state),
        "AmazonEC2ContainerServiceV20141113.DescribeServices" => wire::services(state),
        "AmazonEC2ContainerServiceV20141113.ListTasks" => wire_ecs::task_arns(state, &input),
        "AmazonEC2ContainerServiceV20141113.DescribeTasks" => wire_ecs::tasks(state, &input),
        "AmazonEC2ContainerServiceV20141113.DescribeContainerInstances" => wire_ecs::instances(state, &input),
        "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus" => {
            let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
            let report = Report {
                deployment: text("deploymentId"),
                execution: text("lifecycleEventHookExecutionId"),
                status: text("status"),
            };
            state.reported_at.get_or_insert_with(std::time::Instant::now);
            state.reports.push(report.clone());
            if std::mem::replace(&mut state.completed, true) {
                return answer(400, json!({"__type": "LifecycleEventAlreadyCompletedException", "message": "done"}));
            }
            state.accepted.push(report);
            json!({"lifecycleEventHookExecutionId": input["lifecycleEventHookExecutionId"]})
        }
        other => {
            state.unexpected.push(other.to_owned());
            return answer(400, json!({"__type": "UnknownOperationException", "message": other}));
        }
    };
    answer(200, known)
}

fn query_protocol(state: &mut State, body: &[u8]) -> Response {
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    let values = |prefix: &str| -> Vec<&str> {
        form.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value.as_str()).collect()
    };
    let operation = values("Action").first().copied().unwrap_or_default().to_owned();
    let answer = |status: u16, text: String| {
        (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml")], text).into_response()
    };
    if let Some(Fault(status, code)) = fault(state, &operation) {
        return answer(status, wire::query_error(code, &operation));
    }
    let result = match operation.as_str() {
        "DescribeListeners" => wire::listeners(state, &values("ListenerArns.member.")),
        "DescribeRules" if state.protocol.starts_with("HTTP") => wire::rules(state, values("ListenerArn")[0]),
        "DescribeLoadBalancers" => wire::load_balancers(state),
        "DescribeTargetGroups" => wire::target_groups(),
        "DescribeTargetHealth" => wire::target_health(state, values("TargetGroupArn")[0]),
        other => {
            state.unexpected.push(other.to_owned());
            return answer(400, wire::query_error("InvalidAction", other));
        }
    };
    answer(200, wire::query_answer(&operation, &result))
}
