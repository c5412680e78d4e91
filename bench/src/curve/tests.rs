use super::*;
use proptest::prelude::*;

type Points = &'static [(f64, f64)];

/// Relative difference.
#[track_caller]
fn near(got: f64, expected: f64) {
    let off = (got - expected).abs() / expected.abs().max(1e-9);
    assert!(off < 1e-9, "{got} is not {expected}");
}

const ANCHOR: Points = &[
    (9487.76, 40.037),
    (4593.60, 38.615),
    (2486.44, 36.845),
    (1358.24, 34.851),
];
const TEST: Points = &[
    (9787.80, 40.121),
    (4469.00, 38.651),
    (2451.52, 36.970),
    (1356.24, 34.987),
];

/// The package `bjontegaard` 1.3.0 of `PyPI` gives these numbers with `method="pchip"`; the first two sets are of the kind that the
/// common test conditions of JVET report, the third has ladders of different length, the fourth the fewest points that can be.
#[test]
fn bd_rate_as_others_have_it() {
    let small: Points = &[
        (686.76, 40.28),
        (309.58, 37.18),
        (157.11, 34.24),
        (85.95, 31.42),
    ];
    let large: Points = &[
        (893.34, 40.39),
        (407.8, 37.21),
        (204.93, 34.17),
        (112.75, 31.24),
    ];
    let long: Points = &[
        (5000.0, 97.1),
        (2500.0, 93.2),
        (1200.0, 86.9),
        (600.0, 75.5),
        (300.0, 60.1),
        (150.0, 41.0),
    ];
    let short: Points = &[(4100.0, 98.0), (2300.0, 95.1), (900.0, 84.2), (410.0, 66.6)];
    let three: Points = &[(100.0, 60.0), (200.0, 80.0), (400.0, 90.0)];
    let two: Points = &[(50.0, 61.0), (300.0, 92.0)];
    for (anchor, test, expected, back) in [
        (ANCHOR, TEST, -4.417_485_350_589_045, 4.621_645_880_307_734),
        (
            small,
            large,
            31.379_878_202_397_627,
            -23.884_843_426_369_507,
        ),
        (long, short, -12.246_303_771_112_533, 13.955_313_904_009_88),
        (three, two, -33.039_127_760_420_09, 49.340_945_921_685_57),
    ] {
        near(bd_rate(anchor, test).expect("they overlap").mean, expected);
        near(bd_rate(test, anchor).expect("they overlap").mean, back);
    }
}

/// `scipy.interpolate.PchipInterpolator` gives the same, at a peak and at both ends.
#[test]
fn a_curve_as_others_have_it() {
    let curve = Curve::through([(0.0, 1.0), (1.0, 2.0), (3.0, 2.5), (4.0, 2.0), (7.0, 8.0)]);
    let curve = curve.expect("five points");
    for (x, expected) in [
        (0.0, 1.0),
        (0.5, 1.602_678_571_428_571_4),
        (2.0, 2.357_142_857_142_857),
        (3.5, 2.25),
        (5.0, 2.694_444_444_444_444),
        (7.0, 8.0),
    ] {
        near(curve.at(x).expect("inside"), expected);
    }
    near(curve.integral(0.5, 6.0), 13.640_438_988_095_237);
}

#[test]
fn nothing_is_said_where_nothing_was_measured() {
    let curve = Curve::through([(90.0, 1.0), (95.0, 2.0)]).expect("two points");
    assert_eq!(curve.at(89.9), None);
    assert_eq!(curve.at(95.1), None);
    assert_eq!(Curve::through([(90.0, 1.0)]), None);
    assert_eq!(Curve::through([(90.0, 1.0), (f64::INFINITY, 2.0)]), None);
    assert_eq!(
        bd_rate(&[(1.0, 50.0), (2.0, 60.0)], &[(1.0, 70.0), (2.0, 80.0)]),
        None
    );
}

#[test]
fn of_two_encodes_of_one_quality_the_smaller_one_counts() {
    let curve = Curve::through([(100.0, 9.0), (90.0, 3.0), (100.0, 7.0)]).expect("two are left");
    assert_eq!(curve.at(100.0), Some(7.0));
}

#[test]
fn how_much_two_ladders_share_is_told() {
    let delta =
        bd_rate(&[(1.0, 80.0), (2.0, 90.0)], &[(1.0, 85.0), (2.0, 100.0)]).expect("they do");
    assert_eq!(delta.range, (85.0, 90.0));
    near(delta.overlap, 0.25);
}

proptest! {
    /// A monotone ladder gives a monotone curve between its points: no overshoot.
    #[test]
    fn curves_do_not_swing(steps in proptest::collection::vec((0.01_f64..10.0, 0.0_f64..5.0), 2..9)) {
        let (mut x, mut y) = (0.0, 0.0);
        let points: Vec<(f64, f64)> = steps.iter().map(|(right, up)| { x += right; y += up; (x, y) }).collect();
        let curve = Curve::through(points.iter().copied()).expect("two points or more");
        let (begin, end) = curve.range();
        let mut last = f64::NEG_INFINITY;
        for step in 0..=100 {
            let at = begin + (end - begin) * f64::from(step) / 100.0;
            let value = curve.at(at.min(end)).expect("inside");
            prop_assert!(value >= last - 1e-9, "{value} after {last}");
            last = value;
        }
    }

    /// A rate that is everywhere by the same factor larger has that factor as its BD-rate.
    #[test]
    fn a_constant_factor_is_the_difference(factor in 0.1_f64..10.0) {
        let scaled: Vec<(f64, f64)> = ANCHOR.iter().map(|(rate, quality)| (rate * factor, *quality)).collect();
        let got = bd_rate(ANCHOR, &scaled).expect("they overlap").mean;
        prop_assert!((got - 100.0 * (factor - 1.0)).abs() < 1e-6);
    }
}
