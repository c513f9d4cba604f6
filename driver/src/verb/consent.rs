//! Asks a person before something is done. Without a terminal nobody can be asked, and silence is no yes: then it takes `--yes`.

use std::io::BufRead as _;

use tokio::sync::oneshot;

use super::interruption::Interruption;
use crate::environment;
use crate::failure::Failure;
use crate::show::Printer;

/// Asks, unless the answer was given. `what` is left undone without a yes, and named then: "nothing was rolled back".
pub(super) async fn ask(
    question: &str,
    what: &'static str,
    yes: bool,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !environment::input_is_a_terminal() {
        return Err(Failure::NobodyToAsk(what));
    }
    printer.question(question);
    let answer = tokio::select! {
        biased;
        exit = interruption.wait() => return Err(Failure::InterruptedBefore("an answer was given", exit)),
        answer = line() => answer,
    };
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Declined(what)),
    }
}

/// A line of standard input; nothing at its end. A thread that nobody waits for: a blocking task of the runtime would keep the
/// process from ending at a signal.
async fn line() -> String {
    let (sender, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // What cannot be read is no yes.
        let _ = std::io::stdin().lock().read_line(&mut line);
        let _ = sender.send(line);
    });
    answer.await.unwrap_or_default()
}
