//! What the end-to-end tests stand on: real programs, real clips, a real S3 server, and a place where nothing else is.
//!
//! Everything here is synchronous and panics with a sentence when it cannot do its part: a test has no better answer. The crate
//! mocks nothing but AWS itself (`aws`, `imds`). A program that is missing fails the test that needs it, and says which command brings it.

pub mod attack;
pub mod aws;
pub mod catalog;
pub mod clip;
pub mod collector;
pub mod docker;
pub mod ended;
pub mod image;
pub mod imds;
pub mod media;
pub mod moto;
pub mod queue;
pub mod redact;
pub mod registry;
pub mod sandbox;
pub mod server;
pub mod sink;
pub mod site;
pub mod source;
pub mod tools;
pub mod unshared;
