//! Flags of the verbs that ask about jobs, wait for them and stop them.

use ffbatch_dispatcher::state::State;
use jiff::Timestamp;

use crate::when;

/// Which compute is asked, and who reads the answer.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Which compute to ask: one of `ffbatch computes` [default: the configuration's, else local]
    #[arg(long, value_name = "NAME")]
    pub compute: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = LIST)]
pub struct List {
    /// Only jobs in this state; several with commas
    #[arg(long = "status", value_name = "STATE", value_delimiter = ',')]
    pub states: Vec<State>,
    /// Only jobs of this name; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub name: Option<String>,
    /// Only jobs submitted since then: 2h, 3d, 2026-11-25, 2026-11-25T15:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = when::since)]
    pub since: Option<Timestamp>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// All of them, however many
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// The children of this array job
    #[arg(long, value_name = "ID")]
    pub children: Option<String>,
    #[command(flatten)]
    pub asked: Asked,
}

/// Flags of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = STATUS)]
pub struct Status {
    /// Ids, beginnings of ids, or names
    #[arg(required = true, value_name = "ID")]
    pub jobs: Vec<String>,
    #[command(flatten)]
    pub asked: Asked,
}

/// Flags of `wait`.
#[derive(Debug, clap::Args)]
#[command(after_help = WAIT)]
pub struct Wait {
    /// Ids, beginnings of ids, or names
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub jobs: Vec<String>,
    /// Every job that has not ended
    #[arg(long, conflicts_with = "jobs")]
    pub all: bool,
    #[command(flatten)]
    pub asked: Asked,
}

/// Flags of `logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = LOGS)]
pub struct Logs {
    /// An id, the beginning of one, or a name; `ID:3` for a child of an array job
    #[arg(value_name = "ID")]
    pub job: String,
    /// Go on until the job ends, and end with its exit code
    #[arg(short, long, conflicts_with = "attempt")]
    pub follow: bool,
    /// This attempt, from 1 [default: the last]
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Also stages and progress
    #[arg(long)]
    pub events: bool,
    /// Which compute to ask: one of `ffbatch computes` [default: the configuration's, else local]
    #[arg(long, value_name = "NAME")]
    pub compute: Option<String>,
    /// Print every event as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `why`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHY)]
pub struct Why {
    /// An id, the beginning of one, or a name
    #[arg(value_name = "ID")]
    pub job: String,
    #[command(flatten)]
    pub asked: Asked,
}

/// Flags of `cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = CANCEL)]
pub struct Cancel {
    /// Ids, beginnings of ids, or names
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub jobs: Vec<String>,
    /// Every job that has not ended; asks first
    #[arg(long, conflicts_with = "jobs")]
    pub all: bool,
    /// Don't ask
    #[arg(short, long)]
    pub yes: bool,
    /// Why, for whoever asks the job later
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub asked: Asked,
}

/// Flags of `retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = RETRY)]
pub struct Retry {
    /// Ids, beginnings of ids, or names of jobs that have ended
    #[arg(required = true, value_name = "ID")]
    pub jobs: Vec<String>,
    #[command(flatten)]
    pub asked: Asked,
}

const LIST: &str = "\
Examples:
  ffbatch list                                    the newest 50 jobs
  ffbatch list --status FAILED --since 2h         what went wrong lately
  ffbatch list --status runnable,running --name 'encode-*'
  ffbatch list --children 3f2a --status FAILED    the children of an array job
  ffbatch list --all --json

The states are those of AWS Batch: SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED, FAILED.";

const STATUS: &str = "\
Examples:
  ffbatch status 3f2a
  ffbatch status encode-1 encode-2
  ffbatch status 3f2a --json

A job is named by its id, by the beginning of it (4 characters or more), or by its name where only one job has it. \
A child of an array job is ID:INDEX. One job is shown with everything that is known of it, several as a table. JSON is a list, also of one.";

const WAIT: &str = "\
Examples:
  ffbatch wait 3f2a
  ffbatch wait encode-1 encode-2
  ffbatch wait --all

Of one job the exit code is its own; of several, and with --all, it is 0 when all succeeded and 7 otherwise. \
Ctrl-C asks whether to leave the jobs alone or to cancel them; where nobody can be asked it leaves them alone. Then the exit code is 75.";

const LOGS: &str = "\
Examples:
  ffbatch logs 3f2a
  ffbatch logs 3f2a --attempt 1
  ffbatch logs -f encode-1
  ffbatch logs 3f2a:17 --events";

const WHY: &str = "\
Examples:
  ffbatch why 3f2a
  ffbatch why encode-1";

const CANCEL: &str = "\
Examples:
  ffbatch cancel 3f2a
  ffbatch cancel encode-1 encode-2 --reason 'wrong bitrate'
  ffbatch cancel --all --yes

A job that has not started never will; a running one is asked to stop, and killed when it has not done so after 30 s. Nothing more is published.";

const RETRY: &str = "\
Examples:
  ffbatch retry 3f2a
  id=$(ffbatch retry encode-1) && ffbatch wait $id

It is a new job with a new id, of an array job one with the children that failed. A pipe gets the ids alone.";
