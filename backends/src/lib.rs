//! The computes: one file each, registered by itself.
//!
//! This crate runs no ffmpeg and reads no media: every compute starts the same worker program with the same flags and the
//! same environment, as a process, a container or an AWS Batch job.

/// AWS Batch.
pub mod batch {
    pub mod instances;
}
pub mod local;
