//! Change sets: what would happen to a stack.

use std::time::Duration;

use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, Replacement, ResourceChange, Tag,
};

use super::{StackError, Stacks};

/// How often a change set is looked at that is being made.
const PAUSE: Duration = Duration::from_secs(1);

/// The statuses of a stack that nothing can be made of any more but removed.
const BROKEN: [&str; 3] = ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"];

/// Where a template lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateAt {
    /// In the request.
    Body(String),
    /// In S3, under this `https://` URL.
    Url(String),
}

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Its unique id.
    pub id: String,
    /// Whether the stack would be a new one.
    pub is_new: bool,
    /// The changes; none where all is as it shall be.
    pub changes: Vec<Change>,
}

/// What would happen to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What would be done.
    pub action: Action,
    /// Its logical id.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// The properties that would change.
    pub properties: Vec<String>,
}

/// What would be done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed and stays the same resource.
    Modify,
    /// Another one is made in its place, perhaps.
    MayReplace,
    /// Another one is made in its place.
    Replace,
    /// It is removed.
    Remove,
}

impl Action {
    /// The sign that stands before it in a listing.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Modify => "~",
            Self::MayReplace => "±?",
            Self::Replace => "±",
            Self::Remove => "-",
        }
    }
}

impl Change {
    fn of(change: &ResourceChange) -> Self {
        let action = match (change.action(), change.replacement()) {
            (Some(ChangeAction::Add | ChangeAction::Import), _) => Action::Add,
            (Some(ChangeAction::Remove), _) => Action::Remove,
            (_, Some(Replacement::True)) => Action::Replace,
            (_, Some(Replacement::Conditional)) => Action::MayReplace,
            _ => Action::Modify,
        };
        let mut properties: Vec<String> = change
            .details()
            .iter()
            .filter_map(|detail| Some(detail.target()?.name()?.to_owned()))
            .collect();
        properties.sort_unstable();
        properties.dedup();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            action,
            resource: text(change.logical_resource_id()),
            kind: text(change.resource_type()),
            properties,
        }
    }
}

impl Stacks {
    /// Asks what a template would change, and makes none of it. Whoever does not [make](Self::make) it has to [discard](Self::discard) it.
    pub async fn propose(
        &self,
        template: TemplateAt,
        tags: &[(String, String)],
    ) -> Result<ChangeSet, StackError> {
        let found = self.find().await?;
        if let Some(found) = &found {
            if BROKEN.contains(&found.status.as_str()) {
                return Err(StackError(format!(
                    "the stack `{}` is {} and cannot be changed (remove it: `ffbatch deploy down`)",
                    self.name, found.status
                )));
            }
            if found.status.ends_with("_IN_PROGRESS") {
                return Err(StackError(format!(
                    "the stack `{}` is {}, somebody changes it (wait until it is done)",
                    self.name, found.status
                )));
            }
        }
        let kind = match found {
            Some(_) => ChangeSetType::Update,
            None => ChangeSetType::Create,
        };
        let (body, url) = match template {
            TemplateAt::Body(text) => (Some(text), None),
            TemplateAt::Url(url) => (None, Some(url)),
        };
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
        let created = self
            .client
            .create_change_set()
            .stack_name(&self.name)
            .change_set_name(format!("ffbatch-{}", uuid::Uuid::new_v4()))
            .change_set_type(kind.clone())
            .set_template_body(body)
            .set_template_url(url)
            .capabilities(Capability::CapabilityIam)
            .set_tags(Some(tags.iter().map(tag).collect()))
            .send()
            .await
            .map_err(|error| self.failed("the changes cannot be proposed", &error))?;
        let id = created.id().unwrap_or_default().to_owned();
        let is_new = kind == ChangeSetType::Create;
        let changes = self.changes(&id).await;
        if changes.is_err() {
            let proposed = ChangeSet {
                id: id.clone(),
                is_new,
                changes: Vec::new(),
            };
            if let Err(error) = self.discard(&proposed).await {
                tracing::warn!("the change set `{id}` stays: {error}");
            }
        }
        Ok(ChangeSet {
            id,
            is_new,
            changes: changes?,
        })
    }

    /// The changes of a change set, once it is made.
    async fn changes(&self, id: &str) -> Result<Vec<Change>, StackError> {
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let call = self.client.describe_change_set().change_set_name(id);
            let call = call.stack_name(&self.name).set_next_token(token.take());
            let page = call
                .send()
                .await
                .map_err(|error| self.failed("the changes cannot be asked for", &error))?;
            match page.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Some(ChangeSetStatus::Failed) => {
                    let why = page.status_reason().unwrap_or("no reason given");
                    // It has no status of its own (CloudFormation User Guide, "Create change sets").
                    if why.contains("didn't contain changes") || why.contains("No updates") {
                        return Ok(Vec::new());
                    }
                    return Err(StackError(format!(
                        "CloudFormation refuses the template: {why}"
                    )));
                }
                _ => (),
            }
            let resources = page.changes().iter();
            changes.extend(resources.filter_map(|one| one.resource_change().map(Change::of)));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        changes.sort_by(|a, b| (&a.kind, &a.resource).cmp(&(&b.kind, &b.resource)));
        Ok(changes)
    }

    /// Takes a proposal back, and with it a stack that was nothing but proposed.
    pub async fn discard(&self, proposed: &ChangeSet) -> Result<(), StackError> {
        let call = self
            .client
            .delete_change_set()
            .change_set_name(&proposed.id);
        call.stack_name(&self.name)
            .send()
            .await
            .map_err(|error| self.failed("the change set cannot be removed", &error))?;
        if proposed.is_new {
            let call = self.client.delete_stack().stack_name(&self.name);
            call.send()
                .await
                .map_err(|error| self.failed("the empty stack cannot be removed", &error))?;
        }
        Ok(())
    }

    /// Begins to make what was proposed. [`Self::follow`] tells what happens.
    pub async fn make(&self, proposed: &ChangeSet) -> Result<(), StackError> {
        let call = self.client.execute_change_set();
        call.change_set_name(&proposed.id)
            .stack_name(&self.name)
            .send()
            .await
            .map_err(|error| self.failed("the changes cannot be made", &error))?;
        Ok(())
    }

    /// Begins to remove the stack. [`Self::follow`] tells what happens.
    pub async fn remove(&self) -> Result<(), StackError> {
        let call = self.client.delete_stack().stack_name(&self.name);
        call.send()
            .await
            .map_err(|error| self.failed("the stack cannot be removed", &error))?;
        Ok(())
    }
}
