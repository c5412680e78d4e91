//! A job that sees more processors than it was given: which of them ffmpeg counts, and what the report says.

use std::fs;

use ffbatch_dispatcher::report::{Report, ThreadsPolicy};
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use rustix::thread::sched_getaffinity;

/// The number of threads that x264 wrote among its settings into a file.
#[track_caller]
fn x264_threads(sandbox: &Sandbox, name: &str) -> u32 {
    let bytes = fs::read(sandbox.path(name)).expect("it was published");
    let text = String::from_utf8_lossy(&bytes);
    let (_, rest) = text
        .split_once(" threads=")
        .expect("x264 says its settings");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// What x264 starts for so many processors (`x264_encoder_open`).
fn expected(processors: u32) -> u32 {
    (processors * 3 / 2).clamp(1, 128)
}

fn here() -> u32 {
    sched_getaffinity(None).expect("Linux tells").count()
}

/// Runs a worker that encodes `in.mp4` with these variables.
#[track_caller]
fn encode(variables: &[(&str, &str)]) -> (Sandbox, Report) {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set_all(variables.iter().copied());
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    let ended = sandbox.worker([
        "--job",
        &format!(
            r#"{{"version":1,"commands":[["-i","{}","-an","-c:v","libx264","{}"]],"quality":["vmaf"]}}"#,
            sandbox.path("in.mp4").display(),
            sandbox.path("out.mp4").display()
        ),
        "--report",
        "report.json",
    ]);
    ended.ok();
    let text = fs::read_to_string(sandbox.path("report.json")).expect("it was written");
    (sandbox, serde_json::from_str(&text).expect("a report"))
}

const QUEUE: (&str, &str) = ("AWS_BATCH_JQ_NAME", "batch-ffmpeg-job-queue-intel");

#[test]
fn a_job_of_aws_batch_counts_what_it_was_given() {
    if here() == 1 {
        eprintln!("SKIPPED: there is one processor, which no ffmpeg can count wrongly");
        return;
    }
    let (sandbox, report) = encode(&[QUEUE, ("FFBATCH_VCPUS", "1")]);
    assert_eq!(x264_threads(&sandbox, "out.mp4"), 1);
    let threads = report.machine.threads.expect("it is told");
    assert_eq!(
        (threads.processors, threads.policy),
        (1, ThreadsPolicy::Vcpus)
    );
    assert_eq!(
        (report.machine.cpus > 1, report.machine.vcpus),
        (true, Some(1))
    );
    assert_eq!(report.notes, Vec::<String>::new());
    let quality = report.quality.expect("it was measured");
    assert_eq!(quality.outputs[0].scores.len(), 1, "{quality:?}");
}

#[test]
fn whoever_compares_numbers_of_threads_says_how_many() {
    if here() == 1 {
        eprintln!("SKIPPED: there is one processor, of which no ffmpeg can count fewer");
        return;
    }
    let (sandbox, report) = encode(&[("FFBATCH_THREADS", "1")]);
    assert_eq!(x264_threads(&sandbox, "out.mp4"), 1);
    let threads = report.machine.threads.expect("it is told");
    let asked = (threads.processors, threads.policy);
    assert_eq!(asked, (1, ThreadsPolicy::Asked));
}

#[test]
fn everywhere_else_ffmpeg_counts_the_machine() {
    let given = here().to_string();
    let ways: [&[(&str, &str)]; 4] = [
        &[("FFBATCH_VCPUS", "1")],
        &[QUEUE],
        &[QUEUE, ("FFBATCH_VCPUS", &given)],
        &[QUEUE, ("FFBATCH_VCPUS", "many")],
    ];
    for variables in ways {
        let (sandbox, report) = encode(variables);
        assert_eq!(
            x264_threads(&sandbox, "out.mp4"),
            expected(here()),
            "{variables:?}"
        );
        let threads = report.machine.threads.expect("it is told");
        let all = (here(), ThreadsPolicy::Machine);
        assert_eq!((threads.processors, threads.policy), all, "{variables:?}");
    }
}

#[test]
fn the_queue_of_this_machine_gives_a_vcpu_and_takes_no_processor() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let ended = sandbox.job(["-i", "in.mp4", "-an", "-c:v", "libx264", "out.mp4"]);
    let machine = ended.ok().report().machine;
    assert_eq!(machine.vcpus, Some(1));
    assert_eq!(
        machine.threads.map(|threads| threads.policy),
        Some(ThreadsPolicy::Machine)
    );
    assert_eq!(x264_threads(&sandbox, "out.mp4"), expected(here()));
}
