//! The worker's flags: the job parameters of AWS Batch under their own names, each a text.

use std::path::PathBuf;

use clap::Parser;
use ffbatch_dispatcher::job::Parameters;

/// Runs one ffbatch job: fetches, transcodes, publishes, measures, records.
#[derive(Debug, Parser)]
#[command(name = "ffbatch-worker", version, about)]
pub struct Flags {
    /// ffmpeg's global options
    #[arg(
        long = "global_options",
        alias = "global-options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    global_options: Option<String>,
    /// Options of the first input
    #[arg(
        long = "input_file_options",
        alias = "input-file-options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    input_file_options: Option<String>,
    /// The input, or several with commas, or a JSON list
    #[arg(
        long = "input_url",
        alias = "input-url",
        value_name = "URL",
        allow_hyphen_values = true
    )]
    input_url: Option<String>,
    /// Options of the output
    #[arg(
        long = "output_file_options",
        alias = "output-file-options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    output_file_options: Option<String>,
    /// The output
    #[arg(
        long = "output_url",
        alias = "output-url",
        value_name = "URL",
        allow_hyphen_values = true
    )]
    output_url: Option<String>,
    /// The job's name
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    name: Option<String>,
    /// A whole job as JSON, or the URL of one or of an array's manifest, instead of the command's parameters
    #[arg(long, value_name = "JSON|URL", allow_hyphen_values = true)]
    job: Option<String>,
    /// Also write the report to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

impl Flags {
    /// Whether a text stands in any of the job parameters.
    pub fn mentions(&self, text: &str) -> bool {
        let parameters = [
            &self.global_options,
            &self.input_file_options,
            &self.input_url,
            &self.output_file_options,
            &self.output_url,
            &self.job,
        ];
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter.contains(text))
    }

    /// The job parameters.
    pub fn parameters(&self) -> Parameters {
        Parameters {
            global_options: self.global_options.clone(),
            input_file_options: self.input_file_options.clone(),
            input_url: self.input_url.clone(),
            output_file_options: self.output_file_options.clone(),
            output_url: self.output_url.clone(),
            name: self.name.clone(),
            job: self.job.clone(),
        }
    }
}
