//! Listing jobs, and finding the one that a text means.

use ffbatch_dispatcher::detail::Filter;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::SHORT;
use jiff::{Timestamp, ToSpan};

use crate::room::Room;

/// Asserts which jobs a filter lists.
#[track_caller]
fn check(room: &Room, filter: &Filter, expected: &[&String], count: u64) {
    let listed = room.ask(room.compute.list(filter));
    let listed = listed.expect("jobs are listed");
    let ids: Vec<&String> = listed.jobs.iter().map(|job| &job.id).collect();
    assert_eq!(ids, expected, "{filter:?}");
    assert_eq!(listed.counts.values().sum::<u64>(), count, "{filter:?}");
}

/// Asserts which jobs a text means.
#[track_caller]
fn check_found(room: &Room, text: &str, expected: &[&String]) {
    let found = room.ask(room.compute.find(text));
    let found = found.expect("jobs can be looked for");
    let mut ids: Vec<&String> = found.iter().map(|job| &job.id).collect();
    let mut expected = expected.to_vec();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected, "{text}");
}

/// Three jobs, two of one name, one of a name that AWS Batch does not take as it is.
pub fn listed_and_found(room: &Room) {
    room.put(SHORT, "in.mp4");
    let one = |name: &str, input: &str, output: &str| {
        room.submit_one(name, &format!("-i @{input} -c copy @{output}"))
    };
    let night = one("night run/ü", "in.mp4", "1.mkv");
    let twin = one("twin", "in.mp4", "2.mkv");
    let other = one("twin", "missing.mp4", "3.mkv");
    room.wait(&[night.clone(), twin.clone(), other.clone()]);

    check(room, &Filter::default(), &[&night, &twin, &other], 3);
    let named = |name: &str| Filter {
        name: Some(name.to_owned()),
        ..Filter::default()
    };
    check(room, &named("night*"), &[&night], 1);
    check(room, &named("night run/ü"), &[&night], 1);
    check(room, &named("twin"), &[&twin, &other], 2);
    check(room, &named("win"), &[], 0);
    let failed = Filter {
        states: vec![State::Failed],
        ..Filter::default()
    };
    check(room, &failed, &[&other], 1);
    let limited = Filter {
        limit: Some(1),
        ..Filter::default()
    };
    check(room, &limited, &[&other], 3);
    let since = |since: Timestamp| Filter {
        since: Some(since),
        ..Filter::default()
    };
    let created = room.describe(&twin).summary.created;
    check(room, &since(created), &[&twin, &other], 2);
    let later = Timestamp::now() + 1.hour();
    check(room, &since(later), &[], 0);

    check_found(room, &night, &[&night]);
    check_found(room, &night[..13], &[&night]);
    check_found(room, "night run/ü", &[&night]);
    check_found(room, "twin", &[&twin, &other]);
    check_found(room, "nothing of the kind", &[]);
    let found = room.ask(room.compute.find(&night)).expect("it is there");
    assert_eq!(found[0], room.describe(&night).summary);
    let listed = room.ask(room.compute.list(&named("night*")));
    assert_eq!(listed.expect("a list").jobs, found);
}
