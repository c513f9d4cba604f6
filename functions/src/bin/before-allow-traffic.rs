//! The hook of `BeforeAllowTraffic`: the last word before production traffic shifts.

use std::process::ExitCode;

use greenlight_checks::event::HookEvent;

fn main() -> ExitCode {
    greenlight_hooks::serve(HookEvent::BeforeAllowTraffic)
}
