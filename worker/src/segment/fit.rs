//! Cuts a segment document to the size that X-Ray takes.

use serde_json::Value;

/// The largest document that X-Ray takes, in bytes (AWS X-Ray Developer Guide, "X-Ray segment documents").
const LIMIT: usize = 64_000;

/// The parts that can grow without bound. Ids, names and times stay as they are.
const CUT: [&str; 3] = ["annotations", "metadata", "cause"];

/// How many characters of a text and how many elements of a list are kept, from the first try to the last.
const KEPT: [(usize, usize); 5] = [(4_000, 50), (1_000, 20), (250, 10), (60, 5), (20, 2)];

/// The document as text, with as much of its texts and lists as fits.
pub fn fit(mut segment: Value) -> String {
    for (characters, elements) in KEPT {
        let text = segment.to_string();
        if text.len() <= LIMIT {
            return text;
        }
        trim(&mut segment, characters, elements);
    }
    segment.to_string()
}

/// Cuts in the segment and in each of its subsegments.
fn trim(segment: &mut Value, characters: usize, elements: usize) {
    for part in CUT {
        if let Some(part) = segment.get_mut(part) {
            shorten(part, characters, elements);
        }
    }
    let subsegments = segment.get_mut("subsegments").and_then(Value::as_array_mut);
    for subsegment in subsegments.into_iter().flatten() {
        trim(subsegment, characters, elements);
    }
}

fn shorten(value: &mut Value, characters: usize, elements: usize) {
    match value {
        Value::String(text) => *text = cut(text, characters),
        Value::Array(list) => {
            list.truncate(elements);
            for element in list {
                shorten(element, characters, elements);
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                shorten(field, characters, elements);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// At most so many characters of a text; a text that was cut ends with `…`.
fn cut(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_cut_at_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let segment = json!({ "name": "job", "annotations": { "name": "x".repeat(1000) } });
        assert_eq!(fit(segment.clone()), segment.to_string());
    }

    #[test]
    fn a_document_that_would_be_too_large_is_cut_and_not_lost() {
        // A control character takes six bytes in JSON.
        let long = "\u{1}".repeat(60_000);
        let stage = json!({ "name": "cmd-execution", "fault": true, "cause": { "exceptions": [{ "message": long }] } });
        let command = json!({ "command": long, "stderr_tail": vec![long.clone(); 4] });
        let segment = json!({
            "name": "batch-ffmpeg-job",
            "id": "0123456789abcdef",
            "fault": true,
            "cause": { "exceptions": [{ "message": long }] },
            "annotations": { "input_url": long, "output_url": long },
            "metadata": { "ffbatch": { "commands": vec![command; 4] } },
            "subsegments": [stage],
        });
        let text = fit(segment);
        assert!(text.len() <= LIMIT, "{} bytes", text.len());
        let read: Value = serde_json::from_str(&text).expect("it is still JSON");
        assert_eq!(read["id"], "0123456789abcdef");
        assert_eq!(read["subsegments"][0]["fault"], true);
        let message = read["subsegments"][0]["cause"]["exceptions"][0]["message"].as_str();
        assert!(
            message.is_some_and(|text| text.ends_with('…')),
            "{message:?}"
        );
    }
}
