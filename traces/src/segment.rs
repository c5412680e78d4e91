//! One segment document as X-Ray hands it out ("AWS X-Ray segment documents" in the AWS X-Ray Developer Guide), and what becomes of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The name of the worker's own segments.
const OWN: &str = "batch-ffmpeg-job";

/// What becomes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// It goes into the bucket.
    Document {
        /// Its key.
        key: String,
        /// One line of JSON.
        text: String,
    },
    /// It is a job's, which has written it itself, with more in it.
    Own,
    /// It has not ended. It will be handed out again when it has.
    Unfinished,
}

impl Segment {
    /// Reads the document of a segment of a trace; an error says what is wrong with it.
    pub fn of(trace: &str, document: &str) -> Result<Self, String> {
        let mut segment: Value =
            serde_json::from_str(document).map_err(|error| error.to_string())?;
        if segment["name"] == OWN && segment["annotations"]["application"].is_string() {
            return Ok(Self::Own);
        }
        if segment["in_progress"] == true {
            return Ok(Self::Unfinished);
        }
        let id = segment["id"].as_str().filter(|id| is_plain(id));
        let id = id.ok_or("it has no id")?;
        if !is_plain(trace) {
            return Err("its trace has no id".to_owned());
        }
        let started = segment["start_time"].as_f64().and_then(moment);
        let started = started.ok_or("it has no start")?;
        let day = started.strftime("year=%Y/month=%m/day=%d");
        let key = format!("metrics/xray/{day}/{trace}_{id}.json");
        segment["trace_id"] = json!(trace);
        name_causes(&mut segment);
        Ok(Self::Document {
            key,
            text: segment.to_string(),
        })
    }
}

/// Whether a text can be part of a key as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn moment(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}

/// A cause may be the id of an exception that another segment has, and tables want an object.
fn name_causes(segment: &mut Value) {
    if let Value::String(id) = &segment["cause"] {
        segment["cause"] = json!({ "exceptions": [{ "id": id }] });
    }
    if segment["cause"].is_null()
        && let Some(segment) = segment.as_object_mut()
    {
        segment.remove("cause");
    }
    let parts = segment.get_mut("subsegments").and_then(Value::as_array_mut);
    parts.into_iter().flatten().for_each(name_causes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "1-674a1b2c-0123456789abcdef01234567";

    #[track_caller]
    fn check_key(start: &str, expected: &str) {
        let text =
            format!(r#"{{"id":"0123456789abcdef","name":"x","start_time":{start},"end_time":1}}"#);
        match Segment::of(TRACE, &text) {
            Ok(Segment::Document { key, .. }) => {
                assert_eq!(
                    key,
                    format!("metrics/xray/{expected}/{TRACE}_0123456789abcdef.json")
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_segment_lies_at_the_day_on_which_it_began() {
        check_key("1796083199.9999", "year=2026/month=11/day=30");
        check_key("1796083200", "year=2026/month=12/day=01");
        check_key("1.7960832E9", "year=2026/month=12/day=01");
    }

    #[track_caller]
    fn check(document: &str, expected: &Result<Segment, &str>) {
        let read = Segment::of(TRACE, document);
        assert_eq!(
            read.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|why| *why)
        );
    }

    #[test]
    fn what_is_left_alone_and_what_is_refused() {
        let own = r#"{"id":"a","name":"batch-ffmpeg-job","start_time":1,"annotations":{"application":"media"}}"#;
        check(own, &Ok(Segment::Own));
        check(
            r#"{"id":"a","name":"x","start_time":1,"in_progress":true}"#,
            &Ok(Segment::Unfinished),
        );
        check(r#"{"name":"x","start_time":1}"#, &Err("it has no id"));
        check(
            r#"{"id":"../a","name":"x","start_time":1}"#,
            &Err("it has no id"),
        );
        check(r#"{"id":"a","name":"x"}"#, &Err("it has no start"));
        assert!(Segment::of(TRACE, "no").is_err());
        assert!(Segment::of("../x", r#"{"id":"a","start_time":1}"#).is_err());
    }

    #[test]
    fn a_cause_that_is_an_id_broke_the_table() {
        let text = r#"{"id":"a","start_time":1,"cause":"b","subsegments":[{"cause":"c","subsegments":[{"cause":{"exceptions":[]}}]}]}"#;
        let Ok(Segment::Document { text, .. }) = Segment::of(TRACE, text) else {
            panic!("it is a document");
        };
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["cause"], json!({ "exceptions": [{ "id": "b" }] }));
        let inner = &read["subsegments"][0];
        assert_eq!(inner["cause"], json!({ "exceptions": [{ "id": "c" }] }));
        assert_eq!(
            inner["subsegments"][0]["cause"],
            json!({ "exceptions": [] })
        );
        assert!(!text.contains('\n') && read["trace_id"] == TRACE);
    }
}
