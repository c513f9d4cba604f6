//! `greenlight completions` and `greenlight man`: what a package installs beside the command, made from the same description
//! of the command line that `--help` prints.

use clap::CommandFactory as _;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::show::Printer;

const NAME: &str = "greenlight";

/// A shell's completions.
pub fn completions(shell: clap_complete::Shell, printer: &mut Printer) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut text);
    printer.text(&String::from_utf8_lossy(&text));
    Exit::Succeeded
}

/// The manual page of a verb, or of the command. A verb that is not there was refused with the arguments.
pub fn manual(verb: Option<&str>, printer: &mut Printer) -> Exit {
    let mut command = Arguments::command();
    // Otherwise the verbs' pages know neither their whole name nor the options that all of them take.
    command.build();
    let page = match verb.and_then(|verb| command.find_subcommand(verb)) {
        Some(found) => clap_mangen::Man::new(found.clone()).source(format!("{NAME} {}", env!("CARGO_PKG_VERSION"))),
        None => clap_mangen::Man::new(command),
    };
    let mut text = Vec::new();
    if page.render(&mut text).is_err() {
        // A vector takes everything.
        return Exit::Unexpected;
    }
    printer.text(&String::from_utf8_lossy(&text));
    Exit::Succeeded
}
