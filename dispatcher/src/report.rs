//! The report of a job: what ran, where, how long, and what came of it. Versioned JSON that outlives the job.
//!
//! A report is written whatever happens: success, failure and interruption alike. Readers of an older version keep working:
//! fields are added, never renamed, and an unknown field is ignored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::event::Stage;
use crate::exit::Exit;
use crate::metric::Score;
use crate::quality::Origin;

/// The version that this code writes.
pub const VERSION: u32 = 1;

/// What became of one attempt of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// The job's id; on AWS Batch `AWS_BATCH_JOB_ID`.
    pub job_id: String,
    /// The job's name.
    pub name: String,
    /// Which attempt this was, from 1.
    pub attempt: u32,
    /// How it ended.
    pub exit: Exit,
    /// What went wrong; absent on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The job that does the work in place of this one; only beside [`Exit::Duplicate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<String>,
    /// When the worker started.
    pub started: Timestamp,
    /// When this report was made.
    pub finished: Timestamp,
    /// The ffmpeg commands in their order.
    pub commands: Vec<CommandReport>,
    /// The stages in their order; a stage that was not reached is absent.
    pub stages: Vec<StageReport>,
    /// Every input and side file.
    pub inputs: Vec<FileReport>,
    /// Every file that was published, under its final name.
    pub outputs: Vec<FileReport>,
    /// The quality of what came out; absent when none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityReport>,
    /// The ffmpeg that ran; absent when none was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ffmpeg: Option<FfmpegReport>,
    /// The machine that ran it.
    pub machine: MachineReport,
    /// The trace to which the job's spans belong, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Sentences worth knowing that are no failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where.
    pub stage: Stage,
    /// One sentence.
    pub message: String,
}

/// One ffmpeg command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandReport {
    /// As it was asked for, with its URLs.
    pub command: Command,
    /// As it ran, with local paths and ffbatch's own options; the program first.
    pub argv: Vec<String>,
    /// ffmpeg's own exit code; absent when a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended ffmpeg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Wall time from spawn to exit.
    pub seconds: f64,
    /// Processor time, user and system together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Largest resident set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Frames written by the first video output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// Frames that ffmpeg repeated to keep the frame rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated_frames: Option<u64>,
    /// Frames that ffmpeg left out to keep the frame rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped_frames: Option<u64>,
    /// Seconds of media written per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Seconds of media written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_time_secs: Option<f64>,
    /// The last lines of ffmpeg's log; kept when it failed, and when it wrote no file, so that the log is the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stderr_tail: Vec<String>,
}

impl CommandReport {
    /// A command that has not run yet.
    pub const fn of(command: Command) -> Self {
        Self {
            command,
            argv: Vec::new(),
            exit_code: None,
            signal: None,
            seconds: 0.0,
            cpu_seconds: None,
            peak_memory_bytes: None,
            frames: None,
            repeated_frames: None,
            dropped_frames: None,
            speed: None,
            out_time_secs: None,
            stderr_tail: Vec::new(),
        }
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Which.
    pub stage: Stage,
    /// How long it took.
    pub seconds: f64,
    /// Bytes moved, where it moves any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What went wrong in it; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One file that was read or published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// Where it is.
    pub location: String,
    /// Its size; absent where the source does not tell (a live input).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of the bytes, 64 hexadecimal digits; of outputs only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Seconds of media it holds, as ffmpeg's demuxer says; of inputs only, where ffmpeg said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<f64>,
    /// The path at which it was read without a copy; of inputs in a mounted bucket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<String>,
}

/// The quality of a job's outputs, or why there is no number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// The metrics that were asked for.
    pub asked: Vec<String>,
    /// One entry for each video stream of each output file, in their order; an output without video has one too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputQuality>,
    /// Why nothing was measured at all; a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The quality of one video stream of an output.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputQuality {
    /// The output.
    pub location: String,
    /// Which of its video streams, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub stream: usize,
    /// In which form pictures were compared, such as `1280x720 yuv420p tv`: size, pixel format, range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Whether the stream is a copy, where it was not encoded (`-c copy`): there is no score then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Copied>,
    /// One summary for each metric that could be measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// Where the values of every frame stand ([`crate::quality::Document`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_at: Option<String>,
    /// Why a metric has no score: metric to sentence; under `*` what holds for all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, String>,
    /// Sentences that one must know to read the numbers rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a stream that was not encoded holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Copied {
    /// Packets of the source, in their order and without a gap.
    Copied,
    /// Something else.
    NotACopy,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it skips by reference"
)]
fn is_first(stream: &usize) -> bool {
    *stream == 0
}

/// The ffmpeg that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FfmpegReport {
    /// Where it is.
    pub path: String,
    /// What it calls itself, such as `n9.0.2`; absent when it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How it was confined, in one sentence.
    pub confinement: String,
}

/// The machine that ran the job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineReport {
    /// Processor architecture, such as `x86_64` or `aarch64`.
    pub architecture: String,
    /// The processor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Logical processors that the machine shows.
    pub cpus: u32,
    /// Virtual processors that the job was given; absent when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<u32>,
    /// For how many processors ffmpeg chose its numbers of threads; absent from older reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<ThreadsReport>,
    /// Installed memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// The graphics cards that the job could use, where its family needs one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<GpuReport>,
    /// The instance type that really ran it; absent where nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<InstanceType>,
    /// Where the instance is, such as `eu-west-1a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// How the instance is paid, such as `spot` or `on-demand`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_life_cycle: Option<String>,
    /// The job queue, on AWS Batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_queue: Option<String>,
    /// The compute environment, on AWS Batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute_environment: Option<String>,
}

/// A graphics card, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuReport {
    /// What it is, such as `Tesla T4`.
    pub name: String,
    /// Which one it is.
    pub uuid: String,
}

/// A type of instance, and who told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    /// Such as `c7g.4xlarge`; `fargate` on AWS Fargate, which has no types.
    pub name: String,
    /// Who told it.
    pub source: InstanceSource,
}

/// Who told the type of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceSource {
    /// The instance metadata service of Amazon EC2.
    Imds,
    /// The environment of the container (`AWS_EXECUTION_ENV`).
    Environment,
    /// Amazon ECS, asked by whoever followed the job; the worker knew nothing.
    Ecs,
}

/// For how many processors ffmpeg chose its numbers of threads, and why so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadsReport {
    /// As many as it counted.
    pub processors: u32,
    /// Why.
    pub policy: ThreadsPolicy,
}

/// Which processors ffmpeg counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThreadsPolicy {
    /// All that it may use.
    Machine,
    /// Those that the job was given, of more that it sees; it may use all of them once its encoders are open.
    Vcpus,
    /// As many as whoever submitted the job asked for, of more that there are; it may use all of them as well.
    Asked,
}

impl Report {
    /// The report's key in a data bucket: `metrics/jobs/year=YYYY/month=MM/day=DD/<JOBID>_<attempt>.json`, by the day in UTC
    /// on which the worker started. The `:` of an array child's id becomes `-`.
    pub fn key(&self) -> String {
        self.key_below("metrics/jobs")
    }

    /// The key of the job's X-Ray segment document, of the same form below `metrics/xray/`.
    pub fn trace_key(&self) -> String {
        self.key_below("metrics/xray")
    }

    /// The key of the per-frame document of an output that was scored, counted from 0 among those:
    /// `metrics/ffqm/year=YYYY/month=MM/day=DD/<JQ>_<CE>_<JOBID>.json`, the name of users' own tables, and `.._<JOBID>_1.json` and so
    /// on for further ones. A later attempt replaces it.
    pub fn quality_key(&self, output: usize) -> String {
        let origin = Origin::of(self);
        let names = [origin.queue, origin.environment, origin.job].map(plain);
        let further = match output {
            0 => String::new(),
            output => format!("_{output}"),
        };
        let (day, names) = (self.day(), names.join("_"));
        format!("metrics/ffqm/{day}/{names}{further}.json")
    }

    fn key_below(&self, prefix: &str) -> String {
        let (day, job) = (self.day(), plain(&self.job_id));
        format!("{prefix}/{day}/{job}_{}.json", self.attempt)
    }

    /// The partition of the day, zero-padded as the partition projection of Glue wants it.
    fn day(&self) -> String {
        self.started.strftime("year=%Y/month=%m/day=%d").to_string()
    }

    /// What a stage did; `None` when it was not reached.
    pub fn stage(&self, stage: Stage) -> Option<&StageReport> {
        self.stages.iter().find(|entry| entry.stage == stage)
    }

    /// The report as it is stored: JSON in one line, because tables of Athena read one document from each line.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a report is plain data with text keys");
        text.push('\n');
        text
    }
}

/// A name as one part of a key: an array child's id has a `:`.
fn plain(name: &str) -> String {
    name.replace([':', '/'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(machine: &str) -> Report {
        let text = format!(
            r#"{{"version": 1, "job_id": "1234:7", "name": "", "attempt": 2, "exit": "succeeded",
                "started": "2026-03-05T23:59:59Z", "finished": "2026-03-06T00:00:09Z",
                "commands": [], "stages": [], "inputs": [], "outputs": [],
                "machine": {{"architecture": "x86_64", "cpus": 2 {machine}}}}}"#
        );
        serde_json::from_str(&text).expect("a report")
    }

    #[test]
    fn keys() {
        let aws = report(
            r#", "job_queue": "batch-ffmpeg-job-queue-arm", "compute_environment": "batch-ffmpeg-arm""#,
        );
        assert_eq!(
            aws.key(),
            "metrics/jobs/year=2026/month=03/day=05/1234-7_2.json"
        );
        assert_eq!(
            aws.quality_key(0),
            "metrics/ffqm/year=2026/month=03/day=05/batch-ffmpeg-job-queue-arm_batch-ffmpeg-arm_1234-7.json"
        );
        let here = report("");
        assert_eq!(
            here.quality_key(0),
            "metrics/ffqm/year=2026/month=03/day=05/local_local_1234-7.json"
        );
        assert_eq!(
            here.quality_key(2),
            "metrics/ffqm/year=2026/month=03/day=05/local_local_1234-7_2.json"
        );
    }
}
