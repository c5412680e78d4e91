//! What is amiss with an account, or with a stack in it, before the first job finds out.
//!
//! Each room looks at one thing and finds something to say of it, good or bad. Nothing is changed, and what may not be looked at is
//! said as well.

use ffbatch_storage::SdkConfig;
use serde::Serialize;

use crate::repository;
use crate::stack::Plan;
use crate::stacks::Stacks;

mod account;
mod quotas;
mod spot;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about, such as `images`.
    pub about: String,
    /// How good or bad it is.
    pub verdict: Verdict,
    /// One sentence, with the fix where there is one.
    pub said: String,
}

/// How good or bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Something may fail, or could not be looked at.
    Doubtful,
    /// Something will fail.
    Bad,
}

impl Finding {
    /// Something about a thing.
    pub fn new(about: &str, verdict: Verdict, said: impl Into<String>) -> Self {
        Self {
            about: about.to_owned(),
            verdict,
            said: said.into(),
        }
    }
}

/// Looks at the account and at the stack that a plan would make, or has made. Where the account cannot be reached, nothing else is
/// looked at.
pub async fn examine(plan: &Plan, config: &SdkConfig) -> Vec<Finding> {
    let account = account::caller(config).await;
    let is_reached = account.verdict == Verdict::Good;
    let mut found = vec![account];
    if !is_reached {
        return found;
    }
    found.extend(quotas::examine(plan, config).await);
    found.extend(spot::examine(plan, config).await);
    found.extend(stack(plan, config).await);
    found
}

/// Whether the stack stands, and has what its jobs need.
async fn stack(plan: &Plan, config: &SdkConfig) -> Vec<Finding> {
    let name = plan.options.stack(&plan.prefix);
    let about = |verdict, said: String| vec![Finding::new("stack", verdict, said)];
    let stacks = Stacks::of(config, &name);
    let found = match stacks.find().await {
        Err(error) => return about(Verdict::Doubtful, error.to_string()),
        Ok(None) => {
            let said = format!("there is no stack `{name}` (make it: `ffbatch deploy up`)");
            return about(Verdict::Bad, said);
        }
        Ok(Some(found)) => found,
    };
    let (verdict, fix) = match found.status.as_str() {
        status if status.ends_with("_IN_PROGRESS") => {
            (Verdict::Doubtful, "wait until it is something else")
        }
        "UPDATE_ROLLBACK_COMPLETE" => (
            Verdict::Doubtful,
            "its last change was taken back: `ffbatch deploy up` tries it again",
        ),
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" => (Verdict::Good, ""),
        _ => (
            Verdict::Bad,
            "`ffbatch deploy down` removes it, `ffbatch deploy up` makes it again",
        ),
    };
    let mut said = format!("`{name}` is {}", found.status);
    if verdict != Verdict::Good {
        let reason = found.reason.as_deref().unwrap_or("no reason given");
        said = format!("{said}: {reason} ({fix})");
    }
    let mut all = about(verdict, said);
    all.extend(images(plan, config).await);
    all
}

async fn images(plan: &Plan, config: &SdkConfig) -> Vec<Finding> {
    let tags: Vec<String> = plan.images().into_keys().collect();
    let about = |verdict, said: String| Finding::new("images", verdict, said);
    match repository::missing(config, &plan.prefix, &tags).await {
        Err(error) => {
            let said = format!(
                "the repository `{}` cannot be looked at: {error}",
                plan.prefix
            );
            vec![about(Verdict::Doubtful, said)]
        }
        Ok(missing) if missing.is_empty() => {
            vec![about(
                Verdict::Good,
                format!("none of {} is missing", tags.join(", ")),
            )]
        }
        Ok(missing) => {
            let push = repository::command(&plan.prefix, &plan.region);
            let each = missing.iter().map(|tag| {
                let said = format!(
                    "`{tag}` is missing, so jobs that need it cannot start (push it: `{push}`)"
                );
                about(Verdict::Bad, said)
            });
            each.collect()
        }
    }
}
