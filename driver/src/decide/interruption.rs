//! What a signal means while a deployment is followed. It stops nothing.

/// `on_interrupt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInterrupt {
    /// The deployment goes on without us.
    #[default]
    Detach,
    /// The deployment is stopped; rollback as it is configured.
    Stop,
    /// The deployment is stopped and rolled back, whatever is configured.
    Rollback,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Leave, and say what goes on.
    Leave,
    /// Stop it, with this word on rolling back, and follow it to its end.
    Stop {
        /// Without one, the deployment's configuration holds.
        rollback: Option<bool>,
    },
}

/// Decides. Whoever interrupts twice wants to be gone; and what has ended is not stopped.
pub fn decide(policy: OnInterrupt, interrupted_before: bool, has_ended: bool) -> Action {
    match policy {
        _ if interrupted_before || has_ended => Action::Leave,
        OnInterrupt::Detach => Action::Leave,
        OnInterrupt::Stop => Action::Stop { rollback: None },
        OnInterrupt::Rollback => Action::Stop { rollback: Some(true) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_does_what_is_configured_and_the_second_leaves() {
        for (policy, first) in [
            (OnInterrupt::Detach, Action::Leave),
            (OnInterrupt::Stop, Action::Stop { rollback: None }),
            (OnInterrupt::Rollback, Action::Stop { rollback: Some(true) }),
        ] {
            assert_eq!(decide(policy, false, false), first);
            assert_eq!(decide(policy, true, false), Action::Leave);
            assert_eq!(decide(policy, false, true), Action::Leave, "its rollback is on the way already");
        }
    }
}
