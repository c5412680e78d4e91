//! Files inside filter graphs.
//!
//! A graph is read in two levels, each with ffmpeg's escapes: the graph ends a filter's arguments at `[ ] , ;`, and the
//! arguments end at `:` (the ffmpeg-filters manual, "Filtergraph syntax" and "Notes on filtergraph escaping";
//! `libavfilter/graphparser.c`). libvmaf's `model` has a third level of its own. An argument without `key=` belongs to
//! the filter's options in their order, as long as no `key=` came before it.
//!
//! A graph that is itself read from a file (`-/filter_complex`) stays unread: its files must be given by name.

use super::error::CommandError;
use super::escape::{self, Token};
use super::finder::{Finder, Found};
use super::place::{Owner, Pattern, Role};
use super::source::{self, Source};

use table::FileArgument;

mod table;

/// Adds the places in the filter graph that is a whole text.
pub(super) fn find(
    finder: &mut Finder,
    graph: &Token<'_>,
    owner: Owner,
) -> Result<(), CommandError> {
    let text = graph.text.as_str();
    let error = |at: usize, fix: &'static str| CommandError::Graph {
        graph: text.to_owned(),
        rest: text[at..].chars().take(40).collect(),
        fix,
    };
    let mut at = escape::skip_blanks(text, 0);
    if text[at..].starts_with("sws_flags=") {
        at = text[at..].find(';').map_or(text.len(), |end| at + end + 1);
    }
    while at < text.len() {
        at = labels(graph, at).map_err(|at| error(at, "close the label with `]`"))?;
        let name = Token::read(graph, at, "=,;[");
        at = name.end;
        if text[at..].starts_with('=') {
            let arguments = Token::read(graph, at + 1, "[],;");
            at = arguments.end;
            // `name@instance` gives a filter a name of its own.
            let filter = name.text.split('@').next().unwrap_or_default();
            arguments_of(finder, filter, &arguments, owner)?;
        } else {
            let filter = name.text.split('@').next().unwrap_or_default();
            implicit(finder, filter, false, owner);
        }
        at = labels(graph, at).map_err(|at| error(at, "close the label with `]`"))?;
        match text[at..].chars().next() {
            Some(',' | ';') => at += 1,
            None => {}
            Some(_) => {
                let fix = "separate filters with `,` and chains with `;`, and escape such a character in an argument with `\\`";
                return Err(error(at, fix));
            }
        }
    }
    Ok(())
}

/// Skips labels such as `[0:v][logo]`; the error is the place of a bracket that is never closed.
fn labels(graph: &Token<'_>, mut at: usize) -> Result<usize, usize> {
    let text = graph.text.as_str();
    loop {
        at = escape::skip_blanks(text, at);
        if !text[at..].starts_with('[') {
            return Ok(at);
        }
        let label = Token::read(graph, at + 1, "]");
        if label.end >= text.len() {
            return Err(at);
        }
        at = label.end + 1;
    }
}

/// One `key=value` or positional argument of a filter.
struct Argument<'text> {
    /// The name, without the `/` that asks for the value to be read from a file.
    key: Option<String>,
    from_file: bool,
    value: Token<'text>,
}

/// Splits a filter's arguments (`ff_filter_opt_parse` in `libavfilter/avfilter.c`).
fn split<'text>(arguments: &'text Token<'text>) -> Vec<Argument<'text>> {
    let text = arguments.text.as_str();
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (key, start) = match escape::key(text, at) {
            Some((key, start)) => (Some(key), start),
            None => (None, at),
        };
        let mut value = Token::read(arguments, start, ":");
        if key.is_none() {
            // A path such as `/a=b` would be read as an option of that name.
            value = value.escaping(":=");
        }
        at = value.end + 1;
        let from_file = key.is_some_and(|key| key.starts_with('/'));
        let key = key.map(|key| key.trim_start_matches('/').to_owned());
        found.push(Argument {
            key,
            from_file,
            value,
        });
    }
    found
}

fn arguments_of(
    finder: &mut Finder,
    filter: &str,
    arguments: &Token<'_>,
    owner: Owner,
) -> Result<(), CommandError> {
    let arguments = split(arguments);
    let keyed = |names: [&str; 2], value: &str| {
        arguments.iter().any(|argument| {
            argument
                .key
                .as_deref()
                .is_some_and(|key| names.contains(&key))
                && argument.value.text == value
        })
    };
    // The name is then a graph, and a graph within a graph is not worth a third pair of levels.
    let nested = filter.ends_with("movie") && keyed(["f", "format_name"], "lavfi");
    let mut named = false;
    for (position, argument) in arguments.iter().enumerate() {
        let value = &argument.value;
        if value.text.is_empty() || nested {
            continue;
        }
        let key = argument.key.as_deref();
        if argument.from_file {
            let named_by = format!("{filter} /{}", key.unwrap_or_default());
            add(finder, value, Role::Read, true, owner, named_by)?;
            continue;
        }
        if filter.starts_with("libvmaf") && key == Some("model") {
            models(finder, value, owner)?;
            continue;
        }
        let Some(file) = table::find(filter, key, position) else {
            continue;
        };
        named = true;
        file_argument(finder, filter, file, value, owner)?;
    }
    implicit(finder, filter, named, owner);
    Ok(())
}

fn file_argument(
    finder: &mut Finder,
    filter: &str,
    file: &FileArgument,
    value: &Token<'_>,
    owner: Owner,
) -> Result<(), CommandError> {
    let text = value.text.as_str();
    let stream = text == "-" || text.starts_with("pipe:") || text == "/dev/null";
    if file.role == Role::Write && stream {
        return Ok(());
    }
    if !filter.ends_with("movie") {
        return add(finder, value, file.role, file.url, owner, filter.to_owned());
    }
    match source::source(text, 0)? {
        Source::Files(stretches) => {
            for (stretch, role) in stretches {
                let role = if role == Role::Input {
                    Role::Read
                } else {
                    role
                };
                let found = found(role, true, owner, filter.to_owned());
                finder.add(value, stretch, found)?;
            }
            Ok(())
        }
        Source::Pipe => Err(CommandError::StandardInput(text.to_owned())),
        Source::Inline => Ok(()),
    }
}

/// Adds the files of `model=path=a.json:name=x|version=..` (the ffmpeg-filters manual, libvmaf).
fn models(finder: &mut Finder, value: &Token<'_>, owner: Owner) -> Result<(), CommandError> {
    let text = value.text.as_str();
    let mut start = 0;
    for model in text.split('|') {
        let end = start + model.len();
        let mut at = start;
        while at < end {
            let key = Token::read(value, at, "=|");
            if key.end >= end {
                break;
            }
            let item = Token::read(value, key.end + 1, ":|");
            at = item.end + 1;
            if key.text == "path" && !item.text.is_empty() {
                add(
                    finder,
                    &item,
                    Role::Read,
                    false,
                    owner,
                    "libvmaf model".to_owned(),
                )?;
            }
        }
        start = end + 1;
    }
    Ok(())
}

fn add(
    finder: &mut Finder,
    value: &Token<'_>,
    role: Role,
    url: bool,
    owner: Owner,
    named_by: String,
) -> Result<(), CommandError> {
    finder.add(
        value,
        0..value.text.len(),
        found(role, url, owner, named_by),
    )?;
    Ok(())
}

fn found(role: Role, url: bool, owner: Owner, named_by: String) -> Found {
    Found {
        role,
        owner,
        pattern: Pattern::Literal,
        named_by,
        url,
    }
}

/// Adds the file that a filter uses when its argument is left out.
fn implicit(finder: &mut Finder, filter: &str, named: bool, owner: Owner) {
    if let Some((name, role)) = table::default_file(filter).filter(|_| !named) {
        finder.add_implicit(name, role, owner);
    }
}
