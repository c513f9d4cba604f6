//! What the tutorial's clean-up deletes, and in which order. It deletes nothing.
//!
//! First what deploys, then what it calls, then what that wrote: whoever stops in between leaves nothing that would call a
//! function that is gone. The service, its task definitions, the load balancer, roles and evidence are somebody's work and stay.

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Application name.
    pub application: String,
    /// The configured group.
    pub group: String,
    /// All groups of the application; `None` when there is no such application.
    pub groups: Option<Vec<String>>,
    /// Functions by name, and whether each is there.
    pub functions: Vec<(String, bool)>,
    /// Log groups by name, and whether each is there.
    pub log_groups: Vec<(String, bool)>,
}

/// Something that can be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A deployment group.
    Group {
        /// Its application.
        application: String,
        /// Its name.
        name: String,
    },
    /// An application, which by then has no group.
    Application(String),
    /// A function.
    Function(String),
    /// A log group.
    LogGroup(String),
}

impl Thing {
    /// What it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Group { .. } => "deployment group",
            Self::Application(_) => "application",
            Self::Function(_) => "function",
            Self::LogGroup(_) => "log group",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Group { name, .. } | Self::Application(name) | Self::Function(name) | Self::LogGroup(name) => name,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanUp {
    /// To be deleted, in this order.
    pub delete: Vec<Thing>,
    /// What is gone already.
    pub gone: Vec<Thing>,
    /// Other groups, for which the application stays.
    pub others: Vec<String>,
}

/// Decides it.
pub fn clean_up(facts: &Facts) -> CleanUp {
    let groups = facts.groups.as_deref().unwrap_or_default();
    let others: Vec<String> = groups.iter().filter(|name| **name != facts.group).cloned().collect();
    let group = Thing::Group { application: facts.application.clone(), name: facts.group.clone() };
    let mut plan = CleanUp { others, ..CleanUp::default() };
    plan.take(group, groups.contains(&facts.group));
    if plan.others.is_empty() {
        plan.take(Thing::Application(facts.application.clone()), facts.groups.is_some());
    }
    for (name, there) in &facts.functions {
        plan.take(Thing::Function(name.clone()), *there);
    }
    for (name, there) in &facts.log_groups {
        plan.take(Thing::LogGroup(name.clone()), *there);
    }
    plan
}

impl CleanUp {
    fn take(&mut self, thing: Thing, is_there: bool) {
        if is_there { &mut self.delete } else { &mut self.gone }.push(thing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(groups: Option<&[&str]>) -> Facts {
        Facts {
            application: "app".to_owned(),
            group: "dg".to_owned(),
            groups: groups.map(|groups| groups.iter().map(|name| (*name).to_owned()).collect()),
            functions: vec![("Hook_A".to_owned(), true), ("Hook_B".to_owned(), false)],
            log_groups: vec![("/aws/lambda/Hook_A".to_owned(), true), ("/aws/lambda/Hook_B".to_owned(), true)],
        }
    }

    fn told(things: &[Thing]) -> Vec<String> {
        things.iter().map(|thing| format!("{} {}", thing.kind(), thing.name())).collect()
    }

    #[test]
    fn what_deploys_goes_before_what_it_calls_and_that_before_what_it_wrote() {
        let plan = clean_up(&facts(Some(&["dg"])));
        assert_eq!(
            told(&plan.delete),
            [
                "deployment group dg",
                "application app",
                "function Hook_A",
                "log group /aws/lambda/Hook_A",
                "log group /aws/lambda/Hook_B"
            ]
        );
        assert_eq!(told(&plan.gone), ["function Hook_B"]);
    }

    #[test]
    fn an_application_with_other_groups_stays() {
        let plan = clean_up(&facts(Some(&["dg", "staging"])));
        assert_eq!(plan.others, ["staging"]);
        assert!(plan.delete.iter().chain(&plan.gone).all(|thing| !matches!(thing, Thing::Application(_))));
    }

    #[test]
    fn what_is_gone_already_is_nothing_to_delete() {
        let plan = clean_up(&facts(None));
        assert_eq!(told(&plan.gone), ["deployment group dg", "application app", "function Hook_B"]);
        assert_eq!(told(&clean_up(&facts(Some(&[]))).gone), ["deployment group dg", "function Hook_B"]);
    }
}
