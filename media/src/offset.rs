//! Where the shorter of two videos begins in the longer one, when one of them has frames in front or behind that the other lacks.
//!
//! One more decoding pass writes a small gray image of every frame of both sides into the room, 576 bytes each, and [`search()`]
//! compares those. What is not certain is refused: a wrong offset gives a plausible and wrong number.

mod search;

use std::path::PathBuf;

use crate::log;
use crate::measure::{
    Cut, Known, Measure, MeasureError, Measured, Side, measure_known, packets, pictures,
};
use crate::run::{Happening, run};
use search::{Encoded, HEIGHT, Prints, WIDTH, search};

pub use search::Doubt;

/// No offset was found.
#[derive(Debug, thiserror::Error)]
pub enum OffsetError {
    /// The pictures do not tell it for certain.
    #[error(
        "not aligned: the reference has {reference} frames, the distorted video {distorted}, and {doubt}"
    )]
    Doubt {
        /// Frames of the reference.
        reference: usize,
        /// Frames of the other.
        distorted: usize,
        /// Why.
        doubt: Doubt,
    },
    /// The pictures could not be had.
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// Compares two files, where their counts differ the part of the longer one that the shorter one shows. That part is left in `asked`.
///
/// # Behavior
/// - Where it is looked for, memory and disk grow by 576 bytes for each frame.
/// - `on` gets the log and the progress of each process that decodes.
pub async fn measure(
    asked: &mut Measure,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Measured, OffsetError> {
    let known = Known::of(asked).await?;
    if !is_likely(asked).await? {
        match measure_known(asked, &known, on).await {
            Err(MeasureError::Misaligned { .. }) => {}
            measured => return Ok(measured?),
        }
    }
    asked.cut = find(asked, &known, on).await?;
    Ok(measure_known(asked, &known, on).await?)
}

/// Finds the part of the longer video that the shorter one shows; `None` where both have as many frames, and nothing is looked for.
async fn find(
    asked: &Measure,
    known: &Known,
    on: &mut (dyn FnMut(Happening) + Send),
) -> Result<Option<Cut>, OffsetError> {
    let files =
        ["reference.prints", "distorted.prints"].map(|name| asked.workplace.room.join(name));
    let scale = format!("scale={WIDTH}:{HEIGHT}:flags=area,format=gray");
    let process = pictures(asked, &known.domain, &scale, &files);
    let finished = run(&process, on).await.map_err(MeasureError::from)?;
    if finished.stopped {
        return Err(MeasureError::Stopped.into());
    }
    if !finished.exit.success() {
        let cause = log::cause(&finished.stderr_tail);
        let cause = cause.unwrap_or_else(|| format!("ffmpeg ended with {:?}", finished.exit));
        return Err(MeasureError::Failed(cause).into());
    }
    let [reference, distorted] = files.each_ref().map(read);
    let (reference, distorted) = (reference?, distorted?);
    // Seconds of pure arithmetic for a long film: whoever else runs on this thread goes on.
    let searched = tokio::task::spawn_blocking(move || cut(&reference, &distorted)).await;
    searched.map_err(|error| MeasureError::Failed(error.to_string()))?
}

/// Whether it is likely that one of the videos has more frames than the other. It reads both files and decodes nothing: what it
/// saves is a whole comparison that would tell the same in the end.
async fn is_likely(asked: &Measure) -> Result<bool, MeasureError> {
    let packets = packets(asked).await?;
    Ok(packets.is_some_and(|(reference, distorted)| reference != distorted))
}

fn read(path: &PathBuf) -> Result<Prints, MeasureError> {
    let samples = std::fs::read(path).map_err(|error| MeasureError::Io(path.clone(), error))?;
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!("`{}` cannot be removed: {error}", path.display());
    }
    Ok(Prints::of(samples))
}

fn cut(reference: &Prints, distorted: &Prints) -> Result<Option<Cut>, OffsetError> {
    if reference.len() == distorted.len() {
        return Ok(None);
    }
    let (side, longer, shorter, encoded) = if reference.len() > distorted.len() {
        (Side::Reference, reference, distorted, Encoded::Shorter)
    } else {
        (Side::Distorted, distorted, reference, Encoded::Longer)
    };
    if shorter.is_empty() {
        return Err(MeasureError::Empty.into());
    }
    let start = search(longer, shorter, encoded).map_err(|doubt| OffsetError::Doubt {
        reference: reference.len(),
        distorted: distorted.len(),
        doubt,
    })?;
    Ok(Some(Cut {
        side,
        start,
        frames: shorter.len(),
        of: longer.len(),
    }))
}
