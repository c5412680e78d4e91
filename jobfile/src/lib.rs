//! Job files: many jobs in one TOML, JSON or YAML file, or as lines of JSON, and how they become a plan of jobs.
//!
//! A file is read in steps, each in a room of its own. [`format`](mod@format) turns the text into [`node`]s that know where they
//! stand, [`deserialize`] turns nodes into [`entry`]s, [`layers`] lays defaults below and flags above what an entry says,
//! [`pattern`] finds which inputs are meant, [`template`] puts them into the commands, [`needs`] ties the jobs together, and
//! [`expand`] makes the [`plan`].
//!
//! This crate makes no call, opens no file and starts no process: what lies below a pattern is told by its caller. It is a crate
//! of its own because the worker, which is started for every job, has no use for its parsers.

mod deserialize;
mod entry;
mod error;
mod expand;
mod file;
mod format;
mod input;
mod layers;
mod lines;
mod ndjson;
mod nearest;
mod need;
mod needs;
mod node;
mod parts;
mod pattern;
mod plan;
mod recipe;
mod schema;
mod settings;
mod template;
mod texts;
mod wrong;

pub use error::{At, FileError, Problem};
pub use expand::Context;
pub use file::{JobFile, read};
pub use format::Format;
pub use ndjson::ndjson;
pub use pattern::Pattern;
pub use plan::{Plan, Planned};
pub use schema::schema;
pub use settings::Overrides;
