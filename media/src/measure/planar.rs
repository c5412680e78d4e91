//! Pixel formats as the quality filters take them: planar, in the byte order of this machine.
//!
//! ffmpeg's filters `psnr`, `ssim` and `xpsnr` take planar YUV, RGB and gray of most depths, and no packed format. For any other
//! ffmpeg puts in a conversion and says nothing of it. Here it is chosen, and said with the result. Most packed formats
//! hold the same samples in another order; the few that need a conversion get the format that loses the least. Alpha stays
//! where it has a plane of its own, and is left out where it is packed.

/// The planar format for pictures of a pixel format.
pub fn planar(format: &str) -> String {
    let name = format
        .strip_suffix("le")
        .or_else(|| format.strip_suffix("be"))
        .unwrap_or(format);
    let planar = rearranged(name)
        .or_else(|| nearest(name))
        .map(str::to_owned);
    let planar = planar
        .or_else(|| rgb(name))
        .unwrap_or_else(|| name.replacen("yuvj", "yuv", 1));
    // A format of more than eight bits ends with their number.
    let is_deep = planar.ends_with(|letter: char| letter.is_ascii_digit());
    format!("{planar}{}", if is_deep { "le" } else { "" })
}

/// Formats of the same samples in another order.
fn rearranged(name: &str) -> Option<&'static str> {
    Some(match name {
        "nv12" | "nv21" => "yuv420p",
        "nv16" | "yuyv422" | "uyvy422" | "yvyu422" => "yuv422p",
        "nv24" | "nv42" | "ayuv" | "uyva" | "vuya" | "vuyx" | "vyu444" => "yuv444p",
        "p010" => "yuv420p10",
        "p012" => "yuv420p12",
        "p016" => "yuv420p16",
        "nv20" | "p210" | "y210" => "yuv422p10",
        "p212" | "y212" => "yuv422p12",
        "p216" | "y216" => "yuv422p16",
        "p410" | "xv30" | "v30x" | "yuv444p10msb" => "yuv444p10",
        "p412" | "xv36" | "yuv444p12msb" => "yuv444p12",
        "p416" | "xv48" | "ayuv64" => "yuv444p16",
        "monow" | "monob" | "ya8" => "gray",
        "ya16" => "gray16",
        "gbrp10msb" => "gbrp10",
        "gbrp12msb" => "gbrp12",
        _ => return None,
    })
}

/// What loses the least of a format that no filter takes: of fewer lines of chroma than columns, of rare depths, in floating point,
/// of another model of colour.
fn nearest(name: &str) -> Option<&'static str> {
    Some(match name {
        "yuv440p10" => "yuv444p10",
        "yuv440p12" => "yuv444p12",
        "yuva422p12" => "yuva422p16",
        "yuva444p12" => "yuva444p16",
        "gbrap14" | "gbrapf16" | "gbrapf32" => "gbrap16",
        "gbrpf16" | "gbrpf32" => "gbrp16",
        "grayf16" | "grayf32" | "yaf16" | "yaf32" => "gray16",
        "xyz12" => "gbrp12",
        _ => return None,
    })
}

/// True for planar formats of red, green and blue.
pub fn is_rgb(planar: &str) -> bool {
    planar.starts_with("gbr")
}

/// The planar format for a packed one of red, green and blue.
fn rgb(name: &str) -> Option<String> {
    let is_packed = ["rgb", "bgr", "0rgb", "0bgr", "argb", "abgr", "pal8", "x2"]
        .iter()
        .any(|start| name.starts_with(start));
    // `rgb48` has three times 16 bits, `x2rgb10` three times ten; less than eight go into eight.
    let holds = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let bits = if holds(&["48", "64", "96", "128", "f16", "f32"]) {
        "16"
    } else if holds(&["10"]) {
        "10"
    } else {
        ""
    };
    is_packed.then(|| format!("gbrp{bits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, expected: &str) {
        assert_eq!(planar(format), expected);
    }

    #[test]
    fn what_is_packed_is_laid_out_in_planes() {
        for same in [
            "yuv420p",
            "yuv422p10le",
            "yuva420p",
            "gbrp12le",
            "gray",
            "gray10le",
            "yuv440p",
            "yuv411p",
        ] {
            check(same, same);
        }
        check("yuvj420p", "yuv420p");
        check("yuvj422p", "yuv422p");
        check("nv12", "yuv420p");
        check("p010le", "yuv420p10le");
        check("p016le", "yuv420p16le");
        check("y210le", "yuv422p10le");
        check("nv20le", "yuv422p10le");
        check("yuyv422", "yuv422p");
        check("uyvy422", "yuv422p");
        check("p216le", "yuv422p16le");
        check("rgb24", "gbrp");
        check("bgra", "gbrp");
        check("0rgb", "gbrp");
        check("rgb48le", "gbrp16le");
        check("x2rgb10le", "gbrp10le");
        check("pal8", "gbrp");
        check("ya8", "gray");
    }

    #[test]
    fn byte_order_is_no_difference() {
        check("yuv420p10be", "yuv420p10le");
        check("gray16be", "gray16le");
        check("rgb48be", "gbrp16le");
        check("p010be", "yuv420p10le");
    }

    #[test]
    fn what_no_filter_takes_becomes_what_loses_least() {
        check("yuv440p10le", "yuv444p10le");
        check("yuva444p12le", "yuva444p16le");
        check("gbrpf32le", "gbrp16le");
        check("rgbf32le", "gbrp16le");
        check("xyz12le", "gbrp12le");
    }
}
