//! The computes: one file each, registered by itself.
//!
//! This crate runs no ffmpeg and reads no media: every compute starts the same worker program with the same flags and the
//! same environment, as a process, a container or an AWS Batch job.

pub mod agent;
mod amd;
mod arm;
pub mod batch;
mod docker;
mod fargate;
mod fargate_arm;
mod intel;
mod local;
mod nvidia;
pub mod queue;
mod report;
mod state;
mod xilinx;
