//! Everything that touches an ffmpeg process: finding a build, confining it, running it, reading what it says, probing
//! files and measuring quality.
//!
//! This crate moves no bytes between stores, knows no job and no AWS, and names no plugin. It starts ffmpeg through a
//! launcher that calls [`confine::launch`] (the worker's hidden `exec` subcommand), so that no ffmpeg ever runs beside the
//! confinement, and nothing else but the programs of a fixed list that tell whether a device is there ([`preflight`]).

pub mod confine;
pub mod copied;
pub mod find;
pub mod log;
pub mod measure;
pub mod offset;
pub mod preflight;
pub mod probe;
pub mod processors;
pub mod progress;
pub mod run;
pub mod shadow;
pub mod version;
pub mod workplace;
