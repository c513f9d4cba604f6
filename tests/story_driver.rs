//! The driver where a deployment is not simply followed to its end: another one is active, or the shift is one of the user's own.

mod support {
    pub(crate) mod output;
    pub(crate) mod stand_in;
}

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::output::text;
use support::stand_in::{StandIn, signal, wait};

/// A pace at which the canary lasts long enough to come between: 15 s.
const SLOW: [&str; 2] = ["--pace", "20"];

#[test]
fn the_announcement_is_one_line_with_the_members_of_its_schema() {
    let stand_in = StandIn::start(&[]);
    let members: Vec<&str> =
        stand_in.announcement.as_object().expect("it is an object").keys().map(String::as_str).collect();
    let expected = "schema endpoint region account production test cluster service application deployment_group container \
                    container_port task_definitions hooks journal";
    assert_eq!(members, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(stand_in.announcement["schema"], 1);
    assert_eq!(stand_in.text("application"), "ecs-demo-codedeploy-app");
    assert_eq!(stand_in.text("deployment_group"), "ecs-demo-dg");
    for version in ["blue", "green"] {
        assert!(
            stand_in.announcement["task_definitions"][version]
                .as_str()
                .is_some_and(|arn| arn.starts_with("arn:aws:ecs:"))
        );
    }
    assert_eq!(stand_in.end_and_read_the_rest(), "", "nothing but the announcement is on standard output");
}

#[test]
fn a_second_deployment_of_the_group_is_a_conflict_that_names_the_first() {
    let stand_in = StandIn::start(&SLOW);
    let folder = configured(&stand_in);
    let mut first = Deploying::start(&stand_in, folder.path());
    // Of the same bytes it would be the same deployment, and be followed.
    let other = format!("{}:ANOTHER=1", stand_in.text("container"));
    let second = run(stand_in.greenlight().args(["deploy", "--env", &other]).current_dir(folder.path()));
    assert_eq!(second.status.code(), Some(16), "{}", text(&second));
    assert!(text(&second).contains(&first.id), "{}", text(&second));
    first.end("INT");
}

#[test]
fn a_custom_deployment_configuration_shifts_as_it_says() {
    let stand_in = StandIn::start(&[]);
    codedeploy(
        &stand_in,
        "CreateDeploymentConfig",
        &json!({"deploymentConfigName": "Custom.Linear50Percent1Minute", "computePlatform": "ECS",
        "trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 50, "linearInterval": 1}}}),
    );
    let folder = configured(&stand_in);
    let file = folder.path().join("greenlight.yaml");
    let configuration = std::fs::read_to_string(&file).expect("it was written");
    let custom = configuration.replace("deployment:\n", "deployment:\n  config: Custom.Linear50Percent1Minute\n");
    std::fs::write(&file, custom).expect("it can be written");
    let output = run(stand_in.greenlight().arg("deploy").current_dir(folder.path()));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("linear 50 %"), "{}", text(&output));
}

/// A `greenlight deploy` that has made its deployment and watches it.
struct Deploying {
    child: Child,
    errors: BufReader<std::process::ChildStderr>,
    printed: String,
    id: String,
}

impl Deploying {
    fn start(stand_in: &StandIn, folder: &std::path::Path) -> Self {
        let mut command = stand_in.greenlight();
        let mut child = command
            .arg("deploy")
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("greenlight can be started");
        let mut errors = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let mut printed = String::new();
        // The first event's line means that the deployment was made and is being watched.
        while !printed.contains("AllowTraffic ") {
            let read = errors.read_line(&mut printed).expect("standard error can be read");
            assert!(read > 0, "ended before production traffic shifted:\n{printed}");
        }
        let id = printed.split_whitespace().find(|word| word.starts_with("d-")).expect("the id is printed").to_owned();
        Self { child, errors, printed, id }
    }

    /// Ends it by a signal; its exit code, and everything that it printed.
    fn end(&mut self, name: &str) -> (Option<i32>, String) {
        signal(self.child.id(), name);
        let status = wait(&mut self.child, Duration::from_secs(20));
        self.errors.read_to_string(&mut self.printed).expect("standard error can be read");
        (status.code(), self.printed.clone())
    }
}

/// One call as any client would write it to the wire.
fn codedeploy(stand_in: &StandIn, operation: &str, input: &Value) {
    let address = stand_in.text("endpoint").trim_start_matches("http://").to_owned();
    let body = input.to_string();
    let mut stream = std::net::TcpStream::connect(&address).expect("the endpoint listens");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: CodeDeploy_20141006.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("a request can be written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer can be read");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn configured(stand_in: &StandIn) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    folder
}

fn run(command: &mut Command) -> Output {
    command.output().expect("greenlight can be started")
}
