//! One run of one cell, as it is kept: versioned JSON in one line, with the whole report of the job's worker.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::metric::Score;
use ffbatch_dispatcher::report::{CommandReport, Report};

use crate::matrix::Cell;

/// The version that this code writes.
pub const VERSION: u32 = 1;

/// The most seconds of media that an encoder holds back at the end of a command, generously.
const HELD_BACK: f64 = 0.5;

/// A run, from before its job is submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`VERSION`].
    pub version: u32,
    /// What it is a run of.
    pub cell: Cell,
    /// Its number: 0 of a warm-up, which is not timed.
    pub round: u32,
    /// The submission's id: whoever finds a run that has not ended looks for the job with it.
    pub submission: String,
    /// The job's name.
    pub job_name: String,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// The Region of its compute; absent on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How it ended; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The job's id.
    pub job: String,
    /// The worker's exit.
    pub exit: Exit,
    /// The error in one sentence; absent on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Attempts that it took.
    pub attempts: u32,
    /// The terms on which it ran, with what the compute had chosen.
    #[serde(default)]
    pub given: Given,
    /// Seconds from the submission to the start of the last attempt; absent where nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_secs: Option<f64>,
    /// The encoders that ffmpeg named in its log, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encoders: Vec<String>,
    /// The worker's report; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<Report>>,
    /// The values of every frame, among the results; absent where nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_at: Option<String>,
}

/// What a job was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Virtual processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<u32>,
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
}

impl Run {
    /// The name of its file among the results.
    pub fn file_name(&self) -> String {
        file_name(&self.cell.id, self.round)
    }

    /// The report of a run that succeeded.
    pub fn succeeded(&self) -> Option<&Report> {
        let ended = self.ended.as_ref()?;
        ended
            .report
            .as_deref()
            .filter(|_| ended.exit == Exit::Succeeded)
    }

    /// Seconds from the start of ffmpeg to its end, all commands together; of a run that succeeded.
    pub fn encode_secs(&self) -> Option<f64> {
        let commands = &self.succeeded()?.commands;
        Some(commands.iter().map(|command| command.seconds).sum())
    }

    /// Seconds for which a machine was occupied, without what only a benchmark does (measuring) and without start-up.
    pub fn busy_secs(&self) -> Option<f64> {
        let stages = &self.succeeded()?.stages;
        let work = stages.iter().filter(|one| one.stage != Stage::Measure);
        Some(work.map(|one| one.seconds).sum())
    }

    /// Seconds of media that came out: as many as went in, unless the command cut it.
    ///
    /// What ffmpeg says at its end follows the order of decoding, and is short by the frames that an encoder holds back: by 0.08 s
    /// where x264 has B-frames. So it tells whether the input was cut, and only then how long the output is.
    pub fn media_secs(&self) -> Option<f64> {
        let report = self.succeeded()?;
        let written = |one: &CommandReport| one.out_time_secs.filter(|secs| *secs > 0.0);
        let written = report.commands.iter().rev().find_map(written);
        let read = report.inputs.iter().find_map(|input| input.duration_secs);
        match (written, read) {
            (Some(written), Some(read)) if (read - written).abs() < HELD_BACK => Some(read),
            (written, read) => written.or(read),
        }
    }

    /// Frames of the last command that counted any.
    pub fn frames(&self) -> Option<u64> {
        let frames = |one: &CommandReport| one.frames.filter(|frames| *frames > 0);
        self.succeeded()?.commands.iter().rev().find_map(frames)
    }

    /// Processor seconds of ffmpeg, all commands together.
    pub fn cpu_secs(&self) -> Option<f64> {
        let commands = &self.succeeded()?.commands;
        commands.iter().map(|command| command.cpu_seconds).sum()
    }

    /// The largest resident set of ffmpeg.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let commands = &self.succeeded()?.commands;
        commands
            .iter()
            .filter_map(|command| command.peak_memory_bytes)
            .max()
    }

    /// Bytes that came out, all files together.
    pub fn output_bytes(&self) -> Option<u64> {
        let outputs = &self.succeeded()?.outputs;
        if outputs.is_empty() {
            return None;
        }
        outputs.iter().map(|output| output.bytes).sum()
    }

    /// Bits a second of all that came out: video, audio and container.
    #[expect(
        clippy::cast_precision_loss,
        reason = "files stay far below 2^52 bytes"
    )]
    pub fn bits_per_sec(&self) -> Option<f64> {
        Some(self.output_bytes()? as f64 * 8.0 / self.media_secs()?)
    }

    /// The scores of the first video.
    pub fn scores(&self) -> &[Score] {
        let quality = self.succeeded().and_then(|report| report.quality.as_ref());
        let first = quality.and_then(|quality| quality.outputs.first());
        first.map_or(&[], |output| &output.scores)
    }

    /// Digests of all that came out, to see whether another run made the same.
    pub fn digests(&self) -> Vec<&str> {
        let outputs = self.succeeded().map_or(&[][..], |report| &report.outputs);
        outputs
            .iter()
            .filter_map(|output| output.sha256.as_deref())
            .collect()
    }
}

/// The name of the file of a run.
pub fn file_name(cell: &str, round: u32) -> String {
    format!("{cell}.{round:03}.jsonl")
}
