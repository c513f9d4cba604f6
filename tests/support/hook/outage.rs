//! A place between a function and AWS where calls meet with accidents: a refusal, a silence, an answer that is cut off.
//!
//! It stands in front of any endpoint, knows the operation of every request whatever the protocol, keeps count, and passes
//! on what it has no accident for. Accidents happen on the socket itself, where a server in good order could not make them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accident {
    /// The service says that it was asked too often.
    Throttled,
    /// The service fails.
    ServerError,
    /// The role may not.
    Denied,
    /// Nothing comes back, and the connection stays open.
    Silence,
    /// The head of an answer and half of its body, then silence.
    SilenceInTheBody,
    /// The connection is closed without an answer.
    Closed,
    /// A whole answer, whose text breaks off in the middle.
    Malformed,
    /// A whole answer without a body.
    EmptyBody,
    /// A whole answer in good order that says nothing.
    NothingInIt,
    /// A refusal with a text without end.
    LongRefusal,
    /// The service does what it was asked for, and the connection is closed without an answer.
    AnswerLost,
    /// The service does what it was asked for, and nothing comes back.
    AnswerWithheld,
}

impl Accident {
    /// Whether the service gets to know of the call.
    fn reaches_the_service(self) -> bool {
        match self {
            Self::AnswerLost
            | Self::AnswerWithheld
            | Self::Malformed
            | Self::EmptyBody
            | Self::NothingInIt
            | Self::SilenceInTheBody => true,
            Self::Throttled | Self::ServerError | Self::Denied | Self::LongRefusal | Self::Silence | Self::Closed => {
                false
            }
        }
    }
}

/// From the first call or a later one on, once or for ever.
#[derive(Clone, Debug)]
struct Outage {
    operation: String,
    spared: usize,
    times: usize,
    accident: Accident,
}

#[derive(Default)]
struct State {
    outages: Vec<Outage>,
    calls: BTreeMap<String, usize>,
}

/// The place.
#[derive(Clone)]
pub(crate) struct Outages {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// How many accidents have happened.
    happened: watch::Sender<usize>,
}

impl Outages {
    /// Stands before the endpoint at this address.
    pub(crate) async fn before(endpoint: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let place = Self { address, state: Arc::default(), happened: watch::Sender::new(0) };
        let here = place.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let here = here.clone();
                // A caller that hangs up is not this place's concern.
                tokio::spawn(async move { here.serve(stream, endpoint).await.ok() });
            }
        });
        place
    }

    /// Lets the next `times` calls of an operation meet with an accident.
    pub(crate) fn strike(&self, operation: &str, accident: Accident, times: usize) {
        self.strike_after(0, operation, accident, times);
    }

    /// The same, after some calls that are spared.
    pub(crate) fn strike_after(&self, spared: usize, operation: &str, accident: Accident, times: usize) {
        let outage = Outage { operation: operation.to_owned(), spared, times, accident };
        self.state.lock().unwrap().outages.push(outage);
    }

    /// Ends every outage that is left.
    pub(crate) fn are_over(&self) {
        self.state.lock().unwrap().outages.clear();
    }

    /// Waits until an accident has happened.
    pub(crate) async fn one_happened(&self) {
        self.happened.subscribe().wait_for(|count| *count > 0).await.unwrap();
    }

    /// The operations that were called, and how often.
    pub(crate) fn calls(&self) -> BTreeMap<String, usize> {
        self.state.lock().unwrap().calls.clone()
    }

    async fn serve(&self, mut stream: TcpStream, endpoint: SocketAddr) -> std::io::Result<()> {
        let Some(request) = Request::read(&mut stream).await? else { return Ok(()) };
        let operation = request.operation();
        let accident = self.next(&operation);
        let answer = match accident {
            Some(accident) if !accident.reaches_the_service() => Vec::new(),
            _ => request.pass_on(endpoint).await?,
        };
        if accident.is_some() {
            self.happened.send_modify(|count| *count += 1);
        }
        let head_ends = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        let (head, body) = answer.split_at(head_ends);
        let half = &body[..body.len() / 2];
        let sent = match accident {
            None => answer.clone(),
            Some(Accident::Throttled) => request.refusal(Kind::Throttled),
            Some(Accident::ServerError) => request.refusal(Kind::Server),
            Some(Accident::Denied) => request.refusal(Kind::Denied),
            Some(Accident::LongRefusal) => request.refusal(Kind::Long),
            Some(Accident::NothingInIt) => whole(head, &request.nothing()),
            Some(Accident::Malformed) => whole(head, half),
            Some(Accident::EmptyBody) => whole(head, b""),
            Some(Accident::SilenceInTheBody) => [head, half].concat(),
            Some(Accident::Silence | Accident::AnswerWithheld | Accident::Closed | Accident::AnswerLost) => Vec::new(),
        };
        stream.write_all(&sent).await?;
        if let Some(Accident::Silence | Accident::AnswerWithheld | Accident::SilenceInTheBody) = accident {
            // Until the caller gives up.
            stream.read_u8().await?;
        }
        Ok(())
    }

    fn next(&self, operation: &str) -> Option<Accident> {
        let mut state = self.state.lock().unwrap();
        *state.calls.entry(operation.to_owned()).or_default() += 1;
        let outage = state.outages.iter_mut().find(|outage| outage.operation == operation && outage.times > 0)?;
        if outage.spared > 0 {
            outage.spared -= 1;
            return None;
        }
        outage.times -= 1;
        Some(outage.accident)
    }
}

/// The same head with another body, and the length of that.
fn whole(head: &[u8], body: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let kept: String = head
        .lines()
        .filter(|line| !line.is_empty() && !line.to_lowercase().starts_with("content-length:"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    [format!("{kept}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn cbor(members: &[(&str, &str)]) -> Vec<u8> {
    let members = members.iter().map(|(name, value)| (ciborium::Value::from(*name), ciborium::Value::from(*value)));
    let mut bytes = Vec::new();
    ciborium::into_writer(&ciborium::Value::Map(members.collect()), &mut bytes).unwrap();
    bytes
}

enum Kind {
    Throttled,
    Server,
    Denied,
    Long,
}

struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).await? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let mut request = Self { head: String::from_utf8(head).unwrap(), body: Vec::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(each, value)| each.eq_ignore_ascii_case(name).then_some(value.trim()))
    }

    fn speaks_cbor(&self) -> bool {
        self.header("smithy-protocol") == Some("rpc-v2-cbor")
    }

    fn is_for_s3(&self) -> bool {
        self.header("authorization").is_some_and(|signed| signed.contains("/s3/aws4_request"))
    }

    /// `GetDeployment`: from the target of the JSON protocol, the action of the query protocol, the path of RPC v2.
    fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap().to_owned();
        }
        let line = self.head.lines().next().unwrap_or_default();
        if let Some((_, operation)) = line.split_once("/operation/") {
            return operation.split(' ').next().unwrap().to_owned();
        }
        if self.is_for_s3() {
            return format!("{}Object", if line.starts_with("PUT ") { "Put" } else { "Get" });
        }
        let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&self.body).unwrap_or_default();
        match form.into_iter().find(|(name, _)| name == "Action") {
            Some((_, action)) => action,
            None => line.to_owned(),
        }
    }

    /// The answer, whole; the connection is not kept.
    async fn pass_on(&self, endpoint: SocketAddr) -> std::io::Result<Vec<u8>> {
        let mut service = TcpStream::connect(endpoint).await?;
        let head = self.head.trim_end();
        service.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
        service.write_all(&self.body).await?;
        let mut answer = Vec::new();
        service.read_to_end(&mut answer).await?;
        Ok(answer)
    }

    /// An answer without a field, as the protocol of the request words it.
    fn nothing(&self) -> Vec<u8> {
        if self.header("x-amz-target").is_some() {
            return b"{}".to_vec();
        }
        if self.speaks_cbor() {
            return cbor(&[]);
        }
        super::wire::query_answer(&self.operation(), "").into_bytes()
    }

    /// A refusal as the protocol of the request words it.
    fn refusal(&self, kind: Kind) -> Vec<u8> {
        let operation = self.operation();
        let text = match kind {
            Kind::Long => "no ".repeat(100_000),
            Kind::Throttled | Kind::Server | Kind::Denied => format!("an accident of {operation}"),
        };
        let (status, content, body) = if self.header("x-amz-target").is_some() {
            let (status, code) = match kind {
                Kind::Throttled => (400, "ThrottlingException"),
                Kind::Server => (500, "InternalFailure"),
                Kind::Denied => (400, "AccessDeniedException"),
                Kind::Long => (400, "ValidationException"),
            };
            (status, "application/x-amz-json-1.1", json!({"__type": code, "message": text}).to_string().into_bytes())
        } else if self.speaks_cbor() {
            let (status, code) = match kind {
                Kind::Throttled => (400, "Throttling"),
                Kind::Server => (500, "InternalFailure"),
                Kind::Denied => (403, "AccessDenied"),
                Kind::Long => (400, "ValidationError"),
            };
            (status, "application/cbor\r\nsmithy-protocol: rpc-v2-cbor", cbor(&[("__type", code), ("message", &text)]))
        } else if self.is_for_s3() {
            let (status, code) = match kind {
                Kind::Throttled => (503, "SlowDown"),
                Kind::Server => (500, "InternalError"),
                Kind::Denied => (403, "AccessDenied"),
                Kind::Long => (400, "InvalidRequest"),
            };
            let body = format!("<Error><Code>{code}</Code><Message>{text}</Message></Error>");
            (status, "application/xml", body.into_bytes())
        } else {
            let (status, code) = match kind {
                Kind::Throttled => (400, "Throttling"),
                Kind::Server => (500, "InternalFailure"),
                Kind::Denied => (403, "AccessDenied"),
                Kind::Long => (400, "ValidationError"),
            };
            (status, "text/xml", super::wire::query_error(code, &text).into_bytes())
        };
        let head = format!(
            "HTTP/1.1 {status} Any\r\ncontent-type: {content}\r\nx-amzn-requestid: accident\r\nconnection: close"
        );
        [head.as_bytes(), format!("\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat()
    }
}
