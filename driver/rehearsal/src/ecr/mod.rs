//! ECR, as far as somebody asks whether an image is there: the images of the scenario whose names are of a private registry.
//! There is nothing to pull; a task runs the program that stands for its image.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::names::{ACCOUNT, REGION};
use crate::refusal::Refusal;
use crate::world::World;

/// The service's name in `X-Amz-Target`.
pub(crate) const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921";

/// What there is.
pub(crate) const OPERATIONS: [&str; 1] = ["DescribeImages"];

/// Answer one call.
pub(crate) fn answer(world: &World, operation: &str, body: &Value) -> Result<Value, Refusal> {
    if operation != "DescribeImages" {
        return Err(Refusal::not_implemented("UnsupportedCommandException", "ECR", operation, &OPERATIONS));
    }
    let registry = body["registryId"].as_str().unwrap_or(ACCOUNT);
    let repository = body["repositoryName"].as_str().unwrap_or_default();
    let prefix = format!("{registry}.dkr.ecr.{REGION}.amazonaws.com/{repository}:");
    let tags: Vec<&str> = world.images.keys().filter_map(|image| image.strip_prefix(&prefix)).collect();
    if tags.is_empty() {
        let message =
            format!("The repository with name '{repository}' does not exist in the registry with id '{registry}'");
        return Err(Refusal::new("RepositoryNotFoundException", message));
    }
    let detail = |tag: &str| json!({"registryId": registry, "repositoryName": repository, "imageTags": [tag], "imageDigest": digest(&format!("{prefix}{tag}"))});
    let mut details: Vec<Value> = tags.iter().map(|tag| detail(tag)).collect();
    let Some(asked) = body["imageIds"].as_array().filter(|ids| !ids.is_empty()) else {
        return Ok(json!({"imageDetails": details}));
    };
    let matches = |id: &Value, detail: &Value| {
        id["imageTag"].as_str().is_none_or(|tag| detail["imageTags"][0] == tag)
            && id["imageDigest"].as_str().is_none_or(|digest| detail["imageDigest"] == digest)
    };
    if let Some(missing) = asked.iter().find(|id| !details.iter().any(|detail| matches(id, detail))) {
        let text = |key: &str| missing[key].as_str().unwrap_or("null").to_owned();
        let message = format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{repository}' in the registry with id '{registry}'",
            text("imageDigest"),
            text("imageTag")
        );
        return Err(Refusal::new("ImageNotFoundException", message));
    }
    details.retain(|detail| asked.iter().any(|id| matches(id, detail)));
    Ok(json!({"imageDetails": details}))
}

/// That of the image's name: there is no image.
fn digest(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::simulation::Simulation;

    #[test]
    fn an_image_of_the_scenario_is_there_and_another_is_refused_in_ecrs_words() {
        let mut simulation = Simulation::demo(&[]);
        let image = simulation.world.images.values().next().unwrap().clone();
        simulation.world.images.insert("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/shop:7".to_owned(), image);
        let ask = |repository: &str, tag: &str| {
            let body = json!({"repositoryName": repository, "imageIds": [{"imageTag": tag}]});
            answer(&simulation.world, "DescribeImages", &body)
        };
        assert_eq!(ask("team/shop", "7").unwrap()["imageDetails"][0]["imageTags"], json!(["7"]));
        let refused = ask("team/shop", "8").unwrap_err();
        assert_eq!(refused.code, "ImageNotFoundException");
        assert_eq!(
            refused.message,
            "The image with imageId {imageDigest:'null', imageTag:'8'} does not exist within the repository with name 'team/shop' in the registry with id '123456789012'"
        );
        let refused = ask("shop", "7").unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (
                "RepositoryNotFoundException",
                "The repository with name 'shop' does not exist in the registry with id '123456789012'"
            )
        );
    }
}
