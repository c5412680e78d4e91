//! Benchmarks: the same ffmpeg commands over computes, instance types and settings, and what follows from it.
//!
//! [`file`](mod@file) says what is compared, [`matrix`] makes cells of it, [`runner`] runs what [`results`] lacks of them,
//! [`statistics`] and [`curve`] tell what the numbers mean.
//!
//! This crate starts no process, names no compute and no metric, and prints nothing.

pub mod curve;
pub mod energy;
pub mod figures;
pub mod file;
pub mod frames;
pub mod left;
pub mod limits;
pub mod matrix;
pub mod plan;
pub mod report;
pub mod results;
pub mod run;
pub mod runner;
pub mod statistics;
pub mod summary;
mod template;
