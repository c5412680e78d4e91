//! This crate against a real ffmpeg: what a run tells, what the confinement stops and what it must let through, and known
//! quality scores.

mod attacks;
mod formats;
mod parts;
mod processors;
mod quality;
mod runs;
mod setup;
mod still_works;
