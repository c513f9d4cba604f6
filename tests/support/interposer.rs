//! A place between `greenlight` and the stand-in that knows every call in its order, and at one of them takes the caller away, or
//! its answer. Nothing is changed but that.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::stand_in::signal;

#[path = "interposer/wire.rs"]
mod wire;

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
    /// The service fails.
    ServerFault,
    /// The credentials may not do this.
    Denied,
    /// The service refuses for good.
    Refused,
    /// The deployment has no targets yet.
    NotStarted,
    /// The service does what it was asked for; half of its answer comes, and the connection is closed.
    CutOff,
    /// A whole answer, whose text breaks off in the middle.
    Malformed,
    /// The service does what it was asked for, and answers with none of the members, which the models say are optional.
    NothingInIt,
    /// The answer with this in place of that.
    Replaced(&'static str, &'static str),
    /// The service has not heard of anything new: a list comes back empty.
    Lagging,
    /// The answer is this JSON.
    Answered(&'static str),
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
        let operation = wire::operation(&request);
        match self.fate(&operation) {
            Some(Fate::KilledBefore) => self.kill(),
            Some(Fate::KilledAfter) => {
                pass_on(&request, upstream)?;
                self.kill();
            }
            Some(Fate::AnswerLost) => drop(pass_on(&request, upstream)?),
            Some(Fate::CallLost) => {}
            Some(Fate::Throttled) => {
                stream.write_all(&wire::refusal(&request, 400, "ThrottlingException", "Rate exceeded"))?;
            }
            Some(Fate::ServerFault) => {
                stream.write_all(&wire::refusal(&request, 500, "InternalFailure", "try again"))?;
            }
            Some(Fate::Denied) => {
                stream.write_all(&wire::refusal(&request, 403, "AccessDeniedException", "not authorized"))?;
            }
            Some(Fate::NotStarted) => {
                stream.write_all(&wire::refusal(&request, 400, "DeploymentNotStartedException", "not yet"))?;
            }
            Some(Fate::Refused) => {
                stream.write_all(&wire::refusal(&request, 400, "InvalidRoleException", "the role is gone"))?;
            }
            Some(Fate::CutOff) => {
                let whole = pass_on(&request, upstream)?;
                let body = wire::body_at(&whole);
                stream.write_all(&whole[..body + (whole.len() - body) / 2])?;
            }
            Some(Fate::Malformed) => {
                let whole = pass_on(&request, upstream)?;
                let body = &whole[wire::body_at(&whole)..];
                stream.write_all(&wire::answer(&request, 200, &[], &body[..body.len() / 2]))?;
            }
            Some(Fate::NothingInIt) => {
                pass_on(&request, upstream)?;
                stream.write_all(&wire::nothing(&request))?;
            }
            Some(Fate::Answered(json)) => stream.write_all(&wire::answer(&request, 200, &[], json.as_bytes()))?,
            Some(Fate::Replaced(old, new)) => {
                let whole = pass_on(&request, upstream)?;
                let body = wire::replaced(&whole[wire::body_at(&whole)..], old.as_bytes(), new.as_bytes());
                stream.write_all(&wire::answer(&request, 200, &[], &body))?;
            }
            Some(Fate::Lagging) => stream.write_all(&wire::answer(&request, 200, &[], br#"{"deployments":[]}"#))?,
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
        let Some(head) = wire::head_of(&request) else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if request.len() >= head.len() + 4 + length.unwrap_or(0) {
            return Ok(request);
        }
    }
}

fn pass_on(request: &[u8], upstream: &str) -> std::io::Result<Vec<u8>> {
    let head = wire::head_of(request).unwrap_or_default();
    let mut stream = TcpStream::connect(upstream)?;
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&request[head.len() + 4..])?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
