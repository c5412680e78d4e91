//! What all three formats have in common: values that know where in the text they stand.
//!
//! The formats' own deserializers tell positions each in their own way, and in their own words. One tree means one deserializer,
//! and the same sentence for the same mistake in every format.

use crate::error::At;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub value: Value,
}

/// A value of a format.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing: `null`, or a key without a value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and their values, in their order.
    Table(Vec<(Key, Node)>),
}

/// A key of a table and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where it begins.
    pub at: At,
    /// The key.
    pub text: String,
}

impl Value {
    /// What it is, for a sentence such as "found the text `two`".
    pub fn name(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Whole(value) => format!("the number {value}"),
            Self::Real(value) => format!("the number {value}"),
            Self::Text(text) => format!("the text `{text}`"),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}
