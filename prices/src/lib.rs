//! What computes on AWS cost: a table that is shipped, and what AWS was asked for later.
//!
//! [`Prices`] answers without a clock, a file or a call: whoever asks hands over the [`Document`]s that a [`refresh()`] has left. Only
//! [`refresh()`] calls AWS, and it writes nothing either. What is not known is `None`, never 0 and never a guess.
//!
//! This crate reads no file, spawns no process, links no SDK of a service, and names no plugin.

mod document;
mod price;
mod prices;
mod refresh;
mod shipped;

pub use document::{Document, DocumentError, FargateRate, Spot, Usual, is_region};
pub use price::{FREE_STORAGE_GIB, FargatePrice, Paid, Price};
pub use prices::Prices;
pub use refresh::{Order, RefreshError, Refreshed, Source, Step, refresh};
