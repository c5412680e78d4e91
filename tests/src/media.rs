//! What is in a media file, as the real ffmpeg's decoders say. There is no ffprobe in every build.

use std::path::Path;
use std::process::Command;

use crate::tools;

/// The number of video frames that decode without any complaint.
#[track_caller]
pub fn frames(path: &Path) -> usize {
    hashes(path, "v:0").len()
}

/// One hash for each decoded frame of a stream (`v:0`, `a:0`): equal pictures have equal hashes.
#[track_caller]
pub fn hashes(path: &Path, stream: &str) -> Vec<String> {
    let decoded = Command::new(tools::ffmpeg())
        .args(["-nostdin", "-v", "error", "-xerror"])
        .arg("-i")
        .arg(path)
        .args([
            "-map",
            &format!("0:{stream}"),
            "-f",
            "framehash",
            "-hash",
            "crc32",
            "-fps_mode",
            "passthrough",
            "-",
        ])
        .output()
        .expect("ffmpeg starts");
    let said = String::from_utf8_lossy(&decoded.stderr);
    assert!(
        decoded.status.success() && said.is_empty(),
        "`{}` does not decode cleanly: {said}",
        path.display()
    );
    String::from_utf8_lossy(&decoded.stdout)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            line.rsplit_once(',')
                .map(|(_, hash)| hash.trim().to_owned())
        })
        .collect()
}

/// What ffmpeg prints about a file's streams: one line for each.
#[track_caller]
pub fn streams(path: &Path) -> Vec<String> {
    let asked = Command::new(tools::ffmpeg())
        .args(["-nostdin", "-hide_banner", "-i"])
        .arg(path)
        .output()
        .expect("ffmpeg starts");
    String::from_utf8_lossy(&asked.stderr)
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Stream #").map(str::to_owned))
        .collect()
}
