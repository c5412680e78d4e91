//! What ffmpeg's `-progress` option reports, as a type.
//!
//! The format is `key=value` lines in blocks; every block ends with `progress=continue` or `progress=end`
//! (<https://ffmpeg.org/ffmpeg.html>, option `-progress`). A value that ffmpeg does not know yet is `N/A`, and an unset field
//! stays `None` here: it is never shown as zero.

use std::time::Duration;

/// One block of `-progress` output.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Frames written by the first video output.
    pub frame: Option<u64>,
    /// Frames a second since the start.
    pub frame_rate: Option<f64>,
    /// Media time per wall time: 2.0 means twice real time.
    pub speed: Option<f64>,
    /// Media time written so far; ffmpeg starts below zero for some muxers, which reads as zero.
    pub out_time: Option<Duration>,
    /// Bytes written so far; unknown for outputs of several files.
    pub total_size_bytes: Option<u64>,
    /// Frames that ffmpeg repeated to keep the frame rate.
    pub dup_frames: Option<u64>,
    /// Frames that ffmpeg left out to keep the frame rate.
    pub drop_frames: Option<u64>,
    /// True in the last block of a run.
    pub done: bool,
}

impl Progress {
    /// The part that is done, from 0 to 1, of an output that will last `total`; `None` when either is unknown.
    pub fn fraction(&self, total: Option<Duration>) -> Option<f64> {
        if self.done {
            return Some(1.0);
        }
        let total = total.filter(|total| !total.is_zero())?;
        Some((self.out_time?.as_secs_f64() / total.as_secs_f64()).clamp(0.0, 1.0))
    }

    /// The same from 0 to 100.
    pub fn percent(&self, total: Option<Duration>) -> Option<f64> {
        Some(self.fraction(total)? * 100.0)
    }

    /// The wall time that is left at the present speed; `None` when the speed or the total is unknown.
    pub fn eta(&self, total: Option<Duration>) -> Option<Duration> {
        if self.done {
            return Some(Duration::ZERO);
        }
        let left = total?.saturating_sub(self.out_time?);
        let speed = self.speed.filter(|speed| *speed > 0.0)?;
        Duration::try_from_secs_f64(left.as_secs_f64() / speed).ok()
    }
}

/// Collects lines into blocks.
#[derive(Debug, Default)]
pub struct Reader {
    block: Progress,
}

impl Reader {
    /// Takes one line and returns the block that it ends, if it ends one. An unknown key is skipped.
    pub fn line(&mut self, line: &str) -> Option<Progress> {
        let (key, value) = line.split_once('=')?;
        let value = value.trim();
        match key.trim() {
            "frame" => self.block.frame = value.parse().ok(),
            "fps" => self.block.frame_rate = value.parse().ok(),
            "speed" => self.block.speed = value.trim_end_matches('x').trim().parse().ok(),
            // `out_time_ms` holds microseconds too, by an old mistake of ffmpeg that it keeps for compatibility.
            "out_time_us" => {
                self.block.out_time = value
                    .parse::<i64>()
                    .ok()
                    .map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
            }
            "total_size" => self.block.total_size_bytes = value.parse().ok(),
            "dup_frames" => self.block.dup_frames = value.parse().ok(),
            "drop_frames" => self.block.drop_frames = value.parse().ok(),
            "progress" => {
                self.block.done = value == "end";
                return Some(std::mem::take(&mut self.block));
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last two blocks of an encode by ffmpeg 9.0.2.
    const REAL: &str = include_str!("../tests/fixtures/progress_9.txt");

    fn blocks(text: &str) -> Vec<Progress> {
        let mut reader = Reader::default();
        text.lines().filter_map(|line| reader.line(line)).collect()
    }

    #[test]
    fn real_output() {
        let blocks = blocks(REAL);
        assert!(blocks.len() >= 2);
        assert!(!blocks[0].done);
        let last = blocks.last().expect("a block");
        assert!(last.done);
        assert_eq!(last.frame, Some(132));
        assert_eq!(last.out_time, Some(Duration::from_millis(5_200)));
        assert!(last.total_size_bytes > Some(1000) && last.speed > Some(0.0));
        assert_eq!((last.dup_frames, last.drop_frames), (Some(0), Some(0)));
    }

    #[test]
    fn unknown_values_stay_unknown() {
        let text =
            "frame=0\nfps=0.00\ntotal_size=N/A\nout_time_us=N/A\nspeed=N/A\nprogress=continue\n";
        let block = blocks(text)[0];
        assert_eq!(
            (block.out_time, block.speed, block.total_size_bytes),
            (None, None, None)
        );
        assert_eq!(block.percent(Some(Duration::from_secs(1))), None);
    }

    #[test]
    fn a_start_below_zero_is_zero() {
        assert_eq!(
            blocks("out_time_us=-66667\nprogress=continue\n")[0].out_time,
            Some(Duration::ZERO)
        );
    }

    #[track_caller]
    fn check(out: u64, speed: f64, total: Option<u64>, percent: Option<f64>, eta: Option<u64>) {
        let block = Progress {
            out_time: Some(Duration::from_secs(out)),
            speed: Some(speed),
            ..Progress::default()
        };
        let total = total.map(Duration::from_secs);
        assert_eq!(block.percent(total), percent);
        assert_eq!(block.eta(total), eta.map(Duration::from_secs));
    }

    #[test]
    fn percent_and_eta() {
        check(6, 2.0, Some(10), Some(60.0), Some(2));
        check(10, 1.0, Some(10), Some(100.0), Some(0));
        check(11, 1.0, Some(10), Some(100.0), Some(0));
        check(5, 0.0, Some(10), Some(50.0), None);
        check(5, 1.0, None, None, None);
        check(5, 1.0, Some(0), None, Some(0));
    }
}
