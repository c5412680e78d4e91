//! What the queue tells, and what leaves it.

use super::*;

#[test]
fn a_text_that_is_empty_means_no_job() {
    let mut queue = Queue::new();
    let mut nameless = request("a", 1, &[]);
    nameless.name = String::new();
    queue.take(&[nameless]);
    assert!(queue.store.find("").expect("asked").is_empty());
}

#[test]
fn jobs_are_found_by_id_by_name_and_by_the_beginning_of_an_id() {
    let mut queue = Queue::new();
    queue.take(&[request("abcd-1", 1, &[]), request("abcd-2", 2, &[])]);
    let found = |text: &str| -> Vec<String> {
        let found = queue.store.find(text).expect("asked");
        found.into_iter().map(|job| job.id).collect()
    };
    assert_eq!(found("abcd-1"), ["abcd-1"]);
    assert_eq!(found("name of abcd-2"), ["abcd-2"]);
    assert_eq!(found("abcd"), ["abcd-1", "abcd-2"]);
    assert_eq!(found("abcd-2:1"), ["abcd-2:1"]);
    assert_eq!(found("name of abcd-2:1"), ["abcd-2:1"]);
    assert_eq!(found("name of abcd-2:7"), [""; 0]);
    assert_eq!(found("abc"), [""; 0], "three characters mean nothing");
}

#[test]
fn a_listing_is_filtered_and_counts_what_it_does_not_show() {
    let mut queue = Queue::new();
    let all: Vec<Request> = (0..5)
        .map(|n| request(&format!("id-{n}"), 1, &[]))
        .collect();
    queue.take(&all);
    queue.run(Exit::Ffmpeg);
    let list = |filter: Filter| queue.store.list(&filter).expect("listed");
    let newest = list(Filter {
        limit: Some(2),
        ..Filter::default()
    });
    let ids: Vec<&str> = newest.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["id-3", "id-4"]);
    assert_eq!(
        newest.counts,
        [(State::Runnable, 4), (State::Failed, 1)].into()
    );
    let failed = list(Filter {
        states: vec![State::Failed],
        ..Filter::default()
    });
    assert_eq!(failed.jobs.len(), 1);
    let named = list(Filter {
        name: Some("*id-[3]".into()),
        ..Filter::default()
    });
    assert!(named.jobs.is_empty(), "only the star is special");
    let named = list(Filter {
        name: Some("*id-3".into()),
        ..Filter::default()
    });
    assert_eq!(named.jobs.len(), 1);
}

#[test]
fn old_jobs_leave_and_the_newest_stay_whatever_the_clock_says() {
    let mut queue = Queue::new();
    let many: Vec<Request> = (0..1003)
        .map(|n| request(&format!("id-{n}"), 1, &[]))
        .collect();
    queue.take(&many);
    for _ in 0..2 {
        queue.run(Exit::Succeeded);
    }
    let ids: Vec<String> = many.iter().map(|one| one.id.clone()).collect();
    queue
        .store
        .cancel(&ids, "enough", Timestamp::now())
        .expect("ended");
    queue.take(&[
        request("waits", 1, &[]),
        request("last", 1, &[("id-1", WHOLE), ("waits", WHOLE)]),
    ]);
    let now = Timestamp::now();
    let old = |queue: &Queue, days, now| queue.store.old(days, now).expect("asked").jobs;
    assert!(old(&queue, 30, now).is_empty());
    let far = now
        .checked_add(SignedDuration::from_hours(24 * 365 * 100))
        .expect("a century");
    assert!(old(&queue, 0, far).is_empty(), "0 keeps all");
    let leaving = queue.store.old(30, far).expect("asked");
    let gone: Vec<&str> = leaving.files.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        gone,
        ["id-0", "id-2", "id-3", "id-4"],
        "id-1 is needed, a thousand are kept"
    );
    queue.store.forget(&leaving.jobs).expect("taken out");
    assert_eq!(queue.store.pruned().expect("asked"), 4);
    assert!(queue.store.summary("id-0").is_err());
    assert!(old(&queue, 30, far).is_empty(), "nothing more leaves");
    assert!(old(&queue, 30, Timestamp::UNIX_EPOCH).is_empty());
}

#[test]
fn terms_read_back() {
    let mut queue = Queue::new();
    let mut one = request("a", 1, &[]);
    one.terms = Terms {
        vcpus: Some(2),
        memory_mib: Some(900),
        priority: 7,
        timeout_secs: Some(60),
        ..Terms::default()
    };
    queue.take(std::slice::from_ref(&one));
    assert_eq!(queue.store.describe("a").expect("known").terms, one.terms);
}
