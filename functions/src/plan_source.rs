//! Where the check plan comes from: a file in the function's package. Not set, or not there, is never a default plan.

use std::path::PathBuf;

use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{self, Plan};

use crate::environment::Environment;

/// Reads the plan that the environment names.
pub(crate) fn load(environment: &Environment) -> Result<Plan, Vec<Message>> {
    let unreadable = |text: String| vec![Message::new(codes::PLAN_UNREADABLE, "plan", text)];
    let Some(named) = environment.plan() else {
        return Err(unreadable(format!(
            "{} is not set; set it to the check plan's path in the function's package",
            Environment::PLAN
        )));
    };
    let path: PathBuf = environment.root().join(named);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        unreadable(format!("{} cannot be read: {error}; {} names it", path.display(), Environment::PLAN))
    })?;
    plan::read(&text, named, &|name| environment.get(name).map(str::to_owned)).map_err(Vec::from)
}
