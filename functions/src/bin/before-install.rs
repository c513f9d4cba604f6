//! The hook of `BeforeInstall`: there is no replacement task set yet; the original serves, and is attested and tested instead.

use std::process::ExitCode;

use greenlight_checks::event::HookEvent;

fn main() -> ExitCode {
    greenlight_hooks::serve(HookEvent::BeforeInstall)
}
