//! Does every task run the image that the plan demands? Pure.
//!
//! What counts is the digest that ECS reports of the running container: a tag may have been moved since, and the task
//! definition says only what was asked for.

#![deny(clippy::wildcard_enum_match_arm)]

use greenlight_checks::evidence::Standing;
use greenlight_checks::message::{Message, codes};
use greenlight_checks::plan::ImageSpec;

use crate::facts::Task;
use crate::roll_call::Finding;

/// Holds the running tasks of a set against the plan. One that runs something else outweighs those of which it is not known.
pub(crate) fn judge(spec: &ImageSpec, whose: &str, tasks: &[&Task]) -> Finding {
    let (mut others, mut unknown) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.containers.iter().find(|container| container.name == spec.container) {
            None => {
                let names: Vec<&str> = task.containers.iter().map(|container| container.name.as_str()).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                others.push(format!("{} has no such container (it has {names})", task.arn));
            }
            Some(container) => match &container.digest {
                None => unknown.push(format!("{} ({})", task.arn, container.image)),
                Some(digest) if digest.eq_ignore_ascii_case(&spec.digest) => {}
                Some(digest) => others.push(format!("{} runs {digest} ({})", task.arn, container.image)),
            },
        }
    }
    if tasks.is_empty() {
        let text = format!("no task of the {whose} runs, so that {} is not proven", spec.digest);
        return Finding::of(Standing::NotAttestable, vec![Message::new(codes::IMAGE_NOT_ATTESTABLE, "image", text)]);
    }
    let of = format!("of {} running tasks of the {whose}", tasks.len());
    let ImageSpec { container, digest } = spec;
    if !others.is_empty() {
        let text = format!(
            "container {container} is not {digest} in {} {of}: {}; a tag has moved or the task definition is another one: \
             deploy the image that was tested, or correct attest.image in the plan",
            others.len(),
            others.join("; ")
        );
        return Finding::of(Standing::Contradicted, vec![Message::new(codes::IMAGE_CONTRADICTED, "image", text)]);
    }
    if !unknown.is_empty() {
        let text = format!(
            "ECS reports no image digest of container {container} in {} {of}, so that {digest} is not proven: {}",
            unknown.len(),
            unknown.join("; ")
        );
        return Finding::of(Standing::NotAttestable, vec![Message::new(codes::IMAGE_NOT_ATTESTABLE, "image", text)]);
    }
    Finding::of(Standing::Proven, Vec::new())
}
