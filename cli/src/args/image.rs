//! Flags of `image`.

use std::path::PathBuf;

use clap::Subcommand;

use super::StackFlags;

/// The verbs of images.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// Bring the images that jobs start from into the stack's repository
    Push(Box<Push>),
}

/// Flags of `image push`.
#[derive(Debug, clap::Args)]
#[command(after_help = PUSH)]
pub struct Push {
    /// An archive of an image, as `docker save` and Nix write it; may be given several times, once for each architecture
    #[arg(long = "archive", value_name = "FILE", conflicts_with_all = ["from", "tags"])]
    pub archives: Vec<PathBuf>,
    /// The repository that images come from, without a tag [default: where ffbatch is published]
    #[arg(long, value_name = "HOST/NAME")]
    pub from: Option<String>,
    /// An image by its tag; may be given several times [default: those that the stack's jobs need]
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// The repository that they go to, without a tag [default: the stack's own]
    #[arg(long, value_name = "HOST/NAME")]
    pub to: Option<String>,
    /// Push an image also where an architecture is missing that a compute of the stack needs
    #[arg(long)]
    pub incomplete: bool,
    /// Print what was pushed as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub stack: StackFlags,
}

const PUSH: &str = "\
Examples:
  ffbatch image push
  ffbatch image push --archive cpu-amd64.tar.gz --archive cpu-arm64.tar.gz
  ffbatch image push --from registry.example.com/team/ffbatch --tag cpu-0.1.0

A tag never changes what it names, and comes last: whoever pulls it finds all of the image. What is there already is not sent again. \
Logins of other registries than the stack's are those that `docker login` has kept.";
