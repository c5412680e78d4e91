//! Reads what a comparison has left in its room: the lists of frames, and each metric's values.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};

use ffbatch_dispatcher::metric::{Log, Metric, Score};

use super::graph::{self, Planned};
use super::parts::Parts;
use super::{Measure, MeasureError, Measured, Measurement, MetricFailure, Scores};

/// Reads what the metrics have written, in the order in which they were asked for.
pub fn fill(
    measured: &mut Measured,
    asked: &Measure,
    plan: &[Planned],
    mut failures: BTreeMap<&str, MetricFailure>,
) -> Result<(), MeasureError> {
    for metric in &asked.metrics {
        let planned = plan
            .iter()
            .find(|planned| planned.metric.name == metric.name);
        let outcome = match (failures.remove(metric.name), planned) {
            (None, Some(planned)) => scores(asked, planned, measured.frames)?,
            (Some(failure), _) => Err(failure),
            (None, None) => continue,
        };
        measured.metrics.push(Measurement { metric, outcome });
    }
    Ok(())
}

/// The number of frames that both sides have.
pub fn aligned(asked: &Measure) -> Result<usize, MeasureError> {
    let (reference, distorted) = (
        count(asked, graph::REFERENCE_COUNT)?,
        count(asked, graph::DISTORTED_COUNT)?,
    );
    if reference != distorted {
        return Err(MeasureError::Misaligned {
            reference,
            distorted,
        });
    }
    if distorted == 0 {
        return Err(MeasureError::Empty);
    }
    Ok(distorted)
}

/// The number of frames that a file of the room lists.
pub fn count(asked: &Measure, name: &str) -> Result<usize, MeasureError> {
    let path = asked.workplace.room.join(name);
    let lines = File::open(&path).and_then(|file| {
        let lines = BufReader::new(file).lines();
        lines
            .filter(|line| !line.as_ref().is_ok_and(|line| line.starts_with('#')))
            .try_fold(0, |sum, line| line.map(|_| sum + 1))
    });
    lines.map_err(|error| MeasureError::Io(path, error))
}

fn scores(
    asked: &Measure,
    planned: &Planned,
    compared: usize,
) -> Result<Result<Scores, MetricFailure>, MeasureError> {
    let metric = planned.metric;
    let log = match planned.parts {
        Some(parts) => joined(asked, metric, parts, compared)?,
        None => read(asked, metric, &graph::log_name(metric), compared)?,
    };
    let log = match log {
        Ok(log) => log,
        Err(failure) => return Ok(Err(failure)),
    };
    Ok(match Score::of(metric, &planned.branch, &log) {
        Some(score) => Ok(Scores {
            score,
            frames: log.frames,
        }),
        None => Err(MetricFailure::NoHeadline {
            metric: metric.name,
            field: metric.headline,
        }),
    })
}

/// The log of so many frames.
fn read(
    asked: &Measure,
    metric: &'static Metric,
    name: &str,
    frames: usize,
) -> Result<Result<Log, MetricFailure>, MeasureError> {
    let path = asked.workplace.room.join(name);
    let file = File::open(&path).map_err(|error| MeasureError::Io(path, error))?;
    let log = match (metric.parse)(&mut BufReader::new(file)) {
        Ok(log) => log,
        Err(error) => return Ok(Err(error.into())),
    };
    if log.frames.len() != frames {
        return Ok(Err(MetricFailure::Incomplete {
            metric: metric.name,
            records: log.frames.len(),
            frames,
        }));
    }
    Ok(Ok(log))
}

/// The logs of a metric's parts as one of all frames, in their order.
fn joined(
    asked: &Measure,
    metric: &'static Metric,
    parts: Parts,
    compared: usize,
) -> Result<Result<Log, MetricFailure>, MeasureError> {
    let mut logs = Vec::new();
    for part in 0..parts.count {
        let log = match parts.given(part, compared) {
            // A filter that sees nothing writes no file.
            0 => Log::default(),
            given => match read(asked, metric, &graph::part_log_name(metric, part), given)? {
                Ok(log) => log,
                Err(failure) => return Ok(Err(failure)),
            },
        };
        logs.push((log, 0));
    }
    let mut whole = Log::default();
    for run in parts.runs(compared) {
        let (log, read) = &mut logs[run.part];
        let own = *read + run.own.start..*read + run.own.end;
        whole.frames.append(&log.frames, own);
        *read += run.given.len();
    }
    whole.version = logs.into_iter().find_map(|(log, _)| log.version);
    Ok(Ok(whole))
}
