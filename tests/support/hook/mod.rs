//! A bench for one hook binary: its Lambda, its AWS, and the two versions of the service that it validates. It shares
//! nothing with the hook but the wire and the contract of its log lines.

#![allow(dead_code, reason = "each test file uses its own part of the bench")]
#![allow(clippy::unwrap_used, reason = "this is test code, although it lies outside a test function")]
#![allow(clippy::disallowed_methods, reason = "the bench is the clock and the environment of the function under test")]

pub(crate) mod aws;
pub(crate) mod bad_day;
pub(crate) mod bucket;
pub(crate) mod cloudwatch;
pub(crate) mod extension;
pub(crate) mod lambda;
pub(crate) mod outage;
pub(crate) mod rows;
pub(crate) mod shop;
mod signature;
mod wire;
mod wire_ecs;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws::{Aws, Report};
use lambda::{End, Lambda};
use outage::Outages;
use serde_json::{Value, json};
use shop::Shop;

/// More than any test needs, so that only what a test is about ends a hook.
pub(crate) const PLENTY: Duration = Duration::from_secs(300);

/// The token of the report, as opaque as CodeDeploy's.
pub(crate) const EXECUTION: &str =
    "eyJlbmNyeXB0ZWREYXRhIjoiY3VHU2NjdkJXUTJQUENVd2dkYUNGRVg0dWlpME9UWVdHTVhZcDRXVW5LYUVKc21EaU==";

/// A plan of two checks; quick to give up.
pub(crate) const PLAN: &str = r#"
version: 1
budget: { report_reserve: 10s, stabilise: 1s }
hooks:
  BeforeInstall: [health]
  AfterInstall: [health]
  AfterAllowTestTraffic: [health, product]
  BeforeAllowTraffic: [health]
  AfterAllowTraffic: [health, product]
checks:
  - id: health
    http: { get: /healthz }
    expect: { status: 200 }
  - id: product
    http: { get: /api/products/42 }
    expect:
      status: 200
      json:
        - { at: $.price, greater_than: 0 }
"#;

/// The binaries and the events that they serve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    BeforeInstall,
    AfterInstall,
    AfterAllowTestTraffic,
    BeforeAllowTraffic,
    AfterAllowTraffic,
}

impl Function {
    pub(crate) const ALL: [Self; 5] = [
        Self::BeforeInstall,
        Self::AfterInstall,
        Self::AfterAllowTestTraffic,
        Self::BeforeAllowTraffic,
        Self::AfterAllowTraffic,
    ];

    fn binary(self) -> &'static str {
        match self {
            Self::BeforeInstall => env!("CARGO_BIN_EXE_before-install"),
            Self::AfterInstall => env!("CARGO_BIN_EXE_after-install"),
            Self::AfterAllowTestTraffic => env!("CARGO_BIN_EXE_after-allow-test-traffic"),
            Self::BeforeAllowTraffic => env!("CARGO_BIN_EXE_before-allow-traffic"),
            Self::AfterAllowTraffic => env!("CARGO_BIN_EXE_after-allow-traffic"),
        }
    }

    pub(crate) fn event(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::AfterInstall => "AfterInstall",
            Self::AfterAllowTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
        }
    }
}

/// Everything around one hook.
pub(crate) struct Bench {
    function: Function,
    pub(crate) aws: Aws,
    pub(crate) blue: Shop,
    pub(crate) green: Shop,
    package: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    lambda: Option<Lambda>,
    /// What processes said that have ended.
    said: Vec<Value>,
}

/// What there is to see afterwards.
pub(crate) struct Story {
    pub(crate) evidence: Vec<Value>,
    pub(crate) report_lines: Vec<Value>,
    /// Everything that was said.
    pub(crate) lines: Vec<Value>,
    /// Every report that came, refused ones too.
    pub(crate) reports: Vec<Report>,
    /// The ones that CodeDeploy took.
    pub(crate) accepted: Vec<Report>,
}

impl Bench {
    /// A deployment at the function's event, with a green version that is as it should be.
    pub(crate) async fn of(function: Function) -> Self {
        Self::with_green(function, "2").await
    }

    /// The same, with another green version.
    pub(crate) async fn with_green(function: Function, version: &'static str) -> Self {
        let (blue, green) = (Shop::open("1").await, Shop::open(version).await);
        let aws = Aws::at(function.event(), blue.address, green.address).await;
        let package = tempfile::tempdir().unwrap();
        let environment = [
            ("AWS_LAMBDA_FUNCTION_NAME", "CodeDeployHook_test"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", &format!("http://{}", aws.address)),
            ("LAMBDA_TASK_ROOT", package.path().to_str().unwrap()),
            ("GREENLIGHT_PLAN", "checks.yaml"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let bench = Self { function, aws, blue, green, package, environment, lambda: None, said: Vec::new() };
        bench.plan(PLAN);
        bench
    }

    /// Puts another plan into the function's package.
    pub(crate) fn plan(&self, text: &str) {
        std::fs::write(self.package(), text).unwrap();
    }

    /// The plan's path.
    pub(crate) fn package(&self) -> impl AsRef<Path> {
        self.package.path().join("checks.yaml")
    }

    /// Tests through the production listener, with the checks of [`PLAN`].
    pub(crate) fn test_through_production(&self) {
        self.plan(&PLAN.replace("hooks:", "endpoints: { green: { via: production_listener } }\nhooks:"));
    }

    /// Changes the function's environment.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.environment.insert(name.to_owned(), value.to_owned()),
            None => self.environment.remove(name),
        };
    }

    /// Puts a place for accidents between the function and AWS.
    pub(crate) async fn outages(&mut self) -> Outages {
        let outages = Outages::before(self.aws.address).await;
        self.set("AWS_ENDPOINT_URL", Some(&format!("http://{}", outages.address)));
        outages
    }

    /// Starts another process of the same function beside the one that [`Bench::invoke`] uses.
    pub(crate) async fn another(&self) -> Lambda {
        Lambda::start(self.function.binary(), self.environment.clone()).await
    }

    /// The process that [`Bench::invoke`] uses, started where there is none.
    pub(crate) async fn lambda(&mut self) -> &mut Lambda {
        if self.lambda.is_none() {
            self.lambda = Some(self.another().await);
        }
        self.lambda.as_mut().unwrap()
    }

    /// Starts the function's process and leaves its output unread before `read_from` comes to its end.
    pub(crate) async fn leave_unread(&mut self, read_from: impl Future<Output = ()> + Send + 'static) {
        let lambda = Lambda::start_read_from(self.function.binary(), self.environment.clone(), read_from).await;
        self.lambda = Some(lambda);
    }

    /// Kills the function's process; the next invocation gets a new one.
    pub(crate) async fn kill(&mut self) {
        let lambda = self.lambda.take().unwrap();
        self.keep(lambda).await;
    }

    /// Kills a process and keeps what it said for the story.
    pub(crate) async fn keep(&mut self, lambda: Lambda) {
        self.said.extend(lambda.end().await);
    }

    /// CodeDeploy's payload.
    pub(crate) fn payload() -> String {
        json!({"DeploymentId": aws::DEPLOYMENT, "LifecycleEventHookExecutionId": EXECUTION}).to_string()
    }

    /// Invokes the function as CodeDeploy does.
    pub(crate) async fn invoke(&mut self) -> End {
        self.invoke_within(PLENTY).await
    }

    /// The same, with the function's timeout.
    pub(crate) async fn invoke_within(&mut self, timeout: Duration) -> End {
        self.invoke_with(&Self::payload(), timeout).await
    }

    /// The same, with another payload.
    pub(crate) async fn invoke_with(&mut self, payload: &str, timeout: Duration) -> End {
        self.lambda().await.invoke(payload, timeout).await
    }

    /// Ends the function, and proves that it called nothing it should not and let the report's token out nowhere.
    pub(crate) async fn story(mut self) -> Story {
        if self.lambda.is_some() {
            self.kill().await;
        }
        let lines = self.said;
        let state = self.aws.state();
        let executions: std::collections::BTreeSet<_> = state.accepted.iter().map(|report| &report.execution).collect();
        assert_eq!(executions.len(), state.accepted.len(), "one execution has one report: {:?}", state.accepted);
        assert_eq!(state.unexpected, Vec::<String>::new(), "calls that a hook must not make");
        let tells = |line: &Value| {
            let mut line = line.clone();
            // The one place where it belongs, for the person who answers.
            if let Some(gate) = line.pointer_mut("/evidence/gate") {
                gate["execution_id"].take();
            }
            line.to_string().contains(EXECUTION)
        };
        assert!(!lines.iter().any(tells), "the execution id is a credential");
        let kind = |kind: &str| lines.iter().filter(|line| line["greenlight"] == kind).cloned().collect::<Vec<_>>();
        Story {
            evidence: kind("evidence"),
            report_lines: kind("report"),
            lines: lines.clone(),
            reports: state.reports.clone(),
            accepted: state.accepted.clone(),
        }
    }
}

impl Story {
    /// Proves one report of `status`, one line that says it was accepted, and evidence that agrees; gives the evidence.
    #[track_caller]
    pub(crate) fn one_report(&self, status: &str) -> &Value {
        assert_eq!(self.evidence.len(), 1, "evidence lines");
        let evidence = &self.evidence[0]["evidence"];
        let expected = Report {
            deployment: aws::DEPLOYMENT.to_owned(),
            execution: EXECUTION.to_owned(),
            status: status.to_owned(),
        };
        assert_eq!(self.reports, [expected], "{evidence:#}");
        assert_eq!(self.report_lines.len(), 1, "report lines");
        assert_eq!(self.report_lines[0]["result"], "accepted");
        assert_eq!(self.report_lines[0]["status"], status);
        assert_eq!(evidence["verdict"]["decision"], status, "{evidence:#}");
        evidence
    }

    /// Proves one report of `Failed`, whose first reason has this code; gives the reason.
    #[track_caller]
    pub(crate) fn failed_with(&self, code: &str) -> String {
        let evidence = self.one_report("Failed");
        let because = &evidence["verdict"]["because"][0];
        assert_eq!(because["code"], code, "{evidence:#}");
        format!("{}: {}", because["subject"].as_str().unwrap(), because["text"].as_str().unwrap())
    }
}
