//! Contract and routing: what a job is, which computes and metrics exist, and how a request becomes a report.
//!
//! This crate makes no AWS call, spawns no process, opens no file but the configuration's, and names no plugin.

pub mod bulk;
pub mod chain;
pub mod command;
pub mod compute;
pub mod config;
pub mod detail;
pub mod dispatch;
pub mod event;
pub mod exit;
pub mod infra;
pub mod job;
pub mod list;
pub mod location;
pub mod metric;
pub mod number;
pub mod pattern;
pub mod playlist;
pub mod quality;
pub mod registry;
pub mod report;
pub mod retry;
pub mod settings;
pub mod state;
pub mod telemetry;
pub mod terms;
pub mod variable;
