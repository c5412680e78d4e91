//! The variables by which whoever starts a worker tells it what stands neither in its job nor in its flags.
//!
//! [`PROTOCOL_VARIABLE`](crate::event::PROTOCOL_VARIABLE) is one more. An empty variable is not set.

/// The data bucket, for reports, claims and documents: its name, or an `s3://` URL of it. The name of the variable is that of AWS's sample.
pub const BUCKET: &str = "S3_BUCKET";

/// Where the data bucket is mounted as a file system, such as [`MOUNT`](crate::infra::MOUNT): its objects are read there without a copy.
pub const BUCKET_MOUNT: &str = "FFBATCH_BUCKET_MOUNT";

/// The id of the submission that the job belongs to.
pub const SUBMISSION: &str = "FFBATCH_SUBMISSION";

/// The virtual processors that the job was given.
pub const VCPUS: &str = "FFBATCH_VCPUS";

/// For how many processors ffmpeg chooses its threads, whatever the job was given.
pub const THREADS: &str = "FFBATCH_THREADS";

/// The program that tells whether the job's device is there, such as `nvidia-smi`.
pub const PREFLIGHT: &str = "FFBATCH_PREFLIGHT";

/// What the [switch](crate::infra::switch) says, from whoever has asked it already: `TRUE` or `FALSE`.
pub const SWITCH: &str = "FFBATCH_FFQM";

/// The parameter that is the switch, where it has not the usual name.
pub const SWITCH_NAME: &str = "FFBATCH_FFQM_PARAMETER";

/// Whether a job of AWS Batch sends its trace to X-Ray as well: not where it is `FALSE`.
pub const XRAY: &str = "FFBATCH_XRAY";

/// The job of which this one is another try.
pub const RETRY_OF: &str = "FFBATCH_RETRY_OF";

/// The name of the bucket that [`BUCKET`] holds.
pub fn bucket(value: &str) -> &str {
    value.trim_start_matches("s3://").trim_end_matches('/')
}
