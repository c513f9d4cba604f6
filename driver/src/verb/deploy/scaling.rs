//! Auto-scaling around a deployment: suspended before it is created, resumed when it is not followed any more, whatever the
//! reason. What a run could not resume, the mark tells the next one (`decide::auto_scaling`).

use std::time::Duration;

use crate::aws::Aws;
use crate::aws::ecs::Service;
use crate::clock;
use crate::decide::auto_scaling::{Mark, ScalableTarget, Standing, Suspension, standing};
use crate::failure::Failure;
use crate::show::Printer;
use crate::verb::interruption::Interruption;

/// How long resuming may take when nothing answers.
const WITHIN: Duration = Duration::from_secs(30);

/// A scalable target that is suspended for a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    resource: String,
    arn: String,
    mark: Mark,
}

/// Suspends; a mark that an earlier run left is taken over, because it says what there was before.
pub(super) async fn suspend(aws: &Aws, service: &Service, printer: &mut Printer) -> Result<Option<Held>, Failure> {
    let read = format!("read the scalable target of service {:?}", service.name);
    let target = aws.scalable_target(&service.cluster, &service.name).await.map_err(Failure::aws(read))?;
    let Some(ScalableTarget { resource, arn, suspension, .. }) = &target else {
        printer.note(&format!("service {:?} has no auto-scaling that could be suspended", service.name), clock::now());
        return Ok(None);
    };
    let Some(arn) = arn else {
        return Err(Failure::Unfit(format!(
            "the scalable target of service {:?} has no ARN, so a suspension could not be marked; register it again, or write auto_scaling: leave",
            service.name
        )));
    };
    let doing = || format!("suspend the auto-scaling of service {:?}", service.name);
    let mark = match target.as_ref().map(standing) {
        Some(Standing::LeftSuspended(mark)) => {
            let text =
                format!("auto-scaling was left suspended on {}; it is resumed after this deployment", mark.since);
            printer.note(&text, clock::now());
            mark
        }
        Some(Standing::Free) | None => {
            let mark = Mark { before: *suspension, since: clock::now() };
            aws.mark_scalable_target(arn, &mark.text()).await.map_err(Failure::aws(doing()))?;
            mark
        }
        Some(Standing::Unreadable) => return Err(unreadable(service, target.and_then(|target| target.mark))),
    };
    let held = Held { resource: resource.clone(), arn: arn.clone(), mark };
    if *suspension == Suspension::EVERYTHING {
        return Ok(Some(held));
    }
    if let Err(error) = aws.suspend_scaling(resource, Suspension::EVERYTHING).await {
        held.restore(aws, printer).await;
        return Err(Failure::aws(doing())(error));
    }
    printer.note("auto-scaling suspended", clock::now());
    Ok(Some(held))
}

/// Resumes what an earlier run left suspended, where there is nothing to deploy.
pub(super) async fn resume_left_behind(
    aws: &Aws,
    service: &Service,
    printer: &mut Printer,
    interruption: &mut Interruption,
) -> Result<(), Failure> {
    let read = format!("read the scalable target of service {:?}", service.name);
    let target = aws.scalable_target(&service.cluster, &service.name).await.map_err(Failure::aws(read))?;
    let Some(target) = target else { return Ok(()) };
    match (standing(&target), target.arn) {
        (Standing::LeftSuspended(mark), Some(arn)) => {
            printer.note(&format!("auto-scaling was left suspended on {}", mark.since), clock::now());
            Held { resource: target.resource, arn, mark }.resume(aws, printer, interruption).await;
            Ok(())
        }
        (Standing::Unreadable, _) => Err(unreadable(service, target.mark)),
        (Standing::Free | Standing::LeftSuspended(_), _) => Ok(()),
    }
}

fn unreadable(service: &Service, mark: Option<String>) -> Failure {
    Failure::Unfit(format!(
        "the scalable target of service {:?} carries a mark of a suspension that this greenlight cannot read: {:?}; resume it by hand and remove the tag {:?}",
        service.name,
        mark.unwrap_or_default(),
        crate::decide::auto_scaling::MARK
    ))
}

impl Held {
    /// Resumes within a bound, unless a person does not want to wait for that either.
    pub(crate) async fn resume(self, aws: &Aws, printer: &mut Printer, interruption: &mut Interruption) {
        let resumed = tokio::select! {
            biased;
            resumed = tokio::time::timeout(WITHIN, self.restore(aws, printer)) => resumed.is_ok(),
            _ = interruption.wait() => false,
        };
        if !resumed {
            printer.warning(&self.left(), clock::now());
        }
    }

    async fn restore(&self, aws: &Aws, printer: &mut Printer) {
        if let Err(error) = aws.suspend_scaling(&self.resource, self.mark.before).await {
            printer.warning(&format!("{}: {error}", self.left()), clock::now());
            return;
        }
        if let Err(error) = aws.unmark_scalable_target(&self.arn).await {
            let text = format!(
                "auto-scaling is resumed, but its mark stays until the next deploy with auto_scaling: suspend: {error}"
            );
            printer.warning(&text, clock::now());
            return;
        }
        let text = match self.mark.before == Suspension::default() {
            true => "auto-scaling resumed",
            false => "auto-scaling is suspended as it was before",
        };
        printer.note(text, clock::now());
    }

    fn left(&self) -> String {
        format!(
            "auto-scaling of {} is left suspended; the next deploy with auto_scaling: suspend resumes it",
            self.resource
        )
    }
}
