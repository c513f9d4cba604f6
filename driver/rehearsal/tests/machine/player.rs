//! The other side: this test executable, started again by a test, plays a Lambda function or a whole stand-in.
//!
//! A part is chosen by the variable `PLAY`; without it these tests are over at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "a player learns its part from its environment, as a function does")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The command that plays a part.
pub fn command(player: &str) -> Vec<String> {
    let this = std::env::current_exe().unwrap().display().to_string();
    [&this, "--exact", player, "--nocapture", "--test-threads=1"].map(str::to_owned).to_vec()
}

struct Event {
    id: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// One exchange with the Runtime API over a connection of its own.
fn exchange(method: &str, path: &str, body: &[u8]) -> (u16, Vec<(String, String)>, String) {
    let api = variable("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = TcpStream::connect(&api).unwrap();
    let length = body.len();
    write!(stream, "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    // A body that is too large is refused before it is read; what matters is the answer.
    stream.write_all(body).ok();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let mut body = Vec::new();
    reader.read_to_end(&mut body).ok();
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}

fn next() -> Event {
    let (status, headers, body) = exchange("GET", "invocation/next", b"");
    assert_eq!(status, 200);
    let id = headers.iter().find(|(name, _)| name == "lambda-runtime-aws-request-id").unwrap().1.clone();
    Event { id, headers, body }
}

fn respond(id: &str, body: &[u8]) -> u16 {
    exchange("POST", &format!("invocation/{id}/response"), body).0
}

fn hang() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

#[test]
fn plays_a_function() {
    let Some(part) = variable("PLAY") else { return };
    // Ends the line that the test harness has begun.
    println!();
    match part.as_str() {
        "never asks" => hang(),
        "exits at once" => std::process::exit(7),
        "cannot initialise" => {
            let (status, ..) = exchange("POST", "init/error", br#"{"errorType":"Plan.Missing"}"#);
            println!("init error was answered {status}");
            std::process::exit(1);
        }
        _ => {}
    }
    let mut served = 0;
    loop {
        let event = next();
        served += 1;
        println!("process {} event {served}: {}", std::process::id(), event.body);
        match part.as_str() {
            "returns" => {
                println!("about to answer");
                respond(&event.id, event.body.as_bytes());
            }
            "tells" => {
                let names =
                    ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
                        .into_iter()
                        .chain(["AWS_LAMBDA_LOG_GROUP_NAME", "LAMBDA_TASK_ROOT", "AWS_REGION", "TZ", "OWN", "SHARED"]);
                let mut told: Vec<(String, String)> =
                    names.map(|name| (name.to_owned(), variable(name).unwrap_or_default())).collect();
                told.extend(event.headers);
                respond(&event.id, serde_json::to_string(&told).unwrap().as_bytes());
            }
            "fails" => {
                let body = br#"{"errorMessage":"no","errorType":"Shop.Closed"}"#;
                exchange("POST", &format!("invocation/{}/error", event.id), body);
            }
            "fails twice" if served < 3 => {
                exchange("POST", &format!("invocation/{}/error", event.id), br#"{"errorMessage":"not yet"}"#);
            }
            "fails twice" => {
                respond(&event.id, b"third time lucky");
            }
            "hangs" => hang(),
            "exits" => std::process::exit(3),
            "answers and exits" => {
                respond(&event.id, b"bye");
                std::process::exit(0);
            }
            "answers too much" => {
                let status = respond(&event.id, &vec![b' '; 7 * 1024 * 1024]);
                println!("too much was answered {status}");
            }
            "answers wrongly" => {
                let wrong = respond("no-such-id", b"wrong");
                let right = respond(&event.id, b"right");
                let again = respond(&event.id, b"again");
                println!("answered {wrong} {right} {again}");
            }
            "holds" => {
                std::fs::write(format!("{}/{}", event.body, event.id), "arrived").unwrap();
                while std::fs::read_dir(&event.body).unwrap().count() < 2 {
                    std::thread::sleep(Duration::from_millis(5));
                }
                respond(&event.id, std::process::id().to_string().as_bytes());
            }
            other => panic!("no such part: {other}"),
        }
    }
}
