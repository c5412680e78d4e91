//! Files by location: S3 objects, local paths and `http(s)` inputs behind one trait.
//!
//! [`Stores`] routes a [`Location`](ffbatch_dispatcher::location::Location) to the [`Store`] of its kind. Nothing is opened
//! before it is needed: a job on local files loads no AWS configuration and touches no network.
//!
//! Three promises hold for every store. What arrives is whole or an error, never a short file. What is published appears at
//! once or not at all. Peak memory depends on how many requests are in flight, never on the size of a file.
//!
//! This crate is the only user of `aws-sdk-s3`. It spawns no process, makes single calls of other AWS services
//! ([`call()`], [`query()`], [`parameter()`], [`has_role()`], [`send_segment()`]), asks the machine which instance it is ([`instance()`]), and names no plugin.

mod account;
mod call;
mod cloud;
mod content_type;
pub mod digest;
mod error;
mod failure;
mod file;
mod http;
mod instance;
mod meter;
mod parameter;
mod partial;
mod query;
mod role;
mod roots;
mod s3;
mod segment;
mod space;
mod store;
mod stores;

pub use aws_config::SdkConfig;
pub use call::{CallError, ECS, Service, call, call_within};
pub use cloud::{cloud, in_region, region, s3_settings};
pub use content_type::content_type;
pub use error::{Kind, StoreError};
pub use failure::{Failure, Left};
pub use file::readable;
pub use http::gate::{Gate, is_local, leads_here, refusal};
pub use instance::{Instance, InstanceError, instance};
pub use meter::Meter;
pub use parameter::{ParameterError, parameter, parameter_of};
pub use query::query;
pub use role::has_role;
pub use roots::within;
pub use s3::{Bucket, Keys, S3Settings};
pub use segment::send_segment;
pub use space::free_bytes;
pub use store::{Entry, Store};
pub use stores::Stores;
