//! A job that is killed, asked to stop, left alone or crowded, with the real programs, on disk and in S3.
//!
//! Whenever it happens: what stands under a final name is whole, no ffmpeg runs on, and no private directory outlives the next
//! job in the same place.
//!
//! - [`points`]: SIGTERM and SIGKILL at twenty points of a job, chosen by the stage the worker says it is in.
//! - [`stuck`]: SIGTERM while something around the worker does not answer.
//! - [`followers`]: whoever watches a job stops it, or goes away.
//! - [`neighbours`]: jobs side by side in one directory.

mod followers;
mod ground;
mod neighbours;
mod points;
mod running;
mod stuck;
