//! Reading mappings field by field, with every problem kept: its path, its place, and the nearest name that is known.

use std::fmt::Display;
use std::time::Duration;

use super::tree::{Key, Node, Position, Value};
use crate::message::{Message, codes};
use crate::secrets::Secrets;

/// Every problem found so far.
#[derive(Debug)]
pub(crate) struct Problems {
    file: String,
    found: Vec<(Position, Message)>,
    /// Where a value is not known; whatever else is wrong with it follows from that.
    unknown_values: Vec<Position>,
    /// Values that no problem may show.
    pub(crate) secrets: Secrets,
}

impl Problems {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new(), unknown_values: Vec::new(), secrets: Secrets::default() }
    }

    /// `checks.yaml:38`, for messages about what a valid plan demands.
    pub(crate) fn place(&self, at: Position) -> String {
        format!("{}:{}", self.file, at.line)
    }

    /// Keeps `path: text (file:line:column)`.
    pub(crate) fn add(&mut self, at: Position, path: &str, text: impl Display) {
        self.keep(at, path, text, String::new());
    }

    /// Keeps that a value cannot be known, and nothing further about it.
    pub(crate) fn add_unknown_value(&mut self, at: Position, path: &str, texts: Vec<String>) {
        for text in texts {
            self.add(at, path, text);
        }
        self.unknown_values.push(at);
    }

    /// Keeps a problem about a name, with the nearest known one.
    pub(crate) fn unknown<'a>(
        &mut self,
        at: Position,
        path: &str,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(name, &known) {
            Some(near) => format!("; did you mean {near:?}?"),
            None if known.is_empty() => String::new(),
            None => format!("; expected one of {}", known.join(", ")),
        };
        self.keep(at, path, format_args!("unknown {what} {name:?}"), hint);
    }

    fn keep(&mut self, at: Position, path: &str, text: impl Display, hint: String) {
        if self.unknown_values.contains(&at) {
            return;
        }
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let text = format!("{path}{text} ({}:{}:{}){hint}", self.file, at.line, at.column);
        self.found.push((at, Message::new(codes::PLAN_INVALID, "plan", text)));
    }

    pub(crate) fn none(&self) -> bool {
        self.found.is_empty()
    }

    /// In the order of the file, without secrets.
    pub(crate) fn into_messages(mut self) -> Vec<Message> {
        self.found.sort_by_key(|(at, _)| *at);
        let hidden = |message: Message| Message { text: self.secrets.redacted(&message.text), ..message };
        self.found.into_iter().map(|(_, message)| hidden(message)).collect()
    }
}

/// The known name that a misspelt one most likely means.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let close = |candidate: &&'a str| strsim::jaro_winkler(name, candidate);
    known
        .iter()
        .copied()
        .max_by(|left, right| close(left).total_cmp(&close(right)))
        .filter(|candidate| close(candidate) >= 0.75)
}

/// A mapping, its path, and the fields that it may have.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) at: Position,
    path: String,
    entries: Vec<(&'a Key, &'a Node)>,
}

impl<'a> Fields<'a> {
    /// Reads a mapping whose fields are `known`.
    pub(crate) fn read(node: &'a Node, path: &str, known: &[&str], problems: &mut Problems) -> Option<Self> {
        let fields = Self::any(node, path, problems)?;
        for (key, _) in &fields.entries {
            let name = key.name.as_str();
            if !known.contains(&name) {
                problems.unknown(key.at, path, "field", name, known.iter().copied());
            }
        }
        Some(fields)
    }

    /// Reads a mapping whose keys are the user's own. A key that stands twice is a problem.
    pub(crate) fn any(node: &'a Node, path: &str, problems: &mut Problems) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            problems.add(node.at, path, format_args!("expected a mapping, got {}", node.value.kind()));
            return None;
        };
        for (index, (key, _)) in entries.iter().enumerate() {
            if let Some((first, _)) = entries[..index].iter().find(|(earlier, _)| earlier.name == key.name) {
                let text = format_args!("{:?} stands twice; it is already on line {}", key.name, first.at.line);
                problems.add(key.at, path, text);
            }
        }
        Some(Self {
            at: node.at,
            path: path.to_owned(),
            entries: entries.iter().map(|(key, node)| (key, node)).collect(),
        })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// `checks[1].expect` for the field `expect` of `checks[1]`.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node)
    }

    /// Where the value of a field stands, or the mapping.
    pub(crate) fn place_of(&self, name: &str) -> Position {
        self.get(name).map_or(self.at, |node| node.at)
    }

    /// A field that must be there.
    pub(crate) fn required(&self, name: &str, problems: &mut Problems) -> Option<&'a Node> {
        let found = self.get(name);
        if found.is_none() {
            problems.add(self.at, &self.path, format_args!("{name:?} is missing"));
        }
        found
    }

    pub(crate) fn entries(&self) -> &[(&'a Key, &'a Node)] {
        &self.entries
    }

    pub(crate) fn text(&self, name: &str, problems: &mut Problems) -> Option<String> {
        text(self.get(name)?, &self.path_of(name), problems).map(str::to_owned)
    }

    pub(crate) fn duration(&self, name: &str, problems: &mut Problems) -> Option<Duration> {
        duration(self.get(name)?, &self.path_of(name), problems)
    }

    pub(crate) fn integer(&self, name: &str, least: u64, most: u64, problems: &mut Problems) -> Option<u64> {
        integer(self.get(name)?, &self.path_of(name), least, most, problems)
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let node = self.get(name)?;
        let path = self.path_of(name);
        let given = text(node, &path, problems)?;
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        if found.is_none() {
            problems.unknown(node.at, &path, "value", given, words.iter().map(|(word, _)| *word));
        }
        found
    }
}

pub(crate) fn text<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> Option<&'a str> {
    match &node.value {
        Value::Text(text) => Some(text),
        other => {
            problems.add(node.at, path, format_args!("expected a text, got {}", other.kind()));
            None
        }
    }
}

pub(crate) fn list<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> Option<&'a [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        other => {
            problems.add(node.at, path, format_args!("expected a list, got {}", other.kind()));
            None
        }
    }
}

pub(crate) fn texts(node: &Node, path: &str, problems: &mut Problems) -> Vec<(String, Position)> {
    let items = list(node, path, problems).unwrap_or_default();
    let read =
        |(index, item): (usize, &Node)| Some((text(item, &format!("{path}[{index}]"), problems)?.to_owned(), item.at));
    items.iter().enumerate().filter_map(read).collect()
}

/// A whole number; text counts where it is one, because a variable's value is text.
pub(crate) fn integer(node: &Node, path: &str, least: u64, most: u64, problems: &mut Problems) -> Option<u64> {
    let (read, given) = match &node.value {
        Value::Number(number) => (number.as_u64(), number.to_string()),
        Value::Text(text) => (text.parse().ok(), format!("{text:?}")),
        other => (None, other.kind().to_owned()),
    };
    let read = read.filter(|value| (least..=most).contains(value));
    if read.is_none() {
        let range = if most == u64::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
        problems.add(node.at, path, format_args!("expected a whole number {range}, got {given}"));
    }
    read
}

pub(crate) fn duration(node: &Node, path: &str, problems: &mut Problems) -> Option<Duration> {
    let given = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => {
            problems.add(
                node.at,
                path,
                format_args!("expected a duration such as 500ms, 90s or 8m, got {}", other.kind()),
            );
            return None;
        }
    };
    let read = parse_duration(&given);
    if read.is_none() {
        problems.add(node.at, path, format_args!("expected a duration such as 500ms, 90s or 8m, got {given:?}"));
    }
    read
}

/// No clock can add more than it can hold; nothing in a plan needs as long as this.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// `500ms`, `90s`, `8m`, `2h`, `21d`. A number without a unit is refused: nobody knows which was meant.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)?;
    (duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, expected) in
            [("500ms", Some(500)), ("90s", Some(90_000)), ("8m", Some(480_000)), ("21d", Some(1_814_400_000))]
        {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["5", "", "s", "5 s", "-5s", "1.5s", "5sec", "99999999999999999999d"] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_far_off_name_gets_no_suggestion() {
        assert_eq!(nearest("staus", &["status", "within"]), Some("status"));
        assert_eq!(nearest("qqqq", &["status", "within"]), None);
    }
}
