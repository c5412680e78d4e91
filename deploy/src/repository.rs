//! The images of a stack in its repository: which are there, and who may push.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ffbatch_dispatcher::infra;
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

/// Whether there is a repository of this name.
pub async fn exists(config: &SdkConfig, name: &str) -> Result<bool, CallError> {
    match uri(config, name).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == "RepositoryNotFoundException" => Ok(false),
        Err(error) => Err(error),
    }
}

/// What images in a repository are pulled by, without a tag.
pub async fn uri(config: &SdkConfig, name: &str) -> Result<String, CallError> {
    let asked = json!({ "repositoryNames": [name] });
    let answer = call(config, ECR, "DescribeRepositories", &asked).await?;
    let uri = answer["repositories"][0]["repositoryUri"].as_str();
    Ok(uri.unwrap_or_default().to_owned())
}

/// Those of these tags that name no image in a repository, in their order.
pub async fn missing<'a>(
    config: &SdkConfig,
    repository: &str,
    tags: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<String>, CallError> {
    let mut tags: Vec<String> = tags.into_iter().cloned().collect();
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
    Ok(tags)
}

/// A login for the account's repositories, for the next hours: user and password.
pub async fn login(config: &SdkConfig) -> Result<(String, String), String> {
    let answer = call(config, ECR, "GetAuthorizationToken", &json!({}))
        .await
        .map_err(|error| error.to_string())?;
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    let decoded = STANDARD.decode(token.unwrap_or_default()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let login = text.as_deref().and_then(|text| text.split_once(':'));
    let (user, password) = login.ok_or("Amazon ECR has answered no login")?;
    Ok((user.to_owned(), password.to_owned()))
}

/// The command that brings the images of a stack with this prefix.
pub fn command(prefix: &str, region: &str) -> String {
    let other = if prefix == infra::PREFIX {
        String::new()
    } else {
        format!(" --prefix {prefix}")
    };
    format!("ffbatch image push --region {region}{other}")
}
