//! Where the check plan comes from: a file in the function's package. Not set, or not there, is never a default plan.

use std::path::PathBuf;

use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{self, Givens, Plan};

use crate::clock;
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
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let beside = |file: &str| std::fs::read(path.with_file_name(file)).map_err(|error| error.to_string());
    let givens = Givens::at(clock::timestamp()).with_variables(&variable).with_secrets(&variable).with_files(&beside);
    plan::read(&text, named, &givens).map_err(Vec::from)
}
