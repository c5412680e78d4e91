//! Reading lines of an array's manifest back, each by two ranged reads: what a child of an array is to do.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::job::{Job, manifest};
use ffbatch_dispatcher::location::Location;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::client::{Client, stored};

/// How many lines are read at once.
const AT_ONCE: usize = 16;

/// The jobs of these children, in their order.
pub async fn jobs(
    client: &Client,
    manifest: &Location,
    children: Vec<u64>,
) -> Result<Vec<Job>, ComputeError> {
    let lines = children
        .into_iter()
        .map(|child| job(client, manifest, child));
    stream::iter(lines).buffered(AT_ONCE).try_collect().await
}

/// The job of one child.
pub async fn job(client: &Client, at: &Location, child: u64) -> Result<Job, ComputeError> {
    let wrong = |error: manifest::ManifestError| {
        ComputeError::rejected(format!("the manifest `{at}` {error}"))
    };
    let store = client.stores.of(at).map_err(stored)?;
    let index = manifest::index_of(at);
    let entry = store.read_range(&index, manifest::entry(child)).await;
    let range = manifest::line(child, &entry.map_err(stored)?).map_err(wrong)?;
    let line = store.read_range(at, range).await.map_err(stored)?;
    manifest::job(child, &line).map_err(wrong)
}
