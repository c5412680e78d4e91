//! Makes documents of two runs comparable: what differs from run to run and from machine to machine is taken out.

use serde_json::Value;

use crate::tools;

/// Fields that are there on every machine with a value of its own.
const HIDDEN: &[&str] = &[
    "bytes",
    "cpus",
    "end_time",
    "ffmpeg",
    "finished",
    "id",
    "memory_bytes",
    "parent_id",
    "path",
    "precursor_ids",
    "processors",
    "seconds",
    "sha256",
    "start_time",
    "started",
    "trace_id",
    "cpu_seconds",
    "architecture",
    "confinement",
    "duration_secs",
];

/// Fields that are there on some machines, or in some runs.
const DROPPED: &[&str] = &[
    "cpu_model",
    "notes",
    "out_time_secs",
    "peak_memory_bytes",
    "speed",
    "sdk",
];

/// The document with `[name]` for what is hidden, `[sandbox]` for the path `root`, and without what may be absent.
pub fn redacted(mut document: Value, root: &str) -> String {
    redact(&mut document, root);
    serde_json::to_string_pretty(&document).expect("a value is JSON")
}

fn redact(value: &mut Value, root: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !DROPPED.contains(&name.as_str()));
            for (name, field) in fields.iter_mut() {
                let version = name == "version" && field.is_string();
                // A part of the report has the name of a text in the segment.
                if (HIDDEN.contains(&name.as_str()) && !field.is_object()) || version {
                    *field = Value::String(format!("[{name}]"));
                } else {
                    redact(field, root);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|element| redact(element, root)),
        Value::String(text) => {
            *text = text
                .replace(root, "[sandbox]")
                .replace(&*tools::ffmpeg().to_string_lossy(), "[ffmpeg]");
            *text = without_day(&without_addresses(text));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Places of records have the day in them: `year=2026/month=11/day=23`.
fn without_day(text: &str) -> String {
    let Some((before, rest)) = text.split_once("/year=") else {
        return text.to_owned();
    };
    let name = rest.splitn(4, '/').nth(3).unwrap_or_default();
    format!("{before}/[day]/{name}")
}

/// ffmpeg names its contexts by their addresses: `[vost#0:0 @ 0x55d0]`.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split(" @ 0x");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean += " @ 0x";
        clean += part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    clean
}
