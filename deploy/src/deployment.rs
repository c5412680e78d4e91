//! A plan on its way into an account: what it would change, and making it so.
//!
//! A template that is too long for a request is read from S3, and the only bucket that is ours is the stack's own. So where such a
//! stack is new, it is made in two steps, and its bucket is the first; should the second fail, the first is there to go on from.

use ffbatch_dispatcher::config::Aws;
use ffbatch_dispatcher::infra;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{SdkConfig, Stores, digest, parameter_of};

use crate::repository;
use crate::stack::{BUCKET, BUCKET_POLICY, Plan};
use crate::stacks::{
    Action, Change, ChangeSet, Found, Happened, MADE_BY, StackError, Stacks, TemplateAt,
};
use crate::template::{INLINE_BYTES, Template};

/// The output that names the bucket.
pub const BUCKET_OUTPUT: &str = "DataBucketName";

/// Under what the templates lie that were too long for a request, each by its content.
const TEMPLATES: &str = "deploy";

/// A plan for an account.
#[derive(Debug)]
pub struct Deployment {
    stacks: Stacks,
    stores: Stores,
    endpoint: Option<String>,
    region: String,
    template: Template,
    tags: Vec<(String, String)>,
    prefix: String,
    config: SdkConfig,
}

/// What a deployment would change.
#[derive(Debug)]
pub struct Proposal {
    /// Whether the stack would be a new one.
    pub is_new: bool,
    /// The changes; none where all is as it shall be.
    pub changes: Vec<Change>,
    /// The change set; absent where it can only be made after a first step.
    held: Option<ChangeSet>,
}

impl Deployment {
    /// Of a plan, as this configuration reaches AWS.
    pub fn of(plan: &Plan, aws: &Aws, config: &SdkConfig) -> Self {
        let name = plan.options.stack(&plan.prefix);
        Self {
            stacks: Stacks::of(config, &name),
            stores: Stores::new(ffbatch_storage::s3_settings(aws, config)),
            endpoint: config.endpoint_url().map(str::to_owned),
            region: plan.region.clone(),
            template: plan.template(),
            tags: [("application", plan.prefix.as_str()), MADE_BY]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            prefix: plan.prefix.clone(),
            config: config.clone(),
        }
    }

    /// The stack.
    pub fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// Asks what would change. Whoever does not [make](Self::make) it has to [discard](Self::discard) it.
    pub async fn propose(&self) -> Result<Proposal, StackError> {
        let text = self.template.compact();
        let found = self.stacks.find().await?;
        if found.is_none() {
            self.check_names().await?;
        }
        if text.len() > INLINE_BYTES && found.is_none() {
            return Ok(Proposal {
                is_new: true,
                changes: additions(&self.template),
                held: None,
            });
        }
        let at = self.place(text, found.as_ref()).await?;
        let held = self.stacks.propose(at, &self.tags).await?;
        Ok(Proposal {
            is_new: held.is_new,
            changes: held.changes.clone(),
            held: Some(held),
        })
    }

    /// Refuses a stack whose names somebody else has already, such as AWS's sample: CloudFormation would find out after minutes, and
    /// take everything back.
    async fn check_names(&self) -> Result<(), StackError> {
        let prefix = &self.prefix;
        let taken = |what: String| {
            StackError(format!(
                "the stack would be new, and there is {what} already, so somebody else has made what has these names (take another --prefix, or remove that first)"
            ))
        };
        let switch = infra::switch(prefix);
        match parameter_of(&self.config, &switch).await {
            Ok(Some(_)) => return Err(taken(format!("a parameter `{switch}`"))),
            Ok(None) => (),
            Err(error) => tracing::warn!("whether the names are free is not known: {error}"),
        }
        match repository::exists(&self.config, prefix).await {
            Ok(true) => Err(taken(format!("a repository `{prefix}`"))),
            Ok(false) => Ok(()),
            Err(error) => {
                tracing::warn!("whether the names are free is not known: {error}");
                Ok(())
            }
        }
    }

    /// Takes a proposal back.
    pub async fn discard(&self, proposal: Proposal) -> Result<(), StackError> {
        match proposal.held {
            Some(held) => self.stacks.discard(&held).await,
            None => Ok(()),
        }
    }

    /// Makes what was proposed, and tells what happens meanwhile.
    pub async fn make(
        &self,
        proposal: Proposal,
        on: &mut (dyn FnMut(Happened) + Send),
    ) -> Result<Found, StackError> {
        if let Some(held) = proposal.held {
            return self.change(&held, on).await;
        }
        let first = self.template.only(&[BUCKET, BUCKET_POLICY]);
        let at = TemplateAt::Body(first.compact());
        let held = self.stacks.propose(at, &self.tags).await?;
        let found = self.change(&held, on).await?;
        let at = self.place(self.template.compact(), Some(&found)).await?;
        let held = self.stacks.propose(at, &self.tags).await?;
        self.change(&held, on).await
    }

    async fn change(
        &self,
        held: &ChangeSet,
        on: &mut (dyn FnMut(Happened) + Send),
    ) -> Result<Found, StackError> {
        let told = self.stacks.past().await?;
        self.stacks.make(held).await?;
        let name = self.stacks.name().to_owned();
        let found = self.stacks.follow(&name, told, on).await?;
        found.ok_or_else(|| StackError(format!("the stack `{name}` was removed while it was made")))
    }

    /// Where the template goes along.
    async fn place(&self, text: String, found: Option<&Found>) -> Result<TemplateAt, StackError> {
        if text.len() <= INLINE_BYTES {
            return Ok(TemplateAt::Body(text));
        }
        let bucket = found.and_then(|found| found.output(BUCKET_OUTPUT));
        let bucket = bucket.ok_or_else(|| {
            StackError(format!(
                "the stack `{}` has no output `{BUCKET_OUTPUT}`, so it is none of this program (give --stack another name)",
                self.stacks.name()
            ))
        })?;
        let key = format!("{TEMPLATES}/{}.json", digest::text(&text));
        let url = match &self.endpoint {
            Some(endpoint) => format!("{endpoint}/{bucket}/{key}"),
            None => format!(
                "https://{bucket}.s3.{}.{}/{key}",
                self.region,
                suffix(&self.region)
            ),
        };
        let at = Location::S3 {
            bucket: bucket.to_owned(),
            key,
        };
        let written = async {
            let store = self.stores.of(&at)?;
            store
                .write(text.into_bytes(), &at, "application/json")
                .await
        };
        let unwritten = |error| StackError(format!("the template cannot be stored: {error}"));
        written.await.map_err(unwritten)?;
        Ok(TemplateAt::Url(url))
    }
}

/// The domain of a Region's services ("AWS service endpoints" in the AWS General Reference).
pub fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// What a template makes where nothing is.
fn additions(template: &Template) -> Vec<Change> {
    let all = template.resources().iter().map(|(id, resource)| Change {
        action: Action::Add,
        resource: id.clone(),
        kind: resource["Type"].as_str().unwrap_or_default().to_owned(),
        properties: Vec::new(),
    });
    let mut all: Vec<Change> = all.collect();
    all.sort_by(|a, b| (&a.kind, &a.resource).cmp(&(&b.kind, &b.resource)));
    all
}
