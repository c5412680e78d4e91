//! Stacks in an account: proposing changes, making them, removing them, and hearing what happens meanwhile.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{Stack, StackStatus};
use ffbatch_storage::{Failure, SdkConfig};

pub use change::{Action, Change, ChangeSet, TemplateAt};
pub use event::Happened;
pub use wait::Told;

mod change;
mod event;
mod wait;

/// The tag by which a stack of this program is known: AWS's sample gives its stacks the same names, and they are none of ours.
pub const MADE_BY: (&str, &str) = ("made-by", "ffbatch");

/// What went wrong, in one sentence with the fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StackError(pub String);

/// One stack, there or not, in one account and Region.
#[derive(Debug)]
pub struct Stacks {
    client: Client,
    name: String,
    /// What is asked, for messages.
    at: String,
}

/// A stack that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its unique id.
    pub id: String,
    /// Where it is, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it is there.
    pub reason: Option<String>,
    /// Its outputs, by name.
    pub outputs: Vec<(String, String)>,
    /// Whether this program has made it.
    is_ours: bool,
}

impl Stacks {
    /// The stack of this name.
    pub fn of(config: &SdkConfig, name: &str) -> Self {
        let region = config.region().map(ToString::to_string);
        let region = region.unwrap_or_default();
        Self {
            client: Client::new(config),
            name: name.to_owned(),
            at: match config.endpoint_url() {
                Some(endpoint) => format!("CloudFormation at `{endpoint}`"),
                None => format!("CloudFormation in `{region}`"),
            },
        }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stack; `None` where there is none, or one that was proposed and never made. One that somebody else has made is an error.
    pub async fn find(&self) -> Result<Option<Found>, StackError> {
        let found = self.ask(&self.name).await?;
        let found = found.filter(|found| found.status != StackStatus::ReviewInProgress.as_str());
        if let Some(found) = &found
            && !found.is_ours
        {
            return Err(StackError(format!(
                "the stack `{}` was not made by ffbatch and is left as it is (give --stack or --prefix another name)",
                self.name
            )));
        }
        Ok(found)
    }

    async fn ask(&self, name: &str) -> Result<Option<Found>, StackError> {
        let call = self.client.describe_stacks().stack_name(name);
        match call.send().await {
            Ok(answer) => Ok(answer.stacks().first().map(Found::of)),
            Err(error) => {
                let failure = Failure::of(&error);
                // There is no code of its own for it (CloudFormation API Reference, `DescribeStacks`).
                if failure.code == "ValidationError" && failure.message.contains("not exist") {
                    return Ok(None);
                }
                Err(self.failed("the stack cannot be asked for", &error))
            }
        }
    }

    /// The resources that it has, as physical ids by their types.
    pub async fn resources(&self) -> Result<Vec<(String, String)>, StackError> {
        let call = self.client.list_stack_resources().stack_name(&self.name);
        let mut pages = call.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.failed("its resources cannot be listed", &error))?;
            for one in page.stack_resource_summaries() {
                let kind = one.resource_type().unwrap_or_default();
                let id = one.physical_resource_id().unwrap_or_default();
                all.push((kind.to_owned(), id.to_owned()));
            }
        }
        Ok(all)
    }

    fn failed<E>(&self, doing: &str, error: &SdkError<E, HttpResponse>) -> StackError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let why = Failure::of(error).why;
        StackError(format!("{doing}: {}: {why}", self.at))
    }
}

impl Found {
    fn of(stack: &Stack) -> Self {
        let outputs = stack.outputs().iter().filter_map(|output| {
            let (name, value) = (output.output_key()?, output.output_value()?);
            Some((name.to_owned(), value.to_owned()))
        });
        Self {
            id: stack.stack_id().unwrap_or_default().to_owned(),
            status: stack
                .stack_status()
                .map_or("", StackStatus::as_str)
                .to_owned(),
            reason: stack.stack_status_reason().map(str::to_owned),
            outputs: outputs.collect(),
            is_ours: stack
                .tags()
                .iter()
                .any(|tag| (tag.key(), tag.value()) == (Some(MADE_BY.0), Some(MADE_BY.1))),
        }
    }

    /// An output.
    pub fn output(&self, name: &str) -> Option<&str> {
        let mut all = self.outputs.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}
