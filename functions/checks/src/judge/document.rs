//! A JSON body as it is compared: without what the plan ignores, and with lists that have no order. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::plan::ResponseRules;

/// A JSON value with what the plan says about its parts.
pub(crate) struct Document<'a> {
    pub(super) value: &'a Value,
    pub(super) shape: Shape<'a>,
    /// Equal for documents in which nothing differs that is compared.
    pub(super) canonical: String,
}

pub(crate) enum Shape<'a> {
    /// The plan does not look at it.
    Ignored,
    Scalar,
    List {
        unordered: bool,
        items: Vec<Document<'a>>,
    },
    Map(Vec<(&'a str, Document<'a>)>),
}

impl<'a> Document<'a> {
    pub(super) fn of(value: &'a Value, rules: &ResponseRules) -> Self {
        let located = |paths: &[JsonPath]| -> BTreeSet<String> {
            let pointers = |path: &JsonPath| {
                path.query_located(value).locations().map(|path| path.to_json_pointer()).collect::<Vec<_>>()
            };
            paths.iter().flat_map(pointers).collect()
        };
        Self::at(value, &mut String::new(), &located(&rules.ignore), &located(&rules.unordered))
    }

    fn at(value: &'a Value, pointer: &mut String, ignored: &BTreeSet<String>, unordered: &BTreeSet<String>) -> Self {
        if ignored.contains(pointer) {
            return Self { value, shape: Shape::Ignored, canonical: "*".to_owned() };
        }
        let length = pointer.len();
        let inner = |value: &'a Value, step: Cow<'_, str>, pointer: &mut String| {
            pointer.push('/');
            // RFC 6901, 3.
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
            let document = Self::at(value, pointer, ignored, unordered);
            pointer.truncate(length);
            document
        };
        let (shape, canonical) = match value {
            Value::Array(values) => {
                let each = |(index, value): (usize, &'a Value)| inner(value, Cow::Owned(index.to_string()), pointer);
                let items: Vec<Document<'a>> = values.iter().enumerate().map(each).collect();
                let unordered = unordered.contains(pointer);
                let mut parts: Vec<&str> = items.iter().map(|item| item.canonical.as_str()).collect();
                if unordered {
                    parts.sort_unstable();
                }
                let canonical = format!("[{}]", parts.join(","));
                (Shape::List { unordered, items }, canonical)
            }
            Value::Object(values) => {
                let each = |(name, value): (&'a String, &'a Value)| {
                    (name.as_str(), inner(value, Cow::Borrowed(name), pointer))
                };
                let members: Vec<(&str, Document<'a>)> = values.iter().map(each).collect();
                let kept = members.iter().filter(|(_, member)| !matches!(member.shape, Shape::Ignored));
                let parts: BTreeMap<&str, &str> =
                    kept.map(|(name, member)| (*name, member.canonical.as_str())).collect();
                let parts: Vec<String> = parts.iter().map(|(name, part)| format!("{name:?}:{part}")).collect();
                let canonical = format!("{{{}}}", parts.join(","));
                (Shape::Map(members), canonical)
            }
            // 1 and 1.0 are one number.
            Value::Number(number) => {
                let whole =
                    number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15);
                (Shape::Scalar, whole.map_or_else(|| number.to_string(), |float| format!("{float:.0}")))
            }
            Value::Null | Value::Bool(_) | Value::String(_) => (Shape::Scalar, value.to_string()),
        };
        Self { value, shape, canonical }
    }

    pub(super) fn is_ignored(&self) -> bool {
        matches!(self.shape, Shape::Ignored)
    }
}
