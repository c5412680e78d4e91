//! What a worker tells while it works: one JSON object a line on its standard output.
//!
//! ffmpeg's own log lines are not events: they pass through the worker's standard error as they come. The first event is
//! [`Event::Hello`]; a follower that reads anything else first is not talking to a worker of its kind.

use serde::{Deserialize, Serialize};

/// The version of this protocol and of the worker's flags. A worker and a follower of different numbers refuse each other.
pub const PROTOCOL: u32 = 1;

/// The environment variable through which a follower names its protocol to the worker.
pub const PROTOCOL_VARIABLE: &str = "FFBATCH_PROTOCOL";

/// One line of a worker's standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line: who speaks.
    Hello {
        /// [`PROTOCOL`] of the worker.
        protocol: u32,
        /// The worker's version, for people.
        version: String,
        /// Its process, for whoever follows a worker without having started it; absent from older workers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    },
    /// A stage began.
    StageStarted {
        /// Which one.
        stage: Stage,
    },
    /// A stage ended.
    StageFinished {
        /// Which one.
        stage: Stage,
        /// How long it took.
        seconds: f64,
        /// Whether it did what it had to.
        ok: bool,
    },
    /// How far a stage is.
    Progress(Progress),
    /// Something worth knowing that is no failure.
    Note {
        /// One sentence.
        message: String,
    },
    /// A line of ffmpeg's log; added by a follower that reads the worker's standard error.
    Log {
        /// The line without its end.
        line: String,
    },
    /// The last line.
    Finished {
        /// The exit code, one of [`crate::exit::Exit`].
        code: u8,
        /// The error in one sentence; absent on success.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Where the report lies; absent when it could not be written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<String>,
    },
}

/// A part of a job, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Files of the machine on which a job is submitted go to where it will run; told by whoever submits, never by a worker.
    Upload,
    /// The command is parsed and every place in it resolved, before a byte moves.
    Check,
    /// Inputs come to this machine.
    Fetch,
    /// ffmpeg runs.
    Transcode,
    /// What ffmpeg wrote appears under its final names.
    Publish,
    /// Quality is measured.
    Measure,
    /// The report and the trace are written.
    Record,
    /// Results come back to the machine from which a job was submitted; told by whoever waits for it.
    Download,
}

impl Stage {
    /// The name of the stage's subsegment in an X-Ray trace, as users' Athena views expect it.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::Upload => "stage-in",
            Self::Check => "check",
            Self::Fetch => "download",
            Self::Transcode => "cmd-execution",
            Self::Publish => "upload",
            Self::Measure => "quality-metrics",
            Self::Record => "record",
            Self::Download => "stage-out",
        }
    }

    /// The stage's name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Check => "check",
            Self::Fetch => "fetch",
            Self::Transcode => "transcode",
            Self::Publish => "publish",
            Self::Measure => "measure",
            Self::Record => "record",
            Self::Download => "download",
        }
    }
}

/// How far a stage is; what is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The stage that reports.
    pub stage: Stage,
    /// Which command of the job, from 0.
    #[serde(default)]
    pub command: usize,
    /// Frames written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
    /// Frames a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Seconds of media a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Seconds of media written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_time_secs: Option<f64>,
    /// Bytes moved or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes there are to move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Seconds to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_secs: Option<f64>,
}

impl Progress {
    /// Progress of a stage of which nothing else is known yet.
    pub const fn of(stage: Stage) -> Self {
        Self {
            stage,
            command: 0,
            frame: None,
            frame_rate: None,
            speed: None,
            out_time_secs: None,
            bytes: None,
            total_bytes: None,
            percent: None,
            eta_secs: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_stable() {
        let progress = Progress {
            frame: Some(3),
            percent: Some(50.0),
            ..Progress::of(Stage::Transcode)
        };
        let lines = [
            Event::Hello {
                protocol: PROTOCOL,
                version: "0.1.0".into(),
                pid: Some(7),
            },
            Event::StageFinished {
                stage: Stage::Fetch,
                seconds: 0.25,
                ok: true,
            },
            Event::Progress(progress),
            Event::Finished {
                code: 0,
                error: None,
                report: Some("/r.json".into()),
            },
        ]
        .map(|event| serde_json::to_string(&event).expect("events are plain JSON"))
        .join("\n");
        insta::assert_snapshot!(lines, @r#"
        {"event":"hello","protocol":1,"version":"0.1.0","pid":7}
        {"event":"stage-finished","stage":"fetch","seconds":0.25,"ok":true}
        {"event":"progress","stage":"transcode","command":0,"frame":3,"percent":50.0}
        {"event":"finished","code":0,"report":"/r.json"}
        "#);
    }

    #[test]
    fn a_worker_that_did_not_tell_its_process_was_refused() {
        let line = r#"{"event":"hello","protocol":1,"version":"0.1.0"}"#;
        let hello = Event::Hello {
            protocol: PROTOCOL,
            version: "0.1.0".into(),
            pid: None,
        };
        assert_eq!(
            serde_json::from_str::<Event>(line).expect("it reads"),
            hello
        );
        assert_eq!(serde_json::to_string(&hello).expect("plain JSON"), line);
    }
}
