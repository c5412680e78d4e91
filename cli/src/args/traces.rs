//! Flags of `traces`.

use clap::Subcommand;
use jiff::Timestamp;

use crate::when;

/// The verbs of traces.
#[derive(Debug, Subcommand)]
pub enum Traces {
    /// Bring what others wrote to X-Ray about the stack into its bucket
    Export(Export),
}

/// Flags of `traces export`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = EXPORT)]
pub struct Export {
    /// From when on: how long ago, such as 2d, or a time [default: where the last export ended; at first, all 30 days that X-Ray keeps]
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub since: Option<Timestamp>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    pub until: Option<Timestamp>,
    /// The bucket [default: that of the stack]
    #[arg(long, value_name = "BUCKET")]
    pub bucket: Option<String>,
    /// What the names of the stack begin with [default: batch-ffmpeg]
    #[arg(long, value_name = "NAME")]
    pub prefix: Option<String>,
    /// The Region [default: as every AWS tool finds it]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Write nothing, and say what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

const EXPORT: &str = "\
Examples:
  ffbatch traces export
  ffbatch traces export --since 3d --dry-run
  ffbatch traces export --prefix media --since 2026-11-01 --until 2026-11-08 --json

What Amazon API Gateway and AWS Step Functions wrote becomes documents under metrics/xray/, beside those of jobs, which have written \
their own. A document that is there is left alone, so that it may be run as often as one likes. The stack does the same every day. It \
ends with code 3 where X-Ray does not hand out everything, and the next export begins there again.";
