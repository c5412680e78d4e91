//! The form in which pictures are compared: chosen here and said in every result, so that ffmpeg never chooses one.
//!
//! Size and pixel format are those of the distorted video, which its viewers get. Sample values are compared as they are coded: a
//! wrong or missing mark of range or matrix on one side converts nothing.

use std::fmt;

use super::planar::{is_rgb, planar};
use crate::probe::Video;

/// The form in which pictures were compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The size of the distorted video, where it was scaled to the other's.
    pub scaled_from: Option<(u32, u32)>,
    /// The pixel format, such as `yuv420p`; planar, never one of ffmpeg's `yuvj` names.
    pub pixel_format: String,
    /// The range of sample values.
    pub range: Range,
    /// Frames a second of the distorted video, where it tells.
    pub frame_rate: Option<f64>,
    /// The transfer characteristics of the distorted video, or else of the reference, where they tell.
    pub transfer: Option<String>,
}

/// The range of sample values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Luma from 16 to 235 of 255, in proportion for more bits; ffmpeg's `tv`.
    Limited,
    /// Everything the bits can say; ffmpeg's `pc`.
    Full,
}

impl Range {
    /// ffmpeg's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limited => "tv",
            Self::Full => "pc",
        }
    }
}

impl Domain {
    /// The form for these two videos, in this size.
    pub fn of(reference: &Video, distorted: &Video, (width, height): (u32, u32)) -> Self {
        let marked = |video: &Video| match video.range.as_deref() {
            Some("pc") => Some(Range::Full),
            Some(_) => Some(Range::Limited),
            None => None,
        };
        let pixel_format = planar(&distorted.pixel_format);
        let is_full = distorted.pixel_format.starts_with("yuvj") || is_rgb(&pixel_format);
        let range = if is_full {
            Range::Full
        } else {
            // What the encoder was given is certain; what a container says of it may be lost or guessed.
            marked(reference)
                .or_else(|| marked(distorted))
                .unwrap_or(Range::Limited)
        };
        Self {
            width,
            height,
            scaled_from: None,
            pixel_format,
            range,
            frame_rate: distorted.frame_rate,
            transfer: distorted
                .transfer
                .clone()
                .or_else(|| reference.transfer.clone()),
        }
    }

    /// Filters that bring a video into this form; its frame n gets n milliseconds, whatever its own clock says.
    pub fn filters(&self) -> String {
        let format = &self.pixel_format;
        let marks = if is_rgb(format) {
            String::new()
        } else {
            // The matrix is only named, so that both sides name the same one.
            format!("setparams=range={}:colorspace=bt709,", self.range.name())
        };
        format!("settb=1/1000,setpts=N,{marks}format={format}")
    }

    /// The same for the distorted video, which may have to be scaled: bicubic, as VMAF's documentation asks for
    /// (<https://github.com/Netflix/vmaf/blob/master/resource/doc/faq.md>).
    pub fn filters_of_distorted(&self) -> String {
        let (filters, width, height) = (self.filters(), self.width, self.height);
        match self.scaled_from {
            Some(_) => format!("scale={width}:{height}:flags=bicubic,{filters}"),
            None => filters,
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height, range) = (self.width, self.height, self.range.name());
        write!(out, "{width}x{height} {} {range}", self.pixel_format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(pixel_format: &str, range: Option<&str>) -> Video {
        Video {
            pixel_format: pixel_format.to_owned(),
            range: range.map(str::to_owned),
            ..Video::default()
        }
    }

    #[test]
    fn the_range_is_that_of_what_the_encoder_was_given() {
        let text = |reference: &Video, distorted: &Video| {
            Domain::of(reference, distorted, (2, 2)).to_string()
        };
        let of = |range| video("yuv420p", range);
        assert_eq!(text(&of(None), &of(None)), "2x2 yuv420p tv");
        assert_eq!(text(&of(Some("pc")), &of(None)), "2x2 yuv420p pc");
        assert_eq!(text(&of(Some("pc")), &of(Some("tv"))), "2x2 yuv420p pc");
        assert_eq!(text(&of(None), &of(Some("pc"))), "2x2 yuv420p pc");
        let old = video("yuvj420p", Some("pc"));
        assert_eq!(text(&of(None), &old), "2x2 yuv420p pc");
        assert_eq!(text(&of(None), &video("bgr0", None)), "2x2 gbrp pc");
    }
}
