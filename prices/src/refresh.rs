//! Asking AWS what computes cost now.
//!
//! Three questions, each by itself: On-Demand and Fargate by the Price List Query API, Spot by EC2. What one of them lacks, the others
//! have all the same, and what was not answered is said. Nothing here knows what day it is; whoever asks does.

mod again;
mod fargate;
mod on_demand;
mod products;
mod spot;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::{CallError, SdkConfig, Service};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::document::{Document, Spot, Usual};

/// What Regions for the government of the United States begin with.
const GOVERNMENT: &str = "us-gov-";

/// What Regions in China begin with.
const CHINA: &str = "cn-";

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The Region.
    pub region: &'a str,
    /// The EC2 instance types; none asks for Fargate alone.
    pub types: &'a [&'a str],
    /// Whether Fargate is asked for as well.
    pub fargate: bool,
    /// What time it is.
    pub now: Timestamp,
}

/// One of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// On-Demand prices of EC2 instances.
    OnDemand,
    /// Prices of Fargate.
    Fargate,
    /// Spot prices of EC2 instances.
    Spot,
}

/// How far a question is.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Which it is.
    pub source: Source,
    /// The prices that have come so far.
    pub found: usize,
}

/// What was found out.
#[derive(Debug)]
pub struct Refreshed {
    /// The prices.
    pub document: Document,
    /// What AWS has no price of, and what else is worth knowing: sentences.
    pub notes: Vec<String>,
    /// The questions that were not answered, or not in full: sentences with the fix.
    pub failed: Vec<String>,
}

/// No price could be asked for.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The prices of a partition are not in USD.
    #[error(
        "prices in `{0}` are in yuan, and ffbatch counts in USD (name a Region outside of China)"
    )]
    Currency(String),
    /// Nothing was answered.
    #[error("{0}")]
    Unanswered(String),
}

impl RefreshError {
    /// The exit code it stands for.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Currency(_) => Exit::Rejected,
            Self::Unanswered(_) => Exit::Input,
        }
    }
}

/// What one question has found.
#[derive(Debug)]
struct Answer<T> {
    found: Vec<T>,
    notes: Vec<String>,
    failed: Vec<String>,
}

/// Asks AWS for the prices of an order, and tells of every page.
///
/// # Behavior
/// A busy service is asked again, up to six times in all. A type that AWS does not know is noted and loses no other. What stops a
/// question (no permission, no network) leaves what it has found so far, and keeps nothing from being asked but the same list. It is an error
/// where nothing at all was found and some question was not answered.
pub async fn refresh(
    config: &SdkConfig,
    order: &Order<'_>,
    on: &mut dyn FnMut(Step),
) -> Result<Refreshed, RefreshError> {
    if order.region.starts_with(CHINA) {
        return Err(RefreshError::Currency(order.region.to_owned()));
    }
    let date = order.now.to_zoned_datetime(TimeZone::UTC).date();
    let mut document = Document::new(order.region);
    let (mut notes, mut failed) = (Vec::new(), Vec::new());
    let is_listed = !order.region.starts_with(GOVERNMENT);
    if !is_listed {
        notes.push(format!(
            "AWS Price List takes no credentials of AWS GovCloud, so that only Spot prices of `{}` can be asked for",
            order.region
        ));
    }
    if is_listed && !order.types.is_empty() {
        let answer = on_demand::ask(config, order, on).await;
        for (name, usd_per_hour) in answer.found {
            document
                .on_demand
                .insert(name, Usual { usd_per_hour, date });
        }
        notes.extend(answer.notes);
        failed.extend(answer.failed);
    }
    if is_listed && order.fargate && failed.is_empty() {
        let answer = fargate::ask(config, order, on).await;
        let rates = answer.found.into_iter();
        document.fargate = rates.map(|rate| rate.on(date)).collect();
        notes.extend(answer.notes);
        failed.extend(answer.failed);
    }
    if !order.types.is_empty() {
        let answer = spot::ask(config, order, on).await;
        for (name, zones) in answer.found {
            document.spot.insert(name, Spot { zones, date });
        }
        notes.extend(answer.notes);
        failed.extend(answer.failed);
    }
    if document.is_empty() && !failed.is_empty() {
        return Err(RefreshError::Unanswered(failed.join("; ")));
    }
    Ok(Refreshed {
        document,
        notes,
        failed,
    })
}

/// Why a question was not answered, in a sentence with the fix; `permission` is the one it needs.
fn unanswered(what: &str, error: &CallError, permission: &str) -> String {
    let fix = if error.is_unsigned() {
        " (the credentials are not valid or have expired: sign in again, or check AWS_PROFILE)"
            .to_owned()
    } else if error.denied {
        format!(" (allow your user or role `{permission}`)")
    } else if error.busy {
        " (the service is busy: ask again in some minutes)".to_owned()
    } else {
        String::new()
    };
    format!("{what} cannot be asked for: {error}{fix}")
}

/// What AWS has no price of, in one sentence, if there is anything.
fn unlisted(what: &str, types: &[&str], order: &Order<'_>) -> Option<String> {
    let names: Vec<String> = types.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(", ");
    (!types.is_empty()).then(|| format!("{what} in `{}` of {names}", order.region))
}

/// An answer that is none of the service's.
fn foreign(service: Service, what: &str) -> CallError {
    CallError {
        kind: String::new(),
        why: format!(
            "the answer is none of {}: {what} (check {})",
            service.name, service.variable
        ),
        busy: false,
        denied: false,
    }
}

#[cfg(test)]
mod tests;
