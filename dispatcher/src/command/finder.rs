//! Collects places while a command is read.

use std::collections::HashMap;
use std::ops::Range;

use super::error::CommandError;
use super::escape::Token;
use super::parsed::Implicit;
use super::place::{Owner, Pattern, Place, Role};

/// What is known of a place besides where it stands.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) role: Role,
    pub(super) owner: Owner,
    pub(super) pattern: Pattern,
    pub(super) named_by: String,
    pub(super) url: bool,
}

/// The places and unnamed files found so far.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// The number of the word that is being read.
    pub(super) word: usize,
    pub(super) places: Vec<Place>,
    pub(super) implicit: Vec<Implicit>,
}

impl Finder {
    /// Adds the place at a stretch of a text, which must not be empty, and returns its number.
    pub(super) fn add(
        &mut self,
        text: &Token<'_>,
        stretch: Range<usize>,
        found: Found,
    ) -> Result<usize, CommandError> {
        let name = text.text[stretch.clone()].to_owned();
        let location = name.parse().map_err(|source| CommandError::Location {
            what: match found.role {
                Role::Input => "the input".to_owned(),
                Role::Output => "the output".to_owned(),
                _ => format!("the value of `{}`", found.named_by),
            },
            source,
        })?;
        let (span, layers) = text.locate(stretch);
        self.places.push(Place {
            word: self.word,
            span,
            role: found.role,
            owner: found.owner,
            text: name,
            location,
            pattern: found.pattern,
            named_by: found.named_by,
            url: found.url,
            layers,
        });
        Ok(self.places.len() - 1)
    }

    /// Adds a file that ffmpeg reads or writes unasked.
    pub(super) fn add_implicit(&mut self, name: &str, role: Role, owner: Owner) {
        let name = name.to_owned();
        let implicit = Implicit { name, role, owner };
        if !self.implicit.contains(&implicit) {
            self.implicit.push(implicit);
        }
    }
}

/// The options of one input, output or tee slave by name, whatever their specifier; the last one counts.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: HashMap<String, String>,
}

impl Settings {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether a boolean is on, in any of the spellings of `av_opt_set`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            ["1", "true", "y", "yes", "enable", "enabled", "on"].contains(&value)
        })
    }

    /// The muxer's or demuxer's name (`-f`).
    pub(super) fn format(&self) -> Option<&str> {
        self.get("f")
    }
}
