//! `greenlight init`: writes the files that a first deployment needs, from a service that already runs. What is there
//! already is never overwritten without being asked for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{ConfigurationSource, plan, preparation};
use crate::aws::discovery::Found;
use crate::aws::{Aws, Connection};
use crate::clock;
use crate::configuration::EvidencePlace;
use crate::decide::initial::{self, Facts};
use crate::decide::plan::Last;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// CodeDeploy application.
    pub application: Option<String>,
    /// Deployment group.
    pub group: Option<String>,
    /// ECS cluster.
    pub cluster: Option<String>,
    /// ECS service.
    pub service: Option<String>,
    /// Where the files go.
    pub folder: PathBuf,
    /// Whether files that exist are overwritten.
    pub force: bool,
}

/// Finds the deployment group, reads the service, writes the files.
pub async fn run(request: &Request, connection: &Connection, printer: &mut Printer) -> Result<Exit, Failure> {
    let there: Vec<_> = initial::NAMES.into_iter().filter(|name| request.folder.join(name).exists()).collect();
    if !there.is_empty() && !request.force {
        let text = format!(
            "{} exists already; name another folder with --folder, or overwrite with --force",
            there.join(", ")
        );
        return Err(Failure::Unfit(text));
    }
    let aws = Aws::connect(connection).await?;
    let found = group(&aws, request).await?;
    let facts = facts(&aws, found, printer).await?;
    std::fs::create_dir_all(&request.folder)
        .map_err(|source| Failure::Written { path: request.folder.clone(), source })?;
    for (name, text) in initial::files(&facts) {
        let path = request.folder.join(name);
        write(&path, &text, request.force).map_err(|source| Failure::Written { path: path.clone(), source })?;
        printer.note(&format!("wrote {}", path.display()), clock::now());
    }
    let image = facts.image.as_deref().unwrap_or("…");
    let here = request.folder == Path::new(".");
    let file =
        if here { String::new() } else { format!(" --file {}", request.folder.join(initial::NAMES[0]).display()) };
    printer.closing(&format!("next: greenlight doctor{file}, for what is wrong with the set-up"));
    printer.closing(&format!("      greenlight plan{file} --var IMAGE={image}, for what a deployment would do"));
    printer.ended(Exit::Succeeded, &format!("wrote {}", initial::NAMES.join(", ")), clock::now());
    Ok(Exit::Succeeded)
}

/// The group that was named, or the only one that fits.
async fn group(aws: &Aws, request: &Request) -> Result<Found, Failure> {
    let looking = "look for deployment groups of ECS services";
    let all = match &request.application {
        Some(application) => aws.ecs_groups_of(application).await.map_err(Failure::aws(looking))?,
        None => aws.ecs_groups().await.map_err(Failure::aws(looking))?,
    };
    let wanted = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
    let fits = |found: &&Found| {
        wanted(&request.group, &found.group)
            && wanted(&request.cluster, &found.cluster)
            && wanted(&request.service, &found.service)
    };
    let fitting: Vec<&Found> = all.iter().filter(fits).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        [] if all.is_empty() => Err(Failure::NothingThere(
            "there is no CodeDeploy deployment group of an ECS service in this region; greenlight deploys to one that exists"
                .to_owned(),
        )),
        [] => Err(Failure::Unfit(format!("no deployment group is like that; there are: {}", listed(&all.iter().collect::<Vec<_>>())))),
        several => Err(Failure::Unfit(format!(
            "several deployment groups fit; name one with --application and --deployment-group: {}",
            listed(several)
        ))),
    }
}

fn listed(groups: &[&Found]) -> String {
    let told = |found: &&Found| {
        format!("{} of {} (service {} of cluster {})", found.group, found.application, found.service, found.cluster)
    };
    groups.iter().map(told).collect::<Vec<_>>().join("; ")
}

async fn facts(aws: &Aws, found: Found, printer: &mut Printer) -> Result<Facts, Failure> {
    // The shortest configuration of this group: what is read for it is what a deployment would start from.
    let names = [&found.application, &found.group].map(|name| serde_json::Value::String(name.clone()).to_string());
    let text =
        format!("version: 1\napplication: {}\ndeployment_group: {}\ntask_definition: live\n", names[0], names[1]);
    let configuration = ConfigurationSource::default().parse(&text)?;
    let read = preparation::read(aws, &configuration).await?;
    read.fit(&configuration, printer)?;
    let last = plan::last(aws, &configuration).await?;
    let (hooks, hooks_of) = match last {
        Last::Known { snapshot, appspec: Ok(appspec), .. } => (appspec.hooks, Some(snapshot.deployment.id)),
        Last::Known { snapshot, appspec: Err(reason), .. } => {
            let id = &snapshot.deployment.id;
            let text = format!("the functions of {id} are not known: {reason}; add them to greenlight.yaml");
            printer.warning(&text, clock::now());
            Default::default()
        }
        Last::Never => Default::default(),
    };
    let health_path = aws.health_path(&found.target_groups).await.unwrap_or_else(|error| {
        let text = format!("the load balancer's health check could not be read, checks.yaml begins with /: {error}");
        printer.warning(&text, clock::now());
        None
    });
    let evidence = evidence(aws, hooks.values()).await;
    let live = read.live.as_ref().map_or("", |(arn, _)| arn.as_str());
    let mut appspec = read.appspec(live, &configuration);
    appspec.hooks = hooks;
    Ok(Facts {
        application: found.application,
        group: found.group,
        cluster: found.cluster,
        service: found.service,
        config: read.group.config.clone(),
        has_test_listener: read.group.has_test_listener,
        family: read.definition.family().to_owned(),
        image: read.definition.image(&read.container).map(str::to_owned),
        appspec,
        hooks_of,
        evidence,
        health_path,
    })
}

/// Where all of the functions say that they keep their evidence. What cannot be read is left to be filled in.
async fn evidence(aws: &Aws, functions: impl Iterator<Item = &String>) -> Option<EvidencePlace> {
    let mut place = None;
    for function in functions {
        let named = aws.evidence_place(function).await.unwrap_or_else(|error| {
            tracing::debug!(%error, function, "where the function keeps its evidence could not be read");
            None
        })?;
        if place.as_ref().is_some_and(|place| *place != named) {
            return None;
        }
        place = Some(named);
    }
    place
}

fn write(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    // `create_new` as well as the look before: something may have come meanwhile.
    let file = if force {
        options.write(true).create(true).truncate(true).open(path)
    } else {
        options.write(true).create_new(true).open(path)
    };
    file?.write_all(text.as_bytes())
}
