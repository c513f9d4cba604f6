//! A server that does what servers do on bad days, written on the socket itself, since a server in good order could not do
//! it. It reads a request and answers with a [`Day`]; what it writes without end it makes as it goes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Day {
    /// Nobody listens.
    Refuses,
    /// These bytes as soon as somebody connects, then the end.
    Greets(&'static [u8]),
    /// These bytes after a request, then the end.
    Answers(&'static [u8]),
    /// A redirect to a place that is no address and does not end.
    LongRedirect,
    /// A content type that does not end.
    LongType,
    /// A megabyte of opening brackets.
    Brackets,
    /// A list of so many numbers.
    Numbers(usize),
    /// These bytes after a request, then a reset of the connection.
    Resets(&'static [u8]),
    /// The first bytes after a request, then the second ones every now and then, for ever.
    Drips(&'static [u8], &'static [u8]),
    /// The first bytes after a request, then the second ones as fast as they are taken, until there are ten gigabytes.
    Floods(&'static [u8], &'static [u8]),
}

const TEN_GIGABYTES: u64 = 10 * 1024 * 1024 * 1024;

/// The server.
pub(crate) struct BadDay {
    pub(crate) address: SocketAddr,
    written: Arc<AtomicU64>,
    /// Keeps an address that nobody listens at from being given to somebody else.
    _kept: Option<TcpSocket>,
}

impl BadDay {
    /// Begins, with TLS where there is a certificate.
    pub(crate) async fn begins(day: Day, certificate: Option<ServerConfig>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let written = Arc::<AtomicU64>::default();
        if matches!(day, Day::Refuses) {
            return Self { address, written, _kept: Some(socket) };
        }
        let listener = socket.listen(64).unwrap();
        let acceptor = certificate.map(|config| TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(serve(listener, day, acceptor, Arc::clone(&written)));
        Self { address, written, _kept: None }
    }

    /// How much was written of what has no end.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, day: Day, acceptor: Option<TlsAcceptor>, written: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, written) = (acceptor.clone(), Arc::clone(&written));
        // A caller that hangs up is what this is about.
        tokio::spawn(async move {
            match (day, acceptor) {
                (Day::Greets(bytes), _) => greet(stream, bytes).await,
                (Day::Resets(bytes), None) => reset(stream, bytes).await,
                (_, Some(acceptor)) => live(acceptor.accept(stream).await?, day, &written).await,
                (_, None) => live(stream, day, &written).await,
            }
        });
    }
}

async fn greet(mut stream: TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    // Closing with bytes unread would reset the connection.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

async fn reset(mut stream: TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    request(&mut stream).await?;
    stream.write_all(bytes).await?;
    // Once the caller's side has taken the bytes, so that the reset comes in their middle.
    stream.set_zero_linger()?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(stream);
    Ok(())
}

async fn live(mut stream: impl AsyncRead + AsyncWrite + Unpin, day: Day, written: &AtomicU64) -> std::io::Result<()> {
    request(&mut stream).await?;
    match day {
        Day::Refuses | Day::Greets(_) | Day::Resets(_) => unreachable!("settled before there is a request"),
        Day::Answers(bytes) => stream.write_all(bytes).await?,
        Day::LongRedirect => {
            let place = "x".repeat(100_000);
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://[{place}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
        }
        Day::LongType => {
            let content = "x".repeat(100_000);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {content}\r\ncontent-length: 2\r\n\r\nno");
            stream.write_all(answer.as_bytes()).await?;
        }
        Day::Brackets => stream.write_all(&answer(&"[".repeat(1_000_000))).await?,
        Day::Numbers(count) => stream.write_all(&answer(&format!("[{}]", vec!["1"; count].join(",")))).await?,
        Day::Drips(head, drop) => {
            stream.write_all(head).await?;
            let mut pace = tokio::time::interval(Duration::from_millis(100));
            loop {
                pace.tick().await;
                stream.write_all(drop).await?;
                stream.flush().await?;
            }
        }
        Day::Floods(head, drop) => {
            stream.write_all(head).await?;
            let much = drop.repeat(64 * 1024 / drop.len());
            while written.load(Ordering::SeqCst) < TEN_GIGABYTES {
                stream.write_all(&much).await?;
                written.fetch_add(much.len() as u64, Ordering::SeqCst);
            }
        }
    }
    stream.shutdown().await
}

fn answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A request without a body, up to its end.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(())
}

/// Who signs certificates in a test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What whoever trusts it needs.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A server's configuration with a certificate for this name, valid until the first day of this year.
    pub(crate) fn certifies(&self, name: &str, until: i32) -> ServerConfig {
        let (params, key) = unsigned(name, until);
        presents(params.signed_by(&key, &self.issuer).unwrap().der().clone(), &key)
    }
}

/// The same with a certificate that nobody but itself has signed.
pub(crate) fn self_signed(name: &str, until: i32) -> ServerConfig {
    let (params, key) = unsigned(name, until);
    presents(params.self_signed(&key).unwrap().der().clone(), &key)
}

fn unsigned(name: &str, until: i32) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    (params, KeyPair::generate().unwrap())
}

fn presents(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}
