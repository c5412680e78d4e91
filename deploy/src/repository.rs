//! The images of a stack in its repository: which are there, and how one comes there.

use ffbatch_storage::{CallError, SdkConfig, Service, call};
use serde_json::{Value, json};

/// Amazon ECR (its API Reference, `BatchGetImage`, "Examples").
const ECR: Service = Service {
    name: "Amazon ECR",
    id: "ecr",
    host: "api.ecr",
    target: "AmazonEC2ContainerRegistry_V20150921",
    variable: "AWS_ENDPOINT_URL_ECR",
};

/// What a repository lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What images in it are pulled by, without a tag.
    pub uri: String,
    /// The tags that name no image.
    pub tags: Vec<String>,
}

/// Whether there is a repository of this name.
pub async fn exists(config: &SdkConfig, name: &str) -> Result<bool, CallError> {
    match uri(config, name).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == "RepositoryNotFoundException" => Ok(false),
        Err(error) => Err(error),
    }
}

async fn uri(config: &SdkConfig, name: &str) -> Result<String, CallError> {
    let asked = json!({ "repositoryNames": [name] });
    let answer = call(config, ECR, "DescribeRepositories", &asked).await?;
    let uri = answer["repositories"][0]["repositoryUri"].as_str();
    Ok(uri.unwrap_or_default().to_owned())
}

/// Those of these tags that name no image in a repository, in their order.
pub async fn missing(
    config: &SdkConfig,
    repository: &str,
    tags: &[String],
) -> Result<Missing, CallError> {
    let uri = uri(config, repository).await?;
    let mut tags = tags.to_vec();
    if !tags.is_empty() {
        let ids: Vec<Value> = tags.iter().map(|tag| json!({ "imageTag": tag })).collect();
        let asked = json!({ "repositoryName": repository, "imageIds": ids });
        let answer = call(config, ECR, "BatchGetImage", &asked).await?;
        let there: Vec<&Value> = answer["images"].as_array().into_iter().flatten().collect();
        tags.retain(|tag| {
            let names = |image: &&Value| image["imageId"]["imageTag"] == tag.as_str();
            !there.iter().any(names)
        });
    }
    Ok(Missing { uri, tags })
}

impl Missing {
    /// The commands that bring its images.
    pub fn commands(&self, region: &str) -> Vec<String> {
        let registry = self.uri.split('/').next().unwrap_or_default();
        let mut all = vec![format!(
            "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}"
        )];
        for tag in &self.tags {
            let image = format!("{}:{tag}", self.uri);
            all.push(format!(
                "docker tag YOUR-IMAGE {image} && docker push {image}"
            ));
        }
        all
    }
}
