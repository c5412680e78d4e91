//! How the frames of a video are shared out among several branches that do the same, and how what they wrote becomes one again.
//!
//! The frames go around in runs: the first run to the first branch, the next one to the second. A metric that looks at neighbouring
//! frames gets those of each run too, and what it makes of them is left out.

use std::ops::Range;

use ffbatch_dispatcher::metric::{Branch, Split};

/// Frames of a run. What a branch cannot take at once waits in ffmpeg's queues before it while the next branch is given its run, and
/// those hold some 14 frames: two before the graph, two before the encoder in front of it, eight packets, and what each of the
/// threads between them has in its hands (`fftools/ffmpeg_sched.h` of version 9; older ones hold more). With longer runs all
/// branches wait for one, with shorter ones the neighbours cost more: two of 18 frames here.
const RUN: usize = 16;

/// Branches of one metric. All that is outside of them, decoders first of all, keeps no more of them busy.
const MOST: usize = 8;

/// How many branches share the frames, and what each is given besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// How many they are; at least two.
    pub count: usize,
    before: usize,
    after: usize,
}

impl Parts {
    /// The parts for a comparison of so many threads; `None` where a single branch does as well.
    pub fn of(branch: &Branch, threads: usize) -> Option<Self> {
        let Split {
            before,
            after,
            threads: one,
        } = branch.split?;
        let count = (threads / one.max(1)).min(MOST);
        (count > 1).then_some(Self {
            count,
            before,
            after,
        })
    }

    /// The filter that leaves the frames of a part, out of all.
    pub fn select(self, part: usize) -> String {
        let (start, period) = (part * RUN, self.count * RUN);
        let given = self.before + RUN + self.after;
        // What lies behind the run before the first one is no neighbour of anything.
        let first = start.saturating_sub(self.before);
        let shift = period + self.before - start;
        format!("select='gte(n,{first})*lt(mod(n+{shift},{period}),{given})'")
    }

    /// How many of so many frames a part is given.
    pub fn given(self, part: usize, frames: usize) -> usize {
        self.runs(frames)
            .filter(|run| run.part == part)
            .map(|run| run.given.len())
            .sum()
    }

    /// The runs of so many frames, in their order. Of the last one there may be nothing but the neighbours before it.
    pub fn runs(self, frames: usize) -> impl Iterator<Item = Run> {
        (0..(frames + self.before).div_ceil(RUN)).map(move |number| {
            let start = (number * RUN).min(frames);
            let end = ((number + 1) * RUN).min(frames);
            let first = (number * RUN).saturating_sub(self.before);
            let given = first..(end + self.after).min(frames);
            Run {
                part: number % self.count,
                own: start - given.start..end - given.start,
                given,
            }
        })
    }
}

/// Frames that follow each other, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The part that is given them.
    pub part: usize,
    /// Which frames of the video it is given.
    pub given: Range<usize>,
    /// Which of these count, from the first that is given.
    pub own: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(threads: usize, before: usize, after: usize) -> Option<Parts> {
        let split = Split {
            before,
            after,
            threads: 16,
        };
        let branch = Branch {
            split: Some(split),
            ..Branch::default()
        };
        Parts::of(&branch, threads)
    }

    #[test]
    fn one_branch_is_enough_for_few_threads() {
        assert_eq!(parts(0, 1, 1), None);
        assert_eq!(parts(31, 1, 1), None);
        assert_eq!(parts(32, 1, 1).map(|parts| parts.count), Some(2));
        assert_eq!(parts(63, 1, 1).map(|parts| parts.count), Some(3));
        assert_eq!(parts(1000, 1, 1).map(|parts| parts.count), Some(MOST));
        assert_eq!(Parts::of(&Branch::default(), 1000), None);
    }

    #[test]
    fn each_frame_counts_once_and_with_its_neighbours() {
        for threads in [32, 48, 64, 128] {
            for (before, after) in [(0, 0), (1, 1), (4, 1), (2, 0)] {
                let parts = parts(threads, before, after).expect("parts");
                for frames in [0, 1, 2, RUN - 1, RUN, RUN + 1, 5 * RUN + 3, 200] {
                    let mut counted = 0;
                    let mut last = vec![0; parts.count];
                    for run in parts.runs(frames) {
                        let own = run.given.start + run.own.start..run.given.start + run.own.end;
                        assert_eq!(own.start, counted);
                        let first = own.start.saturating_sub(before);
                        assert!(own.is_empty() || run.given.start <= first);
                        assert!(run.given.end >= frames.min(own.end + after));
                        // What a part is given comes in order and no frame comes twice.
                        assert!(run.given.start >= last[run.part]);
                        last[run.part] = run.given.end;
                        counted = own.end;
                    }
                    assert_eq!(counted, frames);
                }
            }
        }
    }

    /// What ffmpeg does with the expression (`libavutil/eval.c`), beside the runs.
    #[test]
    fn the_filter_leaves_what_the_runs_say() {
        for (threads, before, after) in [(32, 1, 1), (48, 4, 1), (64, 2, 0), (128, 4, 1)] {
            let parts = parts(threads, before, after).expect("parts");
            for part in 0..parts.count {
                let text = parts.select(part);
                let numbers: Vec<usize> = text
                    .split(|letter: char| !letter.is_ascii_digit())
                    .filter_map(|number| number.parse().ok())
                    .collect();
                let [first, shift, period, given] = numbers[..] else {
                    panic!("{text}");
                };
                for frames in 0..300 {
                    let left = (0..frames).filter(|n| *n >= first && (n + shift) % period < given);
                    let said = parts.runs(frames).filter(|run| run.part == part);
                    let said: Vec<usize> = said.flat_map(|run| run.given).collect();
                    assert_eq!(left.collect::<Vec<_>>(), said, "{text} of {frames}");
                    assert_eq!(parts.given(part, frames), said.len());
                }
            }
        }
        let parts = parts(32, 1, 1).expect("parts");
        assert_eq!(parts.select(1), "select='gte(n,15)*lt(mod(n+17,32),18)'");
    }
}
