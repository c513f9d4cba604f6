//! The hook of `AfterAllowTraffic`: production serves the replacement task set, and the original still runs.

use std::process::ExitCode;

use greenlight_checks::event::HookEvent;

fn main() -> ExitCode {
    greenlight_hooks::serve(HookEvent::AfterAllowTraffic)
}
