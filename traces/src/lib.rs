//! Traces of AWS X-Ray that others wrote about a stack (Amazon API Gateway, AWS Step Functions), brought into its bucket as
//! documents beside those of the worker, where one table is over both.
//!
//! [`export()`] goes through time in [`Window`]s from a `watermark` on, which moves only when all of a window is written. A
//! document has a key of its own (`segment`), so that what is there is never written again. What X-Ray cannot hand out ends the
//! export with an error that names the window.
//!
//! This crate is the only user of `aws-sdk-xray`. It spawns no process and names no plugin.

mod export;
mod segment;
mod watermark;
mod window;
mod xray;

pub use export::{ExportError, Order, Step, Summary, export};
pub use window::Window;
