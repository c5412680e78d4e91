//! Submitting a job: `POST /<compute>/ffmpeg` and, the same by another name, `POST /batch/execute/<compute>`.

use axum::extract::State;
use axum::{Extension, Json};
use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::dispatch;
use ffbatch_dispatcher::job::{Parameters, given};
use ffbatch_dispatcher::terms::Terms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paths;
use crate::access::Visitor;
use crate::answer::{BadBody, Body, Closed, Failed, Named, Refusal, Wrong};
use crate::app::App;

/// The longest value, as in the API on AWS.
const LONGEST: usize = 7168;

/// The parameters of a job, as job parameters of AWS Batch have them: `null`, empty and absent are the same.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submit {
    /// ffmpeg's global options
    #[schema(max_length = 7168)]
    global_options: Option<String>,
    /// Options of the input
    #[schema(max_length = 7168)]
    input_file_options: Option<String>,
    /// Inputs: one, several with commas between them, or a JSON list
    #[schema(min_length = 1, max_length = 7168)]
    input_url: String,
    /// Options of the output
    #[schema(max_length = 7168)]
    output_file_options: Option<String>,
    /// Where the output goes
    #[schema(min_length = 1, max_length = 7168)]
    output_url: String,
    /// A name for reports and traces
    #[schema(max_length = 7168)]
    name: Option<String>,
    /// The compute, as in the path
    compute: Option<String>,
    /// The job gets a whole On-Demand instance of this type; of computes on AWS only
    instance_type: Option<String>,
}

/// A job that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Submitted {
    /// The job's name among all resources
    #[serde(rename = "jobArn")]
    arn: String,
    /// The job's id
    #[serde(rename = "jobId")]
    id: String,
    /// The job's name
    #[serde(rename = "jobName")]
    name: String,
}

/// Run an ffmpeg command on a compute
#[utoipa::path(
    post,
    path = "/{compute}/ffmpeg",
    params(("compute" = String, Path, description = "A compute that is served here")),
    request_body = Submit,
    responses(
        (status = 200, description = "The job is taken", body = Submitted),
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn ffmpeg(
    state: State<App>,
    visitor: Extension<Visitor>,
    compute: Named<String>,
    body: Body<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    submit(state, visitor, compute, body).await
}

/// Run an ffmpeg command on a compute, by the route of the newest sample
#[utoipa::path(
    post,
    path = "/batch/execute/{compute}",
    params(("compute" = String, Path, description = "A compute that is served here")),
    request_body = Submit,
    responses(
        (status = 200, description = "The job is taken", body = Submitted),
        Wrong,
        Closed,
        BadBody,
        Failed,
    )
)]
pub async fn execute(
    state: State<App>,
    visitor: Extension<Visitor>,
    compute: Named<String>,
    body: Body<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    submit(state, visitor, compute, body).await
}

async fn submit(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Named(name): Named<String>,
    Body(body): Body<Submit>,
) -> Result<Json<Submitted>, Refusal> {
    app.compute(&name)?;
    if let Some(other) = body.compute.as_ref().filter(|other| **other != name) {
        return Err(Refusal::wrong(format!(
            "the path says the compute `{name}`, and the body `{other}` (say the same in both, or leave it out of the body)"
        )));
    }
    let instance_type = given(body.instance_type.as_ref()).map(str::to_owned);
    let request = request(&app, &name, body, instance_type, visitor)?;
    take(&app, &name, request).await
}

/// Submits a job to a compute that is served here.
pub async fn take(app: &App, name: &str, request: Request) -> Result<Json<Submitted>, Refusal> {
    let compute = app.compute(name)?;
    let (own, title) = (request.id.clone(), request.name.clone());
    let ids = dispatch::submit(compute, &[request]).await?;
    let id = ids.into_iter().next().unwrap_or(own);
    let mut arn = None;
    if app.is_elsewhere(name) {
        // The job is taken, whatever becomes of this question.
        match compute.states(std::slice::from_ref(&id)).await {
            Ok(found) => arn = found.into_iter().next().and_then(|job| job.arn),
            Err(error) => tracing::warn!(job = id, %error, "its ARN is not known"),
        }
    }
    Ok(Json(Submitted {
        arn: arn.unwrap_or_else(|| format!("arn:ffbatch:batch:{name}::job/{id}")),
        id,
        name: title,
    }))
}

fn request(
    app: &App,
    compute: &str,
    body: Submit,
    instance_type: Option<String>,
    visitor: Visitor,
) -> Result<Request, Refusal> {
    let id = uuid::Uuid::new_v4().to_string();
    let parameters = Parameters {
        global_options: body.global_options,
        input_file_options: body.input_file_options,
        input_url: Some(body.input_url),
        output_file_options: body.output_file_options,
        output_url: Some(body.output_url),
        name: body.name,
        job: None,
    };
    let texts = [
        ("global_options", &parameters.global_options),
        ("input_file_options", &parameters.input_file_options),
        ("input_url", &parameters.input_url),
        ("output_file_options", &parameters.output_file_options),
        ("output_url", &parameters.output_url),
        ("name", &parameters.name),
    ];
    for (name, text) in texts {
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        if length > LONGEST {
            return Err(Refusal::wrong(format!(
                "`{name}` has {length} characters, {LONGEST} are the most"
            )));
        }
    }
    let mut job = parameters
        .command_job()?
        .ok_or_else(|| Refusal::wrong("there is no command (give `input_url` and `output_url`)"))?;
    paths::bound(app, compute, &mut job, visitor)?;
    Ok(Request {
        name: format!("ffbatch-{compute}-{id}"),
        terms: Terms {
            instance_type,
            ..Terms::default()
        },
        ..Request::of(id, job)
    })
}
