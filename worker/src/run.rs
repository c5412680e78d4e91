//! One job from its first word to its last. Whatever happens, *record* runs: a failed or interrupted job leaves a report that
//! says why.

use std::time::Duration;

use ffbatch_dispatcher::event::{Event, PROTOCOL, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Parameters;
use ffbatch_dispatcher::report::{self, Report};
use ffbatch_dispatcher::telemetry::{self, Telemetry};
use ffbatch_storage::Stores;
use jiff::Timestamp;
use tracing::Instrument;

use crate::emit::emit;
use crate::environment::variable;
use crate::failure::Failure;
use crate::flags::Flags;
use crate::instance::Asked;
use crate::measure::Frames;
use crate::span::{fail, root};
use crate::{machine, order, record, segment, stop};

/// How long the requests may take that take back a broken upload. They run while the records are written.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs the job that the flags describe, and tells how it ended.
pub async fn run(flags: &Flags) -> Exit {
    let telemetry = Telemetry::start(
        "ffbatch-worker",
        &variable("LOGLEVEL").unwrap_or_else(|| "info".to_owned()),
    );
    // Whoever has read the first event may send a signal.
    let signals = stop::signals();
    emit(&Event::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: Some(std::process::id()),
    });
    let instance = Asked::start();
    let stores = Stores::default();
    let root = root();
    let parameters = flags.parameters();
    let mut report = begin(&parameters, telemetry::trace_id(&root));
    let mut frames = Frames::new();
    let stop = signals.as_ref().cloned().unwrap_or_default();
    let ended = match signals {
        Ok(_) => {
            order::stages(&parameters, &stores, &stop, &mut report, &mut frames)
                .instrument(root.clone())
                .await
        }
        Err(error) => Err(Failure::new(
            Exit::Machine,
            format!("signals cannot be received: {error}"),
        )),
    };
    let error = ended.err();
    report.exit = error
        .as_ref()
        .map_or(Exit::Succeeded, |failure| failure.exit);
    report.finished = Timestamp::now();
    if let Some(failure) = &error {
        fail(&root, failure);
        let stage = report.stages.last().map_or(Stage::Check, |last| last.stage);
        report.failure = Some(report::Failure {
            stage,
            message: failure.message.clone(),
        });
    }
    instance.tell(&mut report).await;
    segment::annotate(&root, &parameters, &report);
    drop(root);
    let file = flags.report.as_deref();
    let at = record::record(&mut report, &frames, &telemetry, &stores, file, &stop).await;
    if !stores.settle(SETTLE).await {
        tracing::warn!(
            "a broken upload could not be taken back in time (set a lifecycle rule `AbortIncompleteMultipartUpload`)"
        );
    }
    let exit = report.exit;
    emit(&Event::Finished {
        code: exit.code(),
        error: error.map(|failure| failure.message),
        report: at,
    });
    exit
}

/// The report at the start of a job.
fn begin(parameters: &Parameters, trace_id: Option<String>) -> Report {
    let now = Timestamp::now();
    Report {
        version: report::VERSION,
        job_id: variable("AWS_BATCH_JOB_ID")
            .unwrap_or_else(|| format!("{}-{}", now.as_millisecond(), std::process::id())),
        name: parameters.name().unwrap_or_default().to_owned(),
        attempt: variable("AWS_BATCH_JOB_ATTEMPT")
            .and_then(|value| value.parse().ok())
            .unwrap_or(1),
        exit: Exit::Internal,
        failure: None,
        duplicate_of: None,
        started: now,
        finished: now,
        commands: Vec::new(),
        stages: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        quality: None,
        ffmpeg: None,
        machine: machine::describe(),
        trace_id,
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_could_not_be_read_was_called_null() {
        let parameters = Parameters {
            name: Some("null".to_owned()),
            ..Parameters::default()
        };
        assert_eq!(begin(&parameters, None).name, "");
    }
}
