//! What the environment says.

use ffbatch_dispatcher::variable::{self as named, BUCKET, XRAY};

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

/// Whether X-Ray is told of this job: it is one of AWS Batch whose network reaches more than S3, and nobody has forbidden it. Multi-node jobs,
/// as those on an instance type of their own are, have no way to AWS's services (the same page).
pub fn is_traced() -> bool {
    let is_multi_node = variable("AWS_BATCH_JOB_NUM_NODES").is_some();
    let is_forbidden = variable(XRAY).is_some_and(|value| value.eq_ignore_ascii_case("false"));
    on_batch() && !is_multi_node && !is_forbidden
}
