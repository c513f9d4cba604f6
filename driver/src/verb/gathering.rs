//! Gathers the doctor's facts: asks AWS whatever can be asked at once at once, and reads the files. It concludes nothing.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use greenlight_checks::event::HookEvent;

use super::preparation;
use crate::aws::Aws;
use crate::aws::ecs::{Service, with_tags};
use crate::aws::error::AwsError;
use crate::aws::group::Group;
use crate::aws::permissions::Permission;
use crate::configuration::{Configuration, TaskDefinitionSource};
use crate::decide::doctor::facts::{
    self, Facts, Function, Further, Image, PlanOutcome, PlanRead, Read, Revision, Unread, Verdict, Wanted,
};
use crate::decide::schedule::Shift;
use crate::decide::task_definition::TaskDefinition;
use crate::failure::Failure;

/// What is known of the deployment's parts before the rest is asked.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) group: Read<Group>,
    pub(super) service: Read<Service>,
    pub(super) revision: Result<Revision, String>,
    pub(super) shift: Shift,
}

/// What a preflight needs: the routing, the functions, the images, the alarms.
pub(super) async fn facts(aws: &Aws, configuration: &Configuration, beginning: Beginning) -> Facts {
    let Beginning { mut group, service, revision, shift } = beginning;
    if let (Ok(group), Some(alarms)) = (&mut group, &configuration.alarms) {
        // Those of the deployment take the place of the group's.
        group.wiring.alarms.clone_from(alarms);
    }
    let wiring = group.as_ref().map(|group| group.wiring.clone()).unwrap_or_default();
    let listeners: Vec<String> = wiring.production.iter().chain(&wiring.test).cloned().collect();
    let images: Vec<String> =
        revision.as_ref().map(|revision| revision.images.values().cloned().collect()).unwrap_or_default();
    let alarms =
        async { if wiring.alarms.is_empty() { Ok(Vec::new()) } else { read(aws.alarms(&wiring.alarms).await) } };
    let (target_groups, listeners, functions, images, alarms) = tokio::join!(
        aws.target_groups(&wiring.target_groups),
        aws.listener_wiring(&listeners),
        functions(aws, &configuration.hooks),
        join_all(images.into_iter().map(async |reference| (aws.image(&reference).await, reference))),
        alarms,
    );
    Facts {
        wanted: wanted(configuration),
        group: group.map(known_group),
        service: service.map(known_service),
        shift,
        target_groups: read(target_groups),
        listeners: read(listeners),
        revision,
        functions,
        images: images.into_iter().map(|(image, reference)| (reference, image)).collect::<BTreeMap<String, Image>>(),
        alarms,
        further: None,
    }
}

/// What the whole examination asks besides.
pub(super) async fn further(aws: &Aws, configuration: &Configuration, facts: &Facts, self_test: bool) -> Further {
    let group = facts.group.as_ref().ok();
    let listener = group.and_then(|group| group.wiring.production.first());
    let (application, name) = (&configuration.application, &configuration.deployment_group);
    let rules = async {
        match listener {
            Some(listener) => read(aws.rules(listener).await),
            None => Ok(Vec::new()),
        }
    };
    let scaling = async {
        match group.and_then(|group| group.service.as_ref()) {
            Some((cluster, service)) => read(aws.scaling_activities(cluster, service).await),
            None => Ok(Vec::new()),
        }
    };
    let self_tests = async { if self_test { Some(self_tests(aws, configuration, facts).await) } else { None } };
    let account = Account::of(aws, group);
    let scalable_target = async {
        match group.and_then(|group| group.service.as_ref()) {
            Some((cluster, service)) => read(aws.scalable_target(cluster, service).await),
            None => Ok(None),
        }
    };
    let (rules, active, scaling, scalable_target, invocation, passing, reporting, self_tests) = tokio::join!(
        rules,
        aws.active_deployments(application, name),
        scaling,
        scalable_target,
        invocation(aws, facts, account.as_ref()),
        passing(aws, facts, account.as_ref()),
        reporting(aws, facts, account.as_ref()),
        self_tests,
    );
    let plan = plan(configuration);
    Further { rules, active: read(active), scaling, scalable_target, invocation, passing, reporting, plan, self_tests }
}

/// The revision that would be deployed, or why there is none.
pub(super) async fn revision(
    aws: &Aws,
    configuration: &Configuration,
    service: Option<&Service>,
) -> Result<Revision, String> {
    let (mut definition, source) = match &configuration.task_definition {
        TaskDefinitionSource::File(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
            (TaskDefinition::read(&text, &name).map_err(|error| error.to_string())?, name)
        }
        TaskDefinitionSource::Live => {
            let arn = service.and_then(|service| service.task_definition.as_ref());
            let arn = arn.ok_or("task_definition: live, but the service has none that can be read")?;
            let answer = aws.task_definition(arn).await.map_err(|error| error.to_string())?;
            let answer = answer.ok_or_else(|| format!("task definition {arn} is not there"))?;
            (TaskDefinition::from_document(with_tags(answer), arn).map_err(|error| error.to_string())?, arn.clone())
        }
    };
    definition.set_images(&configuration.images).map_err(|error| error.to_string())?;
    let current = service.and_then(|service| service.load_balancer.as_ref());
    let load_balancer = definition.load_balancer(&configuration.load_balancer, current);
    Ok(revision_of(&definition, source, load_balancer.map_err(|error| error.to_string())))
}

/// A task definition, as far as it is judged.
pub(super) fn revision_of(
    definition: &TaskDefinition,
    source: String,
    load_balancer: Result<(String, u16), String>,
) -> Revision {
    Revision {
        source,
        network_mode: definition.network_mode().to_owned(),
        load_balancer,
        images: definition.images(),
        roles: definition.roles(),
    }
}

pub(super) fn read<T>(answer: Result<T, AwsError>) -> Read<T> {
    answer.map_err(Unread::from)
}

fn wanted(configuration: &Configuration) -> Wanted {
    Wanted {
        application: configuration.application.clone(),
        group: configuration.deployment_group.clone(),
        hooks: configuration.hooks.clone(),
        config: configuration.deployment_config.clone(),
        rollback_on: configuration.rollback_on.clone(),
        appspec: configuration.appspec.clone(),
    }
}

fn known_group(group: Group) -> facts::Group {
    facts::Group { platform: group.platform, service: group.service, config: group.config, wiring: group.wiring }
}

fn known_service(service: Service) -> facts::Service {
    facts::Service {
        name: service.name,
        status: service.status,
        controller: service.controller,
        standing: service.standing,
    }
}

async fn functions(aws: &Aws, hooks: &BTreeMap<HookEvent, String>) -> BTreeMap<HookEvent, Read<Option<Function>>> {
    let asked = hooks.iter().map(async |(event, name)| (*event, read(aws.function(name).await)));
    join_all(asked).await.into_iter().collect()
}

/// Each function that there is.
fn known(facts: &Facts) -> impl Iterator<Item = (HookEvent, &String, &Read<Option<Function>>)> {
    let there = |function: &Read<Option<Function>>| !matches!(function, Ok(None));
    let functions = facts.functions.iter().filter(move |(_, function)| there(function));
    functions.filter_map(|(event, function)| Some((*event, facts.wanted.hooks.get(event)?, function)))
}

/// Where ARNs are made of names.
struct Account {
    partition: String,
    number: String,
    region: String,
    service_role: String,
}

impl Account {
    /// By the service role, which is of the group's account.
    fn of(aws: &Aws, group: Option<&facts::Group>) -> Option<Self> {
        let service_role = group?.wiring.service_role.clone()?;
        let parts: Vec<&str> = service_role.split(':').collect();
        let [_, partition, _, _, number, ..] = parts.as_slice() else { return None };
        let (partition, number) = ((*partition).to_owned(), (*number).to_owned());
        Some(Self { partition, number, region: aws.region.clone()?, service_role })
    }

    fn group(&self, wanted: &Wanted) -> String {
        let Self { partition, number, region, .. } = self;
        format!("arn:{partition}:codedeploy:{region}:{number}:deploymentgroup:{}/{}", wanted.application, wanted.group)
    }

    fn function(&self, name: &str) -> String {
        let Self { partition, number, region, .. } = self;
        if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!("arn:{partition}:lambda:{region}:{number}:function:{name}")
        }
    }

    fn role(&self, name: &str) -> String {
        let Self { partition, number, .. } = self;
        if name.starts_with("arn:") { name.to_owned() } else { format!("arn:{partition}:iam::{number}:role/{name}") }
    }
}

fn no_account() -> Unread {
    let text = "the deployment group names no service role".to_owned();
    Unread { action: "codedeploy:GetDeploymentGroup".to_owned(), denied: false, text }
}

async fn invocation(aws: &Aws, facts: &Facts, account: Option<&Account>) -> BTreeMap<HookEvent, Read<Verdict>> {
    let asked = known(facts).map(async |(event, name, _)| {
        let Some(account) = account else { return (event, Err(no_account())) };
        let (role, resource) = (account.service_role.as_str(), account.function(name));
        let permission = Permission { role, action: "lambda:InvokeFunction", resource: &resource, passed_to: None };
        (event, read(aws.may(permission).await))
    });
    join_all(asked).await.into_iter().collect()
}

async fn passing(aws: &Aws, facts: &Facts, account: Option<&Account>) -> BTreeMap<String, Read<Verdict>> {
    let roles = facts.revision.as_ref().map(|revision| revision.roles.clone()).unwrap_or_default();
    let asked = roles.into_iter().map(async |role| {
        let Some(account) = account else { return (role, Err(no_account())) };
        let resource = account.role(&role);
        let passed_to = Some("ecs-tasks.amazonaws.com");
        let role = account.service_role.as_str();
        let permission = Permission { role, action: "iam:PassRole", resource: &resource, passed_to };
        let verdict = read(aws.may(permission).await);
        (resource, verdict)
    });
    join_all(asked).await.into_iter().collect()
}

async fn reporting(aws: &Aws, facts: &Facts, account: Option<&Account>) -> BTreeMap<HookEvent, Read<Verdict>> {
    let asked = known(facts).map(async |(event, _, function)| {
        let role = match (function, account) {
            (Err(unread), _) => Err(unread.clone()),
            (Ok(_), None) => Err(no_account()),
            (Ok(function), Some(account)) => {
                let role = function.as_ref().map(|function| function.role.as_str()).unwrap_or_default();
                Ok((role, account.group(&facts.wanted)))
            }
        };
        let verdict = match role {
            Err(unread) => Err(unread),
            Ok((role, resource)) => {
                let action = "codedeploy:PutLifecycleEventHookExecutionStatus";
                read(aws.may(Permission { role, action, resource: &resource, passed_to: None }).await)
            }
        };
        (event, verdict)
    });
    join_all(asked).await.into_iter().collect()
}

async fn self_tests(
    aws: &Aws,
    configuration: &Configuration,
    facts: &Facts,
) -> BTreeMap<HookEvent, Read<facts::SelfTest>> {
    let (application, group) = (&configuration.application, &configuration.deployment_group);
    let asked = known(facts).map(async |(event, name, _)| (event, read(aws.self_test(name, application, group).await)));
    join_all(asked).await.into_iter().collect()
}

/// The plan, as `deploy` judges it.
fn plan(configuration: &Configuration) -> Option<PlanRead> {
    let path = configuration.checks.as_ref()?;
    let has_variables = || std::fs::read_to_string(path).is_ok_and(|text| text.contains("${"));
    let outcome = match preparation::check_plan(configuration) {
        Ok(()) if has_variables() => PlanOutcome::HasVariables,
        Ok(()) => PlanOutcome::Good,
        Err(Failure::Plan(messages)) => PlanOutcome::Wrong(messages.iter().map(ToString::to_string).collect()),
        Err(failure) => PlanOutcome::Wrong(vec![failure.lines().join(": ")]),
    };
    Some(PlanRead { file: path.display().to_string(), outcome })
}
