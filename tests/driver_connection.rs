//! Which AWS the command speaks to, as whom, and how often it tries again: what the environment and the shared configuration
//! files say, as with every other AWS tool. The service is a socket of this test that refuses everything and counts.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

/// The authorisation header of each request that came.
type Seen = Arc<Mutex<Vec<String>>>;

/// A service that is always too busy.
fn busy_service() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    // It lives as long as the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection comes");
            let mut reader = BufReader::new(stream.try_clone().expect("a socket can be cloned"));
            let (mut length, mut authorisation) = (0, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                let (name, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().expect("a length is a number"),
                    "authorization" => authorisation = value.trim().to_owned(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            record.lock().expect("nobody panics with it").push(authorisation);
            let answer = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    (format!("http://{address}"), seen)
}

/// `greenlight` with these shared configuration files and nothing else of this machine's AWS.
fn greenlight(folder: &Path, config: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    fs::write(folder.join("config"), config).expect("the file can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlight"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("AWS_CONFIG_FILE", folder.join("config"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied());
    command.output().expect("greenlight can be started")
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_profile_brings_region_endpoint_keys_and_the_number_of_attempts() {
    let (endpoint, seen) = busy_service();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = format!(
        "[profile release]\nregion = cn-north-1\nendpoint_url = {endpoint}\nmax_attempts = 2\n\
         aws_access_key_id = AKIDRELEASE\naws_secret_access_key = secret\n"
    );
    let output = greenlight(folder.path(), &config, &[], &["status", "d-1", "--profile", "release"]);
    assert_eq!(output.status.code(), Some(1), "{}", error_of(&output));
    assert!(error_of(&output).contains("Rate exceeded"), "{}", error_of(&output));
    let seen = std::mem::take(&mut *seen.lock().expect("nobody panics with it"));
    assert_eq!(seen.len(), 2, "two attempts: {seen:?}");
    for authorisation in seen {
        assert!(authorisation.contains("Credential=AKIDRELEASE/"), "{authorisation}");
        assert!(authorisation.contains("/cn-north-1/codedeploy/aws4_request"), "{authorisation}");
    }
}

#[test]
fn the_environment_goes_before_the_profile_and_the_command_line_before_both() {
    let (endpoint, seen) = busy_service();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = "[default]\nregion = eu-west-1\nmax_attempts = 5\n";
    let environment = [
        ("AWS_REGION", "eu-west-2"),
        ("AWS_MAX_ATTEMPTS", "1"),
        ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let arguments = ["status", "d-1", "--region", "us-gov-west-1", "--endpoint-url", &endpoint];
    let output = greenlight(folder.path(), config, &environment, &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", error_of(&output));
    let seen = seen.lock().expect("nobody panics with it").clone();
    assert_eq!(seen.len(), 1, "one attempt: {seen:?}");
    assert!(seen[0].contains("Credential=AKIDENVIRONMENT/"), "{seen:?}");
    assert!(seen[0].contains("/us-gov-west-1/codedeploy/aws4_request"), "{seen:?}");
}

#[test]
fn a_profile_that_is_named_goes_with_its_own_keys_before_the_environments() {
    let (endpoint, seen) = busy_service();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = "[profile release]\nregion = eu-west-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n\
        [profile open]\nregion = eu-west-1\n";
    let environment =
        [("AWS_MAX_ATTEMPTS", "1"), ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    for (profile, key) in [("release", "AKIDPROFILE"), ("open", "AKIDENVIRONMENT")] {
        seen.lock().expect("nobody panics with it").clear();
        let arguments = ["status", "d-1", "--profile", profile, "--endpoint-url", &endpoint];
        let output = greenlight(folder.path(), config, &environment, &arguments);
        let seen = seen.lock().expect("nobody panics with it").clone();
        assert!(!seen.is_empty(), "{}", error_of(&output));
        assert!(seen[0].contains(&format!("Credential={key}/")), "{profile}: {seen:?}");
    }
}

#[test]
fn a_profile_that_takes_a_role_asks_for_it_in_its_region_with_the_keys_that_it_names() {
    let (endpoint, seen) = busy_service();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = "[profile release]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/release\nsource_profile = base\n\
        [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n";
    let environment = [
        ("AWS_ENDPOINT_URL_STS", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let arguments = ["status", "d-1", "--profile", "release", "--endpoint-url", &endpoint];
    let output = greenlight(folder.path(), config, &environment, &arguments);
    let seen = seen.lock().expect("nobody panics with it").clone();
    assert!(!seen.is_empty(), "{}", error_of(&output));
    let asks = |authorisation: &String| {
        authorisation.contains("Credential=AKIDBASE/") && authorisation.contains("/eu-west-1/sts/aws4_request")
    };
    assert!(seen.iter().all(asks), "nothing but the role, and with no other keys: {seen:?}");
}

#[test]
fn a_profile_of_single_sign_on_without_a_session_says_that_there_is_none() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = "[default]\nregion = eu-west-1\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = release\n\
                  [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
    let output = greenlight(folder.path(), config, &[], &["status", "d-1"]);
    assert_eq!(output.status.code(), Some(2), "{}", error_of(&output));
    let error = error_of(&output);
    assert!(error.contains("failed to load the cached SSO token"), "{error}");
    assert!(error.contains("with single sign-on, first: aws sso login"), "{error}");
    assert!(!error.contains("feature"), "single sign-on is built in: {error}");
}
