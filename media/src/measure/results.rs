//! Reads what a comparison has left in its room: the lists of frames, and each metric's values.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};

use ffbatch_dispatcher::metric::{Branch, Metric, Score};

use super::{Measure, MeasureError, Measured, Measurement, MetricFailure, Scores, graph};

/// Reads what the metrics have written, in the order in which they were asked for.
pub fn fill(
    measured: &mut Measured,
    asked: &Measure,
    branches: &[(&'static Metric, Branch)],
    mut failures: BTreeMap<&str, MetricFailure>,
) -> Result<(), MeasureError> {
    for metric in &asked.metrics {
        let branch = branches.iter().find(|(known, _)| known.name == metric.name);
        let outcome = match (failures.remove(metric.name), branch) {
            (None, Some((_, branch))) => scores(asked, metric, branch, measured.frames)?,
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
    let path = asked.room.join(name);
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
    metric: &'static Metric,
    branch: &Branch,
    compared: usize,
) -> Result<Result<Scores, MetricFailure>, MeasureError> {
    let path = asked.room.join(graph::log_name(metric));
    let file = File::open(&path).map_err(|error| MeasureError::Io(path, error))?;
    let log = match (metric.parse)(&mut BufReader::new(file)) {
        Ok(log) => log,
        Err(error) => return Ok(Err(error.into())),
    };
    if log.frames.len() != compared {
        return Ok(Err(MetricFailure::Incomplete {
            metric: metric.name,
            records: log.frames.len(),
            frames: compared,
        }));
    }
    Ok(match Score::of(metric, branch, &log) {
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
