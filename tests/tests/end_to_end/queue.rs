//! The queue of this machine, with the real programs: hundreds of jobs, kills at any moment, and everything else that may happen.
//!
//! Whatever happens: no job is lost, none runs twice at the same time, and none has succeeded that did not.
//!
//! - [`kills`]: the runner, the workers, both and whoever submits are killed at seeded moments under load.
//! - [`many`]: a thousand jobs, and many programs that share the queue.
//! - [`abuse`]: full disks, damaged files, other users, a directory that vanishes.

mod abuse;
mod kills;
mod many;
