//! One submission, one job that does its work.
//!
//! AWS Batch has no token by which it knows a submission again (AWS Batch API Reference, `SubmitJob`): where its answer is lost and
//! the call is made again, there are two jobs. So a submission has an id, and before a worker moves a byte it writes
//! `claims/<submission>/<index>` into the data bucket, where nothing is yet. Of several exactly one succeeds. The others read who
//! it was: an earlier attempt of their own job, and they go on, or another job, and they end.
//!
//! Where a worker cannot tell (no right to write there, no answer, a document that is none of ours), it goes on and says so in
//! the report. Nearly every submission is made once. Of one that was made twice the work is then done twice, which costs
//! money and publishes the same files; a job that is left to another one which does not exist would cost the result.

use std::time::Duration;

use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::variable::SUBMISSION;
use ffbatch_storage::{Store, StoreError, Stores};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::asked::ARRAY_INDEX;
use crate::environment::{bucket, variable};

/// The variable that holds the job's id.
const JOB: &str = "AWS_BATCH_JOB_ID";

/// How long a claim may take. A store repeats a request that fails, and a job shall not wait for all of that.
const LIMIT: Duration = Duration::from_secs(10);

/// The longest claim that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The work is this job's, or nobody asked.
    Ours,
    /// Another job does it.
    Taken {
        /// That job's id.
        by: String,
        /// When it claimed the work, as it wrote it.
        since: Option<String>,
    },
    /// It cannot be told; a sentence says why.
    Unknown(String),
}

/// Claims the work of this job's submission, if it has one.
pub async fn claim(attempt: u32, stores: &Stores) -> Claim {
    let (Some(submission), Some(bucket)) = (variable(SUBMISSION), bucket()) else {
        return Claim::Ours;
    };
    let index = variable(ARRAY_INDEX).unwrap_or_else(|| "0".to_owned());
    let at = Location::S3 {
        bucket,
        key: format!("claims/{submission}/{index}"),
    };
    let Some(job) = variable(JOB) else {
        return unknown(&format!(
            "{JOB} is not set, so that a claim would name nobody"
        ));
    };
    let store = match stores.of(&at) {
        Ok(store) => store,
        Err(error) => return unknown(&error),
    };
    match tokio::time::timeout(LIMIT, place(&job, attempt, &at, &*store)).await {
        Ok(Ok(claim)) => claim,
        Ok(Err(error)) => unknown(&error),
        Err(_) => unknown(&format!(
            "`{at}` cannot be written: no answer within {} s",
            LIMIT.as_secs()
        )),
    }
}

fn unknown(why: &dyn std::fmt::Display) -> Claim {
    Claim::Unknown(format!(
        "whether another job does the same work is not known: {why}"
    ))
}

async fn place(
    job: &str,
    attempt: u32,
    at: &Location,
    store: &dyn Store,
) -> Result<Claim, StoreError> {
    let claimed = Timestamp::now().to_string();
    let ours = json!({ "job_id": job, "attempt": attempt, "claimed": claimed });
    let bytes = ours.to_string().into_bytes();
    if store.create(bytes, at, "application/json").await? {
        return Ok(Claim::Ours);
    }
    let there = store.read(at, LONGEST).await?;
    let there: Value = serde_json::from_slice(&there).unwrap_or_default();
    let text = |key: &str| there[key].as_str().map(str::to_owned);
    Ok(match text("job_id") {
        Some(by) if by == job => Claim::Ours,
        Some(by) => Claim::Taken {
            by,
            since: text("claimed"),
        },
        None => unknown(&format!("`{at}` names no job (remove it)")),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn made(job: &str, attempt: u32, at: &Location) -> Claim {
        let stores = Stores::default();
        let store = stores.of(at).expect("files have a store");
        place(job, attempt, at, &*store)
            .await
            .expect("it is answered")
    }

    #[tokio::test]
    async fn the_first_job_has_it_in_all_its_attempts() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("claims/s/0");
        let at = Location::Path(file.to_string_lossy().into_owned());
        assert_eq!(made("a", 1, &at).await, Claim::Ours);
        let Claim::Taken { by, since } = made("b", 1, &at).await else {
            panic!("two jobs have one claim");
        };
        assert_eq!(by, "a");
        let since: Timestamp = since.expect("a time").parse().expect("a time");
        assert!(since <= Timestamp::now());
        assert_eq!(made("a", 2, &at).await, Claim::Ours);
        let text = fs::read_to_string(&file).expect("it was written");
        let there: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (&there["job_id"], &there["attempt"]),
            (&json!("a"), &json!(1))
        );
    }

    #[tokio::test]
    async fn what_is_no_claim_ends_no_job() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("0");
        fs::write(&file, "").expect("written");
        let at = Location::Path(file.to_string_lossy().into_owned());
        let Claim::Unknown(why) = made("a", 1, &at).await else {
            panic!("an empty file is no claim");
        };
        assert!(why.ends_with("names no job (remove it)"), "{why}");
    }
}
