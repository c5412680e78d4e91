//! Benchmarks with real encodes: on this machine, and on the double of AWS Batch with real containers.
//!
//! - [`local`]: a matrix from an empty directory to its page, the numbers traced back, and only what is missing run again.
//! - [`killed`]: no run is lost and none counted twice, whenever the program dies.
//! - [`refusals`]: what makes no sense, what always fails, what nobody knows.
//! - [`aws`]: computes whose instances say what they are.
//! - [`left`]: the report of jobs that ran without a benchmark.

mod aws;
mod killed;
mod left;
mod local;
mod place;
mod refusals;
