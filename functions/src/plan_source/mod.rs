//! Where the check plan comes from, and what it refers to: the function's package, S3, AppConfig, or the variable itself.
//! Not set, not there, or not there in time is never a default plan.
//!
//! Reading a plan is pure, so that what it refers to has to be at hand: it is read with what is there, what it asked for and
//! did not find is fetched, and it is read again.

mod extension;
mod source;
mod supplies;

use std::sync::Arc;
use std::time::Duration;

use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::{self, Givens, Plan};
use tokio::time::timeout;

use self::extension::Extension;
use self::source::PlanSource;
use self::supplies::{Supplies, Wanted};
use crate::aws::{Aws, ObjectName};
use crate::clock;
use crate::environment::Environment;

/// The engine's own limit, applied before a larger document has been received.
const LARGEST_PLAN: usize = 256 * 1024;
/// A schema or a certificate; larger ones are somebody's data.
const LARGEST_FILE: usize = 1024 * 1024;
/// Plan, files and secrets together. A source that takes longer will not be there for the report either.
const WITHIN: Duration = Duration::from_secs(20);
/// A file can ask for no other file, so that two rounds suffice; where a problem hid the rest of the plan it takes more.
const MOST_ROUNDS: usize = 8;

/// Reads the plan that the environment names.
pub(crate) async fn load(environment: Arc<Environment>, aws: Aws) -> Result<Plan, Vec<Message>> {
    match timeout(WITHIN, read(environment, &aws)).await {
        Ok(read) => read,
        Err(_) => Err(unreadable(format!(
            "not read within {}s; its source, or a file or secret that it refers to, does not answer; {} names it",
            WITHIN.as_secs(),
            Environment::PLAN
        ))),
    }
}

/// What the environment names.
pub(crate) fn named(environment: &Environment) -> Result<PlanSource, Vec<Message>> {
    let Some(named) = environment.plan() else {
        return Err(unreadable(format!(
            "{} is not set; set it to the check plan's path in the function's package, to s3://bucket/key, to \
             appconfig://application/environment/configuration, or to the plan itself",
            Environment::PLAN
        )));
    };
    PlanSource::parse(named).map_err(unreadable)
}

async fn read(environment: Arc<Environment>, aws: &Aws) -> Result<Plan, Vec<Message>> {
    let source = named(&environment)?;
    let text = text(&source, &environment, aws)
        .await
        .map_err(|reason| unreadable(format!("{source} cannot be read: {reason}; {} names it", Environment::PLAN)))?;
    let text = Arc::new(text);
    let mut supplies = Supplies::new(Arc::clone(&environment), source.clone());
    for _ in 0..MOST_ROUNDS {
        let (read, returned) = attempt(Arc::clone(&text), source.to_string(), supplies).await?;
        supplies = returned;
        let wanted = supplies.wanted();
        if wanted.is_empty() {
            return read.map_err(|mut problems| {
                problems.extend(supplies.failures().map(|text| Message::new(codes::PLAN_UNREADABLE, "plan", text)));
                problems
            });
        }
        fetch(&mut supplies, wanted, &source, &environment, aws).await;
    }
    Err(unreadable(format!("{source} asks for further files after {MOST_ROUNDS} rounds of fetching them")))
}

/// One reading. Parsing takes processor time, and a packaged file is read from the disk.
async fn attempt(
    text: Arc<String>,
    name: String,
    supplies: Supplies,
) -> Result<(Result<Plan, Vec<Message>>, Supplies), Vec<Message>> {
    let reading = tokio::task::spawn_blocking(move || {
        let read = {
            let variable = |name: &str| supplies.variable(name);
            let secret = |name: &str| supplies.secret(name);
            let beside = |file: &str| supplies.file(file);
            let givens =
                Givens::at(clock::timestamp()).with_variables(&variable).with_secrets(&secret).with_files(&beside);
            plan::read(&text, &name, &givens).map_err(Vec::from)
        };
        (read, supplies)
    });
    match reading.await {
        Ok(done) => Ok(done),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(unreadable("the reading was cut off".to_owned())),
        },
    }
}

async fn text(source: &PlanSource, environment: &Environment, aws: &Aws) -> Result<String, String> {
    let bytes = match source {
        PlanSource::Inline(text) => return Ok(text.clone()),
        PlanSource::Packaged(path) => {
            let path = environment.root().join(path);
            tokio::fs::read(&path).await.map_err(|error| format!("{error} ({})", path.display()))?
        }
        PlanSource::S3(object) => aws.s3.get(object, LARGEST_PLAN).await.map_err(|error| error.to_string())?,
        PlanSource::AppConfig { application, environment: stage, configuration } => {
            Extension::app_config(environment)?.configuration(application, stage, configuration, LARGEST_PLAN).await?
        }
    };
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 ({})", error.utf8_error()))
}

/// Fetches what a reading asked for, all of it at once.
async fn fetch(supplies: &mut Supplies, wanted: Wanted, source: &PlanSource, environment: &Environment, aws: &Aws) {
    let mut fetching = tokio::task::JoinSet::new();
    for file in wanted.files {
        let (s3, object) = (aws.s3.clone(), source.beside(&file));
        fetching.spawn(async move {
            let bytes = match object {
                Ok(ObjectName { bucket, key }) => {
                    s3.get(&ObjectName { bucket, key }, LARGEST_FILE).await.map_err(|error| error.to_string())
                }
                Err(reason) => Err(reason),
            };
            Fetched::File(file, bytes)
        });
    }
    for name in wanted.secrets {
        let extension = Extension::secrets(environment);
        fetching.spawn(async move {
            let secret = match extension {
                Ok(extension) => extension.secret(&name).await,
                Err(reason) => Err(reason),
            };
            Fetched::Secret(name, secret)
        });
    }
    // A task that panicked leaves its part wanted, and the rounds are counted.
    while let Some(fetched) = fetching.join_next().await {
        match fetched {
            Ok(Fetched::File(file, bytes)) => supplies.keep_file(file, bytes),
            Ok(Fetched::Secret(name, secret)) => supplies.keep_secret(name, secret),
            Err(_) => {}
        }
    }
}

enum Fetched {
    File(String, Result<Vec<u8>, String>),
    Secret(String, Result<String, String>),
}

fn unreadable(text: String) -> Vec<Message> {
    vec![Message::new(codes::PLAN_UNREADABLE, "plan", text)]
}
