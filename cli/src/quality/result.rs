//! What came out of a comparison, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::metric::Score;
use ffbatch_dispatcher::quality::{self, Document, Origin};
use ffbatch_dispatcher::report::OutputQuality;
use ffbatch_media::measure::Measured;
use serde_json::json;

use crate::closing::quality::quality_of;
use crate::speak;

/// A comparison that came to its end.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The reference, as it was typed.
    pub reference: &'a str,
    /// The judged video, as it was typed.
    pub distorted: &'a str,
    /// What was found.
    pub measured: &'a Measured,
    /// How the program will end.
    pub exit: Exit,
}

impl Compared<'_> {
    /// Prints the table, or only what must be said beside numbers that stand elsewhere.
    pub fn print(&self, table: bool) {
        let mut quality = self.quality();
        if table {
            speak::out(&quality_of(&quality).join("\n"));
            return;
        }
        quality.scores.iter_mut().for_each(|score| {
            for note in &score.notes {
                speak::err(&format!("{}: {note}", score.metric));
            }
        });
        quality.scores.clear();
        for line in quality_of(&quality) {
            speak::err(&line);
        }
    }

    /// Prints everything but the values of frames as one object.
    pub fn print_json(&self) {
        let quality = self.quality();
        let object = json!({
            "reference": self.reference,
            "distorted": self.distorted,
            "frames": self.measured.frames,
            "domain": quality.domain,
            "scores": quality.scores,
            "refused": quality.refused,
            "notes": quality.notes,
            "seconds": self.measured.wall.as_secs_f64(),
            "exit": self.exit,
            "code": self.exit.code(),
            "error": quality.refused.values().next(),
        });
        speak::out(&format!("{object:#}"));
    }

    /// Writes the values of every frame, in the form of a job's.
    pub fn write_frames(&self, to: &mut dyn Write) -> io::Result<()> {
        let metrics = self.measured.metrics.iter();
        let metrics: Vec<quality::Measured<'_>> = metrics
            .filter_map(|one| {
                let scores = one.outcome.as_ref().ok()?;
                Some(quality::Measured {
                    metric: one.metric,
                    frames: &scores.frames,
                    score: &scores.score,
                })
            })
            .collect();
        Document {
            origin: Origin::default(),
            metrics: &metrics,
        }
        .write(to)
    }

    /// The same as a job's report has it.
    fn quality(&self) -> OutputQuality {
        let measured = self.measured;
        let complaint = measured.complaint.iter();
        let complaint = complaint.map(|text| format!("ffmpeg complained while it decoded: {text}"));
        let outcomes = || {
            measured
                .metrics
                .iter()
                .map(|one| (one.metric, &one.outcome))
        };
        let scores: Vec<Score> = outcomes()
            .filter_map(|(_, outcome)| Some(outcome.as_ref().ok()?.score.clone()))
            .collect();
        let refused: BTreeMap<String, String> = outcomes()
            .filter_map(|(metric, outcome)| {
                let why = outcome.as_ref().err()?;
                Some((metric.name.to_owned(), why.to_string()))
            })
            .collect();
        OutputQuality {
            location: self.distorted.to_owned(),
            domain: (!scores.is_empty()).then(|| measured.domain.to_string()),
            scores,
            refused,
            notes: complaint.collect(),
            ..OutputQuality::default()
        }
    }
}
