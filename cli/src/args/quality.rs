//! Flags of `quality`.

use std::path::PathBuf;

/// Flags of `quality`.
#[derive(Debug, clap::Args)]
#[command(after_help = QUALITY)]
pub struct Quality {
    /// The video that is compared with: the source of the encode
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The video that is judged
    #[arg(value_name = "DISTORTED")]
    pub distorted: String,
    /// What is measured: psnr, ssim, vmaf, xpsnr; several with commas [default: those of the configuration, else psnr,ssim,vmaf]
    #[arg(long, value_name = "METRICS", value_delimiter = ',')]
    pub metrics: Vec<String>,
    /// The model of VMAF: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, a name that libvmaf knows, or a .json file [default: by the size]
    #[arg(long, value_name = "KIND|FILE")]
    pub vmaf_model: Option<String>,
    /// ffmpeg's options for opening both files, such as `-f rawvideo -s 576x324 -pix_fmt yuv420p10le`
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub options: Option<String>,
    /// Further options for the reference alone
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub reference_options: Option<String>,
    /// Further options for the judged video alone
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub distorted_options: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print the values of every frame as CSV instead of the table
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Also write the values of every frame to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub frames: Option<PathBuf>,
    /// Also draw the values of every frame into this file, a .svg or a .png
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Threads for decoders and filters [default: the processors of this machine]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

const QUALITY: &str = "\
Frame n is compared with frame n, whatever timestamps and containers say. Where one video has more frames than the other, the place \
where the shorter one begins in the longer one is looked for, and said; where that is not certain there is no number. Videos of \
different sizes are refused. What is compared is the first video stream that is no cover.

Examples:
  ffbatch quality master.mov encode.mp4
  ffbatch quality master.mov encode.mp4 --metrics vmaf --vmaf-model neg --json
  ffbatch quality master.mov encode.mp4 --csv > frames.csv
  ffbatch quality master.mov encode.mp4 --plot curves.svg
  ffbatch quality a.yuv b.yuv --options '-f rawvideo -s 576x324 -pix_fmt yuv420p10le'
  ffbatch quality a.yuv b.mp4 --reference-options '-f rawvideo -s 1920x1080 -pix_fmt yuv420p'

Exit codes:
  0  every metric was measured
  2  the two are not comparable, or what was asked for is wrong
  3  a file cannot be read
  4  ffmpeg failed
  5  a file could not be written
  6  this machine cannot measure: no ffmpeg, or one without the filter of a metric
 75  interrupted
Where some metrics were measured and others not, the numbers are printed and the code is that of the first one without.";
