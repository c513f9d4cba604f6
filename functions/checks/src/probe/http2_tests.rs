//! HTTP/2 against real servers, in plaintext and over TLS: what is asked, and what every other server is told to be.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use super::error::ProbeError;
use super::http::{Answer, Prober};
use super::http_tests::request;
use crate::authorities::Authorities;
use crate::surroundings::Endpoint;
use crate::test_authority::{Authority, FAR};
use crate::test_server::{Reply, address, answer};

async fn ask(base: &str, ca: Option<Authorities>, http: &str) -> Result<Answer, ProbeError> {
    let (host, via) = (Some("shop.test".to_owned()), "test listener".to_owned());
    let endpoint = Endpoint { base: base.to_owned(), host, ca, via };
    let prober = Prober::new(endpoint, "execution".to_owned());
    prober.ask("a", &request(http), Duration::from_secs(20)).await.map_err(|(error, _)| error)
}

/// Answers with the request's own line and authority; `/a` redirects to `/b`.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let said =
        format!("{} {} {:?} {:?}", request.method(), request.uri(), request.version(), request.headers().get("host"));
    let response = Response::builder().header("x-agent", request.headers()["user-agent"].clone());
    let response =
        if request.uri().path() == "/a" { response.status(302).header("location", "/b?c=d") } else { response };
    Ok(response.body(Full::new(said.into())).unwrap())
}

/// Serves HTTP/2, over TLS if there is somebody to vouch for it; gives the address.
async fn serving(authority: Option<&Authority>, protocols: &[&str]) -> String {
    let acceptor = authority.map(|authority| authority.acceptor("shop.test", FAR, protocols));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            match &acceptor {
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        tokio::spawn(http2.serve_connection(TokioIo::new(stream), service_fn(echo)));
                    }
                }
                None => {
                    tokio::spawn(http2.serve_connection(TokioIo::new(stream), service_fn(echo)));
                }
            }
        }
    });
    base
}

#[tokio::test]
async fn plaintext_is_spoken_by_prior_knowledge_and_in_the_name_of_the_host() {
    let base = serving(None, &[]).await;
    let answer = ask(&base, None, "{ get: '/api?q=tea', version: 2 }").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.version), (200, Version::HTTP_2));
    assert_eq!(String::from_utf8_lossy(&answer.body), "GET http://shop.test/api?q=tea HTTP/2.0 None");
    assert!(answer.headers["x-agent"].to_str().unwrap().starts_with("greenlight/"));
    let followed = ask(&base, None, "{ get: /a, version: 2, follow: 1 }").await.unwrap();
    assert_eq!(String::from_utf8_lossy(&followed.body), "GET http://shop.test/b?c=d HTTP/2.0 None");
}

#[tokio::test]
async fn over_tls_it_is_agreed_upon_and_the_endpoints_own_authority_is_trusted_and_nobody_else() {
    let authority = Authority::new("Test CA");
    let base = serving(Some(&authority), &["h2"]).await;
    let answer = ask(&base, Some(authority.trusted()), "{ post: /, version: 2, body: tea }").await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.body), "POST https://shop.test/ HTTP/2.0 None");
    for ca in [None, Some(Authority::new("Other CA").trusted())] {
        let error = ask(&base, ca, "{ get: /, version: 2 }").await.unwrap_err();
        assert_eq!(error.to_string(), "no trusted TLS connection: invalid peer certificate: UnknownIssuer");
    }
}

#[tokio::test]
async fn a_server_without_http2_is_told_and_not_asked_in_another_version() {
    let authority = Authority::new("Test CA");
    for (protocols, told) in [
        (&["http/1.1"][..], "the server does not speak HTTP/2: it refuses h2 by ALPN"),
        (&[][..], "the server does not speak HTTP/2: it does not agree to h2 by ALPN"),
    ] {
        let base = serving(Some(&authority), protocols).await;
        let error = ask(&base, Some(authority.trusted()), "{ get: /, version: 2 }").await.unwrap_err();
        assert_eq!(error.to_string(), told);
    }
    let old = address();
    let base = old.base.clone();
    old.serve(|_, _| Reply::Raw(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()));
    let error = ask(&base, None, "{ get: /, version: 2 }").await.unwrap_err().to_string();
    assert!(error.starts_with("the server does not speak HTTP/2: "), "{error}");
    let refusing = ask(&address().base, None, "{ get: /, version: 2 }").await.unwrap_err();
    assert_eq!(refusing, ProbeError::Refused);
}

#[tokio::test]
async fn http_1_1_trusts_the_endpoints_own_authority_too() {
    let authority = Authority::new("Test CA");
    let plain = address();
    let inner = plain.base.trim_start_matches("http://").to_owned();
    plain.serve(|_, _| answer(200, "tea"));
    // TLS in front of the plain server.
    let acceptor = authority.acceptor("shop.test", FAR, &["http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut behind = tokio::net::TcpStream::connect(&inner).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut behind).await });
        }
    });
    let trusted = ask(&base, Some(authority.trusted()), "{ get: / }").await.unwrap();
    assert_eq!((trusted.body.as_slice(), trusted.version), (b"tea".as_slice(), Version::HTTP_11));
    let error = ask(&base, Some(Authority::new("Other CA").trusted()), "{ get: / }").await.unwrap_err().to_string();
    assert!(error.starts_with("no trusted TLS connection: "), "{error}");
}
