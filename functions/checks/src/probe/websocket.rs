//! One WebSocket conversation (RFC 6455) with an endpoint: ws or wss by its scheme, over a connection of our own. It tells
//! what was said and judges nothing; no extension is spoken, and nothing is asked of another address.

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::client::USER_AGENT;
use super::connection::{Duplex, Speaks, Target, open};
use super::error::{BODY_LIMIT, ProbeError, ended};
use crate::plan::WebsocketCheck;
use crate::surroundings::Endpoint;

/// A connection on which messages go both ways.
pub(crate) struct Conversation {
    stream: Box<WebSocketStream<Box<dyn Duplex>>>,
}

/// What became of the request for a conversation.
pub(crate) enum Upgrade {
    Conversation(Conversation, StatusCode, HeaderMap),
    /// Another status than 101.
    Refused(StatusCode, HeaderMap, Vec<u8>),
    /// The server does not agree to the subprotocol.
    OtherSubprotocol,
}

/// What the server did next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    /// So many bytes that are no text.
    Binary(usize),
    /// It closed the conversation: `1008 policy`, or nothing where it gave no reason.
    Closed(String),
}

pub(crate) async fn connect(endpoint: &Endpoint, websocket: &WebsocketCheck) -> Result<Upgrade, ProbeError> {
    let target = Target::of(endpoint)?;
    let request = request(&target, websocket)?;
    let stream = open(endpoint, &target, Speaks::Http1).await?;
    let limits = WebSocketConfig::default().max_message_size(Some(BODY_LIMIT)).max_frame_size(Some(BODY_LIMIT));
    match client_async_with_config(request, stream, Some(limits)).await {
        Ok((stream, answer)) => {
            let (head, _) = answer.into_parts();
            Ok(Upgrade::Conversation(Conversation { stream: Box::new(stream) }, head.status, head.headers))
        }
        Err(Error::Http(answer)) => {
            let (head, body) = Response::into_parts(*answer);
            Ok(Upgrade::Refused(head.status, head.headers, body.unwrap_or_default()))
        }
        Err(Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_))) => Ok(Upgrade::OtherSubprotocol),
        Err(error) => Err(failure(error)),
    }
}

fn request(target: &Target, websocket: &WebsocketCheck) -> Result<Request<()>, ProbeError> {
    let scheme = if target.secure { "wss" } else { "ws" };
    let mut request = Request::builder()
        .uri(format!("{scheme}://{}{}", target.authority, websocket.path))
        .header(header::HOST, &target.authority)
        .header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(subprotocol) = &websocket.subprotocol {
        request = request.header(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    for (name, value) in &websocket.headers {
        request = request.header(name, value);
    }
    request.body(()).map_err(|error| ProbeError::Address(target.authority.clone(), error.to_string()))
}

impl Conversation {
    pub(crate) async fn send(&mut self, text: &str) -> Result<(), ProbeError> {
        self.stream.send(Message::text(text)).await.map_err(failure)
    }

    /// The next thing that is for the application; pings are answered on the way.
    pub(crate) async fn next(&mut self) -> Result<Said, ProbeError> {
        loop {
            return Ok(match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Said::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => match String::from_utf8(bytes.to_vec()) {
                    Ok(text) => Said::Text(text),
                    Err(_) => Said::Binary(bytes.len()),
                },
                Some(Ok(Message::Close(Some(frame)))) => {
                    Said::Closed(format!("{} {}", u16::from(frame.code), frame.reason).trim_end().to_owned())
                }
                Some(Ok(Message::Close(None))) | None | Some(Err(Error::ConnectionClosed)) => {
                    Said::Closed(String::new())
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => return Err(failure(error)),
            });
        }
    }

    /// Says goodbye without waiting for the answer.
    pub(crate) async fn close(mut self) -> Result<(), ProbeError> {
        self.stream.send(Message::Close(None)).await.map_err(failure)
    }
}

fn failure(error: Error) -> ProbeError {
    match error {
        Error::Capacity(_) => ProbeError::TooLarge,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ProbeError::Reset,
        error => ended(&error),
    }
}
