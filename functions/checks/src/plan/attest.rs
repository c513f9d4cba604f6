//! The plan's `attest` section: what must be proven besides the checks, and how much each proof is worth. Nothing is proven
//! here.

use http::HeaderName;

use super::fields::{Fields, Problems};
use super::tree::{Node, Value};
use crate::evidence::Standing;

/// What must be proven besides the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attest {
    /// That the tested listener leads to the replacement task set, and its targets are tasks of that set.
    pub routing: Requirement,
    /// That the replacement's targets are healthy.
    pub targets_healthy: TargetsHealthy,
    /// Which image every task of the replacement runs.
    pub image: Option<ImageSpec>,
    /// How an answer names the task that it comes from.
    pub identity: Option<IdentitySpec>,
}

/// How much a proof is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requirement {
    /// Without it the verdict is Failed.
    #[default]
    Required,
    /// That it is not possible is recorded and does not decide. Facts that say the opposite do.
    Warn,
    /// It is not looked at.
    Off,
}

impl Requirement {
    /// Whether a fact that stands like this makes the verdict Failed.
    pub const fn refuses(self, standing: Standing) -> bool {
        match (self, standing) {
            (Self::Off, _) | (Self::Required | Self::Warn, Standing::Proven) => false,
            (Self::Required | Self::Warn, Standing::Contradicted) => true,
            (Self::Required, Standing::Unknown | Standing::NotRequired | Standing::NotAttestable) => true,
            (Self::Warn, Standing::Unknown | Standing::NotRequired | Standing::NotAttestable) => false,
        }
    }
}

/// How many targets must be healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetsHealthy {
    /// Every one that the task set should have.
    #[default]
    All,
    /// This many.
    AtLeast(u32),
}

/// The image of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSpec {
    /// The container's name in the task definition.
    pub container: String,
    /// `sha256:` and 64 hexadecimal digits, as ECS reports it of a running container.
    pub digest: String,
}

/// Where an answer names the task that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySpec {
    /// The header that holds the ARN or the id of the task.
    pub header: HeaderName,
}

const LEVELS: [(&str, Requirement); 3] =
    [("required", Requirement::Required), ("warn", Requirement::Warn), ("off", Requirement::Off)];

pub(super) fn attest(node: &Node, problems: &mut Problems) -> Option<Attest> {
    let fields = Fields::read(node, "attest", &["routing", "targets_healthy", "image", "identity"], problems)?;
    let targets_healthy = match fields.get("targets_healthy") {
        Some(node) if matches!(node.value, Value::Map(_)) => at_least(node, problems),
        _ => fields.word("targets_healthy", &[("all", TargetsHealthy::All)], problems),
    };
    Some(Attest {
        routing: fields.word("routing", &LEVELS, problems).unwrap_or_default(),
        targets_healthy: targets_healthy.unwrap_or_default(),
        image: fields.get("image").and_then(|node| image(node, problems)),
        identity: fields.get("identity").and_then(|node| identity(node, problems)),
    })
}

fn at_least(node: &Node, problems: &mut Problems) -> Option<TargetsHealthy> {
    let count = Fields::read(node, "attest.targets_healthy", &["at_least"], problems)?;
    count.required("at_least", problems);
    let least = count.integer("at_least", 1, 10_000, problems)?;
    u32::try_from(least).ok().map(TargetsHealthy::AtLeast)
}

fn image(node: &Node, problems: &mut Problems) -> Option<ImageSpec> {
    let fields = Fields::read(node, "attest.image", &["container", "digest"], problems)?;
    for name in ["container", "digest"] {
        fields.required(name, problems);
    }
    let container = fields.text("container", problems);
    if let (Some(container), Some(node)) = (&container, fields.get("container"))
        && container.trim().is_empty()
    {
        problems.add(node.at, &fields.path_of("container"), "is empty; expected a container's name");
    }
    let given = fields.text("digest", problems)?;
    let Some(digest) = digest(&given) else {
        let at = fields.get("digest").map_or(node.at, |node| node.at);
        let text = format_args!(
            "expected sha256:… with 64 hexadecimal digits, or repository@sha256:…, got {given:?}; a tag can be moved and \
             proves nothing"
        );
        problems.add(at, &fields.path_of("digest"), text);
        return None;
    };
    Some(ImageSpec { container: container?, digest })
}

/// The digest of `sha256:…` or `repository@sha256:…`.
fn digest(text: &str) -> Option<String> {
    let digest = match text.trim().rsplit_once('@') {
        Some((repository, digest)) if !repository.is_empty() => digest,
        Some(_) => return None,
        None => text.trim(),
    };
    let hexadecimal = digest.strip_prefix("sha256:")?;
    let right = hexadecimal.len() == 64 && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| digest.to_ascii_lowercase())
}

fn identity(node: &Node, problems: &mut Problems) -> Option<IdentitySpec> {
    let fields = Fields::read(node, "attest.identity", &["header"], problems)?;
    fields.required("header", problems);
    let given = fields.text("header", problems)?;
    match given.parse() {
        Ok(header) => Some(IdentitySpec { header }),
        Err(_) => {
            let at = fields.get("header").map_or(node.at, |node| node.at);
            problems.add(at, &fields.path_of("header"), format_args!("expected a header's name, got {given:?}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_stands_alone_or_behind_its_repository() {
        let hexadecimal = "0123456789abcdef".repeat(4);
        let expected = Some(format!("sha256:{hexadecimal}"));
        for text in [
            format!("sha256:{hexadecimal}"),
            format!("shop@sha256:{hexadecimal}"),
            format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1.5.0@sha256:{hexadecimal}"),
            format!("sha256:{}", hexadecimal.to_uppercase()),
        ] {
            assert_eq!(digest(&text), expected, "{text}");
        }
        for text in ["", "shop:1.5.0", "sha256:", "sha256:0123", &format!("@sha256:{hexadecimal}"), &hexadecimal] {
            assert_eq!(digest(text), None, "{text:?}");
        }
        assert_eq!(digest(&format!("sha256:{}", "g".repeat(64))), None);
        assert_eq!(digest(&format!("sha512:{hexadecimal}")), None);
    }

    #[test]
    fn a_contradiction_decides_unless_nobody_looks_and_an_impossible_proof_only_while_required() {
        use Requirement::{Off, Required, Warn};
        use Standing::{Contradicted, NotAttestable, NotRequired, Proven, Unknown};
        for (standing, refused_by) in [
            (Proven, &[][..]),
            (Contradicted, &[Required, Warn]),
            (NotAttestable, &[Required]),
            (Unknown, &[Required]),
            (NotRequired, &[Required]),
        ] {
            let refusing: Vec<_> = [Required, Warn, Off].into_iter().filter(|level| level.refuses(standing)).collect();
            assert_eq!(refusing, refused_by, "{standing:?}");
        }
    }
}
