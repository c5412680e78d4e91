//! A node that is not what it should be: where, what was expected, and what was probably meant.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::error::At;
use crate::nearest::hint;
use crate::node::{Key, Node};

/// A node that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where; absent until the innermost node is known.
    pub at: Option<At>,
    /// The keys that lead to it, outermost first.
    path: Vec<String>,
    /// What is wrong.
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A value.
    Value(String),
    /// A key that is not known.
    Key { key: String, hint: String },
}

/// Refuses a key, with what was probably meant.
pub fn unknown_key(key: &Key, known: &[&str]) -> Wrong {
    Wrong {
        at: Some(key.at),
        path: Vec::new(),
        what: What::Key {
            key: key.text.clone(),
            hint: hint(&key.text, known.iter().copied()),
        },
    }
}

/// Refuses a value.
pub fn unexpected(node: &Node, expected: &str) -> Wrong {
    let message = format!("expected {expected}, found {}", node.value.name());
    let mut wrong = Wrong::new(message);
    wrong.at = Some(node.at);
    wrong
}

impl Wrong {
    fn new(message: String) -> Self {
        Self {
            at: None,
            path: Vec::new(),
            what: What::Value(message),
        }
    }

    /// The same, beneath a key.
    pub fn beneath(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    /// The same, with its place where that is not known yet.
    pub fn at(mut self, at: At) -> Self {
        self.at.get_or_insert(at);
        self
    }

    /// What is wrong, in one sentence; `root` says what the outermost node is, such as `a job`.
    pub fn message(&self, root: &str) -> String {
        let path = self.path.join(".");
        match &self.what {
            What::Value(message) if path.is_empty() => message.clone(),
            What::Value(message) => format!("`{path}`: {message}"),
            What::Key { key, hint } if path.is_empty() => {
                format!("unknown key `{key}` in {root} ({hint})")
            }
            What::Key { key, hint } => format!("unknown key `{key}` in `{path}` ({hint})"),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message("a job"))
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plain(&expected.to_string());
        let quotes = match found {
            Unexpected::Signed(_) | Unexpected::Float(_) | Unexpected::Bool(_)
                if expected.starts_with("a text") =>
            {
                " (put it in quotes)"
            }
            _ => "",
        };
        Self::new(format!(
            "expected {expected}, found {}{quotes}",
            name(found)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let hint = hint(variant, expected.iter().copied());
        Self::new(format!("unknown value `{variant}` ({hint})"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            at: None,
            path: Vec::new(),
            what: What::Key {
                key: field.to_owned(),
                hint: hint(field, expected.iter().copied()),
            },
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is missing (add it)"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is given twice (keep one of them)"))
    }
}

/// What Rust's names of types mean to somebody who writes a file.
fn plain(expected: &str) -> String {
    match expected {
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

fn name(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(text) => format!("the text `{text}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}
