//! From values to places on paper, and the round numbers in between.

/// About how many numbers stand at a vertical axis.
const TICKS: f64 = 4.0;

/// About how many stand at the axis that counts.
const COUNTED: f64 = 12.0;

/// How much of its height a curve leaves free at either end.
const MARGIN: f64 = 0.06;

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// An axis that holds all the finite values; one without numbers where there are none.
    pub fn around(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return Self::between(0.0, 0.0);
        }
        let margin = match high - low {
            // Where nothing varies, a little room shows that.
            0.0 => (high.abs() * 0.01).max(0.01),
            length => length * MARGIN,
        };
        Self::between(low - margin, high + margin)
    }

    /// An axis that counts from 1 to this number.
    pub fn counting(count: usize) -> Self {
        let last = number(count);
        if last > 1.0 {
            Self::between(1.0, last)
        } else {
            Self::between(0.0, 2.0)
        }
    }

    const fn between(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            start: 0.0,
            end: 1.0,
        }
    }

    /// The same axis from here to there on paper.
    pub const fn onto(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// Where a value is on paper; what is beyond an end is at that end.
    pub fn at(&self, value: f64) -> f64 {
        let part = if self.low < self.high {
            (value.clamp(self.low, self.high) - self.low) / (self.high - self.low)
        } else {
            1.0
        };
        self.start + part * (self.end - self.start)
    }

    /// Round values along the axis.
    pub fn ticks(&self) -> Vec<f64> {
        self.every(step(self.high - self.low, TICKS))
    }

    /// Whole numbers along the axis.
    pub fn whole_ticks(&self) -> Vec<f64> {
        self.every(step(self.high - self.low, COUNTED).max(1.0))
    }

    fn every(&self, step: f64) -> Vec<f64> {
        if self.low >= self.high {
            return Vec::new();
        }
        let first = (self.low / step).ceil();
        (0..100_u32)
            .map(|number| (first + f64::from(number)) * step)
            .take_while(|tick| *tick <= self.high)
            .collect()
    }

    /// A value with the digits that tell ticks apart.
    pub fn label(&self, tick: f64) -> String {
        let digits = digits(step(self.high - self.low, TICKS));
        format!("{tick:.digits$}")
    }

    /// A value with more of them; an index of at most 1 differs in its last digits.
    pub fn precise(&self, value: f64) -> String {
        let least = if self.high < 1.5 { 4 } else { 2 };
        let digits = digits(step(self.high - self.low, TICKS) / 10.0).max(least);
        format!("{value:.digits$}")
    }
}

/// A length of 1, 2 or 5 times a power of ten that goes about so many times into another.
fn step(length: f64, times: f64) -> f64 {
    let rough = length / times;
    let power = 10_f64.powf(rough.log10().floor());
    match rough / power {
        ..1.5 => power,
        ..3.5 => 2.0 * power,
        ..7.5 => 5.0 * power,
        _ => 10.0 * power,
    }
}

/// How many decimals a step needs.
fn digits(step: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 12"
    )]
    let digits = (-(step * 1.000_001).log10().floor()).clamp(0.0, 12.0) as usize;
    digits
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of frames stay far below 2^52"
)]
pub fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f64], expected: &str) {
        let scale = Scale::around(values.iter().copied());
        let ticks = scale.ticks().into_iter().map(|tick| scale.label(tick));
        assert_eq!(ticks.collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn ticks_are_round() {
        check(&[32.2, 34.4], "32.5 33.0 33.5 34.0 34.5");
        check(&[0.0, 100.0], "0 20 40 60 80 100");
        check(&[0.886, 0.9205], "0.89 0.90 0.91 0.92");
        check(&[0.99991, 0.99999], "0.99992 0.99994 0.99996 0.99998");
        check(&[-3.0, 4000.0], "0 1000 2000 3000 4000");
    }

    #[test]
    fn what_does_not_vary_has_an_axis_too() {
        check(&[50.0, 50.0], "49.6 49.8 50.0 50.2 50.4");
        check(&[0.0], "-0.010 -0.005 0.000 0.005 0.010");
        check(&[f64::INFINITY, f64::NAN], "");
        check(&[1.0, 2.0, f64::INFINITY], "1.0 1.2 1.4 1.6 1.8 2.0");
    }

    #[test]
    fn places() {
        let scale = Scale::counting(11).onto(100.0, 200.0);
        let near = |scale: Scale, value: f64, place: f64| {
            let got = scale.at(value);
            assert!((got - place).abs() < 1e-9, "{value} is at {got}");
        };
        near(scale, 1.0, 100.0);
        near(scale, 6.0, 150.0);
        near(scale, 11.0, 200.0);
        near(scale, f64::INFINITY, 200.0);
        near(Scale::counting(1).onto(0.0, 10.0), 1.0, 5.0);
        assert_eq!(Scale::counting(3).whole_ticks(), [1.0, 2.0, 3.0]);
        assert_eq!(Scale::counting(480).whole_ticks().len(), 9);
    }
}
