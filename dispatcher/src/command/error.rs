//! What can be wrong with a command before anything moves.

use crate::location::LocationError;

use super::words::WordsError;

/// A command that cannot run as a job. It arises from the text alone, so that trying again never helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The line is no list of words.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A field of the original's parameters is no list of words.
    #[error("`{field}` cannot be split into words")]
    Field {
        /// The parameter's name, such as `output_file_options`.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: WordsError,
    },
    /// A parameter of the original is required and absent.
    #[error("`{0}` is missing (give the URL or path)")]
    FieldMissing(&'static str),
    /// `input_url` looks like a JSON list and is none.
    #[error(
        "`input_url` is no list of inputs: {0} (write [\"s3://bucket/a.mp4\", {{\"url\": \"s3://bucket/b,c.mp4\", \"options\": \"-ss 3\"}}])"
    )]
    InputList(String),
    /// There is nothing.
    #[error("the command is empty (write it as ffmpeg takes it: -i in.mp4 out.mp4)")]
    Empty,
    /// A word that cannot be passed to a program.
    #[error("word {0} holds a NUL character (remove it)")]
    Nul(usize),
    /// No input, and no filter graph that could do without.
    #[error("there is no input (add -i INPUT)")]
    NoInput,
    /// No output.
    #[error("there is no output (end the command with the file to write)")]
    NoOutput,
    /// No output, because the last option took it for its value.
    #[error(
        "there is no output: ffmpeg takes `{value}` for the value of `{option}` (give the option its value, or add the output)"
    )]
    OutputTaken {
        /// The last option as typed.
        option: String,
        /// The last word.
        value: String,
    },
    /// The command ends where an option's value should stand.
    #[error("`{0}` lacks its value (add it after the option)")]
    NoValue(String),
    /// Options after the last output, which ffmpeg ignores.
    #[error(
        "`{0}` stands after the last output, where ffmpeg ignores it (move it before the output)"
    )]
    Trailing(String),
    /// An option that makes ffmpeg print something and end.
    #[error("`{0}` makes ffmpeg print something and end without an output (leave it out of a job)")]
    Ends(String),
    /// An empty word where a file should be named.
    #[error("{0} is an empty word (name a file; check the quotes around it)")]
    EmptyFile(&'static str),
    /// A name that is no location.
    #[error("{what} cannot be used")]
    Location {
        /// The option or position that names it.
        what: String,
        /// What is wrong with it.
        #[source]
        source: LocationError,
    },
    /// An input that reads standard input.
    #[error("`{0}` reads from standard input, which a job does not have (name a file)")]
    StandardInput(String),
    /// A capture or playback device.
    #[error(
        "`-f {0}` is a device of one machine, which a job does not have (name a file or a network source)"
    )]
    Device(String),
    /// A protocol of ffmpeg that a job does not offer.
    #[error(
        "the protocol of `{0}` is not offered in a job (known: a path, s3://, https://, concat:, concatf:, subfile:, crypto:, cache:, async:, data:)"
    )]
    Protocol(String),
    /// A wrapping protocol that is not written as ffmpeg reads it.
    #[error("`{text}` is not complete (write {form})")]
    Malformed {
        /// The text.
        text: String,
        /// How the protocol is written.
        form: &'static str,
    },
    /// An output on the network.
    #[error("`{0}` cannot be written by a job (publish to a path, file:// or s3://)")]
    NotWritable(String),
    /// An output that names a directory.
    #[error("the output `{0}` names a directory (add the file's name)")]
    Directory(String),
    /// A file that is both read and written.
    #[error("`{0}` is both read and written (give the output another name)")]
    ReadAndWritten(String),
    /// A file that is written twice.
    #[error("`{0}` is written twice (give each output its own name)")]
    WrittenTwice(String),
    /// A segment name without a number.
    #[error(
        "`{name}` of {muxer} has no number to count segments with (write for example {example})"
    )]
    NoNumber {
        /// The name.
        name: String,
        /// What needs the number.
        muxer: &'static str,
        /// A name with one.
        example: &'static str,
    },
    /// A name beside an output that leaves the output's directory.
    #[error(
        "`{value}` of `{option}` must lie beneath the output's directory (write a relative name without `..`)"
    )]
    Outside {
        /// The option as typed.
        option: String,
        /// Its value.
        value: String,
    },
    /// A filter graph that cannot be read.
    #[error("the filter graph `{graph}` cannot be read at `{rest}` ({fix})")]
    Graph {
        /// The whole graph.
        graph: String,
        /// What follows the point where reading stopped.
        rest: String,
        /// What to look for.
        fix: &'static str,
    },
}
