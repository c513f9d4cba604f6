//! The hook of `AfterAllowTestTraffic`: the test listener serves the replacement task set, production does not yet.

use std::process::ExitCode;

use greenlight_checks::event::HookEvent;

fn main() -> ExitCode {
    greenlight_hooks::serve(HookEvent::AfterAllowTestTraffic)
}
