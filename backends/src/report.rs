//! Reading a report back from where its worker says that it lies.

use ffbatch_dispatcher::location::{Location, LocationError};
use ffbatch_dispatcher::report::Report;
use ffbatch_storage::Stores;

/// The largest report that is read back, in bytes. One of 100,000 published segments has a third of it.
const LIMIT: u64 = 64 << 20;

/// Reads a report, or tells in a few words why it cannot be read.
pub async fn read(stores: &Stores, at: &str) -> Result<Report, String> {
    let at: Location = at
        .parse()
        .map_err(|error: LocationError| error.to_string())?;
    let store = stores.of(&at).map_err(|error| error.to_string())?;
    let bytes = store.read(&at, LIMIT).await;
    let bytes = bytes.map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}
