//! The options of `greenlight deploy`. What they say goes before what the configuration says.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::common::{ReportArguments, SharedArguments, variable};
use crate::configuration::{AutoScaling, Configuration};
use crate::decide::conflict::OnConflict;
use crate::decide::interruption::OnInterrupt;
use crate::decide::until::Until;
use crate::snapshot::RollbackEvent;
use crate::verb::following::Orders;

/// Of a deadline, in seconds: longer than CodeDeploy keeps a deployment waiting for anything but a person.
const LONGEST: u64 = 100 * 3600;

#[derive(Debug, Args)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    overrides: OverrideArguments,
    #[command(flatten)]
    course: CourseArguments,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
    #[command(flatten)]
    pub(crate) shared: SharedArguments,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What to deploy")]
struct OverrideArguments {
    /// Exchanges a container's image
    #[arg(long = "image", value_name = "CONTAINER=IMAGE", value_parser = image)]
    images: Vec<(String, String)>,
    /// Sets an environment variable of a container
    #[arg(long = "env", value_name = "CONTAINER:NAME=VALUE", value_parser = of_container)]
    environment: Vec<(String, String, String)>,
    /// Sets a secret of a container, by the ARN of where it is
    #[arg(long = "secret", value_name = "CONTAINER:NAME=ARN", value_parser = secret)]
    secrets: Vec<(String, String, String)>,
    /// Sets a tag of the task definition
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// What the deployment is for, at most 256 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Puts the AppSpec into this bucket for CodeDeploy, instead of sending it along
    #[arg(long, value_name = "BUCKET")]
    revision_bucket: Option<String>,
    /// The deployment configuration: how production traffic shifts
    #[arg(long, value_name = "NAME")]
    deployment_config: Option<String>,
    /// When CodeDeploy rolls back by itself: failure, alarm, stop
    #[arg(long, value_name = "REASON", value_delimiter = ',', conflicts_with = "no_auto_rollback")]
    rollback_on: Vec<RollbackEvent>,
    /// CodeDeploy rolls back in no case
    #[arg(long)]
    no_auto_rollback: bool,
    /// An alarm that stops the deployment, instead of the group's
    #[arg(long = "alarm", value_name = "NAME", conflicts_with = "no_alarms")]
    alarms: Vec<String>,
    /// No alarm stops the deployment
    #[arg(long)]
    no_alarms: bool,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How to go about it")]
struct CourseArguments {
    /// Deploys though exactly this serves already, for an image that was exchanged under the same tag for example
    #[arg(long)]
    force: bool,
    /// Deploys without asking AWS before whether something will fail it (see greenlight doctor)
    #[arg(long)]
    skip_preflight: bool,
    /// Leaves as soon as the deployment exists
    #[arg(long, conflicts_with_all = ["until", "no_wait_at_gate"])]
    detach: bool,
    /// Leaves at this place: a lifecycle event that has succeeded, traffic-shifted, or gate, where it waits for a person (the
    /// group's wait before traffic shifts, or a hook's approval); a place that cannot be reached is refused or told
    #[arg(long, value_name = "PLACE")]
    until: Option<Until>,
    /// Leaves where the deployment waits for a person, with exit code 17
    #[arg(long)]
    no_wait_at_gate: bool,
    /// Leaves after this time with exit code 15, the deployment going on [default: as long as CodeDeploy lets it take]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    deadline: Option<Duration>,
    /// When another deployment of the group is active
    #[arg(long, value_enum)]
    on_conflict: Option<OnConflictArgument>,
    /// What the first SIGINT or SIGTERM does; the second leaves at once
    #[arg(long, value_enum)]
    on_interrupt: Option<OnInterruptArgument>,
    /// What is done with the service's auto-scaling meanwhile
    #[arg(long, value_enum)]
    auto_scaling: Option<AutoScalingArgument>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnConflictArgument {
    /// End with exit code 16
    Fail,
    /// Wait for its end, and deploy then
    Wait,
    /// Follow it instead
    Attach,
    /// Stop it, with rollback, and deploy then
    Supersede,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnInterruptArgument {
    /// The deployment goes on
    Detach,
    /// Stop it, rollback as configured, and follow it to its end
    Stop,
    /// Stop it with rollback, and follow it to its end
    Rollback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AutoScalingArgument {
    /// Nothing
    Leave,
    /// Suspend it, and always resume it
    Suspend,
}

impl DeployArguments {
    /// What is to be done while the deployment is followed.
    pub(crate) fn orders(&self) -> Orders {
        Orders {
            force: self.course.force,
            skip_preflight: self.course.skip_preflight,
            detach: self.course.detach,
            until: self.course.until,
            deadline: self.course.deadline,
            leave_at_gate: self.course.no_wait_at_gate,
            ..Orders::default()
        }
    }

    /// Puts what was given in the place of what the file says.
    pub(crate) fn overrides(&self) -> impl FnOnce(&mut Configuration) + use<> {
        let (overrides, course) = (self.overrides.clone(), self.course.clone());
        move |configuration| {
            overrides.apply(configuration);
            course.apply(configuration);
        }
    }
}

impl OverrideArguments {
    fn apply(&self, configuration: &mut Configuration) {
        configuration.images.extend(self.images.iter().cloned());
        by_container(&mut configuration.environment, &self.environment);
        by_container(&mut configuration.secrets, &self.secrets);
        configuration.tags.extend(self.tags.iter().cloned());
        if self.description.is_some() {
            configuration.description.clone_from(&self.description);
        }
        if self.revision_bucket.is_some() {
            configuration.revision_bucket.clone_from(&self.revision_bucket);
        }
        if self.deployment_config.is_some() {
            configuration.deployment_config.clone_from(&self.deployment_config);
        }
        if self.no_auto_rollback || !self.rollback_on.is_empty() {
            configuration.rollback_on = Some(self.rollback_on.clone());
        }
        if self.no_alarms || !self.alarms.is_empty() {
            configuration.alarms = Some(self.alarms.clone());
        }
    }
}

impl CourseArguments {
    fn apply(&self, configuration: &mut Configuration) {
        if let Some(policy) = self.on_conflict {
            configuration.on_conflict = policy.into();
        }
        if let Some(policy) = self.on_interrupt {
            configuration.on_interrupt = policy.into();
        }
        if let Some(policy) = self.auto_scaling {
            configuration.auto_scaling = policy.into();
        }
    }
}

fn by_container(all: &mut BTreeMap<String, BTreeMap<String, String>>, given: &[(String, String, String)]) {
    for (container, name, value) in given {
        all.entry(container.clone()).or_default().insert(name.clone(), value.clone());
    }
}

/// `90s`, `30m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3600)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*seconds).filter(|seconds| (1..=LONGEST).contains(seconds))
    });
    read.map(Duration::from_secs).ok_or_else(|| "expected 1s to 100h, in s, m or h, like 45m".to_owned())
}

fn image(text: &str) -> Result<(String, String), String> {
    match variable(text) {
        Ok((_, image)) if image.is_empty() => Err("expected an image behind the =".to_owned()),
        Ok(given) => Ok(given),
        Err(_) => Err("expected CONTAINER=IMAGE".to_owned()),
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    variable(text).map_err(|_| "expected KEY=VALUE".to_owned())
}

fn secret(text: &str) -> Result<(String, String, String), String> {
    of_container(text).map_err(|_| "expected CONTAINER:NAME=ARN".to_owned())
}

fn of_container(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once(':').and_then(|(container, rest)| Some((container, rest.split_once('=')?)));
    match parts {
        Some((container, (name, value))) if !container.is_empty() && !name.is_empty() => {
            Ok((container.to_owned(), name.to_owned(), value.to_owned()))
        }
        _ => Err("expected CONTAINER:NAME=VALUE".to_owned()),
    }
}

impl From<OnConflictArgument> for OnConflict {
    fn from(argument: OnConflictArgument) -> Self {
        match argument {
            OnConflictArgument::Fail => Self::Fail,
            OnConflictArgument::Wait => Self::Wait,
            OnConflictArgument::Attach => Self::Attach,
            OnConflictArgument::Supersede => Self::Supersede,
        }
    }
}

impl From<OnInterruptArgument> for OnInterrupt {
    fn from(argument: OnInterruptArgument) -> Self {
        match argument {
            OnInterruptArgument::Detach => Self::Detach,
            OnInterruptArgument::Stop => Self::Stop,
            OnInterruptArgument::Rollback => Self::Rollback,
        }
    }
}

impl From<AutoScalingArgument> for AutoScaling {
    fn from(argument: AutoScalingArgument) -> Self {
        match argument {
            AutoScalingArgument::Leave => Self::Leave,
            AutoScalingArgument::Suspend => Self::Suspend,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_a_container_may_have_colons_and_equals_signs_in_its_value() {
        let expected = ("web".to_owned(), "URL".to_owned(), "http://a:1?b=c".to_owned());
        assert_eq!(of_container("web:URL=http://a:1?b=c"), Ok(expected));
        for wrong in ["URL=x", "web:URL", ":URL=x", "web:=x"] {
            assert!(of_container(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_deadline_has_a_unit_and_an_end() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "5", "0s", "1d", "-1m", "101h", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_image_needs_both_sides() {
        assert_eq!(image("web=r:5000/shop:2"), Ok(("web".to_owned(), "r:5000/shop:2".to_owned())));
        assert_eq!(image("shop:2"), Err("expected CONTAINER=IMAGE".to_owned()));
        assert_eq!(image("web="), Err("expected an image behind the =".to_owned()));
    }
}
