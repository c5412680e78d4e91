//! Curves through a few measured points, and the Bjøntegaard difference of two of them.
//!
//! The points of a ladder are joined by the monotone piecewise cubic of Fritsch and Butland ("A Method for Constructing Local Monotone
//! Piecewise Cubic Interpolants", SIAM J. Sci. Stat. Comput. 5, 1984), known as PCHIP and used by the common test
//! conditions of VVC and by AOM. Unlike the single cubic of Bjøntegaard's first proposal (ITU-T SG16 Q6, VCEG-M33, 2001) it goes through
//! every point, for any number of them, and does not swing between them.

/// A curve through points, defined from the first one to the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    x: Vec<f64>,
    y: Vec<f64>,
    slopes: Vec<f64>,
}

impl Curve {
    /// The curve through points, in any order. Of points with one `x` the one with the least `y` counts: of two encodes of one quality the
    /// smaller one. `None` where fewer than two are left, or one is no finite number.
    pub fn through(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let mut points: Vec<(f64, f64)> = points.into_iter().collect();
        if points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        points.dedup_by(|next, kept| next.0.total_cmp(&kept.0).is_eq());
        if points.len() < 2 {
            return None;
        }
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let slopes = slopes(&x, &y);
        Some(Self { x, y, slopes })
    }

    /// From where to where the curve goes.
    pub fn range(&self) -> (f64, f64) {
        (self.x[0], self.x[self.x.len() - 1])
    }

    /// The value at `x`; `None` outside of the points, since nothing was measured there.
    pub fn at(&self, x: f64) -> Option<f64> {
        let (begin, end) = self.range();
        (begin..=end)
            .contains(&x)
            .then(|| self.value(self.piece(x), x))
    }

    /// The integral between two places of the curve.
    fn integral(&self, from: f64, to: f64) -> f64 {
        let mut sum = 0.0;
        for piece in 0..self.x.len() - 1 {
            let (begin, end) = (self.x[piece].max(from), self.x[piece + 1].min(to));
            if begin < end {
                // Simpson's rule is exact for a cubic.
                let middle = self.value(piece, f64::midpoint(begin, end));
                let ends = self.value(piece, begin) + self.value(piece, end);
                sum += (end - begin) / 6.0 * (ends + 4.0 * middle);
            }
        }
        sum
    }

    /// The piece that holds `x`.
    fn piece(&self, x: f64) -> usize {
        let after = self.x.partition_point(|at| *at <= x);
        after.clamp(1, self.x.len() - 1) - 1
    }

    /// The cubic of Hermite between two points.
    fn value(&self, piece: usize, x: f64) -> f64 {
        let width = self.x[piece + 1] - self.x[piece];
        let t = (x - self.x[piece]) / width;
        let (from, to) = (self.y[piece], self.y[piece + 1]);
        let (leaving, arriving) = (self.slopes[piece] * width, self.slopes[piece + 1] * width);
        let rest = 1.0 - t;
        rest * rest * ((1.0 + 2.0 * t) * from + t * leaving)
            + t * t * ((3.0 - 2.0 * t) * to - rest * arriving)
    }
}

/// The slope at every point.
fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let pieces: Vec<(f64, f64)> = x
        .windows(2)
        .zip(y.windows(2))
        .map(|(x, y)| (x[1] - x[0], (y[1] - y[0]) / (x[1] - x[0])))
        .collect();
    if let [(_, only)] = pieces[..] {
        return vec![only, only];
    }
    let last = pieces.len() - 1;
    let mut slopes = vec![end(pieces[0], pieces[1])];
    slopes.extend(pieces.windows(2).map(|pair| inside(pair[0], pair[1])));
    slopes.push(end(pieces[last], pieces[last - 1]));
    slopes
}

/// The slope between two pieces: their weighted harmonic mean, and none at a peak.
fn inside((width, slope): (f64, f64), (next_width, next_slope): (f64, f64)) -> f64 {
    if slope * next_slope <= 0.0 {
        return 0.0;
    }
    let (first, second) = (2.0 * next_width + width, next_width + 2.0 * width);
    (first + second) / (first / slope + second / next_slope)
}

/// The slope at an end: that of the parabola through three points, held back where it would leave the shape.
fn end((width, slope): (f64, f64), (next_width, next_slope): (f64, f64)) -> f64 {
    let parabola = ((2.0 * width + next_width) * slope - width * next_slope) / (width + next_width);
    if parabola * slope <= 0.0 {
        0.0
    } else if slope * next_slope <= 0.0 && parabola.abs() > 3.0 * slope.abs() {
        3.0 * slope
    } else {
        parabola
    }
}

/// The difference of two curves, averaged over the range that both have: as a Bjøntegaard difference of rates, where `y` is the
/// logarithm of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delta {
    /// The mean of test less anchor.
    pub mean: f64,
    /// The range over which it was taken.
    pub range: (f64, f64),
    /// How much of the range that any of the two has both have, 0 to 1.
    pub overlap: f64,
}

/// Compares a curve with an anchor; `None` where they share no range.
pub fn delta(anchor: &Curve, test: &Curve) -> Option<Delta> {
    let ((a, b), (c, d)) = (anchor.range(), test.range());
    let (from, to) = (a.max(c), b.min(d));
    if from >= to {
        return None;
    }
    let difference = test.integral(from, to) - anchor.integral(from, to);
    Some(Delta {
        mean: difference / (to - from),
        range: (from, to),
        overlap: (to - from) / (b.max(d) - a.min(c)),
    })
}

/// The Bjøntegaard difference of rates (BD-rate) in per cent: by how much the rate of `test` differs at the quality of `anchor`, in
/// the mean over the quality that both reach. Points are `(rate, quality)`.
pub fn bd_rate(anchor: &[(f64, f64)], test: &[(f64, f64)]) -> Option<Delta> {
    let curve = |points: &[(f64, f64)]| {
        Curve::through(
            points
                .iter()
                .map(|(rate, quality)| (*quality, rate.log10())),
        )
    };
    let delta = delta(&curve(anchor)?, &curve(test)?)?;
    Some(Delta {
        mean: 100.0 * (10_f64.powf(delta.mean) - 1.0),
        ..delta
    })
}

#[cfg(test)]
mod tests;
