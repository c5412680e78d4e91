//! The job parameters of AWS Batch: the six of the original, and ours beside them.

use serde::{Deserialize, Serialize};

use super::{Job, JobError};
use crate::command::{Command, Legacy};

/// The job parameters of the original, and `job` beside them. Each is a text; `null`, empty and absent are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// ffmpeg's global options, as shell words.
    pub global_options: Option<String>,
    /// Options of the first input, as shell words.
    pub input_file_options: Option<String>,
    /// One URL or several.
    pub input_url: Option<String>,
    /// Options of the output, as shell words.
    pub output_file_options: Option<String>,
    /// The URL of the output.
    pub output_url: Option<String>,
    /// The job's name; beside `job` it takes the place of the one in it.
    pub name: Option<String>,
    /// A [`Job`] as JSON, or the URL of one or of a [`manifest`](super::manifest); excludes the five parameters of a command.
    pub job: Option<String>,
}

impl Parameters {
    /// The job that the six parameters of a command ask for; `None` when `job` stands in their place.
    pub fn command_job(&self) -> Result<Option<Job>, JobError> {
        let fields = [
            ("global_options", &self.global_options),
            ("input_file_options", &self.input_file_options),
            ("input_url", &self.input_url),
            ("output_file_options", &self.output_file_options),
            ("output_url", &self.output_url),
        ];
        let all = fields.iter().map(|(_, value)| *value);
        for value in all.chain([&self.name, &self.job]) {
            if let Some(name) = value.as_deref().and_then(placeholder) {
                return Err(JobError::Unreplaced(name.to_owned()));
            }
        }
        if given(self.job.as_ref()).is_some() {
            return match fields
                .iter()
                .find(|(_, value)| given(value.as_ref()).is_some())
            {
                Some((name, _)) => Err(JobError::Both(name)),
                None => Ok(None),
            };
        }
        let legacy = Legacy {
            global_options: self.global_options.clone(),
            input_file_options: self.input_file_options.clone(),
            input_url: self.input_url.clone(),
            output_file_options: self.output_file_options.clone(),
            output_url: self.output_url.clone(),
        };
        let command = Command::from_legacy(&legacy).map_err(|error| JobError::Command {
            index: 0,
            count: 1,
            error,
        })?;
        let name = self.name().unwrap_or_default().to_owned();
        Ok(Some(Job {
            name,
            ..Job::of(vec![command])
        }))
    }

    /// The job's name; `None` when it is not given.
    pub fn name(&self) -> Option<&str> {
        given(self.name.as_ref())
    }

    /// The text of `job`; `None` when it is not given.
    pub fn job(&self) -> Option<&str> {
        given(self.job.as_ref())
    }
}

/// The parameter for which a value stands that is a placeholder and nothing else: AWS Batch leaves `Ref::name` as it is where
/// neither job nor definition have that parameter (AWS Batch User Guide, "Job definition parameters", `command`).
fn placeholder(value: &str) -> Option<&str> {
    let name = value.trim().strip_prefix("Ref::")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

/// A parameter's value; `null`, empty and absent are the same.
pub fn given(value: Option<&String>) -> Option<&str> {
    value
        .map(String::as_str)
        .filter(|text| !text.is_empty() && *text != "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_that_nothing_replaced_was_taken_for_a_value() {
        let of = |name: &str, output: &str| Parameters {
            input_url: Some("in.mp4".to_owned()),
            output_url: Some(output.to_owned()),
            name: Some(name.to_owned()),
            ..Parameters::default()
        };
        let refused = |parameters: Parameters| {
            let refused = parameters.command_job().expect_err("it must be refused");
            refused.to_string()
        };
        let sentence = "the job definition has no default for the parameter `name`, which its command names (add `\"name\": \"null\"` to the definition's `parameters`, or give the job one)";
        assert_eq!(refused(of("Ref::name", "out.mp4")), sentence);
        assert!(refused(of("null", " Ref::output_url")).contains("`output_url`"));
        let whole = Parameters {
            job: Some("Ref::job".to_owned()),
            ..Parameters::default()
        };
        assert!(refused(whole).contains("`job`"));
        for name in ["Ref::", "a Ref::name", "Ref::a b", "ref::name"] {
            assert!(of(name, "out.mp4").command_job().is_ok(), "{name}");
        }
    }
}
