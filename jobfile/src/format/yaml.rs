//! YAML 1.2 to nodes, from the events of `saphyr-parser`.
//!
//! Plain scalars are read by the core schema (YAML 1.2.2, 10.3.2): `no` and `on` are texts. An alias repeats its anchor's node;
//! how much all aliases of a file may repeat is limited, because a few lines can ask for more than any memory holds.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::Malformed;
use crate::error::At;
use crate::node::{Key, Node, Value};

/// The most nodes that aliases may repeat.
const MOST_REPEATED: usize = 100_000;

/// The most levels of lists and tables, as in `serde_json`.
const MOST_LEVELS: usize = 128;

/// Reads YAML.
pub fn yaml(text: &str) -> Result<Node, Malformed> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        repeated: 0,
        levels: 0,
    };
    let mut root = None;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => break,
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (_, span) if root.is_some() => {
                return Err(wrong(
                    span.start,
                    "a second document (a job file is one, remove the `---`)",
                ));
            }
            (event, span) => root = Some(reader.node(event, span)?),
        }
    }
    Ok(root.unwrap_or(Node {
        at: At { line: 1, column: 1 },
        value: Value::Null,
    }))
}

fn at(marker: Marker) -> At {
    At {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

fn wrong(marker: Marker, message: impl Into<String>) -> Malformed {
    Malformed {
        at: at(marker),
        message: message.into(),
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// What anchors stand for, and of how many nodes it is.
    anchors: HashMap<usize, (Node, usize)>,
    repeated: usize,
    levels: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Malformed> {
        match self.parser.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(wrong(*error.marker(), error.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Malformed> {
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            return Err(wrong(
                span.start,
                format!("more than {MOST_LEVELS} levels of lists and tables"),
            ));
        }
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                self.levels -= 1;
                return self.repeat(anchor, span);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix == "str");
                let value = match style {
                    ScalarStyle::Plain if !is_text => plain(&text),
                    _ => Value::Text(text.into_owned()),
                };
                (value, anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list()?, anchor),
            Event::MappingStart(anchor, _) => (self.table()?, anchor),
            _ => return Err(wrong(span.start, "expected a value")),
        };
        self.levels -= 1;
        let node = Node {
            at: at(span.start),
            value,
        };
        if anchor > 0 {
            let size = size(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn repeat(&mut self, anchor: usize, span: Span) -> Result<Node, Malformed> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(wrong(span.start, "an alias within its own anchor"));
        };
        self.repeated += size;
        if self.repeated > MOST_REPEATED {
            return Err(wrong(
                span.start,
                format!("aliases that repeat more than {MOST_REPEATED} values (write fewer)"),
            ));
        }
        Ok(node.clone())
    }

    fn list(&mut self) -> Result<Value, Malformed> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(nodes)),
                (event, span) => nodes.push(self.node(event, span)?),
            }
        }
    }

    fn table(&mut self) -> Result<Value, Malformed> {
        let mut pairs = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Table(pairs)),
                (Event::Scalar(text, ..), span) => Key {
                    at: at(span.start),
                    text: text.into_owned(),
                },
                (_, span) => return Err(wrong(span.start, "expected a key (a text)")),
            };
            let (event, span) = self.next()?;
            pairs.push((key, self.node(event, span)?));
        }
    }
}

/// Of how many nodes a node is.
fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(nodes) => nodes.iter().map(size).sum::<usize>(),
        Value::Table(pairs) => pairs.iter().map(|(_, node)| size(node)).sum(),
        _ => 0,
    }
}

/// What a scalar without quotes means.
fn plain(text: &str) -> Value {
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if digits(text.trim_start_matches(['-', '+', '.'])) => {
            let whole = text.parse().map(Value::Whole);
            let real = || text.parse().map(Value::Real);
            whole
                .or_else(|_| real())
                .unwrap_or_else(|_| Value::Text(text.to_owned()))
        }
        _ => Value::Text(text.to_owned()),
    }
}
