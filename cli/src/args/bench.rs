//! Flags of `bench` and `report`.

use std::path::PathBuf;

use ffbatch_bench::limits::Limit;

/// Flags of `bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH)]
pub struct Bench {
    /// What is compared
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where results lie: a directory, or `s3://BUCKET/PREFIX` [default: `results` of the file, else FILE-results beside it]
    #[arg(long, value_name = "PLACE")]
    pub results: Option<String>,
    /// Run nothing, and show what would run, how long, and for how much
    #[arg(long)]
    pub plan: bool,
    /// Run without asking, whatever it costs
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Ask where it is predicted to cost more [default: `max_usd` of the file, else 1]
    #[arg(long, value_name = "USD")]
    pub max_usd: Option<f64>,
    /// Time each cell so often at least [default: `repeats` of the file, else 3]
    #[arg(long, value_name = "N")]
    pub repeats: Option<u32>,
    /// Time it so often at most [default: `max_repeats` of the file, else 10]
    #[arg(long, value_name = "N")]
    pub max_repeats: Option<u32>,
    #[command(flatten)]
    pub view: View,
}

/// Flags of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = REPORT)]
pub struct Report {
    /// Results of a benchmark, or reports that jobs have left: a directory, or `s3://BUCKET/PREFIX`
    #[arg(value_name = "PLACE")]
    pub place: String,
    /// Where the report is written [default: PLACE where it holds a benchmark, else report/ here]
    #[arg(long, value_name = "DIR")]
    pub output: Option<String>,
    #[command(flatten)]
    pub view: View,
}

/// How runs are looked at.
#[derive(Debug, clap::Args)]
pub struct View {
    /// Compare at this VMAF [default: `min_vmaf` of the file, else the middle of what all ladders reach]
    #[arg(long, value_name = "VMAF")]
    pub min_vmaf: Option<f64>,
    /// What the answer is about: cost, time, energy, bitrate [default: cost where it is known, else time]
    #[arg(long, value_name = "WHAT")]
    pub rank_by: Option<String>,
    /// The report.json of an earlier benchmark to compare with
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// End with code 7 where something got worse than the baseline by more than this: cost>+5%, time>+10%, vmaf<-0.5
    #[arg(long, value_name = "LIMIT", requires = "baseline", num_args = 1..)]
    pub fail_if: Vec<Limit>,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
}

const BENCH: &str = "\
Every input is encoded by every variant on every compute, in turn, until each time is known to 2 % (95 % confidence) or ten runs are \
made. What is there is not run again: a benchmark that was stopped goes on where it was, and one whose file was changed measures what \
is new. The report lies beside the results: report.html, .md, .csv, .json.

A file:
  quality = [\"vmaf\", \"psnr\"]
  min_vmaf = 93

  [[inputs]]
  url = \"clip.mp4\"

  [[variants]]
  name = \"x264\"
  command = \"ffmpeg -i {input} -an -c:v libx264 -preset {preset} -crf {crf} {output}.mp4\"
  values = { preset = [\"fast\", \"slow\"], crf = [20, 26, 32] }

  [[computes]]
  compute = \"local\"
  threads = [1, 2]

  [[computes]]
  compute = \"arm\"
  instance_types = [\"c7g.xlarge\", \"c8g.xlarge\"]

Examples:
  ffbatch bench codecs.toml --plan
  ffbatch bench codecs.toml
  ffbatch bench codecs.toml --results s3://media/bench/codecs --max-usd 20
  ffbatch bench codecs.toml --baseline last/report.json --fail-if 'cost>+5%' 'vmaf<-0.5'";

const REPORT: &str = "\
Of a benchmark it is what `bench` writes, without running anything. Of jobs (`metrics/` of the stack's bucket, or the directory in which \
reports of this machine lie) commands that differ in their files alone are one variant, and those that differ in -crf, -qp, -cq or -b:v \
besides are one ladder.

Examples:
  ffbatch report codecs-results --min-vmaf 95
  ffbatch report s3://media-jobs/metrics/ --output out/jobs
  ffbatch report ~/.local/state/ffbatch --rank-by time";
