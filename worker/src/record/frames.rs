//! The values of every frame, one document for each stream that was scored.
//!
//! A document may be a hundred megabytes for a long film: it is written to a file first, never held as text.

use std::fs::File;
use std::time::Duration;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::quality::{Document, Measured, Origin};
use ffbatch_dispatcher::report::Report;
use ffbatch_media::measure;
use ffbatch_storage::{Meter, Stores};
use tokio_util::sync::CancellationToken;

use super::{Base, in_time};
use crate::emit::note;
use crate::failure::Failure;
use crate::measure::Frames;
use crate::scratch::Scratch;
use crate::work_dir;

/// The longest that one document may take; the job's other outputs are published long since.
const LIMIT: Duration = Duration::from_mins(1);

/// Writes them and says in the report where they lie.
pub async fn write(
    report: &mut Report,
    frames: &Frames,
    stores: &Stores,
    base: &Base,
    stop: &CancellationToken,
) {
    let scored: Vec<(usize, &measure::Measured)> = frames
        .iter()
        .enumerate()
        .filter_map(|(entry, measured)| Some((entry, measured.as_ref()?)))
        .filter(|(_, measured)| measured.metrics.iter().any(|one| one.outcome.is_ok()))
        .collect();
    for (number, (entry, measured)) in scored.into_iter().enumerate() {
        let target = base.join(&report.quality_key(number));
        let written = async {
            if stop.is_cancelled() {
                return Err(Failure::interrupted());
            }
            let scratch = Scratch::new(&work_dir::open()?, &report.job_id);
            let path = scratch.path()?.join("frames.json");
            File::create(&path)
                .and_then(|file| document(report, entry, measured, file))
                .map_err(|error| Failure::because(Exit::Machine, &error))?;
            let put = async {
                stores
                    .of(&target)?
                    .put(&path, &target, &Meter::default())
                    .await
            };
            match in_time(LIMIT, stop, put).await {
                Ok(put) => put.map_err(|error| Failure::store(Exit::Output, &error)),
                Err(late) => Err(Failure::new(Exit::Output, late)),
            }
        };
        match written.await {
            Ok(()) => {
                let outputs = report
                    .quality
                    .iter_mut()
                    .flat_map(|quality| &mut quality.outputs);
                if let Some(output) = outputs.into_iter().nth(entry) {
                    output.frames_at = Some(target.to_string());
                }
            }
            Err(why) => note(
                &mut report.notes,
                format!("the values of every frame are not at `{target}`: {why}"),
            ),
        }
    }
}

fn document(
    report: &Report,
    entry: usize,
    measured: &measure::Measured,
    to: File,
) -> std::io::Result<()> {
    let metrics: Vec<Measured<'_>> = measured
        .metrics
        .iter()
        .filter_map(|one| {
            let scores = one.outcome.as_ref().ok()?;
            Some(Measured {
                metric: one.metric,
                frames: &scores.frames,
                score: &scores.score,
            })
        })
        .collect();
    let mut outputs = report.quality.iter().flat_map(|one| &one.outputs);
    let output = outputs.nth(entry);
    let document = Document {
        origin: Origin {
            output: output.map(|one| (one.location.as_str(), one.stream)),
            ..Origin::of(report)
        },
        metrics: &metrics,
    };
    document.write(to)
}
