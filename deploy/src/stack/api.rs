//! The REST API: jobs and bulk runs by signed HTTP requests, answered by AWS Batch and Step Functions without a function in between.
//!
//! - It is one OpenAPI document ([`document`]) that API Gateway imports; each route says what is asked, what is sent on, and what comes
//!   back ([`route`]). Mapping templates are text that [`vtl`] makes.
//! - Whoever may call it is decided by IAM: every route wants a signature.
//! - What is wrong with a body is told before anything is sent on; an error of the service behind arrives as an error.
//! - API Gateway logs through a role that the whole account has in common, so there are no logs here: that setting is not ours. Traces
//!   and the usual metrics need none.
//! - The quality switch of a job that owns an instance: whoever submits it has to read the parameter for it where its network reaches
//!   nothing but S3, and a mapping template can read nothing. So in public subnets such a job of this API has what the stack was
//!   deployed with (`ffqm`); in every other network its worker asks the parameter itself.

use ffbatch_storage::digest;
use serde_json::json;

use super::{Site, roles};
use crate::template::{attribute, id, reference, sub};

mod bulk;
mod document;
mod export;
mod jobs;
mod route;
mod submit;
mod vtl;

pub use document::read;

/// The logical ids.
const API: &str = "Api";
const STAGE: &str = "ApiStage";
const ROLE: &str = "ApiRole";

/// The stage; clients have it in their addresses.
const STAGE_NAME: &str = "prod";

/// Requests a second, of each route: AWS Batch takes 50 calls of `SubmitJob` a second from an account in a Region, whoever makes them
/// (AWS Batch User Guide, "Service quotas"). Throttling counts every route by itself, so several of them together can still come
/// to more; then AWS Batch answers 429, and so does the route.
const REQUESTS_PER_SECOND: u32 = 45;

/// So many digits of the document's digest are part of its deployment's logical id.
const DIGITS: usize = 16;

pub fn add(site: &mut Site<'_>) {
    role(site);
    let document = document::deployed(site.plan, &attribute(ROLE, "Arn"));
    // A deployment is a copy of the API as it was, and never changes: another document needs another one.
    let digest = digest::text(&document.to_string());
    let properties = json!({
        "Name": format!("api-{}", site.plan.prefix),
        "Description": document::TITLE,
        "Body": document,
        "EndpointConfiguration": { "Types": ["REGIONAL"] },
        "Tags": site.tags(),
    });
    let api = site
        .template
        .add(API, "AWS::ApiGateway::RestApi", properties);
    let deployment = site.template.add(
        &id(&["api-deployment", &digest[..DIGITS]]),
        "AWS::ApiGateway::Deployment",
        json!({ "RestApiId": api }),
    );
    let throttling = json!({
        "ResourcePath": "/*", "HttpMethod": "*",
        "ThrottlingRateLimit": REQUESTS_PER_SECOND, "ThrottlingBurstLimit": REQUESTS_PER_SECOND,
    });
    let properties = json!({
        "RestApiId": api,
        "DeploymentId": deployment,
        "StageName": STAGE_NAME,
        "TracingEnabled": true,
        "MethodSettings": [throttling],
        "Tags": site.tags(),
    });
    site.template
        .add(STAGE, "AWS::ApiGateway::Stage", properties);
    for rule in ["AwsSolutions-APIG1", "AwsSolutions-APIG6"] {
        site.template.except(
            STAGE,
            rule,
            "logs of API Gateway need a role that is set for the whole account, which is not ours to set; X-Ray has every request",
        );
    }
    let url = format!(
        "https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE_NAME}/"
    );
    site.template
        .output("ApiUrl", "Where the REST API is", sub(&url));
    site.template
        .output("ApiId", "The id of the REST API", reference(API));
}

/// What the API may do: submit jobs to the queues of the stack by its definitions, and start its state machine.
fn role(site: &mut Site<'_>) {
    let prefix = &site.plan.prefix;
    let (machine, executions) = (super::bulk::arn(prefix), bulk::executions(prefix));
    let statements = json!([
        roles::submit(submit::pairs(site.plan)),
        roles::allow("Describe", &["batch:DescribeJobs"], &json!("*")),
        roles::allow("Start", &["states:StartExecution"], &sub(&machine)),
        roles::allow("Follow", &["states:DescribeExecution"], &sub(&executions)),
    ]);
    let description = "What the REST API may do";
    roles::role(site, ROLE, "apigateway", description, Some(statements), &[]);
    site.template.except(
        ROLE,
        "AwsSolutions-IAM5",
        "descriptions of jobs are no resources that a policy could name",
    );
}
