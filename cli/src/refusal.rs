//! How a refusal is said: a line on standard error, or JSON on standard output for a program that asked for it.

use clap::{ArgMatches, CommandFactory};
use ffbatch_dispatcher::exit::Exit;
use serde_json::json;

use crate::args::Args;
use crate::{run, speak};

/// What the reader of a verb expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A person: text.
    Text,
    /// A program that reads the outcome of `run`: the same object, whatever happened.
    Outcome,
    /// A program that reads one object.
    Object,
    /// A program that reads one object a line.
    Line,
}

impl Shape {
    /// What the reader of these flags expects.
    pub fn of(matches: &ArgMatches) -> Self {
        matches.subcommand().map_or(Self::Text, |(verb, flags)| {
            // Some verbs have verbs of their own.
            let flags = flags.subcommand().map_or(flags, |(_, inner)| inner);
            let json = flags.try_get_one::<bool>("json").ok().flatten();
            Self::of_verb(verb, json.copied().unwrap_or_default())
        })
    }

    /// The same of words that are no flags of ours.
    pub fn of_words(words: &[String]) -> Self {
        let json = words.iter().any(|word| word == "--json");
        verb(words).map_or(Self::Text, |verb| Self::of_verb(&verb, json))
    }

    fn of_verb(verb: &str, json: bool) -> Self {
        match (verb, json) {
            (_, false) => Self::Text,
            ("run", true) => Self::Outcome,
            ("logs", true) => Self::Line,
            (_, true) => Self::Object,
        }
    }
}

/// The verb that these words begin with.
pub fn verb(words: &[String]) -> Option<String> {
    let command = Args::command();
    let mut words = words.iter();
    words
        .find_map(|word| command.find_subcommand(word))
        .map(|verb| verb.get_name().to_owned())
}

/// Says why something was not done.
pub fn print(shape: Shape, exit: Exit, error: String) {
    let object = || json!({ "error": error, "exit": exit, "code": exit.code() });
    match shape {
        Shape::Text => speak::err(&format!("error: {error}")),
        Shape::Outcome => run::json::print_refusal(exit, error),
        Shape::Object => speak::out(&format!("{:#}", object())),
        Shape::Line => speak::out(&object().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Shape) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(Shape::of_words(&words), expected, "{line}");
        let matches = Args::command().try_get_matches_from(&words);
        if let Ok(matches) = matches {
            assert_eq!(Shape::of(&matches), expected, "{line}");
        }
    }

    #[test]
    fn a_program_that_asked_for_json_was_answered_with_text() {
        check("ffbatch run -- ffmpeg", Shape::Text);
        check("ffbatch run --json -- ffmpeg", Shape::Outcome);
        check("ffbatch --config x run --json --moon", Shape::Outcome);
        check("ffbatch list --json", Shape::Object);
        check("ffbatch list --json --moon", Shape::Object);
        check("ffbatch status --json", Shape::Object);
        check("ffbatch logs --json x", Shape::Line);
        check("ffbatch traces export --json", Shape::Object);
        check("ffbatch deploy doctor --json", Shape::Object);
        check("ffbatch completions bash", Shape::Text);
        check("ffbatch --json", Shape::Text);
    }
}
