//! What the environment says.

/// A variable; an empty one is not set.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The data bucket. The original's environment holds its name; a URL is understood as well.
pub fn bucket() -> Option<String> {
    let named = variable("S3_BUCKET")?;
    let name = named.trim_start_matches("s3://").trim_end_matches('/');
    Some(name.to_owned())
}

/// Whether this is a job of AWS Batch: what it alone sets (AWS Batch User Guide, "Job environment variables").
pub fn on_batch() -> bool {
    variable("AWS_BATCH_JQ_NAME").is_some()
}
