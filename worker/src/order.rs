//! The order of the stages, all but the last: *record* runs whatever comes of these.

use std::time::Instant;

use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::{Parameters, When};
use ffbatch_dispatcher::report::{CommandReport, FileReport, Report, StageReport};
use ffbatch_storage::Stores;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::check::Plan;
use crate::claim::{self, Claim};
use crate::emit::{emit, note};
use crate::failure::Failure;
use crate::fetch::Fetched;
use crate::measure::Frames;
use crate::span::fail;
use crate::stop::{unless, unless_late};
use crate::switch::Switch;
use crate::task::Task;
use crate::{asked, check, fetch, measure, preflight, publish, transcode, work_dir};

/// All stages but the last. What was measured of every frame is left in `frames`.
pub async fn stages(
    parameters: &Parameters,
    stores: &Stores,
    stop: &CancellationToken,
    report: &mut Report,
    frames: &mut Frames,
) -> Result<(), Failure> {
    let Report {
        stages: log,
        commands,
        inputs,
        outputs,
        quality,
        ffmpeg,
        machine,
        notes,
        duplicate_of,
        attempt,
        ..
    } = report;
    let (job_id, name) = (&report.job_id, &mut report.name);
    let checking = async {
        asked::protocol()?;
        // None of these has to wait for another.
        let (claim, job, gpus) = tokio::join!(
            claim::claim(*attempt, stores),
            asked::job(parameters, stores),
            preflight::devices()
        );
        claimed(claim, duplicate_of, notes)?;
        let mut job = job?;
        machine.gpus = gpus?;
        if job.bounds.is_some() {
            stores.stay_outside();
        }
        name.clone_from(&job.name);
        *commands = job
            .commands
            .iter()
            .cloned()
            .map(CommandReport::of)
            .collect();
        let switch = Switch::ask(&mut job);
        let metrics = measure::metrics(&job)?;
        let model = measure::model(&job, &metrics)?;
        let work_dir = work_dir::open()?;
        check::check(&job, job_id, &work_dir).map(|plan| (job, switch, metrics, model, plan))
    };
    let (mut job, mut switch, metrics, model, mut plan) =
        stage(log, Stage::Check, unless(stop, checking)).await?;
    for remark in &plan.remarks {
        note(notes, remark);
    }
    *ffmpeg = Some(transcode::describe(&plan, notes));
    let fetching = async {
        publish::reachable(&plan, stores).await?;
        fetch::fetch(&plan, stores).await
    };
    let fetched = stage(log, Stage::Fetch, unless(stop, fetching)).await?;
    arrived(fetched, &mut plan, inputs, log, notes);
    if job.measure == When::Inside {
        job.measure = inside_or_after(&mut switch, notes).await;
    }
    let task = Task {
        plan: &plan,
        job: &job,
        metrics: &metrics,
        model: model.as_ref(),
        stop,
    };
    let transcoding = transcode::transcode(task, commands, inputs, ffmpeg, notes);
    let ran = stage(log, Stage::Transcode, transcoding).await?;
    let published = stage(
        log,
        Stage::Publish,
        unless(stop, publish::publish(&plan, stores, outputs)),
    )
    .await;
    moved(log, outputs.iter());
    published?;
    let switched = unless(stop, switch.answer()).await;
    if !metrics.is_empty() && !matches!(switched, Ok(false)) {
        let wanted = if switched.is_ok() { job.metrics() } else { &[] };
        // Nothing that goes wrong here fails the job: the encode is done and published. The measuring ffmpeg is told to stop
        // and awaited, because it works in the directory that vanishes next.
        let measuring = measure::measure(measure::Asked {
            task,
            stores,
            commands,
            ran: &ran,
        });
        let measuring = async {
            switched?;
            Box::pin(measuring).await
        };
        match stage(log, Stage::Measure, unless_late(stop, measuring)).await {
            Ok((measured, every)) => (*quality, *frames) = (Some(measured), every),
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => *quality = Some(measure::refused(wanted, &failure.message)),
        }
    }
    Ok(())
}

/// When a job is measured that asks for it inside its encode: an encode that carries a comparison which nobody wants takes longer
/// for nothing.
async fn inside_or_after(switch: &mut Switch, notes: &mut Vec<String>) -> When {
    match switch.known().await {
        Some(true) => When::Inside,
        Some(false) => When::After,
        None => {
            let why = "if quality is measured, then afterwards: whether it is wanted was not known when the encode began";
            note(notes, why);
            When::After
        }
    }
}

/// Keeps what the fetch stage brought, and lets ffmpeg read what lies elsewhere.
fn arrived(
    fetched: Fetched,
    plan: &mut Plan,
    inputs: &mut Vec<FileReport>,
    log: &mut [StageReport],
    notes: &mut Vec<String>,
) {
    if let Some(remark) = fetched.remark {
        note(notes, remark);
    }
    plan.reads.extend(fetched.mounted);
    *inputs = fetched.inputs;
    let is_moved =
        |input: &&FileReport| !input.location.starts_with('/') && input.read_at.is_none();
    moved(log, inputs.iter().filter(is_moved));
}

/// Ends a job whose work another one does.
fn claimed(
    claim: Claim,
    duplicate_of: &mut Option<String>,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    match claim {
        Claim::Ours => Ok(()),
        Claim::Unknown(why) => {
            note(notes, why);
            Ok(())
        }
        Claim::Taken { by, since } => {
            let since = since.map_or_else(String::new, |since| format!(" since {since}"));
            let message = format!(
                "job `{by}` does the same work{since}: one submission became two jobs, and this one has done nothing (look at `{by}`)"
            );
            *duplicate_of = Some(by);
            Err(Failure::new(Exit::Duplicate, message))
        }
    }
}

/// Runs one stage as a span, tells its begin and end, and keeps its time.
async fn stage<T>(
    log: &mut Vec<StageReport>,
    stage: Stage,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let span = tracing::info_span!("stage", otel.name = stage.segment());
    emit(&Event::StageStarted { stage });
    let started = Instant::now();
    let result = work.instrument(span.clone()).await;
    let seconds = started.elapsed().as_secs_f64();
    let error = result.as_ref().err().map(|failure| failure.message.clone());
    if let Err(failure) = &result {
        fail(&span, failure);
    }
    emit(&Event::StageFinished {
        stage,
        seconds,
        ok: error.is_none(),
    });
    log.push(StageReport {
        stage,
        seconds,
        bytes: None,
        error,
    });
    result
}

/// Notes the bytes that the last stage moved.
fn moved<'a>(log: &mut [StageReport], files: impl Iterator<Item = &'a FileReport>) {
    if let Some(last) = log.last_mut() {
        last.bytes = Some(files.filter_map(|file| file.bytes).sum());
    }
}
