//! Flags that say what a job is to do and on which terms: those of `run` and of `submit`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use ffbatch_dispatcher::job::When;
use ffbatch_dispatcher::terms::HIGHEST_PRIORITY;

use crate::when;

/// Flags of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct Run {
    /// Print the outcome and the report as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub order: Order,
}

/// Flags of `submit`.
#[derive(Debug, clap::Args)]
#[command(after_help = SUBMIT_EXAMPLES)]
pub struct Submit {
    /// A job file (TOML, JSON or YAML), or `-` for jobs on standard input, one JSON object a line
    #[arg(value_name = "FILE", conflicts_with = "command")]
    pub file: Option<String>,
    /// How often a job is tried when its machine or its worker is lost, 1 to 10 [default: 3]
    #[arg(long, value_name = "N")]
    pub attempts: Option<u32>,
    /// Check everything, show what would run, and submit nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait until all have ended, as `ffbatch wait` does
    #[arg(long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    // Its last flags stand below a heading of their own, which whatever came after them would share.
    #[command(flatten)]
    pub order: Order,
}

/// What to do, and on which terms.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// Where to run it: one of `ffbatch computes` [default: the configuration's, else local]
    #[arg(long, value_name = "NAME")]
    pub compute: Option<String>,
    /// Measure quality: psnr, ssim, vmaf, xpsnr; several with commas; or none
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub quality: Vec<String>,
    /// What VMAF judges by: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, or a model's file [default: hd or 4k, as the pictures are]
    #[arg(long, value_name = "MODEL")]
    pub vmaf_model: Option<String>,
    /// When to measure: `after` the encode, or `inside` it, which decodes the source once [default: after]
    #[arg(long, value_name = "WHEN", value_parser = When::from_str)]
    pub measure: Option<When>,
    /// Compare an output that was scaled at its source's size, not at its own
    #[arg(long)]
    pub at_source_size: bool,
    /// A further file that the command names by its base name, such as subtitles; may be given several times
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<String>,
    /// A name for the job, at most 128 characters
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub name: Option<String>,
    /// Also write the report to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Fail where the system cannot confine ffmpeg fully
    #[arg(long)]
    pub require_confinement: bool,
    #[command(flatten)]
    pub terms: TermFlags,
    /// The command as you would type it; several with `--then` between them
    #[arg(last = true, value_name = "ffmpeg ...")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub parts: Parts,
}

/// On which terms; what is absent is for the compute to choose.
#[derive(Debug, clap::Args)]
pub struct TermFlags {
    /// Of two jobs that can run, the one with the higher number comes first, 0 to 9999 [default: 0; of `run` 100, since somebody waits]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=i64::from(HIGHEST_PRIORITY)))]
    pub priority: Option<u16>,
    /// Virtual processors that it takes of those of the queue [default: as `ffbatch computes` shows]
    #[arg(long, value_name = "N")]
    pub vcpus: Option<u32>,
    /// Memory that it takes of that of the queue, in MiB [default: as `ffbatch computes` shows; on this machine none is counted]
    #[arg(long, value_name = "N")]
    pub memory_mib: Option<u32>,
    /// GPUs that it takes, on a compute that has any [default: as `ffbatch computes` shows]
    #[arg(long, value_name = "N")]
    pub gpus: Option<u32>,
    /// The EC2 instance type that it shall own, such as c7g.4xlarge
    #[arg(long, value_name = "TYPE")]
    pub instance_type: Option<String>,
    /// The share of a fair-share queue of AWS Batch that it counts against
    #[arg(long, value_name = "NAME")]
    pub share: Option<String>,
    /// A tag of the job on AWS Batch; may be given several times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// How long an attempt may take: seconds, or such as 90m
    #[arg(long, value_name = "SECS", value_parser = when::seconds)]
    pub timeout: Option<u32>,
}

/// The command in parts, as the job parameters of AWS Batch carry it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The command in parts (instead of `-- ffmpeg ...`)")]
pub struct Parts {
    /// ffmpeg's global options
    #[arg(
        long,
        alias = "global_options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    pub global_options: Option<String>,
    /// Options of the input
    #[arg(
        long,
        alias = "input_file_options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    pub input_file_options: Option<String>,
    /// The input, or several with commas, or a JSON list
    #[arg(
        long,
        alias = "input_url",
        value_name = "URL",
        allow_hyphen_values = true
    )]
    pub input_url: Option<String>,
    /// Options of the output
    #[arg(
        long,
        alias = "output_file_options",
        value_name = "WORDS",
        allow_hyphen_values = true
    )]
    pub output_file_options: Option<String>,
    /// The output
    #[arg(
        long,
        alias = "output_url",
        value_name = "URL",
        allow_hyphen_values = true
    )]
    pub output_url: Option<String>,
}

/// A tag as it is typed.
fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    parts
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "write KEY=VALUE".to_owned())
}

impl TermFlags {
    /// The tags that were typed; `None` where none was.
    pub fn tags(&self) -> Option<BTreeMap<String, String>> {
        (!self.tags.is_empty()).then(|| self.tags.iter().cloned().collect())
    }
}

const RUN_EXAMPLES: &str = "\
Examples:
  ffbatch run -- ffmpeg -ss 10 -i in.mp4 -t 15 -c:v libx264 -crf 23 out.mp4
  ffbatch run --quality psnr,ssim,vmaf -- ffmpeg -i in.mp4 -c:v libsvtav1 -crf 35 out.mkv
  ffbatch run --file subs.srt -- ffmpeg -i s3://b/in.mp4 -vf subtitles=subs.srt s3://b/out.mp4
  ffbatch run -- ffmpeg -i in.mp4 -c:v libx264 -b:v 1M -pass 1 -an -f null - --then \\
                 ffmpeg -i in.mp4 -c:v libx264 -b:v 1M -pass 2 out.mp4
  ffbatch run --input-url in.mp4 --output-file-options '-c:v libx264 -crf 23' --output-url out.mp4

Everything ffmpeg writes appears under its final name only after ffmpeg succeeded. Existing files are overwritten.

On this machine a job is tried once, since somebody waits. On AWS Batch it is tried three times where its Spot instance is taken back.";

const SUBMIT_EXAMPLES: &str = "\
Examples:
  ffbatch submit -- ffmpeg -i in.mp4 -c:v libx264 -crf 23 out.mp4
  ffbatch submit --name night --priority 10 --vcpus 2 -- ffmpeg -i in.mp4 -c:v libsvtav1 out.mkv
  id=$(ffbatch submit -- ffmpeg -i in.mp4 out.mp4) && ffbatch wait $id
  ffbatch submit jobs.toml --dry-run          prints what would run
  ffbatch submit jobs.toml --wait             follows all jobs to their end
  generate-jobs | ffbatch submit -            one JSON object a line

A job file:
  [defaults]
  quality = [\"vmaf\"]

  [[jobs]]
  name = \"encode\"
  inputs = \"masters/*.mov\"
  output = \"out/{stem}.mp4\"
  command = \"ffmpeg -i {input} -c:v libx264 -crf 23 {output}\"

`ffbatch schema` prints the JSON Schema of such files. Flags win over what a file says. Its jobs for one compute are accepted all \
together, or none is. It answers as soon as they are there: a pipe gets the ids alone, a terminal also the names.";
