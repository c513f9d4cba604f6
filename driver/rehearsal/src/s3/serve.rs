//! S3's operations: which one a request means, what it does, and what is answered.

use http::Method;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::wire::{Answer, Request};
use super::{Buckets, Object};
use crate::elbv2::xml::Xml;
use crate::refusal::Refusal;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 6] =
    ["CreateBucket", "PutObject", "GetObject", "HeadObject", "ListObjectsV2", "DeleteObject"];

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// A page of a listing, as AWS has it.
const LONGEST_PAGE: usize = 1000;
/// Query parameters that the operations know; any other names a sub-resource that there is not.
const KNOWN_PARAMETERS: [&str; 10] = [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
    "x-id",
    "partNumber",
];

/// Answer one request.
pub(crate) fn answer(world: &mut World, request: Request, now: Timestamp) -> Result<Answer, Refusal> {
    let sub_resource = request
        .query
        .keys()
        .find(|name| !KNOWN_PARAMETERS.contains(&name.as_str()) && !name.to_lowercase().starts_with("x-amz-"));
    if request.bucket.is_empty() || sub_resource.is_some() || request.copies {
        return Err(not_implemented(&request));
    }
    let buckets = &mut world.buckets;
    match (&request.method, request.key.is_empty()) {
        (&Method::PUT, true) => {
            if buckets.create(&request.bucket) {
                world.note(now, "s3", "bucket created", request.bucket.clone());
            }
            Ok(Answer { headers: vec![("location".into(), format!("/{}", request.bucket))], ..ok() })
        }
        (&Method::PUT, false) => {
            let detail = format!("s3://{}/{}", request.bucket, request.key);
            let answer = put(buckets, request, now)?;
            world.note(now, "s3", "object stored", detail);
            Ok(answer)
        }
        (&Method::GET, false) => {
            let object = object(buckets, &request)?;
            Ok(Answer { headers: headers(object), body: object.body.clone(), ..ok() })
        }
        (&Method::HEAD, false) => {
            let object = object(buckets, &request)?;
            let length = ("content-length".to_owned(), object.body.len().to_string());
            Ok(Answer { headers: headers(object).into_iter().chain([length]).collect(), ..ok() })
        }
        (&Method::DELETE, false) => {
            let bucket = buckets.bucket_mut(&request.bucket).ok_or_else(no_bucket)?;
            let gone = bucket.remove(&request.key).is_some();
            if gone {
                world.note(now, "s3", "object deleted", format!("s3://{}/{}", request.bucket, request.key));
            }
            Ok(Answer { status: 204, ..Answer::default() })
        }
        (&Method::GET, true) if request.query.get("list-type").is_some_and(|version| version == "2") => {
            list(buckets, &request)
        }
        _ => Err(not_implemented(&request)),
    }
}

fn ok() -> Answer {
    Answer { status: 200, ..Answer::default() }
}

fn put(buckets: &mut Buckets, request: Request, now: Timestamp) -> Result<Answer, Refusal> {
    let bucket = buckets.bucket_mut(&request.bucket).ok_or_else(no_bucket)?;
    let digest: String = Sha256::digest(&request.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{digest}\"");
    let object = Object {
        body: request.body,
        content_type: request.content_type.unwrap_or_else(|| "binary/octet-stream".into()),
        etag: etag.clone(),
        modified: now,
        metadata: request.metadata,
    };
    bucket.insert(request.key, object);
    Ok(Answer { headers: vec![("etag".into(), etag)], ..ok() })
}

fn object<'a>(buckets: &'a Buckets, request: &Request) -> Result<&'a Object, Refusal> {
    buckets.bucket(&request.bucket).ok_or_else(no_bucket)?.get(&request.key).ok_or_else(|| Refusal {
        code: "NoSuchKey",
        message: "The specified key does not exist.".into(),
        status: 404,
    })
}

fn headers(object: &Object) -> Vec<(String, String)> {
    let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let own =
        [("content-type", object.content_type.clone()), ("etag", object.etag.clone()), ("last-modified", modified)];
    let metadata = object.metadata.iter().map(|(name, value)| (name.clone(), value.clone()));
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(metadata).collect()
}

/// A key, or what several keys have in common up to the delimiter.
enum Entry<'a> {
    Key(&'a str, &'a Object),
    Common(String),
}

fn list(buckets: &Buckets, request: &Request) -> Result<Answer, Refusal> {
    let bucket = buckets.bucket(&request.bucket).ok_or_else(no_bucket)?;
    let parameter = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
    let after = [parameter("continuation-token"), parameter("start-after")].into_iter().find(|text| !text.is_empty());
    let most = match parameter("max-keys") {
        "" => LONGEST_PAGE,
        text => text
            .parse::<usize>()
            .map_err(|_| Refusal::new("InvalidArgument", "Provided max-keys not an integer"))?
            .min(LONGEST_PAGE),
    };
    let mut page: Vec<Entry<'_>> = Vec::new();
    let mut last = after.unwrap_or_default().to_owned();
    let mut truncated = false;
    for (key, object) in bucket.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let common = Some(delimiter)
            .filter(|delimiter| !delimiter.is_empty())
            .and_then(|delimiter| Some(key[prefix.len()..].find(delimiter)? + prefix.len() + delimiter.len()))
            .map(|end| key[..end].to_owned());
        let position = common.as_deref().unwrap_or(key);
        // Common prefixes come once, and not again on the next page.
        if after.is_some_and(|after| position <= after)
            || matches!(page.last(), Some(Entry::Common(seen)) if seen == position)
        {
            continue;
        }
        if page.len() == most {
            truncated = true;
            break;
        }
        position.clone_into(&mut last);
        page.push(common.map_or(Entry::Key(key, object), Entry::Common));
    }
    let encoded = |text: &str| if parameter("encoding-type") == "url" { url_encoded(text) } else { text.to_owned() };
    let body = Xml::default()
        .value("Name", &request.bucket)
        .value("Prefix", encoded(prefix))
        .value("KeyCount", page.len())
        .value("MaxKeys", most)
        .optional("Delimiter", Some(delimiter).filter(|text| !text.is_empty()).map(&encoded))
        .optional("EncodingType", request.query.get("encoding-type"))
        .value("IsTruncated", truncated)
        .optional("NextContinuationToken", truncated.then_some(&last));
    let body = page.iter().fold(body, |xml, entry| match entry {
        Entry::Common(prefix) => xml.element("CommonPrefixes", |xml| xml.value("Prefix", encoded(prefix))),
        Entry::Key(key, object) => xml.element("Contents", |xml| {
            xml.value("Key", encoded(key))
                .value("LastModified", object.modified)
                .value("ETag", &object.etag)
                .value("Size", object.body.len())
                .value("StorageClass", "STANDARD")
        }),
    });
    let text = body.root("ListBucketResult", NAMESPACE);
    Ok(Answer { headers: vec![("content-type".into(), "application/xml".into())], body: text.into(), ..ok() })
}

fn url_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn no_bucket() -> Refusal {
    Refusal { code: "NoSuchBucket", message: "The specified bucket does not exist".into(), status: 404 }
}

fn not_implemented(request: &Request) -> Refusal {
    let names: Vec<&str> = request.query.keys().map(String::as_str).collect();
    let asked = format!("{} /{}/{}?{}", request.method, request.bucket, request.key, names.join("&"));
    let refusal = Refusal::not_implemented("NotImplemented", "S3", &asked, &OPERATIONS);
    Refusal { status: 501, ..refusal }
}
