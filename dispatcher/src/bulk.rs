//! Bulk runs: a job for every media object under a prefix, wherever the API stands that starts them.

/// What follows the last point in the keys of media, in lower case; written in capitals, each is one as well.
pub const EXTENSIONS: [&str; 46] = [
    "264", "265", "3gp", "aac", "ac3", "aif", "aiff", "av1", "avi", "dv", "eac3", "flac", "flv",
    "gif", "h264", "h265", "hevc", "ivf", "jpeg", "jpg", "m2ts", "m2v", "m4a", "m4v", "mka", "mkv",
    "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts", "mxf", "obu", "ogg", "ogv", "opus", "png",
    "tif", "tiff", "ts", "vob", "wav", "webm", "wmv",
];

/// Percent of the jobs that may fail before a run counts as failed, where nobody says.
pub const TOLERATED: u32 = 10;

/// [`EXTENSIONS`] as they stand in keys: in lower case, and in capitals.
pub fn extensions() -> Vec<String> {
    let both = EXTENSIONS.iter().flat_map(|one| {
        let capitals = one.to_ascii_uppercase();
        let differs = capitals != **one;
        [Some((*one).to_owned()), differs.then_some(capitals)]
    });
    both.flatten().collect()
}
