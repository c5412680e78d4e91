//! A place in which one job is hit again and again, and what is known of that job when nothing hits it.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::job::Job;
use ffbatch_tests::clip::CUT;
use ffbatch_tests::sandbox::files_below;
use ffbatch_tests::site::{BUCKET, Site};
use rustix::process::Signal;

use super::running::{Gone, Running};

/// What stands under the final names before each job.
pub const OLD: &[u8] = b"what an earlier job left here";

/// How many points each job is hit at.
const POINTS: usize = 20;

/// Where the seeded moments start from: any number would do, the same one each time.
const SEED: u64 = 0x5eed;

/// The clip lasts ten seconds. Its first seven are read at once and the rest no faster than this, so that ffmpeg has written
/// something early and runs for a second, long enough to be hit. (A pace over the whole clip would take five: ffmpeg sleeps
/// between packets, and for longer than it means to.)
const PACE: &str = "-readrate 3 -readrate_initial_burst 7";

/// One file of 21 MB, which S3 takes in parts, and whose quality is measured.
pub const SINGLE: Shape = Shape {
    line: "-i @in.mp4 -map 0:v -c:v rawvideo -bitexact @out.mkv",
    output: "out.mkv",
    quality: true,
};

/// Fifty segments and a playlist, in a directory of their own.
pub const HLS: Shape = Shape {
    line: "-i @in.mp4 -map 0:v -c copy -bitexact -f hls -hls_time 0.2 -hls_list_size 0 \
           -hls_segment_filename @hls/s%03d.ts @hls/index.m3u8",
    output: "hls/index.m3u8",
    quality: false,
};

/// A job.
#[derive(Clone, Copy)]
pub struct Shape {
    /// The words after `ffmpeg`.
    pub line: &'static str,
    /// What appears last.
    pub output: &'static str,
    /// Whether it is measured.
    pub quality: bool,
}

impl Shape {
    fn words(self, site: &Site) -> Vec<String> {
        let words = site.words(&format!("{PACE} {}", self.line));
        let mut job = Job::of(vec![Command::new(words)]);
        if self.quality {
            job.quality = Some(vec!["psnr".to_owned()]);
        }
        vec!["--job".to_owned(), job.to_json()]
    }

    const fn stages(self) -> &'static [Stage] {
        if self.quality {
            &[
                Stage::Fetch,
                Stage::Transcode,
                Stage::Publish,
                Stage::Measure,
                Stage::Record,
            ]
        } else {
            &[
                Stage::Fetch,
                Stage::Transcode,
                Stage::Publish,
                Stage::Record,
            ]
        }
    }
}

/// A moment of a job: so long after the worker said that this stage begins.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub stage: Stage,
    pub after: Duration,
}

/// A place that holds nothing but the input and what jobs make of it.
pub struct Ground {
    pub site: Site,
    pub shape: Shape,
    /// What an undisturbed job publishes.
    whole: BTreeMap<String, Vec<u8>>,
    pub points: Vec<Point>,
}

impl Ground {
    /// Runs the job once undisturbed, and learns from it what is right and how long each stage takes.
    #[track_caller]
    pub fn new(mut site: Site, shape: Shape) -> Self {
        if site.moto.is_some() {
            // Reports and traces go the same way as the results.
            site.sandbox.set("S3_BUCKET", BUCKET);
        }
        site.place(CUT, "in.mp4");
        let mut running = Running::start(&site.sandbox, &shape.words(&site));
        while running.wait_for(|_| true) {}
        let times = running.events.clone();
        let gone = running.end();
        assert_eq!(gone.code, Some(0), "{gone:#?}");
        let mut ground = Self {
            site,
            shape,
            whole: BTreeMap::new(),
            points: points(shape, &times),
        };
        ground.whole = ground.published();
        assert!(ground.whole.contains_key(shape.output));
        ground
    }

    /// What stands under names that somebody looks for, and is neither the input nor a record.
    #[track_caller]
    pub fn published(&self) -> BTreeMap<String, Vec<u8>> {
        self.site.bytes_of_all(self.published_names())
    }

    #[track_caller]
    fn published_names(&self) -> impl Iterator<Item = String> {
        let names = self.site.names().into_iter();
        names
            .filter(|name| name != "in.mp4" && !name.starts_with("metrics/"))
            .filter(|name| !name.contains(".ffbatch-"))
    }

    /// Puts the place back to where an earlier job had left one output.
    #[track_caller]
    pub fn restore(&self) {
        self.site.remove_all(self.published_names());
        self.site.put(self.shape.output, OLD);
    }

    /// Starts the job, hits it with a signal at a point, and reads it to its end.
    #[track_caller]
    pub fn hit(&self, point: Point, signal: Signal) -> Gone {
        let mut running = Running::start(&self.site.sandbox, &self.shape.words(&self.site));
        running.wait_for_stage(point.stage);
        sleep(point.after);
        running.end_by(signal)
    }

    /// Asserts that everything that stands here is whole: of this job, or of the earlier one. Tells whether it is all new.
    #[track_caller]
    pub fn assert_whole(&self, point: Point) -> bool {
        let there = self.published();
        for (name, bytes) in &there {
            let old = name == self.shape.output && bytes == OLD;
            assert!(
                old || self.whole.get(name) == Some(bytes),
                "{point:?}: `{name}` is neither the old file nor the new one ({} bytes)",
                bytes.len()
            );
        }
        let new = there.get(self.shape.output) == self.whole.get(self.shape.output);
        assert!(
            !new || there == self.whole,
            "{point:?}: `{}` is published, and not all that it names",
            self.shape.output
        );
        new
    }

    /// Asserts that no half-written document stands among the records, nor anything hidden.
    #[track_caller]
    pub fn assert_records_whole(&self, point: Point) {
        let documents: BTreeMap<String, Vec<u8>> = if let Some(moto) = &self.site.moto {
            let keys = moto.keys(BUCKET).into_iter();
            moto.get_all(BUCKET, keys.filter(|key| key.starts_with("metrics/")))
        } else {
            let state = self.site.sandbox.directory("state");
            let names = files_below(&state).into_iter();
            names
                .map(|name| {
                    (
                        name.clone(),
                        fs::read(state.join(&name)).unwrap_or_default(),
                    )
                })
                .collect()
        };
        for (name, bytes) in documents {
            assert!(
                serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                "{point:?}: the record `{name}` is broken"
            );
        }
    }

    /// The bytes of a record, where the worker says it is.
    #[track_caller]
    pub fn record(&self, at: &str) -> Vec<u8> {
        match at.strip_prefix(&format!("s3://{BUCKET}/")) {
            Some(key) => self.site.bytes(key),
            None => fs::read(at).unwrap_or_else(|error| panic!("`{at}`: {error}")),
        }
    }
}

/// The begin of each stage, and seeded moments within, as many as there are points.
fn points(shape: Shape, times: &[(Event, Instant)]) -> Vec<Point> {
    let at = |wanted: &dyn Fn(&Event) -> bool| {
        let found = times.iter().find(|(event, _)| wanted(event));
        found
            .map(|(_, at)| *at)
            .expect("an undisturbed job has every stage")
    };
    let mut seed = SEED;
    let mut points = Vec::new();
    for index in 0..POINTS {
        let stage = shape.stages()[index % shape.stages().len()];
        let from =
            at(&|event| matches!(event, Event::StageStarted { stage: found } if *found == stage));
        let to = at(
            &|event| matches!(event, Event::StageFinished { stage: found, .. } if *found == stage),
        );
        let part = if index < shape.stages().len() {
            0.0
        } else {
            random(&mut seed)
        };
        points.push(Point {
            stage,
            after: (to - from).mul_f64(part),
        });
    }
    points
}

/// A number from 0 to 1 (xorshift64, Marsaglia 2003).
fn random(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    f64::from(u32::try_from(*state >> 32).expect("32 bits")) / f64::from(u32::MAX)
}
