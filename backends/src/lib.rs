//! The computes: one file each, registered by itself.
//!
//! This crate runs no ffmpeg and reads no media: every compute starts the same worker program with the same flags and the
//! same environment, as a process, a container or an AWS Batch job.

mod amd;
mod arm;
pub mod batch;
mod fargate;
mod fargate_arm;
mod intel;
pub mod local;
mod nvidia;
mod report;
mod state;
mod xilinx;
