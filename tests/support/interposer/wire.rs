//! What the interposer knows of AWS's protocols: which operation a request is, and how a refusal and an empty answer look in the
//! protocol of the request. It knows no service's shapes.

/// How a request is to be answered.
enum Protocol {
    Json,
    Query(String),
    Cbor,
    Rest,
    S3,
}

/// The head of a message, without the empty line.
pub(super) fn head_of(message: &[u8]) -> Option<String> {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(String::from_utf8_lossy(&message[..end]).into_owned())
}

/// Where the body of a whole message begins.
pub(super) fn body_at(message: &[u8]) -> usize {
    head_of(message).map_or(message.len(), |head| head.len() + 4)
}

/// `RegisterTaskDefinition`, as IAM calls it without the service; of S3 `PutObject`, `GetObject`, `ListBucket`; else method and path.
pub(super) fn operation(request: &[u8]) -> String {
    let head = head_of(request).unwrap_or_default();
    let line = head.lines().next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    match protocol(request) {
        Protocol::Json => header(&head, "x-amz-target").and_then(|target| target.rsplit('.').next().map(str::to_owned)),
        Protocol::Query(action) => Some(action),
        Protocol::Cbor => path.rsplit('/').next().map(str::to_owned),
        Protocol::Rest if path.ends_with("/configuration") => Some("GetFunctionConfiguration".to_owned()),
        Protocol::Rest if path.ends_with("/invocations") => Some("InvokeFunction".to_owned()),
        Protocol::S3 if line.starts_with("PUT ") => Some("PutObject".to_owned()),
        Protocol::S3 if line.contains("?list-type=") => Some("ListBucket".to_owned()),
        Protocol::S3 if line.starts_with("GET ") => Some("GetObject".to_owned()),
        Protocol::Rest | Protocol::S3 => None,
    }
    .unwrap_or(line)
}

fn protocol(request: &[u8]) -> Protocol {
    let head = head_of(request).unwrap_or_default();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let body = String::from_utf8_lossy(&request[body_at(request)..]).into_owned();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=").map(str::to_owned));
    match action {
        _ if header(&head, "x-amz-target").is_some() => Protocol::Json,
        _ if path.starts_with("/service/") => Protocol::Cbor,
        _ if path.starts_with("/2015-03-31/") => Protocol::Rest,
        Some(action) => Protocol::Query(action),
        None => Protocol::S3,
    }
}

fn header(head: &str, wanted: &str) -> Option<String> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
}

/// An error of the service.
pub(super) fn refusal(request: &[u8], status: u16, code: &str, message: &str) -> Vec<u8> {
    let json = |member: &str| format!("{{\"{member}\":\"{code}\",\"message\":\"{message}\"}}").into_bytes();
    // The Query services' codes have no `Exception` at the end.
    let short = code.strip_suffix("Exception").unwrap_or(code);
    let xml = format!("<Error><Type>Sender</Type><Code>{short}</Code><Message>{message}</Message></Error>");
    match protocol(request) {
        Protocol::Json => answer(request, status, &[], &json("__type")),
        Protocol::Rest => answer(request, status, &[("x-amzn-errortype", code)], &json("code")),
        Protocol::Cbor => {
            let pairs = [("__type", code), ("message", message)];
            answer(request, status, &[], &cbor_texts(&pairs))
        }
        Protocol::Query(_) => answer(request, status, &[], format!("<ErrorResponse>{xml}</ErrorResponse>").as_bytes()),
        Protocol::S3 => answer(request, status, &[], xml.as_bytes()),
    }
}

/// An answer in good order that says nothing.
pub(super) fn nothing(request: &[u8]) -> Vec<u8> {
    match protocol(request) {
        Protocol::Json | Protocol::Rest => answer(request, 200, &[], b"{}"),
        Protocol::Cbor => answer(request, 200, &[], &[0xa0]),
        Protocol::Query(action) => {
            let text = format!("<{action}Response><{action}Result></{action}Result></{action}Response>");
            answer(request, 200, &[], text.as_bytes())
        }
        Protocol::S3 => answer(request, 200, &[], b""),
    }
}

/// A whole answer.
pub(super) fn answer(request: &[u8], status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let content = match protocol(request) {
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Query(_) | Protocol::S3 => "text/xml",
        Protocol::Cbor => "application/cbor\r\nsmithy-protocol: rpc-v2-cbor",
        Protocol::Rest => "application/json",
    };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: {content}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A body, not all of which need be text, with this in place of that.
pub(super) fn replaced(body: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        made.extend_from_slice(&rest[..at]);
        made.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    made.extend_from_slice(rest);
    made
}

/// A map of short texts in CBOR.
fn cbor_texts(pairs: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).expect("it is a short text");
        [&[0x78, length], text.as_bytes()].concat()
    };
    let mut document = vec![0xa0 | u8::try_from(pairs.len()).expect("there are few")];
    for (name, value) in pairs {
        document.extend(text(name));
        document.extend(text(value));
    }
    document
}
