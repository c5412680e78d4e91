//! The original's parameters: one command in five texts.
//!
//! `ffmpeg {global_options} {input_file_options} -i INPUT -i INPUT.. {output_file_options} OUTPUT`: the input options
//! stand before the first input only, as they always did. The texts are shell words, and no shell expands them.

use serde_json::Value;

use super::error::CommandError;
use super::{Command, words};

/// The five parameters that make up a command. Absent, empty and `null` are the same: AWS Batch has no empty strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Legacy {
    /// Options of the command as a whole.
    pub global_options: Option<String>,
    /// Options before the first input.
    pub input_file_options: Option<String>,
    /// One input, several with commas between them, or a JSON list of texts and `{"url", "options"}` objects.
    ///
    /// A comma separates where `scheme://` follows it. A part without any scheme is a list of plain paths, separated at
    /// every comma. So `s3://b/1.mp4,s3://b/2.mp4` is two inputs, `s3://b/a,b.mp4` is one, and `a.mp4,b.mp4` is two. In
    /// the JSON list nothing is split.
    pub input_url: Option<String>,
    /// Options before the output.
    pub output_file_options: Option<String>,
    /// The output; its commas are its own.
    pub output_url: Option<String>,
}

/// One input with the options before it.
#[derive(Debug, PartialEq, Eq)]
struct Input {
    url: String,
    options: Vec<String>,
}

impl Legacy {
    pub(super) fn command(&self) -> Result<Command, CommandError> {
        let inputs =
            given(self.input_url.as_ref()).ok_or(CommandError::FieldMissing("input_url"))?;
        let output =
            given(self.output_url.as_ref()).ok_or(CommandError::FieldMissing("output_url"))?;
        let mut words = fields("global_options", self.global_options.as_ref())?;
        words.extend(fields(
            "input_file_options",
            self.input_file_options.as_ref(),
        )?);
        for input in split_inputs(inputs)? {
            words.extend(input.options);
            words.extend(["-i".to_owned(), input.url]);
        }
        words.extend(fields(
            "output_file_options",
            self.output_file_options.as_ref(),
        )?);
        // A path may begin with a dash; a word that does would be an option.
        if output.starts_with('-') && output != "-" {
            words.push(format!("./{output}"));
        } else {
            words.push(output.to_owned());
        }
        Ok(Command { words })
    }
}

fn given(field: Option<&String>) -> Option<&str> {
    field
        .map(String::as_str)
        .filter(|text| !text.trim().is_empty() && *text != "null")
}

fn fields(field: &'static str, text: Option<&String>) -> Result<Vec<String>, CommandError> {
    let text = given(text).unwrap_or_default();
    words::split(text).map_err(|source| CommandError::Field { field, source })
}

fn split_inputs(text: &str) -> Result<Vec<Input>, CommandError> {
    let start: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(2)
        .collect();
    if ["[\"", "[{"].contains(&start.as_str()) {
        return json_inputs(text);
    }
    let mut inputs = Vec::new();
    for part in split_at_schemes(text) {
        if has_scheme(part) {
            inputs.push(part);
        } else {
            inputs.extend(part.split(','));
        }
    }
    if inputs.contains(&"") {
        return Err(CommandError::EmptyFile("an input of `input_url`"));
    }
    let plain = |url: &str| Input {
        url: url.to_owned(),
        options: Vec::new(),
    };
    Ok(inputs.into_iter().map(plain).collect())
}

/// Splits at commas that `scheme://` follows, with or without blanks between.
fn split_at_schemes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (comma, _) in text.match_indices(',') {
        let after = text[comma + 1..].trim_start();
        if has_scheme(after) {
            parts.push(&text[start..comma]);
            start = text.len() - after.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn json_inputs(text: &str) -> Result<Vec<Input>, CommandError> {
    let list: Vec<Value> =
        serde_json::from_str(text).map_err(|error| CommandError::InputList(error.to_string()))?;
    list.iter().map(json_input).collect()
}

fn json_input(value: &Value) -> Result<Input, CommandError> {
    let wrong = |why: String| Err(CommandError::InputList(why));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(url) = text(value) {
        let options = Vec::new();
        return Ok(Input { url, options });
    }
    let Some(fields_of) = value.as_object() else {
        return wrong(format!("`{value}` is neither a text nor an object"));
    };
    let known = ["url", "options"];
    if let Some(key) = fields_of.keys().find(|key| !known.contains(&key.as_str())) {
        return wrong(format!("unknown key `{key}`"));
    }
    let Some(url) = fields_of.get("url").and_then(text) else {
        return wrong(format!("`{value}` has no text `url`"));
    };
    let options = match fields_of.get("options") {
        None | Some(Value::Null) => None,
        Some(Value::String(options)) => Some(options),
        Some(_) => return wrong(format!("`options` in `{value}` is no text")),
    };
    let options = fields("input_url", options)?;
    Ok(Input { url, options })
}
