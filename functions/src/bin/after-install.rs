//! The hook of `AfterInstall`: the replacement task set is steady, and no listener leads to it yet.

use std::process::ExitCode;

use greenlight_checks::event::HookEvent;

fn main() -> ExitCode {
    greenlight_hooks::serve(HookEvent::AfterInstall)
}
