//! The README's commands as steps that a test takes: a line `$ …`, what the block shows below it, and the exit code that a line
//! `exit N` promises. It runs nothing.

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    line: usize,
    /// For `sh`.
    pub(crate) command: String,
    exit_code: i32,
    /// What the block shows; each line must occur in the output, `…` standing for anything.
    shows: Vec<String>,
}

impl Step {
    /// Fails unless the command ended and printed as the README says.
    pub(crate) fn hold(&self, code: Option<i32>, printed: &str) {
        let Self { line, command, exit_code, shows } = self;
        assert_eq!(code, Some(*exit_code), "README.md:{line}: `{command}` printed:\n{printed}");
        for wanted in shows {
            let pieces: Vec<_> = wanted.split('…').map(str::trim).filter(|piece| !piece.is_empty()).collect();
            let shown = printed.lines().any(|line| in_order(line, &pieces));
            assert!(shown, "README.md:{line}: `{command}` should print {wanted:?}, but printed:\n{printed}");
        }
    }
}

/// The steps in the blocks of a language, in their order.
pub(crate) fn steps(text: &str, language: &str) -> Vec<Step> {
    let opening = format!("```{language}");
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == opening;
        } else if !inside {
            continue;
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: number + 1, command: command.to_owned(), exit_code: 0, shows: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("exit ") {
                Some(code) => step.exit_code = code.parse().expect("`exit` is followed by a number"),
                None if line.trim() == "…" || line.trim().is_empty() => {}
                None => step.shows.push(line.to_owned()),
            }
        }
    }
    steps
}

fn in_order(line: &str, pieces: &[&str]) -> bool {
    let mut rest = line;
    pieces.iter().all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn a_step_is_a_command_with_its_exit_code_and_what_it_shows() {
    let text = "a\n```console\n$ true\nfoo … bar\nexit 3\n$ false\n```\n```sh\nnot run\n```\n";
    let expected = [
        Step { line: 3, command: "true".into(), exit_code: 3, shows: vec!["foo … bar".into()] },
        Step { line: 6, command: "false".into(), exit_code: 0, shows: vec![] },
    ];
    assert_eq!(steps(text, "console"), expected);
}
