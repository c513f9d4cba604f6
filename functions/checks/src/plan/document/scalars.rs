//! Values that are written as text or numbers: durations, rates, whole numbers. Each takes a variable (`${NAME}`) as the
//! reader does, whose value the schema cannot know.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A text with a variable in it.
pub(super) const VARIABLE: &str = r"\$\{";

/// A type that is a schema and nothing else.
macro_rules! scalar {
    ($(#[doc = $doc:literal])+ $name:ident, $schema:expr) => {
        $(#[doc = $doc])+
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let schema: fn() -> Schema = || $schema;
                let mut schema = schema();
                let description = concat!($($doc, "\n"),+);
                schema.insert("description".to_owned(), description.trim().into());
                schema
            }
        }
    };
}

scalar!(
    /// A whole number with a unit: 500ms, 90s, 8m, 2h, 21d; at most 366d.
    Duration,
    json_schema!({ "type": "string", "pattern": format!("^[0-9]+(ms|s|m|h|d)$|{VARIABLE}") })
);

scalar!(
    /// Requests a second: 20/s, 0.5/s; from 0.1/s to 150000/s.
    Rate,
    json_schema!({ "type": "string", "pattern": format!(r"^[0-9]+(\.[0-9]+)?/s$|{VARIABLE}") })
);

scalar!(
    /// A percentage: 25%, 0.5%.
    Percentage,
    json_schema!({ "type": "string", "pattern": format!(r"^[0-9]+(\.[0-9]+)?%$|{VARIABLE}") })
);

scalar!(
    /// A path and a query, percent-encoded: /api/products?q=green%20tea.
    Path,
    json_schema!({ "type": "string", "pattern": format!(r"^/([^/#\\].*)?$|{VARIABLE}") })
);

scalar!(
    /// Scheme, host and port: http://10.0.0.7:8080, https://shop.example.com.
    Address,
    json_schema!({ "type": "string", "pattern": format!(r"^https?://[^/@?#\s]+/?$|{VARIABLE}") })
);

scalar!(
    /// A file beside the plan, by its relative path.
    File,
    json_schema!({ "type": "string", "minLength": 1 })
);

scalar!(
    /// A JSONPath (RFC 9535): $.price, $.items[*].id, $['a b'].
    JsonPath,
    json_schema!({ "type": "string", "pattern": format!(r"^\s*\$|{VARIABLE}") })
);

scalar!(
    /// A SHA-256 digest: 64 hexadecimal digits.
    Sha256,
    json_schema!({ "type": "string", "pattern": format!(r"^[0-9a-fA-F]{{64}}$|{VARIABLE}") })
);

scalar!(
    /// A version of HTTP that a request can ask in: 1.1 or 2.
    AskedVersion,
    json_schema!({ "type": ["number", "string"], "enum": [1.1, 2, "1.1", "2", "2.0"] })
);

scalar!(
    /// A version of HTTP that can have been spoken: 1.0, 1.1 or 2.
    SpokenVersion,
    json_schema!({ "type": ["number", "string"], "enum": [1.0, 1.1, 2, "1.0", "1.1", "2", "2.0"] })
);

/// A whole number within limits. A variable's value is text, so that a text that is a number counts.
pub(super) struct Whole<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> JsonSchema for Whole<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Whole{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "type": ["integer", "string"], "minimum": LEAST, "pattern": format!("^[0-9]+$|{VARIABLE}"),
        });
        if MOST < u64::MAX {
            schema.insert("maximum".to_owned(), MOST.into());
        }
        schema
    }
}
