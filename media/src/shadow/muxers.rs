//! How ffmpeg keeps pictures in step with the clock where a command leaves that to it (`-fps_mode auto`).
//!
//! It depends on the muxer (`new_stream_video` in `fftools/ffmpeg_mux_init.c`): for one whose format can carry any timestamps
//! (`AVFMT_VARIABLE_FPS`) pictures pass as they come, for the others they are repeated and left out until the rate is even. So
//! the shadow gets a muxer of the same kind that writes nothing of the pictures. The lists are made by running each muxer of
//! `FFmpeg` 9.0.2 over a clip that lacks a frame; `scripts/probe-muxers` does it again.

/// Muxers that take any timestamps. `avi` is no such format; ffmpeg treats it like one.
const VARIABLE: [&str; 16] = [
    "apng",
    "avi",
    "flv",
    "framecrc",
    "framehash",
    "framemd5",
    "gif",
    "hash",
    "matroska",
    "md5",
    "mov",
    "mp4",
    "mpegts",
    "nut",
    "streamhash",
    "webm",
];

/// Muxers for which ffmpeg makes the rate even.
const EVEN: [&str; 40] = [
    "3g2",
    "3gp",
    "apv",
    "asf",
    "asf_stream",
    "avif",
    "avm2",
    "avs2",
    "crc",
    "dash",
    "dirac",
    "dvd",
    "f4v",
    "h264",
    "hevc",
    "hls",
    "image2",
    "ipod",
    "ismv",
    "ivf",
    "m4v",
    "mjpeg",
    "mpeg",
    "mpeg1video",
    "mpeg2video",
    "mxf",
    "obu",
    "ogg",
    "ogv",
    "rawvideo",
    "rm",
    "segment",
    "smoothstreaming",
    "svcd",
    "swf",
    "tee",
    "vcd",
    "vob",
    "vvc",
    "wtv",
];

/// The muxer of shadows whose outputs take any timestamps.
pub const VARIABLE_RATE: &str = "framecrc";

/// The muxer that a shadow of an output with this muxer gets; `None` where it is not known how that one works.
pub fn shadow_of(muxer: &str) -> Option<&'static str> {
    // A muxer may list several names of its own: `stream_segment,ssegment`.
    let is_one_of = |known: &[&str]| muxer.split(',').any(|name| known.contains(&name));
    if is_one_of(&VARIABLE) {
        Some(VARIABLE_RATE)
    } else if is_one_of(&EVEN) {
        Some("crc")
    } else {
        None
    }
}
