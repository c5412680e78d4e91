//! Paths of this machine on a compute of AWS Batch: what goes up, what comes back, and what is refused before anything moves.
//!
//! - [`uploads`]: inputs of every kind, each once, and what of them is refused.
//! - [`results`]: what a job left comes back, once, whole, and to where it belongs. No container runs: a test leaves it there.
//! - [`containers`]: the real worker in real containers, from files of this machine to files of this machine.

mod containers;
mod place;
mod results;
mod uploads;
