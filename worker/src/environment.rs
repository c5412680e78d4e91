//! What the environment says.

use ffbatch_dispatcher::variable::{self as named, BUCKET};

/// A variable; an empty one is not set.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The name of the data bucket.
pub fn bucket() -> Option<String> {
    variable(BUCKET).map(|named| named::bucket(&named).to_owned())
}

/// Whether this is a job of AWS Batch: what it alone sets (AWS Batch User Guide, "Job environment variables").
pub fn on_batch() -> bool {
    variable("AWS_BATCH_JQ_NAME").is_some()
}
