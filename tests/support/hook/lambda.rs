//! Lambda around one function: a Runtime API that holds `/next` open, a true epoch deadline, an environment of the child's
//! own. It ends the child and reads its output to the end.

use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;

/// What a process may take to start on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// How one invocation ended.
#[derive(Debug)]
pub(crate) enum End {
    Response(Value),
    Error(Value),
    Exited(ExitStatus),
}

impl End {
    #[track_caller]
    pub(crate) fn response(self) -> Value {
        match self {
            Self::Response(value) => value,
            other => panic!("expected a response, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn error(self) -> String {
        match self {
            Self::Error(value) => value["errorMessage"].as_str().unwrap().to_owned(),
            other => panic!("expected a function error, got {other:?}"),
        }
    }
}

struct Call {
    id: String,
    payload: String,
    /// Counted from its delivery: the start of a process is not the function's time.
    timeout: Duration,
    delivered: oneshot::Sender<()>,
}

struct RuntimeApi {
    calls: AsyncMutex<mpsc::UnboundedReceiver<Call>>,
    ends: mpsc::UnboundedSender<(String, End)>,
}

/// One execution environment.
pub(crate) struct Lambda {
    child: Child,
    output: JoinHandle<String>,
    calls: mpsc::UnboundedSender<Call>,
    ends: mpsc::UnboundedReceiver<(String, End)>,
    invocations: Mutex<usize>,
}

impl Lambda {
    /// Starts the function's process with exactly this environment, and the Runtime API that it is told of.
    pub(crate) async fn start(binary: &str, environment: BTreeMap<String, String>) -> Self {
        Self::start_read_from(binary, environment, async {}).await
    }

    /// The same, and nobody reads the process's output before `read_from` comes to its end.
    pub(crate) async fn start_read_from(
        binary: &str,
        mut environment: BTreeMap<String, String>,
        read_from: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let (calls, receiver) = mpsc::unbounded_channel();
        let (sender, ends) = mpsc::unbounded_channel();
        let api = Arc::new(RuntimeApi { calls: AsyncMutex::new(receiver), ends: sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(api);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        environment.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), listener.local_addr().unwrap().to_string());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut child = Command::new(binary)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let output = tokio::spawn(async move {
            read_from.await;
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.unwrap();
            text
        });
        Self { child, output, calls, ends, invocations: Mutex::new(0) }
    }

    /// Invokes the function and waits for its end, whichever that is.
    pub(crate) async fn invoke(&mut self, payload: &str, timeout: Duration) -> End {
        let id = {
            let mut count = self.invocations.lock().unwrap();
            *count += 1;
            format!("request-{count}")
        };
        let (delivered, delivery) = oneshot::channel();
        self.calls.send(Call { id: id.clone(), payload: payload.to_owned(), timeout, delivered }).ok().unwrap();
        tokio::select! {
            delivery = delivery => delivery.unwrap(),
            status = self.child.wait() => return End::Exited(status.unwrap()),
            () = tokio::time::sleep(STARTS_WITHIN) => panic!("the function never asked for its next invocation"),
        }
        let ended = async {
            tokio::select! {
                biased;
                Some((ended, end)) = self.ends.recv() => {
                    assert_eq!(ended, id, "an answer to another invocation");
                    end
                }
                status = self.child.wait() => End::Exited(status.unwrap()),
            }
        };
        tokio::time::timeout(timeout, ended).await.expect("Lambda would have ended the function at its deadline")
    }

    /// The most memory that the process has held, in bytes, as the kernel counts it.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Ends the process and gives its standard output, line by line.
    pub(crate) async fn end(mut self) -> Vec<Value> {
        self.child.start_kill().ok();
        self.child.wait().await.unwrap();
        let text = self.output.await.unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: not a JSON line: {line}")))
            .collect()
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    let Some(call) = api.calls.lock().await.recv().await else { return std::future::pending().await };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + call.timeout;
    call.delivered.send(()).ok();
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", call.id),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111122223333:function:hook".to_owned()),
        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ];
    (headers, call.payload).into_response()
}

async fn response(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.ends.send((id, End::Response(serde_json::from_slice(&body).unwrap()))).ok();
    StatusCode::ACCEPTED
}

async fn error(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.ends.send((id, End::Error(serde_json::from_slice(&body).unwrap()))).ok();
    StatusCode::ACCEPTED
}
