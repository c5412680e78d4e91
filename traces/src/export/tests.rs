use super::*;

#[track_caller]
fn check(
    since: Option<&str>,
    until: Option<&str>,
    mark: Option<&str>,
    expected: Option<(&str, &str)>,
) {
    let at = |text: &str| -> Timestamp { text.parse().expect("a time") };
    let order = Order {
        bucket: "b".to_owned(),
        prefix: "p".to_owned(),
        since: since.map(at),
        until: until.map(at),
        dry_run: false,
    };
    let mark = mark.map(|mark| Watermark::at(at(mark), 0, 0));
    let found = span(&order, mark.as_ref(), at("2026-12-01T12:00:00Z")).ok();
    assert_eq!(found, expected.map(|(from, until)| (at(from), at(until))));
}

#[test]
fn from_when_until_when() {
    // Thirty days, but for six hours.
    let (first, now) = ("2026-11-01T18:00:00Z", "2026-12-01T12:00:00Z");
    check(None, None, None, Some((first, now)));
    let mark = Some("2026-12-01T02:00:00Z");
    check(None, None, mark, Some(("2026-12-01T01:00:00Z", now)));
    let old = Some("2026-10-01T02:00:00Z");
    check(None, None, old, Some((first, now)));
    check(old, None, mark, Some((first, now)));
    let since = "2026-11-30T00:00:00Z";
    check(
        Some(since),
        mark,
        None,
        Some((since, "2026-12-01T02:00:00Z")),
    );
    check(
        None,
        Some("2027-01-01T00:00:00Z"),
        mark,
        Some(("2026-12-01T01:00:00Z", now)),
    );
    check(mark, Some(since), None, None);
}
