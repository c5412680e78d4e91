//! Jobs that succeed: what comes of them, what is told meanwhile, what is known of them afterwards.

use ffbatch_dispatcher::event::{Event, Stage};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::state::State;
use ffbatch_dispatcher::terms::Terms;
use ffbatch_tests::clip::SHORT;

use crate::room::Room;

/// From the submission to the report.
pub fn a_job_succeeds(room: &Room) {
    room.put(SHORT, "in.mp4");
    let words = "-i @in.mp4 -c:v libx264 -preset ultrafast -an @out/one.mp4";
    let id = room.submit_one("one", words);
    let (events, ended) = room.follow(&id);
    assert_eq!((ended.exit, &ended.error), (Exit::Succeeded, &None));
    assert_eq!(room.frames("out/one.mp4"), 50);
    let told = parted(events);
    check_order(&told.0);
    let is_log = |event: &Event| matches!(event, Event::Log { line } if line.contains("libx264"));
    assert!(told.1.iter().any(is_log), "ffmpeg's log is not there");
    let report = ended.report.expect("the report is read back");
    assert_eq!((&report.job_id, report.attempt), (&id, 1));
    assert_eq!(report.name, "one");
    assert_eq!(report.outputs.len(), 1);
    assert!(ended.report_at.is_some());
    // The same is told to whoever comes later.
    assert_eq!(parted(room.events(&id, None)), told);
    assert_eq!(parted(room.events(&id, Some(1))), told);
    let (again, later) = room.follow(&id);
    assert_eq!((parted(again), later.exit), (told, Exit::Succeeded));
    let detail = room.describe(&id);
    let summary = &detail.summary;
    assert_eq!(
        (&*summary.id, &*summary.name, summary.state, summary.attempt),
        (&*id, "one", State::Succeeded, 1)
    );
    assert_eq!(summary.exit, Some(Exit::Succeeded));
    assert_eq!((&summary.status_reason, &summary.array), (&None, &None));
    assert!(summary.created <= summary.started.expect("it has started"));
    assert!(summary.started <= summary.stopped);
    assert_eq!(detail.commands, room.job(words).commands);
    let [attempt] = &detail.attempts[..] else {
        panic!("there was one attempt: {:#?}", detail.attempts);
    };
    assert_eq!((attempt.number, attempt.exit_code), (1, Some(0)));
    assert_eq!(attempt.reason, None);
    assert!(attempt.log_at.is_some());
    assert_eq!(
        room.wait(std::slice::from_ref(&id)),
        std::slice::from_ref(summary)
    );
}

/// The worker's events, and the lines of its log: how these two streams lie beside each other is not promised.
fn parted(events: Vec<Event>) -> (Vec<Event>, Vec<Event>) {
    let is_event = |event: &Event| !matches!(event, Event::Log { .. });
    events.into_iter().partition(is_event)
}

/// Asserts the order of a worker's events in a job that succeeded.
#[track_caller]
fn check_order(events: &[Event]) {
    let first = events.first();
    assert!(matches!(first, Some(Event::Hello { .. })), "{events:#?}");
    let last = events.last();
    let ended = matches!(last, Some(Event::Finished { code: 0, .. }));
    assert!(ended, "{events:#?}");
    let begun = events.iter().filter_map(|event| match event {
        Event::StageStarted { stage } => Some(*stage),
        _ => None,
    });
    let stages = [
        Stage::Check,
        Stage::Fetch,
        Stage::Transcode,
        Stage::Publish,
        Stage::Record,
    ];
    assert_eq!(begun.collect::<Vec<_>>(), stages);
    let frames = events.iter().filter_map(|event| match event {
        Event::Progress(progress) => progress.frame,
        _ => None,
    });
    assert_eq!(frames.max(), Some(50));
}

/// A job has the terms on which it was submitted.
pub fn terms_are_kept(room: &Room) {
    room.put(SHORT, "in.mp4");
    let tags = [("team".to_owned(), "video".to_owned())];
    let asked = Terms {
        vcpus: Some(1),
        memory_mib: Some(3072),
        // Elsewhere nobody pays.
        tags: tags.into_iter().filter(|_| room.is_on_batch()).collect(),
        retry: RetryStrategy {
            attempts: 2,
            ..RetryStrategy::default()
        },
        timeout_secs: Some(600),
        ..Terms::default()
    };
    let mut request = room.request("", "-i @in.mp4 -c copy @out.mp4");
    request.terms = asked.clone();
    let id = room.submit(&[request]).remove(0);
    let detail = room.describe(&id);
    assert_eq!(detail.summary.name, "");
    assert_eq!(detail.terms, asked);
    room.ends(&id, Exit::Succeeded, "");
    assert_eq!(room.describe(&id).terms, asked);
}
