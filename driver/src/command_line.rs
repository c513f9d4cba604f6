//! The command line as it was typed, to arguments. What it cannot mean is told to people as clap tells it and, where programs were to
//! read, with an outcome as the last line, like every other end. It runs no verb.

use std::ffi::OsString;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::clock;
use crate::exit::Exit;
use crate::show::{Form, Printer};

/// Reads it, without the command's own name; help and the version are printed here.
///
/// # Errors
/// How to end, when there is nothing to run.
pub fn read(typed: &[OsString]) -> Result<Arguments, Exit> {
    let error = match Arguments::try_parse_from(std::iter::once(&OsString::from("greenlight")).chain(typed)) {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    // A reader that has gone away changes nothing.
    let _ = error.print();
    // Help and the version were asked for.
    if !error.use_stderr() {
        return Err(Exit::Succeeded);
    }
    if for_programs(typed) {
        let lines = [reason(&error.render().to_string())];
        Printer::new(Form::Json).failure(&lines, None, Exit::Usage, clock::now());
    }
    Err(Exit::Usage)
}

fn for_programs(typed: &[OsString]) -> bool {
    typed.iter().any(|word| word == "--output=json")
        || typed.windows(2).any(|words| words[0] == "--output" && words[1] == "json")
}

/// What is wrong, without how to ask for help.
fn reason(rendered: &str) -> String {
    let lines = rendered.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    lines.join("; ").replace(":; ", ": ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_json_in_either_spelling_is_a_program() {
        let typed = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(for_programs(&typed(&["deploy", "--imge", "x", "--output", "json"])));
        assert!(for_programs(&typed(&["deploy", "--output=json"])));
        assert!(!for_programs(&typed(&["deploy", "--var", "json"])));
        assert!(!for_programs(&typed(&["deploy", "--output"])));
    }

    #[test]
    fn a_reason_is_what_is_wrong_and_the_tip() {
        let rendered = "error: unexpected argument '--imge' found\n\n  tip: a similar argument exists: '--image'\n\nUsage: x\n\nFor more\n";
        assert_eq!(reason(rendered), "unexpected argument '--imge' found; tip: a similar argument exists: '--image'");
        let rendered = "error: the following required arguments were not provided:\n  --reason <TEXT>\n\nUsage: x\n";
        assert_eq!(reason(rendered), "the following required arguments were not provided: --reason <TEXT>");
    }
}
