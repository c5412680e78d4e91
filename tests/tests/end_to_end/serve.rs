//! The REST API on this machine, by its clients.

mod bulk;
mod document;
mod elsewhere;
mod ground;
mod https;
mod jobs;
mod load;
mod outputs;
mod page;
mod roots;
mod who;
mod wrong;
