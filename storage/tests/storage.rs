//! The stores against real counterparts: this machine's file system, an S3 server (moto) and a web server.
//!
//! Where the other side has to misbehave in a certain way, [`answering`] replays fixed answers over a socket.

#[path = "storage/answering.rs"]
mod answering;
#[path = "storage/file.rs"]
mod file;
#[path = "storage/http.rs"]
mod http;
#[path = "storage/moto.rs"]
mod moto;
#[path = "storage/place.rs"]
mod place;
#[path = "storage/s3.rs"]
mod s3;
#[path = "storage/s3_broken.rs"]
mod s3_broken;
#[path = "storage/s3_keys.rs"]
mod s3_keys;
