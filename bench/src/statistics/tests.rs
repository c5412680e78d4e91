use super::*;

/// A generator of normally distributed numbers that gives the same ones on every machine (Numerical Recipes' `ranqd1`, Box and Muller).
struct Noise(u32);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(self.0) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// Times around a mean that spread by so much of it.
    fn times(&mut self, count: usize, mean: f64, spread: f64) -> Vec<f64> {
        (0..count)
            .map(|_| mean * (spread * self.normal()).exp())
            .collect()
    }
}

#[track_caller]
fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
}

/// `scipy.stats.t.interval(0.95, 4, mean, sem)` gives the same.
#[test]
fn intervals() {
    let interval = Interval::of(&[10.1, 9.8, 10.3, 10.0, 9.9]).expect("five values");
    near(interval.mean, 10.02);
    near(interval.half_width.expect("five values"), 0.238_838_8);
    near(interval.half_width_percent().expect("as well"), 2.383_621_2);
    assert_eq!((interval.count, interval.min, interval.max), (5, 9.8, 10.3));
}

#[test]
fn one_measurement_has_no_interval() {
    let one = Interval::of(&[3.0]).expect("a value");
    assert_eq!((one.mean, one.half_width), (3.0, None));
    assert_eq!(Interval::of(&[]), None);
    assert_eq!(Interval::of(&[1.0, f64::NAN]), None);
    let same = Interval::of(&[2.0, 2.0]).expect("two values");
    assert_eq!(same.half_width_percent(), Some(0.0));
}

/// `scipy.stats.ttest_ind(np.log(a), np.log(b), equal_var=False)` gives the same.
#[test]
fn welch_as_others_have_it() {
    let a = [10.1, 9.8, 10.3, 10.0, 9.9];
    let b = [11.2, 10.9, 11.5];
    let difference = Difference::between(&a, &b).expect("times");
    near(difference.ratio, 0.894_725_579);
    near(difference.p.expect("both have several"), 0.006_307_892);
}

#[test]
fn a_difference_of_ten_per_cent_is_found() {
    let mut noise = Noise(7);
    let mut found = 0;
    for _ in 0..200 {
        let (a, b) = (noise.times(4, 10.0, 0.015), noise.times(4, 11.0, 0.015));
        let difference = Difference::between(&a, &b).expect("times");
        found += usize::from(difference.is_significant(1) == Some(true));
    }
    assert!(found > 195, "{found} of 200");
}

#[test]
fn noise_is_no_difference() {
    let mut noise = Noise(11);
    let mut found = 0;
    for _ in 0..1000 {
        let (a, b) = (noise.times(4, 10.0, 0.05), noise.times(4, 10.0, 0.05));
        let difference = Difference::between(&a, &b).expect("times");
        found += usize::from(difference.is_significant(1) == Some(true));
    }
    // One in twenty at most is what 95 % means; Welch's test is on the careful side of it in small samples.
    assert!(found < 65, "{found} of 1000");
}

#[test]
fn an_interval_holds_the_truth_as_often_as_it_says() {
    let mut noise = Noise(13);
    let holds = (0..1000).filter(|_| {
        let sample: Vec<f64> = (0..5).map(|_| 10.0 + 0.2 * noise.normal()).collect();
        let interval = Interval::of(&sample).expect("five values");
        (interval.mean - 10.0).abs() < interval.half_width.expect("five values")
    });
    let count = holds.count();
    assert!((925..975).contains(&count), "{count} of 1000");
}

#[test]
fn nobody_can_tell_from_one_run() {
    let difference = Difference::between(&[1.0], &[2.0, 2.1]).expect("times");
    assert_eq!(difference.is_significant(1), None);
    near(
        Difference::between(&[1.0], &[2.0])
            .expect("times")
            .percent(),
        -50.0,
    );
    assert_eq!(Difference::between(&[0.0], &[1.0]), None);
    assert_eq!(Difference::between(&[], &[1.0]), None);
}

#[test]
fn what_does_not_spread_is_the_same_or_not() {
    let same = Difference::between(&[2.0, 2.0], &[2.0, 2.0]).expect("times");
    assert_eq!(same.is_significant(1), Some(false));
    let other = Difference::between(&[2.0, 2.0], &[3.0, 3.0]).expect("times");
    assert_eq!(other.is_significant(1), Some(true));
}

#[test]
fn many_comparisons_find_something_by_chance() {
    let difference = Difference {
        ratio: 0.9,
        p: Some(0.02),
    };
    assert_eq!(difference.is_significant(1), Some(true));
    assert_eq!(difference.is_significant(5), Some(false));
}
