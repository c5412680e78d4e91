//! The annotations of a job's segment: what users' queries filter by.
//!
//! They carry the original's six parameters under the original's names. A job that came as a whole (`--job`) has no such
//! parameters, so its last command is taken apart into them: it is the one that writes the results.

use ffbatch_dispatcher::command::{File, OptionUse, Parsed, words};
use ffbatch_dispatcher::job::{Parameters, given};
use ffbatch_dispatcher::report::Report;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::environment::variable;

/// The longest value that X-Ray indexes is 1,000 characters (AWS X-Ray Developer Guide, "X-Ray segment documents", annotations).
/// Counting bytes is on the safe side.
const LIMIT_BYTES: usize = 1_000;

/// What AWS Batch tells a container about its job.
const ENVIRONMENT: [&str; 3] = ["AWS_BATCH_JOB_ID", "AWS_BATCH_JQ_NAME", "AWS_BATCH_CE_NAME"];

/// Writes the annotations of a job into its span. What is not known or not given is absent.
pub fn annotate(span: &Span, parameters: &Parameters, report: &Report) {
    let mut all = vec![("application", "batch-ffmpeg".to_owned())];
    all.extend(six(parameters, report));
    all.extend(
        ENVIRONMENT
            .into_iter()
            .filter_map(|name| Some((name, variable(name)?))),
    );
    let kind = report.machine.instance_type.iter();
    all.extend(kind.map(|kind| ("instance_type", kind.name.clone())));
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        span.set_attribute(format!("annotation.{name}"), short(value));
    }
}

fn short(value: String) -> String {
    if value.len() <= LIMIT_BYTES {
        return value;
    }
    let end = value.floor_char_boundary(LIMIT_BYTES - '…'.len_utf8());
    format!("{}…", &value[..end])
}

/// The six parameters, as they were given or as the last command says them.
fn six(parameters: &Parameters, report: &Report) -> Vec<(&'static str, String)> {
    let text = |value: &Option<String>| given(value.as_ref()).unwrap_or_default().to_owned();
    let last = report
        .commands
        .last()
        .filter(|_| parameters.job().is_some());
    let mut found = match last.and_then(|one| one.command.parse().ok()) {
        Some(parsed) => of_command(&parsed),
        None => vec![
            ("global_options", text(&parameters.global_options)),
            ("input_file_options", text(&parameters.input_file_options)),
            ("input_url", text(&parameters.input_url)),
            ("output_file_options", text(&parameters.output_file_options)),
            ("output_url", text(&parameters.output_url)),
        ],
    };
    found.push(("name", report.name.clone()));
    found
}

fn of_command(parsed: &Parsed) -> Vec<(&'static str, String)> {
    let options = |files: &[File]| {
        files
            .first()
            .map_or_else(String::new, |file| said(parsed, &file.options))
    };
    let names = |files: &[File]| {
        let names: Vec<&str> = files
            .iter()
            .map(|file| parsed.words()[file.word].as_str())
            .collect();
        names.join(",")
    };
    vec![
        ("global_options", said(parsed, &parsed.globals)),
        ("input_file_options", options(&parsed.inputs)),
        ("input_url", names(&parsed.inputs)),
        ("output_file_options", options(&parsed.outputs)),
        ("output_url", names(&parsed.outputs)),
    ]
}

/// Options as they were typed.
fn said(parsed: &Parsed, options: &[OptionUse]) -> String {
    let typed: Vec<&str> = options
        .iter()
        .flat_map(|option| [Some(option.word), option.value])
        .flatten()
        .map(|word| parsed.words()[word].as_str())
        .collect();
    words::join(&typed)
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        assert_eq!(short("ä".repeat(500)), "ä".repeat(500));
        let cut = short("ä".repeat(501));
        assert!(cut.len() <= LIMIT_BYTES && cut.ends_with("ä…"), "{cut}");
    }

    #[test]
    fn a_typed_command_is_told_in_the_parameters_of_the_original() {
        let line = "-ss 1 -hide_banner -i s3://b/in.mp4 -i logo.png -c:v libx264 -vf 'scale=320:-2, hflip' s3://b/out.mp4";
        let words = words::split(line).expect("balanced");
        let parsed = Command::new(words).parse().expect("a command");
        let expected = [
            ("global_options", "-hide_banner"),
            ("input_file_options", "-ss 1"),
            ("input_url", "s3://b/in.mp4,logo.png"),
            (
                "output_file_options",
                "-c:v libx264 -vf 'scale=320:-2, hflip'",
            ),
            ("output_url", "s3://b/out.mp4"),
        ];
        assert_eq!(
            of_command(&parsed),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }
}
