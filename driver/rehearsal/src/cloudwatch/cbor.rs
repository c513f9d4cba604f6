//! Between CBOR, in which the AWS SDKs speak to CloudWatch now (Smithy RPC v2), and the values that the rest of the stand-in works
//! with; the AWS CLI asks in JSON 1.0 and is answered with the same values. A time is a number of seconds on the way in, and a [`Value`] made by [`time`] on the way out.

use ciborium::Value;
use jiff::Timestamp;
use serde_json::Value as Json;

/// An epoch time.
const EPOCH: u64 = 1;

/// A document that was sent; an empty body is an empty one.
pub(crate) fn read(bytes: &[u8]) -> Result<Json, String> {
    if bytes.is_empty() {
        return Ok(Json::Object(serde_json::Map::new()));
    }
    let value: Value = ciborium::from_reader(bytes).map_err(|error| error.to_string())?;
    json(value)
}

/// A document to send to a client that asked in JSON; a time is its seconds.
pub(crate) fn as_json(value: Value) -> Json {
    json(value).expect("an answer is made of JSON's kinds and times")
}

/// A document to send.
pub(crate) fn written(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes every byte");
    bytes
}

/// A moment.
pub(crate) fn time(at: Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits until the year 287396")]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    Value::Tag(EPOCH, Box::new(Value::Float(seconds)))
}

/// A structure.
pub(crate) fn map(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(members.into_iter().map(|(name, value)| (Value::from(name), value)).collect())
}

/// What came in JSON, as it was.
pub(crate) fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::from)
        }
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(members) => {
            Value::Map(members.iter().map(|(name, value)| (Value::from(name.as_str()), from_json(value))).collect())
        }
    }
}

fn json(value: Value) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Integer(value) => {
            i64::try_from(value).map(Json::from).map_err(|_| "an integer is out of range".to_owned())?
        }
        Value::Float(value) => Json::from(value),
        Value::Text(text) => Json::String(text),
        Value::Array(items) => Json::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        Value::Map(members) => {
            let member = |(name, value): (Value, Value)| match name {
                Value::Text(name) => Ok((name, json(value)?)),
                _ => Err("a member's name is no text".to_owned()),
            };
            Json::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
        }
        Value::Tag(EPOCH, seconds) => json(*seconds)?,
        _ => return Err("a value is neither of JSON's kinds nor a time".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_and_a_time_becomes_its_seconds() {
        let at = Timestamp::from_millisecond(1_543_431_490_226).unwrap();
        let sent = map([("At", time(at)), ("Names", Value::Array(vec!["a".into()])), ("Count", 3.into())]);
        let expected = serde_json::json!({"At": 1_543_431_490.226, "Names": ["a"], "Count": 3});
        assert_eq!(read(&written(&sent)).unwrap(), expected);
        assert_eq!(read(&written(&from_json(&expected))).unwrap(), expected);
        assert_eq!(read(&[]).unwrap(), serde_json::json!({}));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(read(b"{\"a\": 1}").is_err());
        assert!(read(&written(&Value::Bytes(vec![1]))).is_err());
    }
}
