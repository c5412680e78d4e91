//! What is asked of both videos besides scores.

use std::path::PathBuf;

use super::{Measure, MeasureError, form, graph, process, results};
use crate::probe::probe;
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
pub(crate) async fn pictures(
    asked: &Measure,
    filters: &str,
    files: &[PathBuf; 2],
) -> Result<Run, MeasureError> {
    let (sources, require) = (asked.sources(), asked.require_confinement);
    let inputs = probe(
        &asked.ffmpeg,
        &asked.launcher,
        require,
        &sources,
        &asked.reads,
    );
    let domain = form::domain(asked, &inputs.await?).await?;
    let args = graph::pictures(asked, &domain, filters, files);
    Ok(process(asked, args, Stdout::Discard))
}
