//! The repository for container images.

use serde_json::{Value, json};

use ffbatch_dispatcher::infra::tag;

use super::Site;
use crate::template::{attribute, reference};

/// The logical id.
pub const REPOSITORY: &str = "Repository";

/// Days after which an image goes that no tag names any more.
const UNTAGGED_DAYS: u32 = 7;

pub fn add(site: &mut Site<'_>) {
    let lifecycle = json!({ "rules": [{
        "rulePriority": 1,
        "description": "images without a tag",
        "selection": { "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": UNTAGGED_DAYS },
        "action": { "type": "expire" },
    }] });
    let properties = json!({
        "RepositoryName": site.plan.prefix,
        "ImageTagMutability": "IMMUTABLE",
        "ImageScanningConfiguration": { "ScanOnPush": true },
        "LifecyclePolicy": { "LifecyclePolicyText": lifecycle.to_string() },
        "EmptyOnDelete": true,
        "Tags": site.tags(),
    });
    site.template
        .add(REPOSITORY, "AWS::ECR::Repository", properties);
    let description = "The repository for container images";
    site.template
        .output("ECRRepositoryName", description, reference(REPOSITORY));
}

/// An image by its flavour; by its whole name where it is one of the user's own.
pub fn image(flavour: &str) -> Value {
    if is_own(flavour) {
        return json!(flavour);
    }
    json!({ "Fn::Join": ["", [attribute(REPOSITORY, "RepositoryUri"), ":", tag(flavour)]] })
}

/// Whether an image is named with its registry, or with its tag.
pub fn is_own(image: &str) -> bool {
    image.contains(['/', ':'])
}
