//! A room with a clip and a benchmark.

use std::fs;

use ffbatch_bench::run::Run;
use ffbatch_bench::summary::Summary;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::{Sandbox, files_below};

/// Two variants with a ladder of two steps each.
pub const LADDERS: &str = "
quality = ['vmaf', 'psnr']
repeats = 2
max_repeats = 2

[[inputs]]
url = 'in.mp4'

[[variants]]
name = 'x264'
command = 'ffmpeg -i {input} -an -c:v libx264 -preset ultrafast -crf {crf} {output}.mp4'
values = { crf = [20, 35] }

[[variants]]
name = 'x264 slower'
command = 'ffmpeg -i {input} -an -c:v libx264 -preset medium -crf {crf} {output}.mp4'
values = { crf = [20, 35] }
";

/// One cell, quickly.
pub const ONE: &str = "
quality = ['psnr']
warmup = false
repeats = 2
max_repeats = 2

[[inputs]]
url = 'in.mp4'

[[variants]]
name = 'x264'
command = 'ffmpeg -i {input} -an -c:v libx264 -preset ultrafast {output}.mp4'
";

/// A room with the clip `in.mp4` and this benchmark as `bench.toml`.
pub fn place(bench: &str) -> Sandbox {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    sandbox.write("bench.toml", bench);
    sandbox
}

/// Runs the benchmark with these flags.
pub fn bench(sandbox: &Sandbox, flags: &str) -> Ended {
    let words = ["bench", "bench.toml", "--results", "out"];
    sandbox.ffbatch(words.into_iter().chain(flags.split_whitespace()))
}

/// Every run that is kept.
#[track_caller]
pub fn runs(sandbox: &Sandbox) -> Vec<Run> {
    let directory = sandbox.path("out/runs");
    let names = files_below(&directory);
    let read = |name: &String| {
        let text = fs::read_to_string(directory.join(name)).expect("it was just listed");
        assert_eq!(text.lines().count(), 1, "{name} is one line");
        serde_json::from_str(&text).expect("a run")
    };
    names.iter().map(read).collect()
}

/// What the report says as JSON.
#[track_caller]
pub fn summary(sandbox: &Sandbox) -> Summary {
    let text = fs::read_to_string(sandbox.path("out/report.json")).expect("it was written");
    serde_json::from_str(&text).expect("a summary")
}
