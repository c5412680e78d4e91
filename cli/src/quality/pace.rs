//! How far a comparison is: of how many frames is known from what ffmpeg says of its inputs.

use ffbatch_dispatcher::event::{Event, Progress, Stage};
use ffbatch_media::probe::Listing;
use ffbatch_media::run::Happening;

/// Counts frames.
#[derive(Debug, Default)]
pub struct Pace {
    listing: Listing,
}

impl Pace {
    /// What there is to say of a happening.
    pub fn event(&mut self, happening: Happening) -> Option<Event> {
        match happening {
            Happening::Line(line) => {
                self.listing.line(&line.text);
                Some(Event::Log { line: line.text })
            }
            Happening::Progress(block) => {
                let total = frames(&self.listing);
                Some(Event::Progress(Progress {
                    frame: block.frame,
                    percent: share(block.frame, total),
                    frame_rate: block.frame_rate,
                    eta_secs: left(block.frame, block.frame_rate, total),
                    ..Progress::of(Stage::Measure)
                }))
            }
            Happening::Output(_) => None,
        }
    }
}

/// About how many frames the longest video has.
fn frames(listing: &Listing) -> Option<f64> {
    let counts = listing.inputs().iter().filter_map(|input| {
        let rate = input.video(0)?.frame_rate?;
        Some(input.duration?.as_secs_f64() * rate)
    });
    counts.max_by(f64::total_cmp).filter(|count| *count >= 1.0)
}

/// How many are done, in percent; a guess never says that all are.
fn share(done: Option<u64>, all: Option<f64>) -> Option<f64> {
    Some((number(done?) / all? * 100.0).min(99.0))
}

/// The seconds to go.
fn left(done: Option<u64>, rate: Option<f64>, all: Option<f64>) -> Option<f64> {
    let rate = rate.filter(|rate| *rate > 0.0)?;
    Some((all? - number(done?)).max(0.0) / rate)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "frame counts stay far below 2^52"
)]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_no_promise() {
        assert_eq!(share(Some(50), Some(200.0)), Some(25.0));
        assert_eq!(share(Some(201), Some(200.0)), Some(99.0));
        assert_eq!(share(Some(1), None), None);
        assert_eq!(left(Some(50), Some(10.0), Some(200.0)), Some(15.0));
        assert_eq!(left(Some(250), Some(10.0), Some(200.0)), Some(0.0));
        assert_eq!(left(Some(50), Some(0.0), Some(200.0)), None);
    }
}
