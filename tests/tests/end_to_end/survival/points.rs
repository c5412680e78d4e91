//! SIGTERM and SIGKILL at twenty points: at the begin of every stage that the job has, and at seeded moments within it.

use std::collections::BTreeSet;

use ffbatch_dispatcher::command::Command;
use ffbatch_dispatcher::event::Stage;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_tests::sandbox::until;
use ffbatch_tests::site::Site;
use rustix::process::Signal;

use super::ground::{Ground, HLS, OLD, SINGLE, Shape};
use super::running::{Running, ffmpegs, report};

#[track_caller]
fn terminated(site: Site, shape: Shape) {
    let ground = Ground::new(site, shape);
    let mut interrupted = BTreeSet::new();
    for &point in &ground.points {
        ground.restore();
        let gone = ground.hit(point, Signal::TERM);
        ground.site.sandbox.assert_clean();
        let new = ground.assert_whole(point);
        ground.assert_records_whole(point);
        let told = report(&ground.record(&gone.report_at()));
        if gone.code == Some(0) {
            assert!(
                new && gone.did(Stage::Publish) && told.exit == Exit::Succeeded,
                "{point:?}: {gone:#?}"
            );
            continue;
        }
        gone.assert_interrupted();
        interrupted.insert(point.stage);
        assert_eq!(told.exit, Exit::Interrupted, "{point:?}");
        let trace = ground.record(&gone.report_at().replace("metrics/jobs", "metrics/xray"));
        assert!(
            String::from_utf8_lossy(&trace).contains("asked to stop"),
            "{point:?}: the trace does not say why the job ended"
        );
        // A request that was sent whole before the signal is S3's to answer; a rename on disk is done or not.
        let sent = ground.site.moto.is_some() && gone.began(Stage::Publish);
        assert!(
            new == gone.did(Stage::Publish) || (new && sent),
            "{point:?}: {gone:#?}"
        );
        if !gone.began(Stage::Publish) {
            let there = ground.published();
            assert_eq!(
                there.len(),
                1,
                "{point:?}: published after the signal: {:?}",
                there.keys()
            );
        }
        // Whatever is new was in the report: nothing came after it was written.
        let listed = told.outputs.len();
        let published = ground
            .published()
            .values()
            .filter(|bytes| *bytes != OLD)
            .count();
        assert!(
            published <= listed + 8,
            "{point:?}: {published} files are new, {listed} are in the report"
        );
    }
    for stage in [Stage::Transcode, Stage::Publish] {
        assert!(
            interrupted.contains(&stage),
            "no point hit {stage:?}: {interrupted:?}"
        );
    }
}

#[track_caller]
fn killed(site: Site, shape: Shape) {
    let ground = Ground::new(site, shape);
    for &point in &ground.points {
        ground.restore();
        let gone = ground.hit(point, Signal::KILL);
        assert!(
            gone.code.is_none() || gone.code == Some(0),
            "{point:?}: {gone:#?}"
        );
        until("ffmpeg dies with its worker", || {
            ffmpegs(&ground.site.sandbox).is_empty()
        });
        ground.assert_whole(point);
        ground.assert_records_whole(point);
        let next = ground.shape.line.replace(" -bitexact", " -bitexact -t 0.4");
        let next = Job::of(vec![Command::new(ground.site.words(&next))]);
        let gone =
            Running::start(&ground.site.sandbox, &["--job".to_owned(), next.to_json()]).end();
        assert_eq!(
            gone.code,
            Some(0),
            "{point:?}: the next job fails: {gone:#?}"
        );
        ground.site.sandbox.assert_clean();
    }
}

#[test]
fn sigterm_of_a_single_file_on_disk() {
    terminated(Site::local(), SINGLE);
}

#[test]
fn sigterm_of_a_single_file_in_s3() {
    terminated(Site::s3(), SINGLE);
}

#[test]
fn sigterm_of_a_playlist_on_disk() {
    terminated(Site::local(), HLS);
}

#[test]
fn sigterm_of_a_playlist_in_s3() {
    terminated(Site::s3(), HLS);
}

#[test]
fn sigkill_of_a_single_file_on_disk() {
    killed(Site::local(), SINGLE);
}

#[test]
fn sigkill_of_a_single_file_in_s3() {
    killed(Site::s3(), SINGLE);
}

#[test]
fn sigkill_of_a_playlist_on_disk() {
    killed(Site::local(), HLS);
}

#[test]
fn sigkill_of_a_playlist_in_s3() {
    killed(Site::s3(), HLS);
}
