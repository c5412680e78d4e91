//! The tables and views of the stack over documents that jobs have really written: their SQL is run, by DuckDB.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ffbatch_dispatcher::report::Report;
use ffbatch_tests::catalog;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The frames of the clip.
const FRAMES: usize = 50;

/// What each view answers.
struct Answers(Value);

impl Answers {
    /// Of the views of a stack, over the documents below a directory.
    #[track_caller]
    fn of(sandbox: &Sandbox, documents: &Path, prefix: &str) -> Self {
        Self(catalog::asked(sandbox, documents, prefix, None))
    }

    #[track_caller]
    fn rows(&self, view: &str) -> &[Value] {
        self.0[view]["rows"].as_array().expect("a view")
    }

    /// Every view has the columns that it is declared with, as AWS Glue and as Athena know them.
    #[track_caller]
    fn assert_declared(&self) {
        let same: BTreeMap<&str, (&str, &str)> = [
            ("BIGINT", ("bigint", "bigint")),
            ("BOOLEAN", ("boolean", "boolean")),
            ("DOUBLE", ("double", "double")),
            ("TIMESTAMP", ("timestamp", "timestamp(3)")),
            ("VARCHAR", ("string", "varchar")),
        ]
        .into();
        for (view, answer) in self.0.as_object().expect("views") {
            let columns = answer["columns"].as_array().expect("columns");
            assert!(columns.len() > 10, "{view}");
            let (mut hive, mut trino) = (Vec::new(), Vec::new());
            for column in columns {
                let kind = column[1].as_str().expect("a type");
                let (in_hive, in_trino) = same.get(kind).expect("a type that we use");
                hive.push(json!([column[0], in_hive]));
                trino.push(json!([column[0], in_trino]));
            }
            assert_eq!(answer["hive"], json!(hive), "{view}");
            assert_eq!(answer["trino"], json!(trino), "{view}");
        }
    }
}

#[track_caller]
fn number(row: &Value, column: &str) -> f64 {
    row[column]
        .as_f64()
        .unwrap_or_else(|| panic!("no {column}: {row}"))
}

/// The seconds of a stage, by its name in a report.
#[track_caller]
fn seconds(report: &Report, stage: &str) -> f64 {
    let mut all = report.stages.iter();
    all.find(|one| json!(one.stage) == stage)
        .expect("it was reached")
        .seconds
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.005
}

/// Runs a job and reads its report.
#[track_caller]
fn report(sandbox: &Sandbox, words: &str) -> Report {
    let words = format!("run --report report.json {words}");
    sandbox.ffbatch(words.split(' '));
    let report = std::fs::read(sandbox.path("report.json")).expect("a report");
    serde_json::from_slice(&report).expect("JSON")
}

#[test]
fn what_jobs_have_left_can_be_asked_for() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let encoded = report(
        &sandbox,
        "--name clip --quality psnr,ssim,vmaf -- ffmpeg -i in.mp4 -c:v libx264 -preset ultrafast a.mp4 -s 160x90 -c:v libx264 b.mp4",
    );
    let identical = report(
        &sandbox,
        "--quality psnr -- ffmpeg -i in.mp4 -c:v libx264 -qp 0 -preset ultrafast c.mp4",
    );
    let failed = report(&sandbox, "-- ffmpeg -i in.mp4 -c:v libx269 d.mp4");
    let answers = Answers::of(&sandbox, &sandbox.directory("state"), "batch-ffmpeg");
    answers.assert_declared();
    frames(&answers, &identical);
    stages(&answers, &encoded, &failed);
    jobs(&answers, &encoded, &identical, &failed);
}

/// Every frame of three outputs has its PSNR, and of two the rest.
#[track_caller]
fn frames(answers: &Answers, identical: &Report) {
    for (view, outputs) in [("psnr", 3), ("ssim", 2), ("vmaf", 2)] {
        let view = format!("batch_ffmpeg_ffqm_{view}");
        assert_eq!(answers.rows(&view).len(), outputs * FRAMES, "{view}");
    }
    let psnr = answers.rows("batch_ffmpeg_ffqm_psnr").iter();
    let infinite = psnr.filter(|row| row["aws_batch_job_id"] == identical.job_id.as_str());
    // What has no end is a text, since JSON has no number for it.
    let infinite: Vec<&Value> = infinite.map(|row| &row["psnr_avg"]).collect();
    assert_eq!(infinite, vec![&json!("inf"); FRAMES]);
    let outputs = answers.rows("batch_ffmpeg_ffqm_ssim").iter();
    let outputs: BTreeSet<&str> = outputs.filter_map(|row| row["output"].as_str()).collect();
    assert_eq!(outputs.len(), 2, "{outputs:?}");
    for row in answers.rows("batch_ffmpeg_ffqm_vmaf") {
        assert_eq!(row["avmaf_dm2"], row["vmaf_adm2"]);
        assert!(number(row, "vmaf") > 20.0, "{row}");
    }
}

/// The stages of a job last as long as its report says, and a failure is seen.
#[track_caller]
fn stages(answers: &Answers, encoded: &Report, failed: &Report) {
    let stages = answers.rows("batch_ffmpeg_xray_subsegment");
    let of = |report: &Report, stage: &str| {
        let mut all = stages.iter();
        let is_it = |row: &&Value| {
            row["aws_batch_job_id"] == report.job_id.as_str() && row["subsegment_name"] == stage
        };
        let found = all.find(is_it);
        found.unwrap_or_else(|| panic!("no {stage}: {stages:?}"))
    };
    for (name, stage) in [
        ("download", "fetch"),
        ("cmd-execution", "transcode"),
        ("upload", "publish"),
        ("quality-metrics", "measure"),
    ] {
        let row = of(encoded, name);
        let expected = seconds(encoded, stage);
        assert!(
            near(number(row, "subsegment_duration_sec"), expected),
            "{row}"
        );
        assert_eq!(row["fault"], json!(false), "{row}");
        assert_eq!(row["subsegment_fault"], json!(false), "{row}");
        assert_eq!(row["name"], "clip");
        assert_eq!(row["subsegement_id"], row["subsegment_id"]);
    }
    let row = of(failed, "cmd-execution");
    assert_eq!(row["fault"], json!(true), "{row}");
    assert_eq!(row["subsegment_fault"], json!(true), "{row}");
    for cause in ["cause", "subsegment_cause"] {
        let text = row[cause].as_str().unwrap_or_default();
        assert!(text.contains("libx269"), "{row}");
    }
}

/// Each job has one row, with what its report says.
#[track_caller]
fn jobs(answers: &Answers, encoded: &Report, identical: &Report, failed: &Report) {
    let jobs = answers.rows("batch_ffmpeg_benchmark");
    assert_eq!(jobs.len(), 3, "{jobs:?}");
    let row = |report: &Report| {
        let mut all = jobs.iter();
        let found = all.find(|row| row["job_id"] == report.job_id.as_str());
        found.expect("a row")
    };
    let done = row(encoded);
    let expected = seconds(encoded, "transcode");
    assert!(near(number(done, "cmd_execution_sec"), expected), "{done}");
    assert_eq!(done["frames"], json!(FRAMES));
    assert_eq!(done["exit"], "succeeded");
    let bytes: u64 = encoded.outputs.iter().filter_map(|file| file.bytes).sum();
    assert_eq!(done["output_bytes"], json!(bytes));
    let first = &encoded.quality.as_ref().expect("it was measured").outputs[0];
    for score in &first.scores {
        assert!(near(number(done, &score.metric), score.mean), "{done}");
    }
    assert_eq!(row(identical)["psnr"], "inf");
    let lost = row(failed);
    assert_eq!(lost["exit"], "ffmpeg");
    assert_eq!(lost["failed_stage"], "transcode");
    let cause = lost["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("libx269"), "{lost}");
}

#[test]
fn empty_sources_give_no_rows_and_no_error() {
    let sandbox = Sandbox::new();
    let answers = Answers::of(&sandbox, &sandbox.directory("nothing"), "media");
    let views = answers.0.as_object().expect("views");
    let names: Vec<&str> = views.keys().map(String::as_str).collect();
    let expected = [
        "media_benchmark",
        "media_ffqm_psnr",
        "media_ffqm_ssim",
        "media_ffqm_vmaf",
        "media_xray_subsegment",
    ];
    assert_eq!(names, expected);
    for name in names {
        assert!(answers.rows(name).is_empty(), "{name}");
    }
    answers.assert_declared();
}

#[test]
fn no_day_is_missing_and_the_last_attempt_counts() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let real = report(&sandbox, "-- ffmpeg -i in.mp4 -c copy out.mp4");
    let documents = sandbox.directory("documents");
    let mut count = 0;
    let store = |report: &Report| {
        let at = documents.join(report.key());
        std::fs::create_dir_all(at.parent().expect("it lies below")).expect("a directory");
        std::fs::write(at, report.to_json()).expect("a document");
    };
    // Every six hours over the end of a year, and over the end of a February, weekends among them; and a moment before midnight.
    for (from, hours) in [
        ("2026-12-28T00:00:00Z", 9 * 24),
        ("2028-02-25T00:00:00Z", 8 * 24),
    ] {
        let from: Timestamp = from.parse().expect("a time");
        for hour in (0..hours).step_by(6) {
            for late in [0, 6 * 3600 - 1] {
                let mut one = real.clone();
                one.started = from + jiff::SignedDuration::from_secs(hour * 3600 + late);
                one.finished = one.started + jiff::SignedDuration::from_millis(1500);
                one.job_id = format!("job-{count}");
                store(&one);
                count += 1;
            }
        }
    }
    let mut again = real.clone();
    again.job_id = "job-0".to_owned();
    again.attempt = 2;
    store(&again);
    // The sample's months.
    let old = documents.join("metrics/jobs/year=2025/month=Nov/day=05");
    std::fs::create_dir_all(&old).expect("a directory");
    std::fs::write(old.join("x.json"), "{ not read").expect("a document");
    let answers = Answers::of(&sandbox, &documents, "batch-ffmpeg");
    let rows = answers.rows("batch_ffmpeg_benchmark");
    assert_eq!(rows.len(), count, "of {count} jobs");
    let later = rows.iter().filter(|row| row["attempt"] == 2);
    assert_eq!(
        later.map(|row| &row["job_id"]).collect::<Vec<_>>(),
        ["job-0"]
    );
    let seconds = rows.iter().filter(|row| near(number(row, "seconds"), 1.5));
    assert_eq!(seconds.count(), count - 1);
}
