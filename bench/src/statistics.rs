//! What repeated measurements say, and what they do not: means with confidence intervals, and whether two samples differ.
//!
//! Times of one encode spread to one side: something else on the machine makes a run slower, nothing makes it faster. The logarithm of
//! a time is nearer to a normal distribution, and a ratio of two times is a difference of logarithms. So two samples are compared by
//! their logarithms, and the interval of one is that of its mean, as people expect it in seconds.
//!
//! Runs go on until an interval is narrow enough. Looking at the data to decide when to stop makes an interval a little too
//! optimistic: simulated, one that says 95 % holds the truth 91 to 95 times of a hundred with at least three runs, and 88 to 93 with
//! two. That matters less than what no interval shows: that a machine is slower today than it was yesterday.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// How sure an interval or a difference is.
pub const CONFIDENCE: f64 = 0.95;

/// The mean of repeated measurements, and how far from it the true one may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// How many measurements there are.
    pub count: usize,
    /// Their arithmetic mean.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval of the mean, by Student's t; absent of a single measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The smallest measurement.
    pub min: f64,
    /// The largest one.
    pub max: f64,
}

impl Interval {
    /// Summarises measurements; `None` of none, or where one is no finite number.
    pub fn of(sample: &[f64]) -> Option<Self> {
        if sample.is_empty() || sample.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let moments = Moments::of(sample.iter().copied());
        let half_width = (sample.len() > 1)
            .then(|| quantile(moments.count - 1.0) * (moments.variance / moments.count).sqrt());
        Some(Self {
            count: sample.len(),
            mean: moments.mean,
            half_width,
            min: sample.iter().copied().fold(f64::INFINITY, f64::min),
            max: sample.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }

    /// Half the width as a part of the mean, in per cent; `None` where there is no interval.
    pub fn half_width_percent(&self) -> Option<f64> {
        let half = self.half_width?;
        if half == 0.0 {
            return Some(0.0);
        }
        Some(100.0 * half / self.mean.abs()).filter(|percent| percent.is_finite())
    }
}

/// Count, mean and variance of a sample.
#[derive(Debug, Clone, Copy)]
struct Moments {
    count: f64,
    mean: f64,
    /// The unbiased estimate of the variance; 0 of a single value.
    variance: f64,
}

impl Moments {
    fn of(sample: impl Iterator<Item = f64> + Clone) -> Self {
        let (count, sum) = sample
            .clone()
            .fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        let mean = sum / count;
        let squares: f64 = sample.map(|value| (value - mean) * (value - mean)).sum();
        Self {
            count,
            mean,
            variance: if count > 1.0 {
                squares / (count - 1.0)
            } else {
                0.0
            },
        }
    }

    /// The square of the standard error of the mean.
    fn error(self) -> f64 {
        self.variance / self.count
    }
}

/// The quantile of Student's t that leaves half of what is not sure on each side.
fn quantile(degrees: f64) -> f64 {
    student(degrees).inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
}

fn student(degrees: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees).expect("a sample of two or more has degrees of freedom")
}

/// How one sample of positive measurements compares with another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The geometric mean of the one over that of the other: 0.71 where the one takes 29 % less.
    pub ratio: f64,
    /// How probable so large a ratio is where there is no difference (two-sided, Welch's t-test of the logarithms); absent where one of
    /// the samples has a single measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

impl Difference {
    /// Compares two samples; `None` where one is empty or holds what is not positive.
    pub fn between(one: &[f64], other: &[f64]) -> Option<Self> {
        let usable = |sample: &[f64]| {
            !sample.is_empty() && sample.iter().all(|value| value.is_finite() && *value > 0.0)
        };
        if !usable(one) || !usable(other) {
            return None;
        }
        let [a, b] = [one, other].map(|sample| Moments::of(sample.iter().map(|value| value.ln())));
        let p = (one.len() > 1 && other.len() > 1).then(|| welch(a, b));
        Some(Self {
            ratio: (a.mean - b.mean).exp(),
            p,
        })
    }

    /// Whether the difference is sure enough, of so many comparisons that are made at once (Bonferroni's correction); `None` where
    /// nobody can tell.
    pub fn is_significant(&self, comparisons: usize) -> Option<bool> {
        #[expect(clippy::cast_precision_loss, reason = "a few comparisons")]
        let limit = (1.0 - CONFIDENCE) / comparisons.max(1) as f64;
        self.p.map(|p| p < limit)
    }

    /// The ratio as a change in per cent: -29 where the one takes 29 % less.
    pub fn percent(&self) -> f64 {
        100.0 * (self.ratio - 1.0)
    }
}

/// The two-sided probability by Welch's t-test, with the degrees of freedom of Welch and Satterthwaite (B. L. Welch, "The
/// generalization of Student's problem when several different population variances are involved", Biometrika 34, 1947).
fn welch(a: Moments, b: Moments) -> f64 {
    let errors = a.error() + b.error();
    if errors == 0.0 {
        // Nothing spreads: what is not the same differs.
        return if a.mean.total_cmp(&b.mean).is_eq() {
            1.0
        } else {
            0.0
        };
    }
    let t = (a.mean - b.mean) / errors.sqrt();
    let part = |one: Moments| one.error() * one.error() / (one.count - 1.0);
    let degrees = errors * errors / (part(a) + part(b));
    2.0 * student(degrees).cdf(-t.abs())
}

#[cfg(test)]
mod tests;
