//! Where two answers differ, each place once, with what was expected (blue) and what was seen (green). Pure. It does not
//! know which differences matter: that is `noise` and the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::{HeaderMap, HeaderName, header};
use serde_json::Value;

use super::document::{Document, Shape};
use crate::plan::ResponseRules;
use crate::probe::http::Answer;

/// What is said of a value is no longer than this.
const LONGEST_VALUE: usize = 120;
/// Two answers that differ in more places have nothing in common; the rest is not told.
const MOST: usize = 200;
/// Elements of a list without order are matched to the most similar one as long as there are no more combinations.
const MOST_COMBINATIONS: usize = 400;

/// One place where two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `$.items[3].price`, `status`, `header content-type` or `body`.
    pub(crate) place: String,
    /// The same for every element: `$.items[*].price`.
    pub(crate) everywhere: String,
    pub(crate) kind: Kind,
    pub(crate) blue: String,
    pub(crate) green: String,
}

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Blue has it and green has not.
    Missing,
    /// Green has it and blue has not.
    Extra,
    Type,
    Value,
    /// The same elements in another order.
    Order,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Value => "value",
            Self::Order => "order",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, kind, blue, green, .. } = self;
        match kind {
            Kind::Missing => write!(f, "{place} is missing: expected {blue} as in blue, got nothing"),
            Kind::Extra => write!(f, "{place} is extra: expected nothing as in blue, got {green}"),
            Kind::Type | Kind::Value | Kind::Order => {
                write!(f, "{place} differs in {kind}: expected {blue} as in blue, got {green}")
            }
        }
    }
}

/// Every place where two answers differ. Answers with different statuses are different things; no more is said of them.
pub(crate) fn between(rules: &ResponseRules, blue: &Answer, green: &Answer) -> Vec<Difference> {
    if blue.status != green.status {
        let (blue, green) = (blue.status.as_u16().to_string(), green.status.as_u16().to_string());
        return vec![plain("status".to_owned(), Kind::Value, blue, green)];
    }
    let mut found: Vec<Difference> =
        rules.headers.iter().filter_map(|name| header(name, &blue.headers, &green.headers)).collect();
    if blue.body == green.body {
        return found;
    }
    let (blue_json, green_json) = (serde_json::from_slice(&blue.body), serde_json::from_slice(&green.body));
    match (blue_json, green_json) {
        (Ok(blue), Ok(green)) => {
            let (blue, green): (Value, Value) = (blue, green);
            let walk = Walk { path: Vec::new(), found: &mut found };
            walk.start(&Document::of(&blue, rules), &Document::of(&green, rules));
        }
        (Err(_), Err(_)) => found.push(text(&blue.body, &green.body)),
        (Ok(_), Err(_)) => found.push(plain("body".to_owned(), Kind::Type, "JSON".to_owned(), no_json(green))),
        (Err(_), Ok(_)) => found.push(plain("body".to_owned(), Kind::Type, no_json(blue), "JSON".to_owned())),
    }
    found
}

fn plain(place: String, kind: Kind, blue: String, green: String) -> Difference {
    Difference { everywhere: place.clone(), place, kind, blue, green }
}

fn no_json(answer: &Answer) -> String {
    let declared = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    format!("{} bytes of {} that are no JSON", answer.body.len(), declared.unwrap_or("no declared type"))
}

fn header(name: &HeaderName, blue: &HeaderMap, green: &HeaderMap) -> Option<Difference> {
    let joined = |headers: &HeaderMap| {
        let lines: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    };
    let place = format!("header {name}");
    let quoted = |text: &str| clipped(&format!("{text:?}"));
    match (joined(blue), joined(green)) {
        (Some(blue), None) => Some(plain(place, Kind::Missing, quoted(&blue), String::new())),
        (None, Some(green)) => Some(plain(place, Kind::Extra, String::new(), quoted(&green))),
        (Some(blue), Some(green)) if blue != green => Some(plain(place, Kind::Value, quoted(&blue), quoted(&green))),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// The first place where two bodies that are no JSON differ. It has no path, so all such places are one.
fn text(blue: &[u8], green: &[u8]) -> Difference {
    let same = blue.iter().zip(green).take_while(|(one, other)| one == other).count();
    let (place, from) = match (std::str::from_utf8(blue), std::str::from_utf8(green)) {
        (Ok(text), Ok(_)) => {
            let before = &text[..text.floor_char_boundary(same)];
            let line = before.rsplit('\n').next().unwrap_or(before);
            let place = format!("body, line {}, column {}", before.matches('\n').count() + 1, line.chars().count() + 1);
            (place, before.len() - line.len())
        }
        _ => (format!("body, byte {same}"), same),
    };
    // Both are equal up to there, so it is a boundary in both.
    let excerpt = |bytes: &[u8]| match String::from_utf8_lossy(&bytes[from.min(bytes.len())..]).lines().next() {
        Some(line) => clipped(&format!("{line:?}")),
        None => "its end".to_owned(),
    };
    let (blue, green) = (excerpt(blue), excerpt(green));
    Difference { place, everywhere: "body".to_owned(), kind: Kind::Value, blue, green }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

/// Goes through two documents and keeps where they differ.
struct Walk<'a, 'f> {
    path: Vec<Step<'a>>,
    found: &'f mut Vec<Difference>,
}

impl<'a> Walk<'a, '_> {
    fn start(mut self, blue: &Document<'a>, green: &Document<'a>) {
        self.compare(blue, green);
    }

    fn compare(&mut self, blue: &Document<'a>, green: &Document<'a>) {
        if blue.is_ignored() || green.is_ignored() || blue.canonical == green.canonical || self.found.len() >= MOST {
            return;
        }
        match (&blue.shape, &green.shape) {
            (Shape::Map(blue), Shape::Map(green)) => self.members(blue, green),
            (Shape::List { unordered, items: blue_items }, Shape::List { items: green_items, .. }) => {
                if *unordered {
                    self.without_order(blue_items, green_items);
                } else if same_elements(blue_items, green_items) {
                    self.keep(Kind::Order, Some(blue), Some(green));
                } else {
                    self.in_order(blue_items, green_items);
                }
            }
            _ => {
                let kind = if kind_of(blue.value) == kind_of(green.value) { Kind::Value } else { Kind::Type };
                self.keep(kind, Some(blue), Some(green));
            }
        }
    }

    fn members(&mut self, blue: &[(&'a str, Document<'a>)], green: &[(&'a str, Document<'a>)]) {
        let in_green: BTreeMap<&str, &Document<'a>> = green.iter().map(|(name, member)| (*name, member)).collect();
        let in_blue: BTreeSet<&str> = blue.iter().map(|(name, _)| *name).collect();
        for (name, member) in blue {
            self.path.push(Step::Name(name));
            match in_green.get(name) {
                Some(other) => self.compare(member, other),
                None => self.keep(Kind::Missing, Some(member), None),
            }
            self.path.pop();
        }
        for (name, member) in green.iter().filter(|(name, _)| !in_blue.contains(name)) {
            self.path.push(Step::Name(name));
            self.keep(Kind::Extra, None, Some(member));
            self.path.pop();
        }
    }

    /// What is equal at both ends is no difference, so that one element more at the front is one difference.
    fn in_order(&mut self, blue: &[Document<'a>], green: &[Document<'a>]) {
        let equal = |(one, other): &(&Document<'a>, &Document<'a>)| one.canonical == other.canonical;
        let front = blue.iter().zip(green).take_while(equal).count();
        let back = blue[front..].iter().rev().zip(green[front..].iter().rev()).take_while(equal).count();
        let both = blue.iter().zip(green).enumerate().take(blue.len().min(green.len()) - back).skip(front);
        for (index, (one, other)) in both {
            self.at(index, |walk| walk.compare(one, other));
        }
        let rest = blue.len().min(green.len()) - back;
        for (index, item) in blue.iter().enumerate().take(blue.len() - back).skip(rest) {
            self.at(index, |walk| walk.keep(Kind::Missing, Some(item), None));
        }
        for (index, item) in green.iter().enumerate().take(green.len() - back).skip(rest) {
            self.at(index, |walk| walk.keep(Kind::Extra, None, Some(item)));
        }
    }

    /// Equal elements are matched first, and of the rest each with the one that it differs least from.
    fn without_order(&mut self, blue: &[Document<'a>], green: &[Document<'a>]) {
        let mut unmatched: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, item) in green.iter().enumerate().rev() {
            unmatched.entry(&item.canonical).or_default().push(index);
        }
        let has_no_equal = |(_, item): &(usize, &Document<'a>)| {
            unmatched.get_mut(item.canonical.as_str()).and_then(Vec::pop).is_none()
        };
        let blue_rest: Vec<(usize, &Document<'a>)> = blue.iter().enumerate().filter(has_no_equal).collect();
        let mut green_rest: Vec<usize> = unmatched.into_values().flatten().collect();
        green_rest.sort_unstable();
        let few = blue_rest.len() * green_rest.len() <= MOST_COMBINATIONS;
        for (index, item) in blue_rest {
            let nearest = if few {
                (0..green_rest.len()).min_by_key(|rest| differences(item, &green[green_rest[*rest]]))
            } else {
                (!green_rest.is_empty()).then_some(0)
            };
            self.at(index, |walk| match nearest {
                Some(nearest) => walk.compare(item, &green[green_rest.remove(nearest)]),
                None => walk.keep(Kind::Missing, Some(item), None),
            });
        }
        for index in green_rest {
            self.at(index, |walk| walk.keep(Kind::Extra, None, Some(&green[index])));
        }
    }

    fn at(&mut self, index: usize, look: impl FnOnce(&mut Self)) {
        self.path.push(Step::Index(index));
        look(self);
        self.path.pop();
    }

    fn keep(&mut self, kind: Kind, blue: Option<&Document<'a>>, green: Option<&Document<'a>>) {
        let ignored = blue.is_some_and(Document::is_ignored) || green.is_some_and(Document::is_ignored);
        if ignored || self.found.len() >= MOST {
            return;
        }
        let said = |document: Option<&Document<'a>>| document.map(|it| described(it.value, kind)).unwrap_or_default();
        self.found.push(Difference {
            place: rendered(&self.path, |index| index.to_string()),
            everywhere: rendered(&self.path, |_| "*".to_owned()),
            kind,
            blue: said(blue),
            green: said(green),
        });
    }
}

fn same_elements(blue: &[Document<'_>], green: &[Document<'_>]) -> bool {
    let sorted = |items: &[Document<'_>]| {
        let mut all: Vec<String> = items.iter().map(|item| item.canonical.clone()).collect();
        all.sort_unstable();
        all
    };
    blue.len() == green.len() && sorted(blue) == sorted(green)
}

fn differences(blue: &Document<'_>, green: &Document<'_>) -> usize {
    let mut found = Vec::new();
    Walk { path: Vec::new(), found: &mut found }.start(blue, green);
    found.len()
}

/// A path as people write it (RFC 9535).
fn rendered(path: &[Step<'_>], index: impl Fn(usize) -> String) -> String {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && name.chars().all(|each| each.is_alphanumeric() || each == '_')
    };
    path.iter().fold("$".to_owned(), |mut text, step| {
        match step {
            Step::Name(name) if is_name(name) => text.extend([".", name]),
            Step::Name(name) => text += &format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")),
            Step::Index(at) => text += &format!("[{}]", index(*at)),
        }
        text
    })
}

/// The value, and its type where that is what differs: `"9.50" (string)`.
fn described(value: &Value, kind: Kind) -> String {
    let text = clipped(&value.to_string());
    if kind == Kind::Type { format!("{text} ({})", kind_of(value)) } else { text }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
