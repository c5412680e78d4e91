//! From a job back to the parameters of one command, where these can say it.

use serde_json::{Value, json};

use super::{Job, Parameters};
use crate::command::words::join;
use crate::command::{OptionUse, Parsed};

impl Parameters {
    /// The parameters that say the same as a job; `None` where they cannot: it has several commands or outputs, side files, or says
    /// something of quality.
    pub fn of(job: &Job) -> Option<Self> {
        let [command] = &job.commands[..] else {
            return None;
        };
        let parsed = command.parse().ok()?;
        let parameters = taken_apart(&parsed, &job.name)?;
        // What does not read back to the very same job is not said this way.
        let read = parameters.command_job().ok()??;
        (read == *job).then_some(parameters)
    }
}

fn taken_apart(parsed: &Parsed, name: &str) -> Option<Parameters> {
    let words = parsed.words();
    let [output] = &parsed.outputs[..] else {
        return None;
    };
    let begin = globals(parsed);
    let mut at = begin;
    let mut first = None;
    let mut inputs = Vec::new();
    for input in &parsed.inputs {
        // The word in front of the name is `-i`.
        let options = join(words.get(at..input.word.checked_sub(1)?)?);
        let url = words.get(input.word)?;
        inputs.push(if first.is_none() || options.is_empty() {
            json!(url)
        } else {
            json!({ "url": url, "options": options })
        });
        first.get_or_insert(options);
        at = input.word + 1;
    }
    let input_url = match &inputs[..] {
        [Value::String(url)] if !url.contains([',', '[']) => url.clone(),
        _ => json!(inputs).to_string(),
    };
    let set = |text: String| (!text.is_empty()).then_some(text);
    Some(Parameters {
        global_options: set(join(&words[..begin])),
        input_file_options: set(first?),
        input_url: Some(input_url),
        output_file_options: set(join(words.get(at..output.word)?)),
        output_url: words.get(output.word).cloned(),
        name: set(name.to_owned()),
        job: None,
    })
}

/// How many words the global options take that stand in front of everything else.
fn globals(parsed: &Parsed) -> usize {
    let end = |option: &OptionUse| option.value.unwrap_or(option.word) + 1;
    let mut at = 0;
    while let Some(option) = parsed.globals.iter().find(|option| option.word == at) {
        at = end(option);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    #[track_caller]
    fn check(line: &str, expected: Option<[Option<&str>; 5]>) {
        let job = Job {
            name: "clip".to_owned(),
            ..Job::of(vec![Command::from_line(line).expect("a command")])
        };
        let found = Parameters::of(&job);
        let fields = found.as_ref().map(|found| {
            [
                found.global_options.as_deref(),
                found.input_file_options.as_deref(),
                found.input_url.as_deref(),
                found.output_file_options.as_deref(),
                found.output_url.as_deref(),
            ]
        });
        assert_eq!(fields, expected, "{line}");
    }

    #[test]
    fn what_the_parameters_can_say() {
        check(
            "ffmpeg -y -ss 10 -i s3://b/in.mp4 -c:v libx264 s3://b/out.mp4",
            Some([
                Some("-y"),
                Some("-ss 10"),
                Some("s3://b/in.mp4"),
                Some("-c:v libx264"),
                Some("s3://b/out.mp4"),
            ]),
        );
        check(
            "ffmpeg -i 'a, b.mp4' -ss 1 -i c.mp4 -vf 'drawtext=text=a b' out.mp4",
            Some([
                None,
                None,
                Some(r#"["a, b.mp4",{"options":"-ss 1","url":"c.mp4"}]"#),
                Some("-vf 'drawtext=text=a b'"),
                Some("out.mp4"),
            ]),
        );
    }

    #[test]
    fn what_only_a_whole_job_can_say() {
        check("ffmpeg -i a.mp4 b.mp4 c.mp4", None);
        check("ffmpeg -filter_complex testsrc=d=1 out.mp4", None);
        let command = Command::from_line("ffmpeg -i a.mp4 b.mp4").expect("a command");
        let two = Job::of(vec![command.clone(), command.clone()]);
        assert_eq!(Parameters::of(&two), None);
        let measured = Job {
            quality: Some(vec!["psnr".to_owned()]),
            ..Job::of(vec![command])
        };
        assert_eq!(Parameters::of(&measured), None);
    }
}
