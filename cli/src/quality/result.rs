//! What came out of a comparison, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::metric::Score;
use ffbatch_dispatcher::quality::{self, Document, Origin};
use ffbatch_dispatcher::report::OutputQuality;
use ffbatch_media::measure::{Cut, Measured, Side};
use indicatif::HumanCount;
use serde_json::json;

use crate::closing::quality::quality_of;
use crate::jobs::several;
use crate::plot::{Mark, Panel, Plot};
use crate::speak;
use crate::table::shortened;

/// Characters of a file's name in the title of a picture.
const TITLE: usize = 40;

/// A comparison that came to its end.
#[derive(Debug, Clone)]
pub struct Compared<'a> {
    /// The reference, as it was typed.
    pub reference: &'a str,
    /// The judged video, as it was typed.
    pub distorted: &'a str,
    /// What was found.
    pub measured: &'a Measured,
    /// The part of the longer video that was compared; `None` where both have as many frames.
    pub cut: Option<Cut>,
    /// How the program will end.
    pub exit: Exit,
    /// What went wrong besides.
    pub error: Option<String>,
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
            "offset": self.cut.map(|cut| json!({
                "longer": match cut.side {
                    Side::Reference => "reference",
                    Side::Distorted => "distorted",
                },
                "start": cut.start,
                "frames": cut.of,
            })),
            "domain": quality.domain,
            "scores": quality.scores,
            "refused": quality.refused,
            "notes": quality.notes,
            "seconds": self.measured.wall.as_secs_f64(),
            "exit": self.exit,
            "code": self.exit.code(),
            "error": self.error.as_ref().or_else(|| quality.refused.values().next()),
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

    /// The curves of all metrics that have a score, if any has.
    pub fn plot(&self) -> Option<Plot<'_>> {
        let panels = self.measured.metrics.iter().filter_map(|one| {
            let scores = one.outcome.as_ref().ok()?;
            let (metric, score) = (one.metric, &scores.score);
            let name = metric.name.to_uppercase();
            let marks = [("mean", Some(score.mean)), ("p5", score.p5)];
            let marks = marks.into_iter().filter_map(|(name, value)| {
                let value = value.filter(|value| value.is_finite())?;
                Some(Mark { name, value })
            });
            Some(Panel {
                name: match metric.unit {
                    "" => name,
                    unit => format!("{name} ({unit})"),
                },
                remark: remark(score),
                values: scores.frames.column(metric.headline),
                marks: marks.collect(),
            })
        });
        let panels: Vec<Panel<'_>> = panels.collect();
        let mut subtitle = format!("compared at {}", self.measured.domain);
        if let Some(cut) = self.cut {
            subtitle = format!("{subtitle}; {}", part(cut));
        }
        let [distorted, reference] =
            [self.distorted, self.reference].map(|name| shortened(name, TITLE));
        (!panels.is_empty()).then(|| Plot {
            title: format!("{distorted} against {reference}"),
            subtitle,
            axis: "frame",
            panels,
        })
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
            notes: self.cut.map(part).into_iter().chain(complaint).collect(),
            ..OutputQuality::default()
        }
    }
}

/// What stands beside a curve: what is particular to it.
fn remark(score: &Score) -> String {
    let varies = score.min < score.max;
    let worst = score.worst.first().filter(|_| varies);
    let worst = worst.map(|worst| format!("lowest at frame {}", HumanCount(worst.n as u64)));
    let infinite = match (score.max.is_infinite(), varies) {
        (false, _) => None,
        (true, true) => Some("identical frames are infinite, at the upper edge".to_owned()),
        (true, false) => Some("every frame is identical, which is infinite".to_owned()),
    };
    let parts = [score.model.clone(), infinite, worst];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Which part of the longer video was compared.
fn part(cut: Cut) -> String {
    let (shorter, longer) = match cut.side {
        Side::Reference => ("distorted video", "reference"),
        Side::Distorted => ("reference", "distorted video"),
    };
    let begins = match cut.start {
        0 => format!("the {shorter} begins with the {longer} and ends before it"),
        start => {
            let frames = several(start, "frame");
            format!("the {shorter} begins {frames} after the {longer}")
        }
    };
    let all = HumanCount(cut.of as u64);
    format!(
        "{begins}; {} of {all} compared",
        HumanCount(cut.frames as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let cut = Cut {
            side: Side::Reference,
            start: 12,
            frames: 1468,
            of: 1480,
        };
        let longer = Cut {
            side: Side::Distorted,
            start: 1,
            ..cut
        };
        let first = Cut { start: 0, ..cut };
        insta::assert_snapshot!([cut, longer, first].map(part).join("\n"), @r"
        the distorted video begins 12 frames after the reference; 1,468 of 1,480 compared
        the reference begins 1 frame after the distorted video; 1,468 of 1,480 compared
        the distorted video begins with the reference and ends before it; 1,468 of 1,480 compared
        ");
    }
}
