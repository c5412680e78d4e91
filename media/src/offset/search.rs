//! Where one run of pictures begins in a longer one: found for certain, or not at all. Pure.
//!
//! A picture is known by a small gray image of itself, its print. Let `e` be the squared distance of two prints that are paired, `c`
//! what the encoder changed, and `m` what moves between one pairing and another one. At the right place `e = |c|^2`, at another
//! `e = |c + m|^2`. What tells them apart is how much of the way from here to there the shorter run has gone, `c*m / |m|^2`: 0 at the
//! right place, 1 where the other one is right, and about one half where nothing moves but noise. It has no unit, so that one limit
//! serves fast and slow pictures, good and bad encodes.

use std::cmp::Ordering;

/// Width of a print. Smaller ones show less of what moves: in 16x8 a bad encode's frames were taken for those before them.
pub const WIDTH: u16 = 32;

/// Height of a print.
pub const HEIGHT: u16 = 18;

/// Samples of a print, of 8 bits each.
pub const SAMPLES: usize = WIDTH as usize * HEIGHT as usize;

/// The same, to divide by.
const AREA: f64 = WIDTH as f64 * HEIGHT as f64;

/// How many frames are looked at for a first ranking of all places: half of them evenly, half where most moves.
const PROBES: usize = 256;

/// How many places are looked at in whole.
const FINALISTS: usize = 12;

/// How many places around the best one are too.
const NEIGHBOURS: isize = 3;

/// How far beyond the ends of the longer run is looked, in frames: a run that sticks out shall not be squeezed in.
const BEYOND: usize = 250;

/// The most that a run may have gone towards another place, of 1.
const LEANING: f64 = 0.3;

/// What must move between two places, as a part of what the encoder changed.
const MOVING: f64 = 0.25;

/// What must move in any case, squared and a frame.
const STILL: f64 = 1e-4;

/// How much further a run of frames may have gone, as a part of what the encoder changed in one frame.
const ASTRAY: f64 = 0.25;

/// The same towards the frames before, where a bad encode lags behind; but not from its first frame on, which has none before.
const LAGGING: f64 = 3.0;

/// How far pictures may be from each other that show the same, squared: this much, or this part of their contrast.
const SAME: (f64, f64) = (4.0, 0.1);

/// The same for a single picture, which may be broken.
const SAME_PICTURE: (f64, f64) = (16.0, 0.3);

/// How many pictures in a row may be something else: about half a second.
const STRANGE: usize = 12;

/// The prints of the frames of a video.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prints(Vec<u8>);

/// Which of two runs was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoded {
    /// The longer one.
    Longer,
    /// The shorter one.
    Shorter,
}

/// Why there is no place for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Nothing fits.
    #[error("the shorter one shows nothing that is in the longer one")]
    Strange,
    /// Something fits for a while.
    #[error("from its frame {0} on the shorter one shows something else")]
    StrangeFrom(usize),
    /// It fits best where it sticks out.
    #[error("the shorter one does not lie inside of the longer one")]
    Outside,
    /// Several places fit.
    #[error(
        "their pictures change too little, or repeat themselves too much, to tell where the shorter one begins"
    )]
    Ambiguous,
    /// Parts of it fit at different places.
    #[error("around frame {0} of the shorter one frames are missing or repeated")]
    Gap(usize),
}

impl Prints {
    /// Prints as ffmpeg writes them, one behind the other; what is left over at the end is no print.
    pub fn of(mut samples: Vec<u8>) -> Self {
        samples.truncate(samples.len() / SAMPLES * SAMPLES);
        Self(samples)
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.0.len() / SAMPLES
    }

    /// True without a frame.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn frame(&self, at: usize) -> &[u8] {
        &self.0[at * SAMPLES..(at + 1) * SAMPLES]
    }

    /// The variance of a print's samples: its contrast.
    fn contrast(&self, at: usize) -> f64 {
        let frame = self.frame(at);
        let sum: u32 = frame.iter().map(|sample| u32::from(*sample)).sum();
        let mean = f64::from(sum) / AREA;
        let squares: f64 = frame
            .iter()
            .map(|sample| (f64::from(*sample) - mean).powi(2))
            .sum();
        squares / AREA
    }
}

/// Finds the frame of the longer run with which the shorter one begins.
///
/// # Behavior
/// - The whole shorter run lies in the longer one; none of its frames is missing or repeated there.
/// - No other place fits nearly as well.
pub fn search(longer: &Prints, shorter: &Prints, encoded: Encoded) -> Result<usize, Doubt> {
    let pair = Pair {
        longer,
        shorter,
        encoded,
    };
    let ranked = pair.ranked();
    let finalists = &ranked[..ranked.len().min(FINALISTS)];
    let best = finalists
        .iter()
        .copied()
        .min_by(|one, other| pair.cost(*one).total_cmp(&pair.cost(*other)))
        .ok_or(Doubt::Strange)?;
    let costs = pair.costs(best);
    pair.is_same(best, &costs)?;
    let around = (best - NEIGHBOURS..=best + NEIGHBOURS).chain([0, signed(pair.spare())]);
    let mut others: Vec<isize> = finalists.iter().copied().chain(around).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|other| *other != best);
    // A gap is looked for first: it too makes another place fit.
    for other in &others {
        pair.without_gap(best, *other, &costs)?;
    }
    for other in &others {
        pair.is_certain(best, *other, &costs)?;
    }
    let place = usize::try_from(best).ok();
    place
        .filter(|place| *place <= pair.spare())
        .ok_or(Doubt::Outside)
}

/// A frame that has a partner at two places.
#[derive(Debug, Clone, Copy)]
struct Shared {
    /// The frame of the shorter run.
    at: usize,
    /// How far the partner at the best place is.
    here: f64,
    /// How far the other one is.
    there: f64,
    /// How far both are from each other.
    moved: f64,
}

/// Two runs of prints. A place is the frame of the longer one that the first of the shorter one is paired with; it may be outside.
struct Pair<'a> {
    longer: &'a Prints,
    shorter: &'a Prints,
    encoded: Encoded,
}

impl Pair<'_> {
    /// How many frames the longer one has more.
    fn spare(&self) -> usize {
        self.longer.len() - self.shorter.len()
    }

    /// The frame of the longer run that this one of the shorter is paired with.
    fn partner(&self, at: usize, place: isize) -> Option<usize> {
        let partner = usize::try_from(signed(at) + place).ok()?;
        (partner < self.longer.len()).then_some(partner)
    }

    /// How far two paired prints are from each other.
    fn distance(&self, at: usize, place: isize) -> Option<f64> {
        let partner = self.partner(at, place)?;
        Some(distance(self.longer.frame(partner), self.shorter.frame(at)))
    }

    /// The distance of each frame of the shorter one from its partner, where it has one.
    fn costs(&self, place: isize) -> Vec<Option<f64>> {
        let frames = 0..self.shorter.len();
        frames.map(|at| self.distance(at, place)).collect()
    }

    /// Their mean.
    fn cost(&self, place: isize) -> f64 {
        mean(self.costs(place).into_iter().flatten())
    }

    /// All places, the best first as far as some frames tell.
    fn ranked(&self) -> Vec<isize> {
        let probes = self.probes();
        let beyond = signed(BEYOND.min(self.shorter.len() / 2));
        let mut ranked: Vec<(f64, isize)> = (-beyond..=signed(self.spare()) + beyond)
            .filter_map(|place| {
                let known = probes.iter().filter_map(|at| self.distance(*at, place));
                let known: Vec<f64> = known.collect();
                // What has few partners fits by chance.
                let enough = known.len() * 3 >= probes.len();
                enough.then(|| (mean(known.into_iter()), place))
            })
            .collect();
        ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
        ranked.into_iter().map(|(_, place)| place).collect()
    }

    /// The frames of the shorter run that tell most.
    fn probes(&self) -> Vec<usize> {
        let len = self.shorter.len();
        if len <= PROBES {
            return (0..len).collect();
        }
        let moved = |at: usize| distance(self.shorter.frame(at - 1), self.shorter.frame(at));
        let mut moving: Vec<(f64, usize)> = (1..len).map(|at| (moved(at), at)).collect();
        moving.sort_by(|one, other| other.0.total_cmp(&one.0));
        let moving = moving.into_iter().map(|(_, at)| at).take(PROBES / 2);
        let even = (0..PROBES / 2).map(|number| number * len / (PROBES / 2));
        let mut probes: Vec<usize> = even.chain(moving).collect();
        probes.sort_unstable();
        probes.dedup();
        probes
    }

    /// Whether the shorter run shows what the longer one does at a place.
    fn is_same(&self, place: isize, costs: &[Option<f64>]) -> Result<(), Doubt> {
        let contrast = |at: usize| Some(self.longer.contrast(self.partner(at, place)?));
        let limit = |(least, part): (f64, f64), contrast: f64| least.max(part * contrast);
        let contrasts: Vec<f64> = (0..costs.len()).filter_map(contrast).collect();
        let mut run = 0;
        for (at, cost) in costs.iter().enumerate() {
            let is_strange = match (cost, contrast(at)) {
                (Some(cost), Some(contrast)) => *cost > limit(SAME_PICTURE, contrast),
                _ => false,
            };
            run = if is_strange { run + 1 } else { 0 };
            if run == STRANGE.min(costs.len()) {
                return Err(match at + 1 - run {
                    0 => Doubt::Strange,
                    before => Doubt::StrangeFrom(before + 1),
                });
            }
        }
        if mean(costs.iter().copied().flatten()) > limit(SAME, mean(contrasts.into_iter())) {
            return Err(Doubt::Strange);
        }
        Ok(())
    }

    /// For each frame that has a partner at both places: the frame of the shorter run, the distances of both partners, and how far
    /// they are apart. What moves is seen in the source where that can be: between two frames of an encode it is hidden by what
    /// the encoder changed.
    fn both(&self, best: isize, other: isize, costs: &[Option<f64>]) -> Vec<Shared> {
        let shared = self.shared(self.encoded, best, other, costs);
        if shared.is_empty() && self.encoded == Encoded::Longer {
            // The source is too short to have two such frames.
            return self.shared(Encoded::Shorter, best, other, costs);
        }
        shared
    }

    /// The same, with what moves seen in the run that this leaves.
    fn shared(
        &self,
        encoded: Encoded,
        best: isize,
        other: isize,
        costs: &[Option<f64>],
    ) -> Vec<Shared> {
        let (encode, source, sign) = match encoded {
            Encoded::Shorter => (self.shorter, self.longer, 1),
            Encoded::Longer => (self.longer, self.shorter, -1),
        };
        let partner = |at: usize, place: isize| {
            let partner = usize::try_from(signed(at) + sign * place).ok()?;
            (partner < source.len()).then_some(partner)
        };
        let shared = (0..encode.len()).filter_map(|at| {
            let (one, two) = (partner(at, best)?, partner(at, other)?);
            let number = match encoded {
                Encoded::Shorter => at,
                Encoded::Longer => one,
            };
            Some(Shared {
                at: number,
                here: costs.get(number).copied().flatten()?,
                there: distance(source.frame(two), encode.frame(at)),
                moved: distance(source.frame(one), source.frame(two)),
            })
        });
        shared.collect()
    }

    /// Whether the best place is the only one, compared with another.
    fn is_certain(&self, best: isize, other: isize, costs: &[Option<f64>]) -> Result<(), Doubt> {
        let (mut count, mut here, mut there, mut moved) = (0.0, 0.0, 0.0, 0.0);
        for one in self.both(best, other, costs) {
            (count, here) = (count + 1.0, here + one.here);
            (there, moved) = (there + one.there, moved + one.moved);
        }
        // A place without a single frame in common is none.
        let leaning = (here - there + moved) / (2.0 * moved);
        let still = moved < STILL * count || moved < MOVING * here;
        if count > 0.0 && (still || leaning.partial_cmp(&LEANING) != Some(Ordering::Less)) {
            return Err(Doubt::Ambiguous);
        }
        Ok(())
    }

    /// Whether no run of frames fits better at the other place. A frame counts for it by how much further than three quarters of the
    /// way there it has gone: bad encoders lag behind, and half of the way is no gap.
    fn without_gap(&self, best: isize, other: isize, costs: &[Option<f64>]) -> Result<(), Doubt> {
        let usual = median(costs.iter().copied().flatten().collect());
        let both = self.both(best, other, costs);
        let further = both.iter().map(|one| {
            let gain = one.here - one.there - 0.5 * one.moved;
            // A broken picture is far from everything.
            let fits = one.there < 0.5 * one.moved + 2.0 * usual;
            (one.at, if fits { gain } else { gain.min(0.0) })
        });
        let Some((sum, start, _)) = largest(further) else {
            return Ok(());
        };
        let first = both.first().map(|one| one.at);
        let is_behind = match self.encoded {
            Encoded::Shorter => other < best,
            Encoded::Longer => other > best,
        };
        let may_lag = is_behind && first != Some(start);
        let part = if may_lag { LAGGING } else { ASTRAY };
        if sum <= (part * usual).max(100.0 * STILL) {
            return Ok(());
        }
        // Where it begins and ends, nearer is enough.
        let nearer = both.iter().map(|one| (one.at, one.here - one.there));
        let (_, start, end) = largest(nearer).unwrap_or_default();
        // Where the run that fits elsewhere stands at the beginning, the gap is behind it.
        Err(Doubt::Gap(if first == Some(start) {
            end + 2
        } else {
            start + 1
        }))
    }
}

/// The mean squared difference of two prints.
fn distance(one: &[u8], other: &[u8]) -> f64 {
    let squares = one.iter().zip(other).map(|(one, other)| {
        let step = u32::from(one.abs_diff(*other));
        step * step
    });
    f64::from(squares.sum::<u32>()) / AREA
}

/// The largest positive sum over neighbouring values, and where those begin and end (Kadane's algorithm).
fn largest(values: impl Iterator<Item = (usize, f64)>) -> Option<(f64, usize, usize)> {
    let (mut sum, mut start, mut most) = (0.0, 0, None);
    for (at, value) in values {
        if sum <= 0.0 {
            (sum, start) = (0.0, at);
        }
        sum += value;
        if sum > most.map_or(0.0, |(sum, _, _)| sum) {
            most = Some((sum, start, at));
        }
    }
    most
}

/// Infinite where there is nothing: no cost is worse.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count == 0.0 {
        f64::INFINITY
    } else {
        sum / count
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn signed(count: usize) -> isize {
    isize::try_from(count).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests;
