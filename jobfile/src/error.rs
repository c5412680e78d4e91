//! What can be wrong with a job file, and where: `jobs.toml:7:1: job `encode`: ...`.

use std::fmt;

use ffbatch_dispatcher::chain::chain;
use ffbatch_dispatcher::command::CommandError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::JobError;
use ffbatch_dispatcher::location::LocationError;
use ffbatch_dispatcher::metric::ModelError;
use ffbatch_dispatcher::terms::TermsError;

use crate::pattern::PatternError;
use crate::template::TemplateError;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// A job file that cannot be used. Trying again never helps.
#[derive(Debug, thiserror::Error)]
#[error("{}{problem}", prefix(file, *at, entry.as_deref()))]
pub struct FileError {
    /// The file's name as it was given, or the variable's.
    pub file: String,
    /// Where in it; absent of a variable and of the file as a whole.
    pub at: Option<At>,
    /// Which job, such as ``job `encode` ``; absent where the problem is not one of a job.
    pub entry: Option<String>,
    /// What is wrong.
    pub problem: Box<Problem>,
}

fn prefix(file: &str, at: Option<At>, entry: Option<&str>) -> String {
    let at = at.map(|At { line, column }| format!("{line}:{column}:"));
    let entry = entry.map(|entry| format!("{entry}: "));
    format!(
        "{file}:{} {}",
        at.unwrap_or_default(),
        entry.unwrap_or_default()
    )
}

impl FileError {
    /// A problem of the file itself, or of a variable.
    pub(crate) fn of(file: &str, at: Option<At>, problem: Problem) -> Self {
        Self {
            file: file.to_owned(),
            at,
            entry: None,
            problem: Box::new(problem),
        }
    }

    /// The exit code that says it best.
    pub const fn exit(&self) -> Exit {
        Exit::Rejected
    }
}

/// What is wrong with a job file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not written as its format asks.
    #[error("the {what} is no {format}: {message}")]
    Syntax {
        /// The file or the line.
        what: &'static str,
        /// TOML, JSON or YAML.
        format: crate::Format,
        /// What was expected.
        message: String,
    },
    /// A value of the wrong kind, or a key that is not known.
    #[error("{0}")]
    Value(String),
    /// Nothing to do.
    #[error("there is no job in it ({0})")]
    NoJobs(&'static str),
    /// Two entries of one name.
    #[error("a job of this name begins in line {0} already (rename one of them)")]
    Twice(usize),
    /// No command.
    #[error("there is no command (add `command = \"ffmpeg -i in.mp4 out.mp4\"`)")]
    NoCommand,
    /// Two forms of a command.
    #[error("`command` and `{0}` exclude each other (give the whole command, or its parts)")]
    Both(&'static str),
    /// An empty list or text where something has to be.
    #[error("`{0}` is empty (leave it out, or fill it)")]
    Hollow(&'static str),
    /// A text with a placeholder that means nothing there.
    #[error("`{key}`: {error}")]
    Template {
        /// Where it stands.
        key: &'static str,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// The command has a placeholder that nothing fills.
    #[error("`{{{slot}}}` is used, but the job has no `{key}` (add it)")]
    Unfilled {
        /// The placeholder.
        slot: &'static str,
        /// What would fill it.
        key: &'static str,
    },
    /// Inputs that nothing uses.
    #[error("`inputs` is given, but the command does not use `{{input}}` (write `-i {{input}}`)")]
    UnusedInputs,
    /// An output that nothing uses.
    #[error(
        "`output` is given, but the command does not use `{{output}}` (write it where the file's name belongs)"
    )]
    UnusedOutput,
    /// A text that is no pattern.
    #[error("`{text}` is no pattern: {error} (a file that is called so is written `file:{text}`)")]
    Pattern {
        /// The text.
        text: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// A pattern without a match.
    #[error("`{pattern}` matches no {what} ({fix})")]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// What was looked for and where.
        what: String,
        /// What to look at.
        fix: &'static str,
    },
    /// A name that is not linked.
    #[error("unknown {kind} `{name}` ({hint})")]
    Unknown {
        /// `compute` or `metric`.
        kind: &'static str,
        /// The name.
        name: String,
        /// What is known.
        hint: String,
    },
    /// A model that no metric knows, or that none has a use for.
    #[error("{0}")]
    Model(ModelError),
    /// A need of nobody.
    #[error("it needs `{name}`, and no job of the file has that name{hint}")]
    NoNeed {
        /// The name.
        name: String,
        /// What may have been meant, in parentheses.
        hint: String,
    },
    /// A need of somebody, and it is not clear whom.
    #[error(
        "it needs `{0}`, and several jobs have that name (give the one that is meant its own name)"
    )]
    Ambiguous(String),
    /// Jobs that wait for each other.
    #[error("jobs that need each other would wait for ever: {0} (remove one of the needs)")]
    Cycle(String),
    /// A need across computes.
    #[error(
        "on `{compute}` it needs `{name}`, which does not run there (add `{compute}` to the `compute` of `{name}`: jobs wait only for jobs of their own compute)"
    )]
    Elsewhere {
        /// Where.
        compute: String,
        /// Who is needed.
        name: String,
    },
    /// More needs than a job can have.
    #[error("on `{compute}` it needs {count} jobs{of}, {most} are the most ({fix})")]
    TooMany {
        /// Where.
        compute: String,
        /// How many.
        count: usize,
        /// Whose, with a leading blank.
        of: String,
        /// The limit.
        most: usize,
        /// What to change.
        fix: String,
    },
    /// Arrays that do not fit.
    #[error("`N_TO_N` asks for arrays of one size, but {0}")]
    Sizes(String),
    /// A chain that is no array.
    #[error("`SEQUENTIAL` orders the children of one array job ({0})")]
    Sequential(&'static str),
    /// The name of an array varies.
    #[error("an array job has one name (leave `{{{0}}}` out of `name`)")]
    ArrayName(&'static str),
    /// A location that is none.
    #[error("`{key}`: {error}")]
    Location {
        /// Where it stands.
        key: &'static str,
        /// What is wrong with it.
        error: LocationError,
    },
    /// The command cannot be read.
    #[error("{}{}", nth(*index, *count), chain(error))]
    Command {
        /// Which, from 0.
        index: usize,
        /// How many there are.
        count: usize,
        /// What is wrong with it.
        error: CommandError,
    },
    /// An expanded job is wrong.
    #[error("{}{error}", with(input.as_deref()))]
    Job {
        /// The input that it was made for.
        input: Option<String>,
        /// What is wrong with it.
        error: Box<JobError>,
    },
    /// The terms are wrong.
    #[error("{0}")]
    Terms(TermsError),
}

fn nth(index: usize, count: usize) -> String {
    if count > 1 {
        format!("command {} of {count}: ", index + 1)
    } else {
        String::new()
    }
}

fn with(input: Option<&str>) -> String {
    input.map_or_else(String::new, |input| format!("with the input `{input}`: "))
}

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}
