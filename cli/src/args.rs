//! What can be typed: verbs, flags, help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

/// Runs any ffmpeg command as a managed job.
#[derive(Debug, Parser)]
#[command(name = "ffbatch", version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Configuration file [default: ffbatch.toml here or in a directory above]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Show ffmpeg's log as it comes; twice: also ffbatch's own
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run an ffmpeg command as a job and wait for its end
    Run(Box<Run>),
    /// List the computes that can run jobs
    Computes(Listing),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Flags of a listing.
#[derive(Debug, clap::Args)]
pub struct Listing {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Where to run it: one of `ffbatch computes` [default: local]
    #[arg(long, value_name = "NAME")]
    pub compute: Option<String>,
    /// Measure quality: psnr, ssim, vmaf; several with commas; or none
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub quality: Vec<String>,
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
    /// Print the outcome and the report as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
    /// The command as you would type it; several with `--then` between them
    #[arg(last = true, value_name = "ffmpeg ...")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub parts: Parts,
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

const EXIT_CODES: &str = "\
Exit codes:
  0  succeeded                         4  ffmpeg failed (its own code is in the report)
  1  a defect of ffbatch               5  the results could not be published
  2  the job is wrong, nothing moved   6  this machine cannot run the job
  3  an input could not be fetched    75  interrupted before the end";

const EXAMPLES: &str = "\
Examples:
  ffbatch run -- ffmpeg -ss 10 -i in.mp4 -t 15 -c:v libx264 -crf 23 out.mp4
  ffbatch run --quality psnr,ssim,vmaf -- ffmpeg -i in.mp4 -c:v libsvtav1 -crf 35 out.mkv
  ffbatch run --file subs.srt -- ffmpeg -i s3://b/in.mp4 -vf subtitles=subs.srt s3://b/out.mp4
  ffbatch run -- ffmpeg -i in.mp4 -c:v libx264 -b:v 1M -pass 1 -an -f null - --then \\
                 ffmpeg -i in.mp4 -c:v libx264 -b:v 1M -pass 2 out.mp4
  ffbatch run --input-url in.mp4 --output-file-options '-c:v libx264 -crf 23' --output-url out.mp4

Everything ffmpeg writes appears under its final name only after ffmpeg succeeded. Existing files are overwritten.";
