//! Signature Version 4, computed from a request as a service receives it (IAM user guide, "Create a signed AWS API request"):
//! by hand, so that it agrees with AWS's text and not with the hook's library.

use axum::http::{HeaderMap, Method, Uri};
use sha2::{Digest, Sha256};

/// Whether the request carries the signature of this secret for S3.
pub(crate) fn verify(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8], secret: &str) -> Result<(), String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = header("authorization");
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}="))?;
        rest.split(',').next().map(str::trim)
    };
    let (Some(credential), Some(names), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return Err(format!("{authorization:?} is no authorization"));
    };
    let hash = hex(&Sha256::digest(body));
    if header("x-amz-content-sha256") != hash {
        return Err("x-amz-content-sha256 is another body's".to_owned());
    }
    for needed in ["host", "x-amz-content-sha256", "x-amz-date"] {
        if !names.split(';').any(|name| name == needed) {
            return Err(format!("{needed} is not signed"));
        }
    }
    let (_, scope) = credential.split_once('/').ok_or("the credential has no scope")?;
    let [date, region, "s3", "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(format!("{scope} is no scope of S3"));
    };
    let signed: String = names.split(';').map(|name| format!("{name}:{}\n", header(name).trim())).collect();
    let canonical = format!("{method}\n{}\n{}\n{signed}\n{names}\n{hash}", uri.path(), uri.query().unwrap_or_default());
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", header("x-amz-date"), hex(&Sha256::digest(canonical.as_bytes())));
    let first = hmac(format!("AWS4{secret}").as_bytes(), date);
    let key = [region, "s3", "aws4_request"].iter().fold(first, |key, part| hmac(&key, part));
    let expected = hex(&hmac(&key, &to_sign));
    if signature == expected { Ok(()) } else { Err(format!("the signature should be of:\n{canonical}")) }
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut block = [0; 64];
    let short = if key.len() > block.len() { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block[..short.len()].copy_from_slice(&short);
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message.as_bytes()).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
