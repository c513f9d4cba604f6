//! The files that `init` writes: a configuration, a check plan and an AppSpec for a service that already runs, with comments
//! that say what each line is for. It writes nothing, and looks nothing up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use greenlight_checks::event::HookEvent;

use crate::appspec::AppSpec;
use crate::configuration::EvidencePlace;

/// The names of the three files.
pub const NAMES: [&str; 3] = ["greenlight.yaml", "checks.yaml", "appspec.yaml"];

/// What is known of the service.
#[derive(Clone, Debug)]
pub struct Facts {
    /// CodeDeploy application.
    pub application: String,
    /// Deployment group.
    pub group: String,
    /// Cluster.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// The deployment configuration of the group.
    pub config: Option<String>,
    /// Whether the group has a test listener.
    pub has_test_listener: bool,
    /// The family of its task definition.
    pub family: String,
    /// The image of the container behind the load balancer.
    pub image: Option<String>,
    /// What would be sent now; its hooks are those of the last deployment that succeeded.
    pub appspec: AppSpec,
    /// The deployment that the hooks were taken from.
    pub hooks_of: Option<String>,
    /// Where the functions' environment says that they keep their evidence, where all of them say the same.
    pub evidence: Option<EvidencePlace>,
    /// The path that the load balancer asks for the service's health.
    pub health_path: Option<String>,
}

/// Name and text of each file.
pub fn files(facts: &Facts) -> [(&'static str, String); 3] {
    let [configuration, checks, appspec] = NAMES;
    [(configuration, greenlight_yaml(facts)), (checks, checks_yaml(facts)), (appspec, appspec_yaml(facts))]
}

fn greenlight_yaml(facts: &Facts) -> String {
    let mut text = format!(
        "# What `greenlight deploy` deploys, and how; for service {} of cluster {}.\n\
         # For completion in an editor: greenlight schema config > config.schema.json, and as the first line of this file\n\
         #   yaml-language-server: $schema=config.schema.json\n\
         version: 1\napplication: {}\ndeployment_group: {}\n\n",
        facts.service,
        facts.cluster,
        scalar(&facts.application),
        scalar(&facts.group)
    );
    let container = &facts.appspec.container;
    let _ = write!(
        text,
        "# The service's current task definition, with the image below exchanged. To keep it in a file, and name that here:\n\
         #   aws ecs describe-task-definition --task-definition {} --include TAGS > task-definition.json\n\
         task_definition: live\nimages:\n  {}: \"${{IMAGE}}\"   # greenlight deploy --var IMAGE={}\n\n\
         # The container that the load balancer reaches; needed only where the task definition leaves a choice.\n\
         load_balancer: {{ container: {}, port: {} }}\n\n",
        facts.family,
        scalar(container),
        facts.image.as_deref().unwrap_or("repository:tag"),
        scalar(container),
        facts.appspec.port
    );
    text.push_str(&hooks(facts));
    text.push_str(&evidence(facts));
    let _ = write!(
        text,
        "\ndeployment:\n  # How traffic shifts; without this line as the deployment group has it.\n  {}\n  # When CodeDeploy rolls back by itself.\n  rollback_on: [failure, alarm, stop]\n",
        match &facts.config {
            Some(config) => format!("config: {}", scalar(config)),
            None => "# config: CodeDeployDefault.ECSCanary10Percent5Minutes".to_owned(),
        }
    );
    text
}

/// The functions, and the plan that is read before a deployment; a plan that covers the events around Install is another one.
fn hooks(facts: &Facts) -> String {
    let hooks = &facts.appspec.hooks;
    let plan = "# The plan that the functions are packaged with; read before every deployment.\n";
    if hooks.is_empty() {
        return format!(
            "# The functions that CodeDeploy calls. None is known of this group; sam deploy makes them from template.yaml.\n\
             # hooks:\n#   AfterAllowTestTraffic: CodeDeployHook_AfterAllowTestTraffic\n#   BeforeAllowTraffic: CodeDeployHook_BeforeAllowTraffic\n\n{plan}checks: checks.yaml\n"
        );
    }
    let from = facts.hooks_of.as_deref().unwrap_or("the last deployment");
    let mut text = format!("# The functions that CodeDeploy calls, as {from} had them.\nhooks:\n");
    for (event, function) in hooks {
        let _ = writeln!(text, "  {event}: {}", scalar(function));
    }
    if events(hooks).len() == hooks.len() {
        let _ = write!(text, "\n{plan}checks: checks.yaml\n");
    } else {
        text.push_str(
            "\n# The functions around Install have a plan of their own, so that neither plan lists every function's checks:\n# checks: checks.yaml\n",
        );
    }
    text
}

fn evidence(facts: &Facts) -> String {
    let about = "\n# Where the functions keep their evidence; without this line the driver asks the environment of each function.\n";
    match &facts.evidence {
        Some(EvidencePlace { bucket, prefix }) => {
            let prefix = if prefix.is_empty() { "/" } else { prefix };
            format!("{about}evidence: {{ bucket: {}, prefix: {} }}\n", scalar(bucket), scalar(prefix))
        }
        None => format!("{about}# evidence: {{ bucket: your-bucket, prefix: {} }}\n", EvidencePlace::PREFIX),
    }
}

/// The events that this plan is for: those that come once a listener leads to the replacement.
fn events(hooks: &BTreeMap<HookEvent, String>) -> Vec<HookEvent> {
    let early = [HookEvent::BeforeInstall, HookEvent::AfterInstall];
    hooks.keys().copied().filter(|event| !early.contains(event)).collect()
}

fn checks_yaml(facts: &Facts) -> String {
    let mut wired = events(&facts.appspec.hooks);
    if wired.is_empty() {
        wired = vec![HookEvent::AfterAllowTestTraffic, HookEvent::BeforeAllowTraffic];
    }
    let path = facts.health_path.as_deref().unwrap_or("/");
    let origin = match &facts.health_path {
        Some(_) => "The load balancer asks for this path too.",
        None => "The load balancer's own check has no path; name one that answers only when the service works.",
    };
    let mut text = String::from(
        "# What proves a new version good. It ships inside the functions; try it from here:\n\
         #   greenlight check --plan checks.yaml --green http://127.0.0.1:8080\n\
         # For completion in an editor: greenlight schema checks > checks.schema.json\nversion: 1\n\n",
    );
    if !facts.has_test_listener {
        text.push_str(
            "# The deployment group has no test listener: nothing can be checked before production traffic moves.\n\
             endpoints:\n  green: { via: production_listener }\n\n",
        );
    }
    text.push_str("hooks:\n");
    for event in wired {
        let _ = writeln!(text, "  {event}: [health]");
    }
    let _ = write!(
        text,
        "\nchecks:\n  # {origin} Health alone proves little: add what your users do\n  # (the README's cookbook has ten plans to take from).\n  - id: health\n    http: {{ get: {} }}\n    expect: {{ status: 200, within: 2s }}\n    retry: {{ until: 20s, every: 1s, pass_after: 3 }}\n",
        scalar(path)
    );
    text
}

fn appspec_yaml(facts: &Facts) -> String {
    format!(
        "# What CodeDeploy would get now; for reading, and for other tools. `greenlight deploy` makes its own from greenlight.yaml,\n# and `greenlight plan` shows it.\n{}",
        facts.appspec.to_yaml()
    )
}

/// A YAML scalar that is this text, whatever is in it.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ['_', '-', '.', '/'].contains(&c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    if begins && text.chars().all(plain) && !words.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    // Every JSON string is a YAML string; `${` would be taken for a variable.
    serde_json::Value::String(text.replace("${", "$${")).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use greenlight_checks::plan::{self, Givens};

    use super::*;
    use crate::appspec::{Extras, parsing};
    use crate::configuration::reading;

    fn facts(hooks: &[HookEvent]) -> Facts {
        Facts {
            application: "app of: mine".to_owned(),
            group: "dg".to_owned(),
            cluster: "cluster".to_owned(),
            service: "shop".to_owned(),
            config: Some("CodeDeployDefault.ECSAllAtOnce".to_owned()),
            has_test_listener: true,
            family: "shop".to_owned(),
            image: Some("shop:1".to_owned()),
            appspec: AppSpec {
                resource: AppSpec::RESOURCE.to_owned(),
                task_definition: "arn:aws:ecs:us-east-1:1:task-definition/shop:1".to_owned(),
                container: "web".to_owned(),
                port: 80,
                extras: Extras::default(),
                hooks: hooks.iter().map(|event| (*event, format!("fn-{event}"))).collect(),
            },
            hooks_of: Some("d-1".to_owned()),
            evidence: None,
            health_path: Some("/healthz".to_owned()),
        }
    }

    /// What the readers make of the three files.
    fn read(facts: &Facts) -> (crate::configuration::Configuration, plan::Plan, AppSpec) {
        let [(_, configuration), (_, checks), (_, appspec)] = files(facts);
        let image = |name: &str| (name == "IMAGE").then(|| "shop:2".to_owned());
        let read = reading::read(&configuration, "greenlight.yaml", Path::new(""), &image);
        let configuration = read.unwrap_or_else(|error| panic!("{error}\n{configuration}"));
        let givens = Givens::at(jiff::Timestamp::UNIX_EPOCH);
        let plan = plan::read(&checks, "checks.yaml", &givens).unwrap_or_else(|errors| panic!("{errors}\n{checks}"));
        let appspec = parsing::parse(&appspec).unwrap_or_else(|fault| panic!("{fault:?}\n{appspec}"));
        (configuration, plan, appspec)
    }

    #[test]
    fn the_files_are_read_as_what_is_there() {
        let hooks = [HookEvent::AfterAllowTestTraffic, HookEvent::AfterAllowTraffic];
        let facts = facts(&hooks);
        let (configuration, plan, appspec) = read(&facts);
        assert_eq!(configuration.application, "app of: mine");
        assert_eq!(configuration.hooks, facts.appspec.hooks);
        assert_eq!(configuration.images, BTreeMap::from([("web".to_owned(), "shop:2".to_owned())]));
        assert_eq!(configuration.checks.as_deref(), Some(Path::new("checks.yaml")));
        assert_eq!(appspec, facts.appspec);
        for event in hooks {
            assert!(plan.for_event(event).is_ok(), "{event}");
        }
    }

    #[test]
    fn where_the_functions_keep_their_evidence_is_written_down_and_otherwise_left_to_be_filled_in() {
        let mut facts = facts(&[]);
        assert!(files(&facts)[0].1.contains("\n# evidence: { bucket: your-bucket, prefix: greenlight }\n"));
        assert_eq!(read(&facts).0.evidence, None);
        for place in [EvidencePlace::new("shop-1", None), EvidencePlace::new("shop.2", Some("/"))] {
            facts.evidence = Some(place.clone());
            assert_eq!(read(&facts).0.evidence, Some(place));
        }
    }

    #[test]
    fn without_known_functions_they_are_left_to_be_filled_in() {
        let (configuration, plan, _) = read(&facts(&[]));
        assert!(configuration.hooks.is_empty());
        assert!(plan.for_event(HookEvent::AfterAllowTestTraffic).is_ok());
    }

    #[test]
    fn functions_around_install_leave_the_plan_to_be_named_by_hand() {
        let (configuration, plan, _) = read(&facts(&[HookEvent::BeforeInstall, HookEvent::BeforeAllowTraffic]));
        assert_eq!(configuration.checks, None);
        assert!(plan.for_event(HookEvent::BeforeAllowTraffic).is_ok());
        assert!(plan.for_event(HookEvent::BeforeInstall).is_err());
    }

    #[test]
    fn without_a_test_listener_the_plan_says_where_it_looks() {
        let mut facts = facts(&[HookEvent::AfterAllowTraffic]);
        facts.has_test_listener = false;
        facts.health_path = None;
        let [_, (_, checks), _] = files(&facts);
        assert!(checks.contains("green: { via: production_listener }"), "{checks}");
        read(&facts);
    }

    #[test]
    fn whatever_a_name_is_made_of_it_is_read_back() {
        for name in ["true", "12", "a: b", "# no", "ü", "a\"b", "-x", "${A}", "plain-name_1.2/x"] {
            let mut facts = facts(&[]);
            facts.group = name.to_owned();
            assert_eq!(read(&facts).0.deployment_group, name);
        }
    }
}
