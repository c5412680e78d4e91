//! The quality metrics, one file each: a part of ffmpeg's filter graph out, per-frame scores in.
//!
//! This crate is pure: it runs nothing, opens no file and knows no job. A metric is a descriptor that it submits to the
//! registry; adding one takes one file here and one `mod` line below.

mod psnr;
mod ssim;
mod vmaf;
