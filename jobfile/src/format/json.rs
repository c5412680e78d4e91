//! JSON to nodes, through `serde_json`.
//!
//! It tells positions of errors only. A raw value however is a slice of the text, so that its place in memory is its place in
//! the text. Each level is read once more for the level above it; a job file has four.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Malformed;
use crate::error::At;
use crate::lines::Lines;
use crate::node::{Key, Node, Value};

/// Reads JSON that begins with line number `first` of its file.
pub fn json(text: &str, first: usize) -> Result<Node, Malformed> {
    let malformed = |error: &serde_json::Error| Malformed {
        at: At {
            line: first + error.line().max(1) - 1,
            column: error.column().max(1),
        },
        message: message(error),
    };
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    let source = Source {
        text,
        lines: Lines::from(text, first),
    };
    source.node(raw).map_err(|error| malformed(&error))
}

/// An error without the place that `serde_json` adds to it, and in words for people.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    match text {
        "expected ident" | "expected value" => {
            "expected a value (a text in double quotes, a number, `true`, `false`, `null`, a list or an object)".to_owned()
        }
        "key must be a string" => "expected a key in double quotes".to_owned(),
        other => other.replace("EOF while parsing", "it ends within"),
    }
}

struct Source<'a> {
    text: &'a str,
    lines: Lines<'a>,
}

impl<'a> Source<'a> {
    fn at(&self, raw: &'a RawValue) -> At {
        let offset = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        self.lines.at(offset)
    }

    fn node(&self, raw: &'a RawValue) -> Result<Node, serde_json::Error> {
        let text = raw.get();
        let value = match text.as_bytes().first() {
            Some(b'{') => {
                let pairs = serde_json::Deserializer::from_str(text).deserialize_map(Pairs)?;
                let pair = |(key, value): (&'a RawValue, &'a RawValue)| {
                    let key = Key {
                        at: self.at(key),
                        text: serde_json::from_str(key.get())?,
                    };
                    Ok((key, self.node(value)?))
                };
                Value::Table(pairs.into_iter().map(pair).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let raws: Vec<&'a RawValue> = serde_json::from_str(text)?;
                let nodes = raws.into_iter().map(|raw| self.node(raw));
                Value::List(nodes.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(serde_json::from_str(text)?),
            Some(b't' | b'f') => Value::Bool(serde_json::from_str(text)?),
            Some(b'n') | None => Value::Null,
            Some(_) => match text.parse() {
                Ok(whole) => Value::Whole(whole),
                Err(_) => Value::Real(serde_json::from_str(text)?),
            },
        };
        Ok(Node {
            at: self.at(raw),
            value,
        })
    }
}

/// The keys and values of an object as they stand in the text.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
