//! Waiting for the end of what was begun.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::{Found, Happened, StackError, Stacks};

/// The pause between two looks: `DescribeStackEvents` is throttled early.
const PAUSE: Duration = Duration::from_secs(3);

/// How long it may take until anything is heard of what was begun.
const LATE: Duration = Duration::from_secs(30);

/// What has been told of a stack.
#[derive(Debug, Default)]
pub struct Told {
    events: HashSet<String>,
    failures: Vec<String>,
    /// Whether anything new was heard of the stack itself.
    has_begun: bool,
}

impl Stacks {
    /// What has happened so far, which is not told again.
    pub async fn past(&self) -> Result<Told, StackError> {
        let mut told = Told::default();
        if let Some(found) = self.ask(&self.name).await? {
            self.tell(&found.id, &mut told, &mut |_| ()).await?;
        }
        told.failures.clear();
        told.has_begun = false;
        Ok(told)
    }

    /// Tells what happens to the resources of a stack until it is done; `None` where it is gone then. What went wrong is an error that
    /// names the first resources with which it did.
    pub async fn follow(
        &self,
        id: &str,
        mut told: Told,
        on: &mut (dyn FnMut(Happened) + Send),
    ) -> Result<Option<Found>, StackError> {
        let began = Instant::now();
        loop {
            let found = self.ask(id).await?;
            if found.is_some() {
                self.tell(id, &mut told, on).await?;
            }
            let Some(found) = found else { return Ok(None) };
            let status = found.status.as_str();
            // For a moment it may still be where it was before.
            let is_late = !told.has_begun && began.elapsed() < LATE;
            if status.ends_with("_IN_PROGRESS") || is_late {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            if status == "DELETE_COMPLETE" {
                return Ok(None);
            }
            if status.contains("ROLLBACK") || status.ends_with("_FAILED") {
                let why = match &told.failures[..] {
                    [] => found
                        .reason
                        .clone()
                        .unwrap_or_else(|| "no reason given".to_owned()),
                    all => all.join("; "),
                };
                return Err(StackError(format!(
                    "the stack `{}` is {status}: {why}",
                    self.name
                )));
            }
            return Ok(Some(found));
        }
    }

    /// Tells what is new, the oldest first.
    async fn tell(
        &self,
        id: &str,
        told: &mut Told,
        on: &mut (dyn FnMut(Happened) + Send),
    ) -> Result<(), StackError> {
        let call = self.client.describe_stack_events().stack_name(id);
        let mut pages = call.into_paginator().send();
        let mut new = Vec::new();
        'pages: while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("its events cannot be read", &error))?;
            // The newest come first.
            for event in page.stack_events().iter().map(Happened::of) {
                if !told.events.insert(event.id.clone()) {
                    break 'pages;
                }
                new.push(event);
            }
        }
        for event in new.into_iter().rev() {
            if event.is_failure() && !event.is_stack() {
                let why = event.reason.as_deref().unwrap_or("no reason given");
                told.failures.push(format!("`{}`: {why}", event.resource));
            }
            told.has_begun |= event.is_stack();
            on(event);
        }
        Ok(())
    }
}
