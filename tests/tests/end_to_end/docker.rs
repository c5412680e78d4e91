//! The compute `docker`: jobs of this machine in real containers of its engine. Without an engine these tests are skipped, loudly.

mod ends;
mod engine;
mod jobs;
mod place;
mod posture;
mod s3;
