//! Runs from what jobs have left behind: their reports, without any benchmark's file.
//!
//! Commands that differ in their files alone are one variant; those that differ in the option that sets quality or rate besides are
//! its ladder. Jobs of one command on one input and one place are its runs. Nothing was run in turn and nothing is a warm-up, so the
//! numbers say less than a benchmark's; the summary of them is made the same way.

use std::collections::BTreeMap;

use ffbatch_dispatcher::command::{Command, words};
use ffbatch_dispatcher::infra::PINNED;
use ffbatch_dispatcher::report::{Report, ThreadsPolicy};

use crate::matrix::{Cell, INPUT, Input, OUTPUT, Place, Rung, cell_id, stem};
use crate::run::{Ended, Given, Run, VERSION};

/// Options that set quality or rate, with their names on a ladder.
const RUNGS: [(&str, &str); 8] = [
    ("-crf", "crf"),
    ("-qp", "qp"),
    ("-cq", "cq"),
    ("-q:v", "q"),
    ("-qscale:v", "q"),
    ("-global_quality", "global_quality"),
    ("-b:v", "bitrate"),
    ("-vb", "bitrate"),
];

/// What stands between prefix and compute in the name of a job queue.
const QUEUE: &str = "-job-queue-";

/// Runs from reports, in the order of their jobs' start; `region` is where jobs of AWS Batch ran that do not say it.
pub fn runs(mut reports: Vec<Report>, region: Option<&str>) -> Vec<Run> {
    reports.sort_by_key(|report| report.started);
    let mut rounds: BTreeMap<String, u32> = BTreeMap::new();
    reports
        .into_iter()
        .filter_map(|report| {
            let cell = cell(&report)?;
            let round = rounds.entry(cell.id.clone()).or_default();
            *round += 1;
            Some(run(report, cell, *round, region))
        })
        .collect()
}

fn run(report: Report, cell: Cell, round: u32, region: Option<&str>) -> Run {
    let on_batch = report.machine.job_queue.is_some();
    let quality = report.quality.as_ref();
    let frames_at = quality.and_then(|quality| quality.outputs.first()?.frames_at.clone());
    Run {
        version: VERSION,
        cell,
        round,
        submission: report.job_id.clone(),
        job_name: report.name.clone(),
        submitted: report.started,
        region: region.filter(|_| on_batch).map(str::to_owned),
        ended: Some(Ended {
            job: report.job_id.clone(),
            exit: report.exit,
            error: report
                .failure
                .as_ref()
                .map(|failure| failure.message.clone()),
            attempts: report.attempt,
            given: Given {
                vcpus: report.machine.vcpus.filter(|_| on_batch),
                memory_mib: None,
            },
            queued_secs: None,
            encoders: Vec::new(),
            report: Some(Box::new(report)),
            frames_at,
        }),
    }
}

/// The cell that a job would be a run of; `None` where its command has no input of one's own.
fn cell(report: &Report) -> Option<Cell> {
    let mut commands = Vec::new();
    let mut name = Vec::new();
    let mut rung = None;
    let mut url = None;
    for command in &report.commands {
        let shape = shape(&command.command)?;
        url = url.or(shape.input);
        rung = shape.rung.or(rung);
        name.push(shape.options);
        commands.push(shape.words);
    }
    let url = url?;
    let place = place(report);
    let what = serde_json::json!({ "input": url, "commands": commands, "place": place });
    let duration = report.inputs.iter().find_map(|input| input.duration_secs);
    Some(Cell {
        id: cell_id(&what),
        input: Input {
            name: stem(&url).to_owned(),
            url: url.clone(),
            duration_secs: duration,
        },
        variant: name.join(" --then "),
        rung,
        place,
        commands,
    })
}

/// A command without its files.
struct Shape {
    input: Option<String>,
    words: Vec<String>,
    options: String,
    rung: Option<Rung>,
}

fn shape(command: &Command) -> Option<Shape> {
    let parsed = command.parse().ok()?;
    let mut words: Vec<String> = command.words().to_vec();
    let mut files = Vec::new();
    let first = parsed.inputs.first().map(|input| words[input.word].clone());
    for input in &parsed.inputs {
        // The word before is `-i`.
        files.extend([input.word.checked_sub(1)?, input.word]);
        words[input.word] = format!("{{{INPUT}}}");
    }
    for output in &parsed.outputs {
        files.push(output.word);
        let base = words[output.word].rsplit('/').next().unwrap_or_default();
        let extension = base
            .rsplit_once('.')
            .map(|(_, extension)| format!(".{extension}"));
        words[output.word] = format!("{{{OUTPUT}}}{}", extension.unwrap_or_default());
    }
    let mut rung = None;
    let mut options = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let known = RUNGS.iter().find(|(option, _)| *option == words[at]);
        match (known, words.get(at + 1)) {
            // `-b:v 0` beside `-crf` says that there is no bitrate to keep.
            (Some((_, key)), Some(value)) if rung.is_none() && value != "0" => {
                rung = Some(Rung {
                    key: (*key).to_owned(),
                    value: value.clone(),
                });
                at += 2;
                continue;
            }
            _ if !files.contains(&at) && words[at] != "-y" => options.push(words[at].clone()),
            _ => {}
        }
        at += 1;
    }
    Some(Shape {
        input: first,
        options: if options.is_empty() {
            "ffmpeg".to_owned()
        } else {
            words::join(&options)
        },
        words,
        rung,
    })
}

/// Where a job ran.
fn place(report: &Report) -> Place {
    let machine = &report.machine;
    let queue = machine.job_queue.as_deref();
    let compute = queue.map_or("local", |queue| {
        let name = queue
            .split_once(QUEUE)
            .map_or(queue, |(_, compute)| compute);
        name.strip_suffix(PINNED).unwrap_or(name)
    });
    let instance = machine.instance_type.as_ref().map(|told| told.name.clone());
    let instance = instance.filter(|name| name != "fargate");
    // One that a job does not own stands beside the compute, since it pays a share of it.
    let owns = queue.is_some_and(|queue| queue.ends_with(PINNED));
    let compute = match &instance {
        Some(name) if !owns => format!("{compute} {name}"),
        _ => compute.to_owned(),
    };
    let asked = machine
        .threads
        .filter(|threads| threads.policy == ThreadsPolicy::Asked);
    Place {
        compute,
        instance_type: instance.filter(|_| owns),
        vcpus: machine.vcpus.filter(|_| queue.is_some()),
        threads: asked.map(|threads| threads.processors),
        ..Place::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(command: &str, queue: &str) -> Report {
        let command = Command::from_line(command).expect("a command");
        let text = serde_json::json!({
            "version": 1, "job_id": "j", "name": "", "attempt": 1, "exit": "succeeded",
            "started": "2026-03-05T10:00:00Z", "finished": "2026-03-05T10:00:09Z", "stages": [], "inputs": [], "outputs": [],
            "commands": [{ "command": command, "argv": [], "seconds": 2.5 }],
            "machine": { "architecture": "aarch64", "cpus": 4, "vcpus": 4, "job_queue": queue,
                         "instance_type": { "name": "c7g.xlarge", "source": "imds" } },
        });
        serde_json::from_value(text).expect("a report")
    }

    #[test]
    fn commands_that_differ_in_their_files_are_runs_of_one_variant() {
        let queue = "batch-ffmpeg-job-queue-arm-pinned";
        let runs = runs(
            vec![
                report(
                    "ffmpeg -y -i s3://b/a.mp4 -an -c:v libx264 -crf 20 s3://b/1.mp4",
                    queue,
                ),
                report(
                    "ffmpeg -i s3://b/a.mp4 -an -c:v libx264 -crf 30 s3://b/2.mp4",
                    queue,
                ),
                report(
                    "ffmpeg -i s3://b/a.mp4 -an -c:v libx264 -crf 30 s3://b/x/3.mp4",
                    queue,
                ),
            ],
            Some("eu-west-1"),
        );
        let labels: Vec<String> = runs
            .iter()
            .map(|run| format!("{} {}", run.cell.label(), run.round))
            .collect();
        insta::assert_snapshot!(labels.join("\n"), @r"
        -an -c:v libx264 crf=20, arm c7g.xlarge 4 vCPU, a 1
        -an -c:v libx264 crf=30, arm c7g.xlarge 4 vCPU, a 1
        -an -c:v libx264 crf=30, arm c7g.xlarge 4 vCPU, a 2
        ");
        assert_eq!(runs[0].region.as_deref(), Some("eu-west-1"));
        assert_eq!(runs[0].encode_secs(), Some(2.5));
    }
}
