//! TOML to nodes, through `toml_edit`: the one TOML parser of this workspace, and it keeps the place of every value.

use toml_edit::{ImDocument, Item, Table, TableLike};

use super::Malformed;
use crate::lines::Lines;
use crate::node::{Key, Node, Value};

/// Reads TOML.
pub fn toml(text: &str) -> Result<Node, Malformed> {
    let lines = Lines::of(text);
    let document = ImDocument::parse(text).map_err(|error| Malformed {
        at: lines.at(error.span().map_or(0, |span| span.start)),
        message: error.message().trim().replace('\n', ", "),
    })?;
    Ok(table(document.as_table(), 0, &lines))
}

fn table(table: &Table, at: usize, lines: &Lines<'_>) -> Node {
    let at = table.span().map_or(at, |span| span.start);
    pairs(table, at, lines)
}

fn pairs(table: &dyn TableLike, at: usize, lines: &Lines<'_>) -> Node {
    let pair = |(text, item): (&str, &Item)| {
        let span = table.key(text).and_then(toml_edit::Key::span);
        let at = span.map_or(at, |span| span.start);
        let key = Key {
            at: lines.at(at),
            text: text.to_owned(),
        };
        (key, node(item, at, lines))
    };
    Node {
        at: lines.at(at),
        value: Value::Table(table.iter().map(pair).collect()),
    }
}

/// `at` is where the nearest thing with a place stands, in bytes: what dotted keys imply has none.
fn node(item: &Item, at: usize, lines: &Lines<'_>) -> Node {
    let at = item.span().map_or(at, |span| span.start);
    let value = match item {
        Item::None => Value::Null,
        Item::Table(one) => return table(one, at, lines),
        Item::ArrayOfTables(tables) => {
            Value::List(tables.iter().map(|one| table(one, at, lines)).collect())
        }
        Item::Value(value) => match value {
            toml_edit::Value::String(text) => Value::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Whole(*number.value()),
            toml_edit::Value::Float(number) => Value::Real(*number.value()),
            toml_edit::Value::Boolean(value) => Value::Bool(*value.value()),
            toml_edit::Value::Datetime(time) => Value::Text(time.value().to_string()),
            toml_edit::Value::Array(list) => {
                let nodes = list
                    .iter()
                    .map(|one| node(&Item::Value(one.clone()), at, lines));
                Value::List(nodes.collect())
            }
            toml_edit::Value::InlineTable(one) => return pairs(one, at, lines),
        },
    };
    Node {
        at: lines.at(at),
        value,
    }
}
