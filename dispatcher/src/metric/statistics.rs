//! What a column of values looks like: percentiles and spread.
//!
//! Values may be infinite (PSNR of identical frames), and still no result is ever `NaN`.

/// The values of a column in rising order, without the frames that lack one.
#[derive(Debug, Clone)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts a copy of a column; `None` when no frame carries a value.
    pub fn of(column: &[f64]) -> Option<Self> {
        let mut values: Vec<f64> = column.iter().copied().filter(|one| !one.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    /// How many values there are, at least one.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest value.
    pub fn min(&self) -> f64 {
        self.percentile(0)
    }

    /// The middle value, or the mean of the two in the middle: the 50th percentile.
    pub fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The largest value.
    pub fn max(&self) -> f64 {
        self.percentile(100)
    }

    /// A percentile from 0 to 100 by linear interpolation between the two nearest ranks: numpy's default, type 7 of Hyndman and Fan,
    /// "Sample Quantiles in Statistical Packages", 1996. Where one of the two is infinite there is nothing to interpolate, and the
    /// lower one stands.
    pub fn percentile(&self, percent: u8) -> f64 {
        let steps = usize::from(percent.min(100)) * (self.0.len() - 1);
        let (rank, rest) = (steps / 100, steps % 100);
        let low = self.0[rank];
        let gap = self.0.get(rank + 1).map_or(0.0, |high| high - low);
        if gap.is_finite() {
            low + gap * f64::from(u8::try_from(rest).expect("a remainder of 100")) / 100.0
        } else {
            low
        }
    }

    /// The standard deviation of the population: the frames are all there are, and no sample of more. `None` when a value is
    /// infinite: then no distance from the mean is a number.
    pub fn std_dev(&self) -> Option<f64> {
        let mean = average(self.0.iter().copied());
        let variance = average(self.0.iter().map(|value| (value - mean) * (value - mean)));
        variance.is_finite().then(|| variance.sqrt())
    }
}

fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[track_caller]
    fn check(values: &[f64], percent: u8, expected: f64) {
        let got = Sorted::of(values).expect("values").percentile(percent);
        assert!(
            got.total_cmp(&expected).is_eq() || (got - expected).abs() < 1e-12,
            "{got} is not {expected}"
        );
    }

    /// `numpy.percentile` gives the same.
    #[test]
    fn percentiles() {
        let five = [5.0, 1.0, 4.0, 2.0, 3.0];
        check(&five, 0, 1.0);
        check(&five, 1, 1.04);
        check(&five, 5, 1.2);
        check(&five, 10, 1.4);
        check(&five, 50, 3.0);
        check(&five, 99, 4.96);
        check(&five, 100, 5.0);
        check(&[1.0, 2.0], 50, 1.5);
        check(&[7.0], 5, 7.0);
        check(&[f64::NAN, 7.0], 95, 7.0);
    }

    #[test]
    fn infinities() {
        check(&[1.0, INF], 0, 1.0);
        check(&[1.0, INF], 50, 1.0);
        check(&[1.0, INF], 100, INF);
        check(&[1.0, 2.0, INF], 25, 1.5);
        check(&[1.0, INF, INF], 50, INF);
        check(&[INF, INF], 50, INF);
        check(&[-INF, INF], 50, -INF);
        check(&[-INF, 1.0], 50, -INF);
    }

    #[test]
    fn spread() {
        let spread = |values: &[f64]| Sorted::of(values).expect("values").std_dev();
        // The squares of -2, -1, 0, 1, 2 have the mean 2.
        assert_eq!(spread(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0_f64.sqrt()));
        assert_eq!(spread(&[7.0]), Some(0.0));
        assert_eq!(spread(&[1.0, INF]), None);
        assert_eq!(spread(&[INF, INF]), None);
    }

    #[test]
    fn nothing_has_no_statistics() {
        assert!(Sorted::of(&[]).is_none());
        assert!(Sorted::of(&[f64::NAN]).is_none());
    }
}
