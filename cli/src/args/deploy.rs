//! Flags of `deploy`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use ffbatch_deploy::options::Network;

/// The verbs of a stack.
#[derive(Debug, Subcommand)]
pub enum Deploy {
    /// Make the stack, or change it to what it shall be
    Up(Box<Up>),
    /// Show what `up` would change
    Diff(Box<StackFlags>),
    /// Remove the stack; the bucket with its data stays unless --delete-data names it
    Down(Down),
    /// Print the stack as a CloudFormation template; AWS is not asked
    Synth(Box<Synth>),
    /// Look for what keeps jobs from running: account, quotas, stack, images, queues
    Doctor(Box<Doctor>),
    /// Print the REST API as an OpenAPI document; AWS is not asked
    Openapi(Box<Openapi>),
}

/// Flags of `deploy up`.
#[derive(Debug, clap::Args)]
#[command(after_help = UP)]
pub struct Up {
    /// Change without asking
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub stack: StackFlags,
}

/// Flags of `deploy down`.
#[derive(Debug, clap::Args)]
#[command(after_help = DOWN)]
pub struct Down {
    /// Remove without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Delete the stack's bucket of this name as well, with every version of all that is in it
    #[arg(long, value_name = "BUCKET")]
    pub delete_data: Option<String>,
    #[command(flatten)]
    pub which: Which,
}

/// Which stack.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The stack")]
pub struct Which {
    /// The Region [default: as every AWS tool finds it]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// What the names of its resources begin with [default: batch-ffmpeg]
    #[arg(long, value_name = "NAME")]
    pub prefix: Option<String>,
    /// The stack's name [default: the prefix and -stack]
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
}

/// Flags of `deploy synth`.
#[derive(Debug, clap::Args)]
#[command(after_help = SYNTH)]
pub struct Synth {
    /// Write the template to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print what the stack costs while nothing runs, instead of the template
    #[arg(long)]
    pub cost: bool,
    #[command(flatten)]
    pub stack: StackFlags,
}

/// Flags of `deploy doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = DOCTOR)]
pub struct Doctor {
    /// Print what is found as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub stack: StackFlags,
}

/// Flags of `deploy openapi`.
#[derive(Debug, clap::Args)]
#[command(after_help = OPENAPI)]
pub struct Openapi {
    /// Write the document to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub stack: StackFlags,
}

/// How the stack shall be; every flag has a key of the same name in the section `deploy` of ffbatch.toml.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The stack")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct StackFlags {
    #[command(flatten)]
    pub which: Which,
    /// A compute that it gets; may be given several times [default: all that have an image]
    #[arg(long = "compute", value_name = "NAME")]
    pub computes: Vec<String>,
    /// The network of its jobs [default: public]
    #[arg(long, value_name = "KIND")]
    pub network: Option<NetworkKind>,
    /// The virtual private cloud of an existing network
    #[arg(long, value_name = "ID")]
    pub vpc: Option<String>,
    /// A subnet of an existing network; may be given several times
    #[arg(long = "subnet", value_name = "ID")]
    pub subnets: Vec<String>,
    /// The most vCPUs that each environment may start [default: 256]
    #[arg(long, value_name = "N")]
    pub max_vcpus: Option<u32>,
    /// Run jobs at the full price where there is no Spot instance for them
    #[arg(long)]
    pub on_demand: bool,
    /// Let jobs read the bucket as a file system (Amazon S3 Files), without a copy; it costs by what is read
    #[arg(long)]
    pub shared_files: bool,
    /// Days that logs are kept, 0 for ever [default: 90]
    #[arg(long, value_name = "DAYS")]
    pub log_retention_days: Option<u32>,
    /// Measure jobs that say nothing of quality
    #[arg(long)]
    pub ffqm: bool,
    /// Do not bring what others write to X-Ray about the stack into its bucket every day
    #[arg(long)]
    pub no_traces_export: bool,
    /// The address that alarms are sent to [default: they show in the console alone]
    #[arg(long, value_name = "ADDRESS")]
    pub alarm_email: Option<String>,
    /// A further bucket that jobs may read; may be given several times
    #[arg(long = "read-bucket", value_name = "BUCKET")]
    pub read_buckets: Vec<String>,
    /// A further bucket that jobs may read and write; may be given several times
    #[arg(long = "write-bucket", value_name = "BUCKET")]
    pub write_buckets: Vec<String>,
}

/// The networks by the names that are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum NetworkKind {
    /// Public subnets that nothing can come into; costs nothing while nothing runs
    Public,
    /// Subnets without a way to the internet; its endpoints cost by the hour
    Isolated,
    /// Subnets that are there: --vpc and --subnet
    Existing,
}

impl From<NetworkKind> for Network {
    fn from(kind: NetworkKind) -> Self {
        match kind {
            NetworkKind::Public => Self::Public,
            NetworkKind::Isolated => Self::Isolated,
            NetworkKind::Existing => Self::Existing,
        }
    }
}

const UP: &str = "\
Examples:
  ffbatch deploy up --region eu-west-1
  ffbatch deploy up --compute arm --compute nvidia --on-demand --yes
  ffbatch deploy up --prefix media --network isolated

What would change is shown first, and nothing is changed unless you agree. Ctrl-C leaves it alone: CloudFormation goes on by itself.";

const DOWN: &str = "\
Examples:
  ffbatch deploy down
  ffbatch deploy down --prefix media --yes
  ffbatch deploy down --delete-data batch-ffmpeg-stack-bucket-1a2b3c4d5e6f

Only what the stack has made is removed. The bucket and all that is in it stay unless --delete-data names it, also later, when the
stack is gone. Images go.";

const SYNTH: &str = "\
Examples:
  ffbatch deploy synth --region eu-west-1 -o template.json
  ffbatch deploy synth --compute arm --compute fargate --on-demand | less
  ffbatch deploy synth --cost --network isolated

The template is for one Region, because each offers other instance types, and the same flags make the same bytes.";

const DOCTOR: &str = "\
Examples:
  ffbatch deploy doctor
  ffbatch deploy doctor --compute nvidia --region eu-west-1
  ffbatch deploy doctor --json | jq '.[] | select(.verdict == \"bad\")'

Nothing is changed. It ends with code 6 where something will fail. A quota of 0 is usual for graphics cards in a new account.";
const OPENAPI: &str = "\
Examples:
  ffbatch deploy openapi --region eu-west-1 -o openapi.json
  ffbatch deploy openapi --compute arm --compute fargate | less

It says what clients send and get. What API Gateway does with it stands in the template.";
