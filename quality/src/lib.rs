//! The quality metrics, one file each: a branch of ffmpeg's filter graph out, per-frame scores in.
//!
//! This crate is pure: it runs nothing, opens no file and knows no job. A metric is a descriptor that it submits to the
//! registry; adding one takes one file here and one `mod` line below. `format` and `metadata` are no metrics: they hold
//! what several of them need, conversions of pixel formats and the file that ffmpeg's `metadata` filter writes.

mod format;
mod metadata;
mod psnr;
mod ssim;
mod vmaf;
mod xpsnr;
