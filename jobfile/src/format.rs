//! The formats of a job file, by the extension of its name, and their syntax errors.

use std::fmt;

use crate::error::At;
use crate::nearest::hint;
use crate::node::Node;

mod json;
mod toml;
mod yaml;

pub use json::json;

/// The extensions that a job file may have.
const EXTENSIONS: [&str; 4] = ["toml", "json", "yaml", "yml"];

/// How a job file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.0.
    Toml,
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
}

/// A name that does not tell the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` does not tell how it is written ({fix})")]
pub struct FormatError {
    name: String,
    fix: String,
}

/// A text that is not written as its format asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where reading stopped.
    pub at: At,
    /// What was expected there.
    pub message: String,
}

impl Format {
    /// The format that the extension of a file's name tells.
    pub fn of(name: &str) -> Result<Self, FormatError> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Ok(Self::Toml),
            "json" => Ok(Self::Json),
            "yaml" | "yml" => Ok(Self::Yaml),
            other => Err(FormatError {
                name: name.to_owned(),
                fix: match other {
                    "" => "let its name end in .toml, .json or .yaml".to_owned(),
                    other => hint(other, EXTENSIONS),
                },
            }),
        }
    }

    /// Reads a text as a tree.
    pub(crate) fn parse(self, text: &str) -> Result<Node, Malformed> {
        // Editors of some systems begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match self {
            Self::Toml => toml::toml(text),
            Self::Json => json(text, 1),
            Self::Yaml => yaml::yaml(text),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Toml => "TOML",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        })
    }
}

#[cfg(test)]
mod tests;
