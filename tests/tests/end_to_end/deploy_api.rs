//! The REST API of the stack: its document, and the API as it was deployed, called over HTTP.
//!
//! Behind it are the double's AWS Batch and Step Functions, which check every request that comes out of a mapping template against the
//! models of these services, and its own check of what the API's role may do.
//!
//! - [`documents`]: both are OpenAPI, and the one that people read is what the code says.
//! - [`values`]: whatever is sent arrives as it was sent.
//! - [`refusals`]: what is wrong goes no further.
//! - [`answers`], [`bulk`]: jobs, errors and bulk runs as they are told.
//! - [`stacks`]: the API comes, changes and goes with its stack.
//! - [`clients`]: a client of the sample, and a job that really runs.

mod answers;
mod bulk;
mod clients;
mod documents;
mod ground;
mod refusals;
mod stacks;
mod values;
