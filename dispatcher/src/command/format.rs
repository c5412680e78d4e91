//! What the grammar must know of muxers, demuxers and their file names.

/// Extensions with which a name such as `x%d.png` is opened by image2, sorted (`ff_img_tags` in `libavformat/img2.c`; each
/// was tried with ffmpeg 9.0). Pictures with a format of their own, such as GIF and AVIF, are not among them.
const IMAGES: [&str; 59] = [
    "bmp", "cri", "dds", "dng", "dpx", "exr", "hdr", "im1", "im24", "im8", "j2c", "j2k", "jls",
    "jp2", "jpc", "jpeg", "jpg", "jps", "jxl", "jxs", "ljpg", "mng", "mpg1-img", "mpo", "pam",
    "pbm", "pct", "pcx", "pfm", "pgm", "pgmyuv", "phm", "pic", "pict", "pix", "png", "pnm", "pns",
    "ppm", "ptx", "qoi", "ras", "raw", "rs", "sgi", "sun", "sunras", "svg", "svgz", "tga", "tif",
    "tiff", "vbn", "wbmp", "webp", "xbm", "xface", "xwd", "y",
];

/// Capture and playback devices (the ffmpeg-devices manual), without `lavfi`, which is none.
const DEVICES: [&str; 32] = [
    "alsa",
    "android_camera",
    "audiotoolbox",
    "avfoundation",
    "bktr",
    "caca",
    "decklink",
    "dshow",
    "fbdev",
    "gdigrab",
    "gfxcapture",
    "iec61883",
    "jack",
    "kmsgrab",
    "libcdio",
    "libdc1394",
    "libndi_newtek",
    "openal",
    "opengl",
    "oss",
    "pulse",
    "sdl",
    "sdl2",
    "sndio",
    "v4l2",
    "vfwcap",
    "video4linux2",
    "x11grab",
    "xcbgrab",
    "xv",
    "video4linux",
    "ndi",
];

/// Whether a format is a device of one machine.
pub(super) fn is_device(format: &str) -> bool {
    // `-f` takes a list of names of one demuxer, such as `video4linux2,v4l2`.
    format.split(',').any(|name| DEVICES.contains(&name))
}

/// Whether an extension is a picture's.
pub(super) fn is_image(extension: &str) -> bool {
    IMAGES.binary_search(&extension).is_ok()
}

/// Whether a name holds exactly one number, `%d` or `%05d`, and otherwise only `%%` (`av_filename_number_test`).
pub(super) fn has_number(name: &str) -> bool {
    let mut rest = name;
    let mut numbers = 0;
    while let Some(at) = rest.find('%') {
        rest = rest[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        match rest.chars().next() {
            Some('d') => numbers += 1,
            Some('%') => {}
            _ => return false,
        }
        rest = &rest[1..];
    }
    numbers == 1
}

/// Whether an HLS name has something to replace, by the looser rule of the HLS muxer (`replace_str_data_in_filename` in
/// `libavformat/hlsenc.c`): `%` with digits and the letter, anywhere, as often as wanted.
pub(super) fn has_field(name: &str, letter: char) -> bool {
    name.match_indices('%').any(|(at, _)| {
        let rest = name[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
        rest.starts_with(letter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, number: bool, field: bool) {
        assert_eq!(
            (has_number(name), has_field(name, 'd')),
            (number, field),
            "{name}"
        );
    }

    #[test]
    fn numbers_in_names() {
        check("a%d.png", true, true);
        check("a%05d.png", true, true);
        check("100%%/a%3d.png", true, true);
        check("a%41.png", false, false);
        check("a%d%d.png", false, true);
        check("a%.png", false, false);
        check("a%", false, false);
        check("a%%.png", false, false);
        check("%ü%d", false, true);
        check("a.png", false, false);
    }

    #[test]
    fn formats() {
        assert!(is_device("v4l2") && is_device("video4linux2,v4l2") && !is_device("lavfi"));
        assert!(is_image("png") && !is_image("gif") && !is_image("mp4"));
        assert!(IMAGES.is_sorted());
    }
}
