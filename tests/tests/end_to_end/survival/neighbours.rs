//! Jobs side by side in one directory: each sweeps what the dead left there, and none touches a living one.

use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_tests::clip::{CUT, SHORT};
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::{Sandbox, until};
use rustix::process::Signal;

use super::running::{Running, words};

fn encodes(event: &Event) -> bool {
    matches!(event, Event::Progress(progress) if progress.stage == Stage::Transcode)
}

#[test]
fn the_dead_are_swept_beside_the_living() {
    let sandbox = Sandbox::with(CUT, "in.mp4");
    sandbox.place(SHORT, "short.mp4");
    let slow = |output: &str| {
        words(&format!(
            "--input_file_options -readrate\u{2002}3 --input_url in.mp4 --output_file_options -c\u{2002}copy --output_url {output}"
        ))
        .into_iter()
        .map(|word| word.replace('\u{2002}', " "))
        .collect::<Vec<_>>()
    };
    let mut living = Running::start(&sandbox, &slow("living.mp4"));
    assert!(living.wait_for(encodes));
    for round in 0..5 {
        let mut dead = Running::start(&sandbox, &slow("dead.mp4"));
        assert!(dead.wait_for(encodes));
        dead.end_by(Signal::KILL);
        // Several at once, which all find the dead one.
        let short = |index: u32| {
            words(&format!(
                "--input_url short.mp4 --output_url short{round}{index}.mp4"
            ))
        };
        let several: Vec<Running> = (0..3)
            .map(|index| Running::start(&sandbox, &short(index)))
            .collect();
        for one in several {
            let gone = one.end();
            assert_eq!(gone.code, Some(0), "{gone:#?}");
        }
        assert!(!sandbox.path("dead.mp4").exists());
    }
    let gone = living.end();
    assert_eq!(gone.code, Some(0), "{gone:#?}");
    assert_eq!(frames(&sandbox.path("living.mp4")), 250);
    until("every process is gone", || sandbox.processes().is_empty());
    sandbox.assert_clean();
}
