//! What can be typed: verbs, flags, help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub use bench::{Bench, Report, View};
pub use deploy::{Deploy, Doctor, Down, Openapi, StackFlags, Synth, Up, Which};
pub use image::{Image, Push};
pub use jobs::{Cancel, List, Logs, Retry, Status, Wait, Why};
pub use order::{Order, Parts, Run, Submit, TermFlags};
pub use prices::{Prices, PricesVerb, Whose};
pub use quality::Quality;
pub use serve::Serve;
pub use traces::{Export, Traces};

mod bench;
mod deploy;
mod image;
mod jobs;
mod order;
mod prices;
mod quality;
mod serve;
mod traces;

/// Runs any ffmpeg command as a managed job.
#[derive(Debug, Parser)]
#[command(name = "ffbatch", version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Configuration file [default: ffbatch.toml here or in a directory above]
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    pub config: Option<PathBuf>,
    /// Show ffmpeg's log as it comes; twice: also ffbatch's own
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 901)]
    pub verbose: u8,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run an ffmpeg command as a job and wait for its end
    Run(Box<Run>),
    /// Put jobs into the queue: one that is typed, or all those of a job file
    Submit(Box<Submit>),
    #[command(flatten)]
    OfJobs(OfJobs),
    /// Compare two videos that exist already
    Quality(Box<Quality>),
    /// Find out which compute and which settings do a command best
    Bench(Box<Bench>),
    /// Write the report of a benchmark, or of jobs, once more
    Report(Box<Report>),
    /// Answer the REST API on this machine
    Serve(Serve),
    /// Run the queue of this machine in the foreground, for a service manager
    Agent(Agent),
    /// List the computes that can run jobs, or show one in full
    Computes(Computes),
    /// Show what computes on AWS cost, or ask AWS for it
    Prices(Prices),
    /// The stack of computes on AWS
    #[command(subcommand)]
    Deploy(Deploy),
    /// The images that jobs start from
    #[command(subcommand)]
    Image(Image),
    /// Traces of the stack that others wrote
    #[command(subcommand)]
    Traces(Traces),
    /// Print the JSON Schema of job files, for editors
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The verbs for jobs that are there already.
#[derive(Debug, Subcommand)]
pub enum OfJobs {
    /// List jobs
    List(List),
    /// Show where jobs are, and everything about one
    Status(Status),
    /// Wait for the end of jobs
    Wait(Wait),
    /// Show ffmpeg's log of a job
    Logs(Logs),
    /// Say what a job waits for, or why it failed
    Why(Why),
    /// Ask jobs to stop
    Cancel(Cancel),
    /// Submit jobs that have ended once more
    Retry(Retry),
}

/// Flags of `agent`.
#[derive(Debug, clap::Args)]
#[command(after_help = AGENT)]
pub struct Agent {
    /// End when the queue is empty; `submit` starts it so
    #[arg(long, hide = true)]
    pub detached: bool,
    /// Whose queue: `local` or `docker`
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub compute: String,
}

/// Flags of `computes`.
#[derive(Debug, clap::Args)]
#[command(after_help = COMPUTES)]
pub struct Computes {
    /// Only this one, with everything that is known of it
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  succeeded                                       5  the results could not be published
  1  a defect of ffbatch                             6  this machine cannot run the job
  2  the job is wrong, nothing moved                 7  some of the jobs failed
  3  an input could not be fetched                   8  another job does the same work
  4  ffmpeg failed (its own code is in the report)  75  interrupted before the end";

const COMPUTES: &str = "\
Examples:
  ffbatch computes
  ffbatch computes arm
  ffbatch computes arm --json

Shown is what a job gets that does not say otherwise, with what the configuration overrides ([backends.arm]). Nobody is asked.";

const AGENT: &str = "\
Without it, whoever submits a job starts a runner that ends when there is nothing more to run. \
With it, jobs go on after a reboot. One agent runs a queue. It ends on SIGTERM; jobs that run then go on, and the next agent takes them over.

Examples:
  ffbatch agent     in a terminal, until Ctrl-C
  systemctl --user enable --now ffbatch-agent && loginctl enable-linger

with this unit of systemd in ~/.config/systemd/user/ffbatch-agent.service:
  [Unit]
  Description=The queue of ffbatch
  [Service]
  ExecStart=/usr/bin/ffbatch agent
  KillMode=process
  Restart=always
  RestartSec=5
  [Install]
  WantedBy=default.target";
