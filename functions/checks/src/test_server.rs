//! A server on loopback that does to a client what servers do on bad days. Only tests use it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// What becomes of one connection.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, headers (each with its line end) and body, as they should be.
    Answer(u16, &'static str, Vec<u8>),
    /// Exactly these bytes, then an orderly end.
    Raw(Vec<u8>),
    /// These bytes and then nothing, for longer than anybody waits.
    Stall(Vec<u8>),
}

/// A plain answer.
pub(crate) fn answer(status: u16, body: &str) -> Reply {
    Reply::Answer(status, "", body.as_bytes().to_vec())
}

/// The heads (and bodies) of all requests so far.
pub(crate) type Requests = Arc<Mutex<Vec<String>>>;

/// An address that refuses connections until it listens.
pub(crate) struct Address {
    socket: TcpSocket,
    pub(crate) base: String,
}

pub(crate) fn address() -> Address {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    Address { socket, base }
}

impl Address {
    /// Begins to serve: `reply` gets the number of the request, from 0, and its text.
    pub(crate) fn serve(self, reply: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Requests {
        let listener = self.socket.listen(64).unwrap();
        let requests = Requests::default();
        tokio::spawn(accept(listener, Arc::new(reply), Arc::clone(&requests)));
        requests
    }
}

/// What came over connections that serve again, and how many of them there were and are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) requests: usize,
    pub(crate) accepted: usize,
    pub(crate) open: usize,
}

impl Address {
    /// Gives this answer to every request, over connections that serve again; each is closed without a word after so many.
    pub(crate) fn serve_again(self, answer: &'static str, requests_each: usize) -> watch::Receiver<Traffic> {
        let listener = self.socket.listen(64).unwrap();
        let (traffic, seen) = watch::channel(Traffic::default());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                traffic.send_modify(|traffic| {
                    traffic.accepted += 1;
                    traffic.open += 1;
                });
                let traffic = traffic.clone();
                tokio::spawn(async move {
                    let _ = answer_again(stream, answer, requests_each, &traffic).await;
                    traffic.send_modify(|traffic| traffic.open -= 1);
                });
            }
        });
        seen
    }
}

async fn answer_again(
    stream: TcpStream,
    answer: &str,
    requests: usize,
    traffic: &watch::Sender<Traffic>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    for _ in 0..requests {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
        }
        traffic.send_modify(|traffic| traffic.requests += 1);
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

type Script = Arc<dyn Fn(usize, &str) -> Reply + Send + Sync>;

async fn accept(listener: TcpListener, reply: Script, requests: Requests) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&reply), Arc::clone(&requests)));
    }
}

async fn serve(mut stream: TcpStream, reply: Script, requests: Requests) -> std::io::Result<()> {
    // A request for /reset is left half unread: closing then resets the connection in the middle of the body.
    let mut text = String::new();
    let mut bytes = [0_u8; 1];
    while !text.ends_with("\r\n\r\n") {
        if stream.read(&mut bytes).await? == 0 {
            return Ok(());
        }
        text.push(char::from(bytes[0]));
        if text.ends_with("/reset ") {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc").await?;
            return Ok(());
        }
    }
    let length =
        text.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    text.push_str(&String::from_utf8_lossy(&body));
    let number = {
        let mut requests = requests.lock().unwrap();
        requests.push(text.clone());
        requests.len() - 1
    };
    match reply(number, &text) {
        Reply::Answer(status, headers, body) => {
            let head = format!(
                "HTTP/1.1 {status} Any\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await
        }
        Reply::Raw(bytes) => stream.write_all(&bytes).await,
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
    }
}
