//! `greenlight.yaml` as a document, for editors: types that mirror what `reading` accepts, from which the JSON Schema is
//! generated (`greenlight schema config`). They read nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// greenlight.yaml: what to deploy, and how.
#[derive(JsonSchema)]
#[schemars(title = "Greenlight configuration", deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct File {
    /// The version of the model. There is one: 1.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// The CodeDeploy application.
    application: String,
    /// The CodeDeploy deployment group.
    deployment_group: String,
    /// A file with the task definition, or `live`: the service's current one.
    task_definition: String,
    /// Images by container. Default: those of the task definition.
    images: Option<BTreeMap<String, String>>,
    /// Environment variables to set, by container. The others of the task definition stay. Default: none.
    environment: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Secrets to set, by container: ARNs of Secrets Manager or Parameter Store, never values. Default: none.
    secrets: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Tags of the task definition to set. Default: none.
    tags: Option<BTreeMap<String, String>>,
    /// Which container and port the load balancer reaches, where the task definition leaves a choice.
    load_balancer: Option<LoadBalancer>,
    /// The function that CodeDeploy calls, by lifecycle event. Default: none.
    hooks: Option<Hooks>,
    /// The check plan that the functions were packaged with; it is read before the deployment is created.
    checks: Option<String>,
    /// How CodeDeploy deploys. Default: as the deployment group has it.
    deployment: Option<Deployment>,
    /// What the deployment is for; shown by CodeDeploy. Default: what is exchanged for what.
    description: Option<String>,
    /// A bucket into which the AppSpec is put for CodeDeploy, under its SHA-256. Default: it goes with the call.
    revision_bucket: Option<String>,
    /// Where the hooks keep their evidence. Default: where the environment of each function says.
    evidence: Option<Evidence>,
    /// What is done when another deployment of the group is active.
    #[schemars(extend("default" = "fail"))]
    on_conflict: Option<OnConflict>,
    /// What is done when the command is interrupted.
    #[schemars(extend("default" = "detach"))]
    on_interrupt: Option<OnInterrupt>,
    /// What is done with the service's auto-scaling while the deployment is followed.
    #[schemars(extend("default" = "leave"))]
    auto_scaling: Option<AutoScaling>,
    /// Checks that run from here while production traffic shifts; when one fails the deployment is stopped and rolled back.
    guard: Option<Guard>,
    /// Optional properties of the AppSpec.
    appspec: Option<AppSpec>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum OnConflict {
    /// The command ends, and says how to attach to the other one.
    Fail,
    /// It waits for the other one's end, and deploys then.
    Wait,
    /// It follows the other one instead.
    Attach,
    /// It stops the other one, with rollback, and deploys then.
    Supersede,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum OnInterrupt {
    /// The deployment goes on, and the command says how to attach again.
    Detach,
    /// The deployment is stopped, rollback as it is configured, and followed to its end.
    Stop,
    /// The deployment is stopped and rolled back, and followed to its end.
    Rollback,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum AutoScaling {
    /// Nothing.
    Leave,
    /// It is suspended, and always resumed: a tag on the scalable target tells the next run what to resume after a crash.
    Suspend,
}

/// Where the hooks keep their evidence: a bucket, and what its keys begin with. It is looked for here first.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Evidence {
    /// The S3 bucket: GREENLIGHT_EVIDENCE_BUCKET of the functions.
    #[schemars(extend("pattern" = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$|\$\{"))]
    bucket: String,
    /// What the keys begin with: GREENLIGHT_EVIDENCE_PREFIX of the functions; `/` for none.
    #[schemars(extend("default" = "greenlight"))]
    prefix: Option<String>,
}

/// The guard of a canary or linear shift, during which no hook of CodeDeploy can run. It works as long as the command follows.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Guard {
    /// Ids of checks of the plan that `checks` names. Its variables are those of the environment here.
    #[schemars(extend("minItems" = 1))]
    checks: Vec<String>,
    /// From the start of one round to the start of the next, from 1s to 300s.
    #[schemars(extend("default" = "10s", "pattern" = r"^[0-9]+s$|\$\{"))]
    every: Option<String>,
    /// Where production is asked. Default: the production listener, by its load balancer's name.
    url: Option<String>,
}

/// Where the load balancer sends traffic.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct LoadBalancer {
    /// The container. Default: the one with a port mapping.
    container: Option<String>,
    /// Its port. Default: its only one.
    port: Option<Port>,
}

/// A port, as a number or through a variable.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Port {
    Number(#[schemars(range(min = 1, max = 65_535))] u16),
    Text(#[schemars(extend("pattern" = r"^[0-9]+$|\$\{"))] String),
}

/// Names of Lambda functions.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "PascalCase")]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Hooks {
    /// Before the replacement task set is created.
    before_install: Option<String>,
    /// When the replacement task set is steady.
    after_install: Option<String>,
    /// When the test listener serves the replacement.
    after_allow_test_traffic: Option<String>,
    /// Before production traffic shifts.
    before_allow_traffic: Option<String>,
    /// When production traffic has shifted.
    after_allow_traffic: Option<String>,
}

/// How CodeDeploy deploys.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Deployment {
    /// The deployment configuration: CodeDeployDefault.ECSCanary10Percent5Minutes. Default: the group's own.
    config: Option<String>,
    /// When CodeDeploy rolls back by itself. Default: as the group has it.
    rollback_on: Option<Vec<RollbackOn>>,
    /// Alarms that stop it when they are red; an empty list is none. Default: as the group has it.
    alarms: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum RollbackOn {
    /// The deployment fails.
    Failure,
    /// An alarm of the group is red.
    Alarm,
    /// It is stopped.
    Stop,
}

/// Optional properties of the AppSpec.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct AppSpec {
    /// The Fargate platform version: LATEST, 1.4.0.
    platform_version: Option<String>,
    /// The network of the replacement's tasks. Default: the service's own.
    network: Option<Network>,
    /// Where the replacement's tasks run. Default: as the service has it.
    capacity_provider_strategy: Option<Vec<CapacityProvider>>,
}

/// All three or none.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Network {
    /// Subnet ids.
    subnets: Vec<String>,
    /// Security group ids.
    security_groups: Vec<String>,
    /// Whether tasks get a public address.
    assign_public_ip: bool,
}

/// One item of the strategy.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct CapacityProvider {
    /// FARGATE, FARGATE_SPOT, or one of your own.
    provider: String,
    /// How many tasks it runs at least.
    base: Option<Number>,
    /// Its share of the others.
    weight: Option<Number>,
}

/// A whole number, or a variable.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Number {
    Number(#[schemars(range(min = 0, max = 100_000))] u32),
    Text(#[schemars(extend("pattern" = r"^[0-9]+$|\$\{"))] String),
}
