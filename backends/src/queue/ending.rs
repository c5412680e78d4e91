//! What an attempt left behind says of its end: the worker's exit status and the events it wrote.
//!
//! Whoever watched the worker to its end goes by its exit status: a full disk may have cost its last words. Where nobody did, the
//! last event counts, and without one the attempt was lost.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use ffbatch_dispatcher::event::{Event, PROTOCOL};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::retry::{HOST_LOST, NOT_STARTED};
use rustix::process::Signal;

use super::store::attempts::Ended;

/// How much of the beginning and of the end of the events is read, in bytes. No event is longer than a sentence or two.
const WINDOW: u64 = 64 << 10;

/// How much of a stranger's first words is repeated, in characters.
const REPEATED: usize = 60;

/// What was started as the worker.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The program, or the image that has it.
    pub name: &'a Path,
    /// What to do where it is none of ours.
    pub fix: &'static str,
}

impl<'a> Program<'a> {
    /// A program of this machine.
    pub const fn file(name: &'a Path) -> Self {
        Self {
            name,
            fix: "install ffbatch and ffbatch-worker of one version, or set FFBATCH_WORKER",
        }
    }
}

/// What the events say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The first line, where it is whole.
    first: Option<String>,
    /// The worker's process id.
    pub pid: Option<i32>,
    /// The last event: code, error, report.
    finished: Option<(u8, Option<String>, Option<String>)>,
}

impl Told {
    /// Reads the events of an attempt; a missing file says nothing.
    pub fn read(events: &Path) -> io::Result<Self> {
        let mut file = match File::open(events) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let first = lines(&mut file, 0)?.into_iter().next();
        let length = file.metadata()?.len();
        let last = lines(&mut file, length.saturating_sub(WINDOW))?;
        let hello = first.as_deref().and_then(event);
        let finished = last.iter().rev().find_map(|line| match event(line)? {
            Event::Finished {
                code,
                error,
                report,
            } => Some((code, error, report)),
            _ => None,
        });
        Ok(Self {
            pid: match hello {
                Some(Event::Hello { pid, .. }) => pid.and_then(|pid| i32::try_from(pid).ok()),
                _ => None,
            },
            first,
            finished,
        })
    }

    /// What is wrong with the program that wrote this, if it is no worker of this version.
    fn stranger(&self) -> Option<String> {
        match self.first.as_deref().map(|line| (line, event(line))) {
            Some((
                _,
                Some(Event::Hello {
                    protocol, version, ..
                }),
            )) if protocol != PROTOCOL => Some(format!(
                "it is of version {version} and speaks protocol {protocol}, this program {PROTOCOL}"
            )),
            Some((_, Some(Event::Hello { .. }))) | None => None,
            Some((line, _)) => {
                let said: String = line.chars().take(REPEATED).collect();
                Some(format!("it began with `{said}`"))
            }
        }
    }
}

/// The whole lines from this place on, within the window.
fn lines(file: &mut File, from: u64) -> io::Result<Vec<String>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(WINDOW).read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    Ok(text.lines().map(str::to_owned).collect())
}

fn event(line: &str) -> Option<Event> {
    serde_json::from_str(line).ok()
}

/// How an attempt ended that was watched to its end.
///
/// `is_full`: the disk of the queue is, so that the worker may have been unable to say a word.
pub fn watched(worker: Program<'_>, status: ExitStatus, told: Told, is_full: bool) -> Ended {
    if let Some(why) = told.stranger() {
        return stranger(worker, status.code(), &why);
    }
    let was_killed = was_stopped(status) || status.signal() == Some(Signal::KILL.as_raw());
    if told.first.is_none() && !was_killed && !is_full {
        return stranger(
            worker,
            status.code(),
            &format!("it ended ({status}) without a word"),
        );
    }
    let said = told.finished;
    match (status.code().and_then(Exit::from_code), said) {
        (Some(exit), said) => {
            let (_, error, report_at) = said.unwrap_or_default();
            Ended {
                began: true,
                code: status.code(),
                exit,
                reason: error
                    .or_else(|| (exit != Exit::Succeeded).then(|| exit.meaning().to_owned())),
                status_reason: None,
                report_at,
            }
        }
        (None, said) => {
            let (exit, reason) = killed(status);
            Ended {
                began: true,
                code: Some(match exit {
                    Exit::Interrupted => i32::from(exit.code()),
                    _ => status
                        .code()
                        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
                }),
                exit,
                reason: Some(reason),
                status_reason: None,
                report_at: said.and_then(|(_, _, report)| report),
            }
        }
    }
}

/// How an attempt ended of which only the files are left; `restarted` when the machine was, meanwhile.
pub fn left_behind(worker: Program<'_>, told: Told, restarted: bool) -> Ended {
    // After a power cut, whatever was not on the disk may be anything.
    if let Some(why) = told.stranger().filter(|_| !restarted) {
        return stranger(worker, None, &why);
    }
    let Some((code, error, report_at)) = told.finished else {
        let how = if restarted {
            "was restarted while the job ran"
        } else if told.first.is_some() {
            "lost the worker: it was killed while nobody watched it"
        } else {
            "lost the runner before the worker had begun"
        };
        let reason = format!("{HOST_LOST}{how}");
        return Ended {
            // The first thing that a worker does is to say a word.
            began: restarted || told.first.is_some(),
            code: None,
            exit: Exit::Machine,
            status_reason: Some(reason.clone()),
            reason: Some(reason),
            report_at: None,
        };
    };
    let exit = Exit::from_code(i32::from(code)).unwrap_or(Exit::Internal);
    Ended {
        began: true,
        code: Some(i32::from(code)),
        exit,
        reason: error.or_else(|| (exit != Exit::Succeeded).then(|| exit.meaning().to_owned())),
        status_reason: None,
        report_at,
    }
}

/// An attempt whose worker could not be started. It may be possible in a moment: the usual retry rules know these words.
pub fn not_started(why: &str) -> Ended {
    let reason = format!("{NOT_STARTED}: {why}");
    Ended {
        began: true,
        code: None,
        exit: Exit::Machine,
        status_reason: Some(reason.clone()),
        reason: Some(reason),
        report_at: None,
    }
}

/// Whether an attempt has ended so.
pub fn is_not_started(ended: &Ended) -> bool {
    let reason = ended.status_reason.as_deref().unwrap_or_default();
    ended.code.is_none() && reason.starts_with(NOT_STARTED)
}

fn stranger(worker: Program<'_>, code: Option<i32>, why: &str) -> Ended {
    let reason = format!(
        "`{}` is not a worker of this version: {why} ({})",
        worker.name.display(),
        worker.fix
    );
    Ended {
        began: true,
        code,
        exit: Exit::Machine,
        reason: Some(reason),
        status_reason: None,
        report_at: None,
    }
}

/// Whether the process ended by a signal that asks to stop: a worker that is just starting does not listen yet.
fn was_stopped(status: ExitStatus) -> bool {
    let asks = [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP];
    asks.iter()
        .any(|signal| status.signal() == Some(signal.as_raw()))
}

fn killed(status: ExitStatus) -> (Exit, String) {
    match status.signal() {
        Some(9) => (
            Exit::Machine,
            "the worker was killed (signal 9; was there enough memory?)".to_owned(),
        ),
        Some(_) if was_stopped(status) => (
            Exit::Interrupted,
            "the worker was asked to stop before it could hear of it".to_owned(),
        ),
        Some(signal) => (
            Exit::Machine,
            format!("the worker was ended by signal {signal}"),
        ),
        None => (
            Exit::Internal,
            format!(
                "the worker ended with {status}, which is none of its exit codes (report this)"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = r#"{"event":"hello","protocol":1,"version":"0.1.0","pid":7}"#;
    const WELL: &str = r#"{"event":"finished","code":0,"report":"/r.json"}"#;

    fn told(lines: &[&str]) -> Told {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("events");
        std::fs::write(&path, lines.concat()).expect("written");
        Told::read(&path).expect("read")
    }

    fn line(text: &str) -> String {
        format!("{text}\n")
    }

    #[track_caller]
    fn check(status: i32, lines: &[&str], exit: Exit, part: &str) {
        let ended = watched(
            Program::file(Path::new("/w")),
            ExitStatus::from_raw(status),
            told(lines),
            false,
        );
        assert_eq!(ended.exit, exit, "{ended:?}");
        assert!(
            ended.reason.unwrap_or_default().contains(part),
            "{lines:?} lacks `{part}`"
        );
    }

    #[test]
    fn the_exit_status_counts_where_somebody_saw_it() {
        let (hello, well) = (line(HELLO), line(WELL));
        check(0, &[&hello, &well], Exit::Succeeded, "");
        check(0, &[&hello], Exit::Succeeded, "");
        check(0x0400, &[&hello, &well], Exit::Ffmpeg, "");
        check(9, &[&hello, &well], Exit::Machine, "signal 9");
        check(15, &[], Exit::Interrupted, "before it could hear");
        check(0x0700, &[&hello], Exit::Jobs, "");
        check(0x6500, &[&hello], Exit::Internal, "none of its exit codes");
    }

    #[test]
    fn a_program_that_is_no_worker_was_taken_for_one() {
        check(
            0,
            &["hi there\n"],
            Exit::Machine,
            "it began with `hi there`",
        );
        check(0, &[], Exit::Machine, "without a word");
        let newer = HELLO.replace(":1,", ":2,") + "\n";
        check(
            0,
            &[&newer, &line(WELL)],
            Exit::Machine,
            "speaks protocol 2",
        );
    }

    #[test]
    fn what_nobody_watched_has_succeeded_only_if_it_said_so() {
        let of = |lines: &[&str], restarted| {
            left_behind(Program::file(Path::new("/w")), told(lines), restarted)
        };
        let well = of(&[&line(HELLO), &line(WELL)], true);
        assert_eq!((well.exit, well.code), (Exit::Succeeded, Some(0)));
        assert_eq!(well.report_at.as_deref(), Some("/r.json"));
        for (lines, restarted, part) in [
            (vec![line(HELLO)], false, "Host lost the worker"),
            (
                vec![line(HELLO), WELL.to_owned()],
                false,
                "Host lost the worker",
            ),
            (vec![], false, "before the worker had begun"),
            (vec![line(HELLO)], true, "Host was restarted"),
        ] {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let ended = of(&lines, restarted);
            assert_eq!(ended.exit, Exit::Machine);
            assert!(
                ended
                    .status_reason
                    .is_some_and(|reason| reason.contains(part)),
                "{part}"
            );
        }
    }

    #[test]
    fn the_last_event_is_found_behind_a_long_way() {
        let note = line(&format!(
            r#"{{"event":"note","message":"{}"}}"#,
            "x".repeat(1000)
        ));
        let mut lines = vec![line(HELLO)];
        lines.extend(std::iter::repeat_n(note, 500));
        lines.push(line(WELL));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let told = told(&lines);
        assert_eq!(told.pid, Some(7));
        assert_eq!(told.finished, Some((0, None, Some("/r.json".to_owned()))));
    }
}
