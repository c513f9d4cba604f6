//! The fire drill: `GREENLIGHT_DRILL=panic|hang|exit` lets a team see what its pipeline does with a hook that dies.
//!
//! It strikes in the middle of the checks. `panic` and `hang` end in a `Failed` report; `exit` ends the process, so that
//! nothing is reported and CodeDeploy's own timeout has to end the deployment. A drill can never produce `Succeeded`: any
//! other value of the variable is refused, and whatever gets past a drill is failed. A rollback holds no drill: the
//! function validates nothing then, and a drill must not stand in the way of going back.

use greenlight_checks::message::{Message, codes};

use crate::output;

/// Which accident is rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drill {
    /// The checks panic.
    Panic,
    /// The checks never end.
    Hang,
    /// The process ends.
    Exit,
}

/// The exit code of the `exit` drill, to be recognised in the function's log.
const EXIT_CODE: i32 = 86;

impl Drill {
    /// Reads the variable's value.
    pub(crate) fn read(value: Option<&str>) -> Result<Option<Self>, Message> {
        match value {
            None => Ok(None),
            Some("panic") => Ok(Some(Self::Panic)),
            Some("hang") => Ok(Some(Self::Hang)),
            Some("exit") => Ok(Some(Self::Exit)),
            Some(other) => Err(Message::new(
                codes::DRILL,
                "hook",
                format!("GREENLIGHT_DRILL is {other:?}; it is one of panic, hang, exit, or not set"),
            )),
        }
    }

    /// What is said where a drill let the checks end.
    pub(crate) fn survived() -> Message {
        Message::new(codes::DRILL, "hook", "GREENLIGHT_DRILL is set, and a drill never succeeds; remove the variable")
    }

    /// Lets it happen. It is awaited beside the checks, after they were started.
    pub(crate) async fn strike(self) {
        tracing::warn!(drill = ?self, "fire drill");
        match self {
            Self::Panic => panic!("fire drill: GREENLIGHT_DRILL=panic"),
            Self::Hang => std::future::pending().await,
            Self::Exit => {
                output::last_words();
                std::process::exit(EXIT_CODE)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_drill_is_refused_rather_than_ignored() {
        assert_eq!(Drill::read(None), Ok(None));
        assert_eq!(Drill::read(Some("hang")), Ok(Some(Drill::Hang)));
        assert!(Drill::read(Some("Panic")).is_err());
    }
}
