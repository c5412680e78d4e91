//! Files as they are sent: piece by piece, however large they are.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::Store;
use futures_util::{Stream, stream};

/// How much is read at once, in bytes.
const PIECE: u64 = 1 << 20;

/// The bytes from one on to before another. What breaks off in the middle ends the connection, so that nobody takes it for whole.
pub fn pieces(
    store: Arc<dyn Store>,
    at: Location,
    first: u64,
    end: u64,
) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(first, move |from| {
        let (store, at) = (Arc::clone(&store), at.clone());
        async move {
            if from >= end {
                return Ok(None);
            }
            let to = end.min(from + PIECE);
            let piece = store
                .read_range(&at, from..to)
                .await
                .map_err(io::Error::other)?;
            if piece.len() as u64 != to - from {
                return Err(io::Error::other(format!("`{at}` is shorter than it was")));
            }
            Ok(Some((Bytes::from(piece), to)))
        }
    })
}
