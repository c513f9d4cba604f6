//! One cold start: a Runtime API with one invocation in it, a process, its report.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

use crate::aws::{Aws, DEPLOYMENT};
use crate::contender::Contender;
use crate::figures::Sample;
use crate::shop::Shop;

const BOUND: Duration = Duration::from_secs(60);
const EXECUTION: &str = "eyJlbmNyeXB0ZWREYXRhIjoiY29sZC1zdGFydCJ9";

/// What all contenders share.
pub(crate) struct World {
    servers: tokio::runtime::Runtime,
    shop: Shop,
    original: Shop,
}

struct Invocation {
    taken: Mutex<bool>,
    ended: Sender<Result<(), String>>,
}

impl World {
    pub(crate) fn open() -> Self {
        let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (shop, original) = servers.block_on(async { (Shop::open("2").await, Shop::open("1").await) });
        Self { servers, shop, original }
    }

    /// Starts a contender anew, and measures it until its report has arrived.
    pub(crate) fn start(&self, contender: &Contender) -> Result<Sample, String> {
        // Each report is the first of its deployment.
        let aws = self.servers.block_on(Aws::at("AfterAllowTestTraffic", self.original.address, self.shop.address));
        let (api, ended) = self.servers.block_on(invocation());
        let before = children_cpu();
        let began = Instant::now();
        let mut child = self.spawn(contender, api, aws.address);
        let measured = await_end(&ended).and_then(|()| peak_kib(&child));
        // Both fail only where it has ended already.
        let _ = child.kill();
        let _ = child.wait();
        let peak_kib = measured?;
        let cpu = children_cpu() - before;
        let state = aws.state();
        match (state.reports.as_slice(), state.reported_at) {
            ([report], Some(reported_at)) if report.status == "Succeeded" && report.deployment == DEPLOYMENT => {
                Ok(Sample { wall: reported_at - began, cpu, peak_kib })
            }
            (reports, _) => Err(format!("expected one report of Succeeded, got {reports:?}")),
        }
    }

    fn spawn(&self, contender: &Contender, api: SocketAddr, aws: SocketAddr) -> Child {
        let (program, arguments) = contender.command.split_first().expect("a contender has a program");
        Command::new(program)
            .args(arguments)
            .current_dir(&contender.folder)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "CodeDeployHook_bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", format!("http://{aws}"))
            .env("LAMBDA_TASK_ROOT", &contender.folder)
            .env("TEST_LISTENER", format!("http://{}/healthz", self.shop.address))
            .envs(contender.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()))
    }
}

/// A Runtime API that hands out one invocation.
async fn invocation() -> (SocketAddr, Receiver<Result<(), String>>) {
    let (sender, ended) = channel();
    let invocation = Arc::new(Invocation { taken: Mutex::new(false), ended: sender });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .with_state(invocation);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, ended)
}

async fn next(State(invocation): State<Arc<Invocation>>) -> Response {
    if std::mem::replace(&mut *invocation.taken.lock().unwrap(), true) {
        return std::future::pending().await;
    }
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(600);
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("Lambda-Runtime-Aws-Request-Id", "request-1".to_owned()),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111122223333:function:hook".to_owned()),
    ];
    let event = json!({"DeploymentId": DEPLOYMENT, "LifecycleEventHookExecutionId": EXECUTION});
    (headers, event.to_string()).into_response()
}

async fn response(State(invocation): State<Arc<Invocation>>) -> StatusCode {
    invocation.ended.send(Ok(())).ok();
    StatusCode::ACCEPTED
}

async fn error(State(invocation): State<Arc<Invocation>>, body: Bytes) -> StatusCode {
    invocation.ended.send(Err(String::from_utf8_lossy(&body).into_owned())).ok();
    StatusCode::ACCEPTED
}

fn await_end(ended: &Receiver<Result<(), String>>) -> Result<(), String> {
    ended.recv_timeout(BOUND).map_err(|_| format!("no answer within {BOUND:?}"))?
}

fn peak_kib(child: &Child) -> Result<u64, String> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    line.trim().trim_end_matches(" kB").parse().map_err(|_| format!("VmHWM is {line:?}"))
}

/// Of every child that was waited for.
fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let duration = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().try_into().unwrap(), u32::try_from(time.tv_usec()).unwrap() * 1000)
    };
    duration(usage.user_time()) + duration(usage.system_time())
}
