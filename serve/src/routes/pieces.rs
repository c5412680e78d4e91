//! Files as they are sent: piece by piece, however large they are.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use ffbatch_storage::{Entry, Store};
use futures_util::{Stream, stream};

/// How much is read at once, in bytes.
const PIECE: u64 = 4 << 20;

/// The bytes of a file from one on to before another. What breaks off in the middle, or is replaced, ends the connection, so that
/// nobody takes it for whole.
pub fn pieces(
    store: Arc<dyn Store>,
    entry: Entry,
    first: u64,
    end: u64,
) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(first, move |from| {
        let (store, entry) = (Arc::clone(&store), entry.clone());
        async move {
            if from >= end {
                return Ok(None);
            }
            let at = &entry.location;
            let to = end.min(from + PIECE);
            let piece = store.read_range(at, from..to).await;
            let piece = piece.map_err(io::Error::other)?;
            // Looked at after it was read: what was replaced before shows now.
            let is_same = store.stat(at).await.is_ok_and(|now| now == entry);
            if !is_same || piece.len() as u64 != to - from {
                return Err(io::Error::other(format!("`{at}` has changed")));
            }
            Ok(Some((Bytes::from(piece), to)))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::pin::pin;

    use ffbatch_dispatcher::location::Location;
    use ffbatch_storage::Stores;
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_replaced_is_no_mixture() {
        let room = tempfile::tempdir().expect("a directory");
        let file = room.path().join("film");
        let size = 2 * PIECE + 10;
        let put = |byte: u8| {
            let new = room.path().join("new");
            let bytes = vec![byte; usize::try_from(size).expect("it fits")];
            fs::write(&new, bytes).expect("it is written");
            fs::rename(&new, &file).expect("it is replaced");
        };
        put(1);
        let at = Location::Path(file.to_string_lossy().into_owned());
        let store = Stores::default().of(&at).expect("a store");
        let entry = store.stat(&at).await.expect("it is there");
        let all: Vec<_> = pieces(Arc::clone(&store), entry.clone(), 5, size)
            .collect()
            .await;
        let lengths: Vec<u64> = all
            .iter()
            .map(|piece| piece.as_ref().expect("it is read").len() as u64)
            .collect();
        assert_eq!(lengths, [PIECE, PIECE, 5]);
        let mut pieces = pin!(pieces(store, entry, 0, size));
        assert!(pieces.next().await.expect("a piece").is_ok());
        put(2);
        let error = pieces
            .next()
            .await
            .expect("a piece")
            .expect_err("it was replaced");
        assert!(error.to_string().contains("has changed"), "{error}");
    }
}
