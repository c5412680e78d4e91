//! Small clips, made by the real ffmpeg once and kept in `target/fixtures`.
//!
//! Test processes run beside each other, so each clip has a lock file, and appears under its name only when it is whole.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::tools;

/// A clip and how it is made.
#[derive(Debug, Clone, Copy)]
pub struct Clip {
    name: &'static str,
    words: &'static str,
}

/// 320x180, 25 frames a second, 50 frames, a key frame every 10, stereo sound: H.264 and AAC in MP4.
pub const SHORT: Clip = Clip {
    name: "short.mp4",
    words: "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2 -f lavfi -i sine=frequency=440:duration=2 \
            -c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p -c:a aac -ac 2 -shortest",
};

/// The same picture without sound, 24 frames only, in another size: to be told apart from [`SHORT`].
pub const OTHER: Clip = Clip {
    name: "other.mp4",
    words: "-f lavfi -i smptebars=size=160x90:rate=24:duration=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
};

/// 640x360, 25 frames a second, 750 frames, no sound: long enough that an encode can be interrupted.
pub const LONG: Clip = Clip {
    name: "long.mp4",
    words: "-f lavfi -i testsrc2=size=640x360:rate=25:duration=30 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p",
};

/// 320x180, 25 frames a second, 250 frames, a key frame every 5, no sound: it can be cut into fifty segments as it is.
pub const CUT: Clip = Clip {
    name: "cut.mp4",
    words: "-f lavfi -i testsrc2=size=320x180:rate=25:duration=10 -c:v libx264 -preset ultrafast -g 5 -pix_fmt yuv420p",
};

/// Two seconds of a tone in WAV.
pub const TONE: Clip = Clip {
    name: "tone.wav",
    words: "-f lavfi -i sine=frequency=440:duration=2",
};

/// The path of a clip, which is made first where it is missing.
#[track_caller]
pub fn path(clip: Clip) -> PathBuf {
    let directory = tools::fixtures();
    // The words are part of the name, so that a changed clip is made anew.
    let path = directory.join(format!("{:08x}-{}", fingerprint(clip.words), clip.name));
    let lock = File::create(directory.join(format!("{}.lock", clip.name)))
        .expect("the target directory is writable");
    lock.lock().expect("a local file system has locks");
    if !path.exists() {
        let partial = directory.join(format!("partial-{}", clip.name));
        let made = Command::new(tools::ffmpeg())
            .args(["-nostdin", "-v", "error", "-y", "-bitexact"])
            .args(clip.words.split_whitespace())
            .arg(&partial)
            .output()
            .expect("ffmpeg starts");
        assert!(
            made.status.success(),
            "the clip `{}` cannot be made: {}",
            clip.name,
            String::from_utf8_lossy(&made.stderr)
        );
        fs::rename(&partial, &path).expect("one directory, one file system");
    }
    path
}

/// The bytes of a clip.
#[track_caller]
pub fn bytes(clip: Clip) -> Vec<u8> {
    fs::read(path(clip)).expect("a clip that was just made is readable")
}

/// FNV-1a: any stable hash would do.
pub(crate) fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
