//! A place between `greenlight` and the stand-in that knows every call in its order, and at one of them takes the caller away, or
//! its answer. Nothing is changed but that.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::stand_in::signal;

/// What becomes of the caller or of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The caller is killed before the service gets to know of the call.
    KilledBefore,
    /// The caller is killed when the service has done what it was asked for, before the answer comes.
    KilledAfter,
    /// The service does what it was asked for, and the connection is closed without an answer.
    AnswerLost,
    /// The connection is closed, and the service does not get to know of the call.
    CallLost,
    /// The service says that it was asked too often.
    Throttled,
    /// The service refuses for good.
    Refused,
    /// The service has not heard of anything new: a list comes back empty.
    Lagging,
}

/// At which call.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// The n-th of all, from 1 on.
    Number(usize),
    /// So many of this operation, from the first one on.
    Of(&'static str, usize),
    /// The n-th of this operation, from 1 on.
    Nth(&'static str, usize),
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    strikes: Vec<(Call, Fate)>,
    victim: Option<u32>,
}

/// The place.
#[derive(Clone)]
pub(crate) struct Interposer {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Interposer {
    /// Stands before this endpoint.
    pub(crate) fn before(endpoint: &str) -> Self {
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let place = Self { address: listener.local_addr().expect("it is bound"), state: Arc::default() };
        let here = place.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (here, upstream) = (here.clone(), upstream.clone());
                // A caller that hangs up is not this place's concern.
                std::thread::spawn(move || here.serve(stream, &upstream).ok());
            }
        });
        place
    }

    /// Where to send calls.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins a new count, in which this happens.
    pub(crate) fn strike(&self, strikes: &[(Call, Fate)]) {
        let (state, _) = &*self.state;
        *state.lock().unwrap_or_else(PoisonError::into_inner) = State { strikes: strikes.to_vec(), ..State::default() };
    }

    /// Whom to kill.
    pub(crate) fn victim(&self, id: u32) {
        let (state, changed) = &*self.state;
        state.lock().unwrap_or_else(PoisonError::into_inner).victim = Some(id);
        changed.notify_all();
    }

    /// The operations of this count, in their order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    fn serve(&self, mut stream: TcpStream, upstream: &str) -> std::io::Result<()> {
        let request = read_request(&mut stream)?;
        let operation = operation(&request);
        match self.fate(&operation) {
            Some(Fate::KilledBefore) => self.kill(),
            Some(Fate::KilledAfter) => {
                pass_on(&request, upstream)?;
                self.kill();
            }
            Some(Fate::AnswerLost) => drop(pass_on(&request, upstream)?),
            Some(Fate::CallLost) => {}
            Some(Fate::Throttled) => stream.write_all(&answer(
                "400 Bad Request",
                r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#,
            ))?,
            Some(Fate::Refused) => stream.write_all(&answer(
                "400 Bad Request",
                r#"{"__type":"InvalidRoleException","message":"the role is gone"}"#,
            ))?,
            Some(Fate::Lagging) => stream.write_all(&answer("200 OK", r#"{"deployments":[]}"#))?,
            None => stream.write_all(&pass_on(&request, upstream)?)?,
        }
        Ok(())
    }

    fn fate(&self, operation: &str) -> Option<Fate> {
        let mut state = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.push(operation.to_owned());
        let number = state.calls.len();
        let met = |call: &mut Call| match call {
            Call::Number(wanted) => *wanted == number,
            Call::Of(name, left) if *name == operation && *left > 0 => {
                *left -= 1;
                true
            }
            Call::Nth(name, left) if *name == operation && *left > 0 => {
                *left -= 1;
                *left == 0
            }
            Call::Of(..) | Call::Nth(..) => false,
        };
        state.strikes.iter_mut().find_map(|(call, fate)| met(call).then_some(*fate))
    }

    /// The caller may be quicker than whoever started it.
    fn kill(&self) {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = changed.wait_while(state, |state| state.victim.is_none()).unwrap_or_else(PoisonError::into_inner);
        signal(state.victim.expect("it was waited for"), "KILL");
    }
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&buffer[..read]);
        let Some(head) = head_of(&request) else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if request.len() >= head.len() + 4 + length.unwrap_or(0) {
            return Ok(request);
        }
    }
}

fn head_of(request: &[u8]) -> Option<String> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(String::from_utf8_lossy(&request[..end]).into_owned())
}

/// `RegisterTaskDefinition`; of the Query services `DescribeListeners`; else method and path.
fn operation(request: &[u8]) -> String {
    let head = head_of(request).unwrap_or_default();
    let target = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-amz-target")
            .then(|| value.trim().rsplit('.').next().unwrap_or_default().to_owned())
    });
    let body = String::from_utf8_lossy(&request[head.len()..]).into_owned();
    let action = || Some(body.split("Action=").nth(1)?.split('&').next()?.to_owned());
    target.or_else(action).unwrap_or_else(|| head.lines().next().unwrap_or_default().to_owned())
}

fn pass_on(request: &[u8], upstream: &str) -> std::io::Result<Vec<u8>> {
    let head = head_of(request).unwrap_or_default();
    let mut stream = TcpStream::connect(upstream)?;
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&request[head.len() + 4..])?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
