//! Texts with placeholders: `out/{stem}-{compute}.mp4`.
//!
//! A command is split into words before its placeholders are filled, so that a value is a part of one word whatever characters it
//! has. `{{` and `}}` are the braces themselves.

use crate::nearest::hint;

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Slot(Slot),
}

/// A placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The input.
    Input,
    /// The output.
    Output,
    /// The input's base name without extension.
    Stem,
    /// The input's extension.
    Ext,
    /// The directories of the input below the beginning of its pattern.
    Dir,
    /// The number of the input within the entry, from 0.
    Index,
    /// The job's name.
    Name,
    /// Where the job runs.
    Compute,
}

/// A text whose placeholders cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not a placeholder.
    #[error(
        "unknown placeholder `{{{name}}}` ({hint}; braces themselves are written `{{{{` and `}}}}`)"
    )]
    Unknown {
        /// What stands between the braces.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// A placeholder that gets its value later.
    #[error("`{{{0}}}` has no value yet there (leave it out)")]
    Early(&'static str),
    /// A brace alone.
    #[error(
        "the `{brace}` at character {position} of `{text}` has no partner (write `{brace}{brace}` for the brace itself)"
    )]
    Brace {
        /// `{` or `}`.
        brace: char,
        /// Where, in characters from 1.
        position: usize,
        /// The whole text.
        text: String,
    },
}

impl Slot {
    /// All placeholders.
    pub const ALL: [Self; 8] = [
        Self::Input,
        Self::Output,
        Self::Stem,
        Self::Ext,
        Self::Dir,
        Self::Index,
        Self::Name,
        Self::Compute,
    ];

    /// What stands between the braces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Stem => "stem",
            Self::Ext => "ext",
            Self::Dir => "dir",
            Self::Index => "index",
            Self::Name => "name",
            Self::Compute => "compute",
        }
    }

    /// Whether it says something about the input.
    pub const fn is_of_input(self) -> bool {
        matches!(
            self,
            Self::Input | Self::Stem | Self::Ext | Self::Dir | Self::Index
        )
    }
}

impl Template {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        let brace = |brace, rest: &str| TemplateError::Brace {
            brace,
            position: text[..text.len() - rest.len()].chars().count() + 1,
            text: text.to_owned(),
        };
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = rest.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if rest.starts_with('}') {
                return Err(brace('}', rest));
            } else {
                let end = rest[1..].find(['{', '}']).map(|end| end + 1);
                let end = end.filter(|end| rest[*end..].starts_with('}'));
                let end = end.ok_or_else(|| brace('{', rest))?;
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Slot(slot(&rest[1..end])?));
                rest = &rest[end + 1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// The placeholders, in their order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(*slot),
            Part::Literal(_) => None,
        })
    }

    /// Whether it begins with a placeholder that names a file or a part of its name.
    pub fn begins_with_name(&self) -> bool {
        let first = self.parts.first();
        matches!(first, Some(Part::Slot(Slot::Stem | Slot::Dir | Slot::Name)))
    }

    /// Whether the text between the placeholders holds a character.
    pub fn says(&self, letter: char) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Literal(text) if text.contains(letter)))
    }

    /// The text with every placeholder filled.
    pub fn fill<'a>(&self, value: impl Fn(Slot) -> &'a str) -> String {
        let mut filled = String::new();
        for part in &self.parts {
            filled.push_str(match part {
                Part::Literal(text) => text,
                Part::Slot(slot) => value(*slot),
            });
        }
        filled
    }
}

fn slot(name: &str) -> Result<Slot, TemplateError> {
    let found = Slot::ALL.into_iter().find(|slot| slot.name() == name);
    found.ok_or_else(|| TemplateError::Unknown {
        name: name.to_owned(),
        hint: hint(name, Slot::ALL.map(Slot::name)),
    })
}

#[cfg(test)]
mod tests;
