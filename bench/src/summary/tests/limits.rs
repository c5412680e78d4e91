//! What must not get worse.

use super::made::{ladders, summary};
use crate::run::Run;
use crate::summary::Summary;

#[test]
fn limits_against_an_earlier_benchmark() {
    let check = |runs: &[Run], limit: &str| {
        let limit = limit.parse().expect("a limit");
        let before = summary(&ladders(), Some(93.0));
        crate::limits::check(&before, &summary(runs, Some(93.0)), &[limit])
    };
    let crossed = |runs: &[Run], limit: &str| {
        check(runs, limit)
            .expect("comparable")
            .iter()
            .any(|one| one.crossed)
    };
    let scaled = |factor: f64, loss: f64| -> Vec<Run> {
        let mut all = ladders();
        for run in &mut all {
            let report = run
                .ended
                .as_mut()
                .and_then(|ended| ended.report.as_mut())
                .expect("a report");
            report.commands[0].seconds *= factor;
            for output in report
                .quality
                .iter_mut()
                .flat_map(|quality| &mut quality.outputs)
            {
                output.scores[0].mean -= loss;
            }
        }
        all
    };
    assert!(!crossed(&ladders(), "time>+5%"));
    assert!(crossed(&scaled(1.1, 0.0), "time>+5%"));
    assert!(!crossed(&scaled(1.03, 0.0), "time>+5%"));
    assert!(!crossed(&scaled(0.5, 0.0), "time>+5%"));
    assert!(crossed(&scaled(0.5, 0.0), "time<-40%"));
    assert!(crossed(&scaled(1.0, 0.6), "vmaf<-0.5"));
    assert!(!crossed(&scaled(1.0, 0.4), "vmaf<-0.5"));
    let unknown = check(&ladders(), "ssim<-0.1").expect_err("nobody measured it");
    assert!(unknown.contains("`ssim<-0.1`"), "{unknown}");
    let unknown = check(&ladders(), "cost>+5%").expect_err("nobody knows it");
    assert!(unknown.contains("can be compared"), "{unknown}");
}

#[test]
fn limits_that_were_passed_by_what_was_not_there() {
    let check = |now: &Summary, limit: &str| {
        let before = summary(&ladders(), Some(93.0));
        crate::limits::check(&before, now, &[limit.parse().expect("a limit")])
    };
    // Another quality is no comparison.
    let other =
        check(&summary(&ladders(), Some(90.0)), "bitrate>+2%").expect_err("not one quality");
    assert!(other.contains("at VMAF 93, this one at VMAF 90"), "{other}");
    // A variant that is gone, and one that does not reach the quality any more.
    let gone: Vec<Run> = ladders()
        .into_iter()
        .filter(|run| run.cell.variant == "x264")
        .collect();
    for limit in ["time>+5%", "vmaf<-0.5"] {
        let checked = check(&summary(&gone, Some(93.0)), limit).expect("it can be compared");
        let lost = checked.iter().filter(|one| one.crossed);
        assert!(
            lost.clone().count() > 0 && lost.clone().all(|one| one.of.starts_with("svt")),
            "{checked:?}"
        );
    }
    // Identical pictures became others.
    let with = |mean: f64| {
        let mut all = ladders();
        for run in &mut all {
            let report = run
                .ended
                .as_mut()
                .and_then(|ended| ended.report.as_mut())
                .expect("a report");
            for output in report
                .quality
                .iter_mut()
                .flat_map(|quality| &mut quality.outputs)
            {
                let mut psnr = output.scores[0].clone();
                psnr.metric = "psnr".into();
                psnr.mean = mean;
                output.scores.push(psnr);
            }
        }
        summary(&all, Some(93.0))
    };
    let limit = ["psnr<-1%".parse().expect("a limit")];
    let checked =
        crate::limits::check(&with(f64::INFINITY), &with(44.0), &limit).expect("comparable");
    assert!(checked.iter().all(|one| one.crossed), "{checked:?}");
}
