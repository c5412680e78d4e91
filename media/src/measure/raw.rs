//! What is asked of both videos besides scores.

use std::path::PathBuf;

use super::{Measure, MeasureError, domain, graph, process};
use crate::probe::probe;
use crate::run::{Run, Stdout};

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
    let domain = domain(asked, &inputs.await?).await?;
    let args = graph::pictures(asked, &domain, filters, files);
    Ok(process(asked, args, Stdout::Discard))
}
