//! What is asked of both videos besides scores.

use std::path::PathBuf;

use super::{Domain, Measure, MeasureError, graph, process, results};
use crate::run::{Run, Stdout, run};

/// How many packets both videos have, where that can be told without decoding: most formats have one for each frame.
pub(crate) async fn packets(asked: &Measure) -> Result<Option<(usize, usize)>, MeasureError> {
    let args = graph::packets(asked);
    let finished = run(&process(asked, args, Stdout::Discard), &mut |_| {}).await?;
    if finished.stopped {
        return Err(MeasureError::Stopped);
    }
    if !finished.exit.success() {
        return Ok(None);
    }
    let reference = results::count(asked, graph::REFERENCE_COUNT)?;
    Ok(Some((
        reference,
        results::count(asked, graph::DISTORTED_COUNT)?,
    )))
}

/// The process that writes every picture of both sides into two files of the room, raw, behind these filters.
pub(crate) fn pictures(
    asked: &Measure,
    domain: &Domain,
    filters: &str,
    files: &[PathBuf; 2],
) -> Run {
    let args = graph::pictures(asked, domain, filters, files);
    process(asked, args, Stdout::Discard)
}
