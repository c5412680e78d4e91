//! The one table of filter arguments that name files.
//!
//! It was made by reading `ffmpeg -h filter=NAME` of every filter of ffmpeg 9.0 and, for filters that this build lacks,
//! the ffmpeg-filters manual. Plugins (`frei0r`, `ladspa`, `lv2`) are code and no files of a job.

use super::Role;

/// A filter argument that names a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileArgument {
    filters: &'static [&'static str],
    /// Its names, the short one last.
    names: &'static [&'static str],
    /// Its place among arguments without a name, from 0, where it is near enough to the front to be used so.
    position: Option<usize>,
    /// What the filter does with the file.
    pub(super) role: Role,
    /// Whether the filter opens it through ffmpeg's protocols; otherwise with `fopen`.
    pub(super) url: bool,
}

/// Finds the argument by its name, or by its position where it has no name.
pub(super) fn find(
    filter: &str,
    key: Option<&str>,
    position: usize,
) -> Option<&'static FileArgument> {
    ARGUMENTS.iter().find(|argument| {
        argument.filters.contains(&filter)
            && match key {
                Some(key) => argument.names.contains(&key),
                None => argument.position == Some(position),
            }
    })
}

/// The file that a filter uses without being told.
pub(super) fn default_file(filter: &str) -> Option<(&'static str, Role)> {
    match filter {
        "vidstabdetect" => Some(("transforms.trf", Role::Write)),
        "vidstabtransform" => Some(("transforms.trf", Role::Read)),
        "nnedi" => Some(("nnedi3_weights.bin", Role::Read)),
        _ => None,
    }
}

const fn row(
    filters: &'static [&'static str],
    names: &'static [&'static str],
    position: Option<usize>,
    role: Role,
) -> FileArgument {
    FileArgument {
        filters,
        names,
        position,
        role,
        url: false,
    }
}

const fn opened(row: FileArgument) -> FileArgument {
    FileArgument { url: true, ..row }
}

const FILENAME: &[&str] = &["filename", "f"];
const STATS: &[&str] = &["stats_file", "f"];

const ARGUMENTS: [FileArgument; 47] = [
    opened(row(
        &["movie", "amovie"],
        &["filename"],
        Some(0),
        Role::Read,
    )),
    opened(row(&["subtitles"], FILENAME, Some(0), Role::Read)),
    row(&["ass"], FILENAME, Some(0), Role::Read),
    row(
        &["subtitles", "ass"],
        &["fontsdir"],
        Some(2),
        Role::ReadDirectory,
    ),
    row(&["lut3d", "lut1d"], &["file"], Some(0), Role::Read),
    row(&["drawtext"], &["fontfile"], Some(0), Role::Read),
    row(&["drawtext"], &["textfile"], Some(2), Role::Read),
    row(&["drawvg"], &["file"], Some(1), Role::Read),
    opened(row(
        &["metadata", "ametadata"],
        &["file"],
        Some(5),
        Role::Write,
    )),
    row(
        &["psnr", "ssim", "xpsnr", "ssim360"],
        STATS,
        Some(0),
        Role::Write,
    ),
    row(&["vmafmotion"], &["stats_file"], Some(0), Role::Write),
    row(&["loudnorm"], &["stats_file"], None, Role::Write),
    row(
        &["libvmaf", "libvmaf_cuda"],
        &["log_path"],
        Some(0),
        Role::Write,
    ),
    row(
        &["libvmaf", "libvmaf_cuda"],
        &["model_path"],
        None,
        Role::Read,
    ),
    row(&["vidstabdetect"], &["result"], Some(0), Role::Write),
    row(&["vidstabtransform"], &["input"], Some(0), Role::Read),
    row(&["signature"], &["filename"], Some(2), Role::Write),
    opened(row(&["removelogo"], FILENAME, Some(0), Role::Read)),
    row(&["arnndn"], &["model", "m"], Some(0), Role::Read),
    row(&["sofalizer"], &["sofa"], Some(0), Role::Read),
    row(&["curves"], &["psfile"], Some(6), Role::Read),
    row(&["curves"], &["plot"], None, Role::Write),
    row(&["selectivecolor"], &["psfile"], Some(10), Role::Read),
    row(&["sendcmd", "asendcmd"], FILENAME, Some(1), Role::Read),
    row(&["cellauto", "life"], FILENAME, Some(0), Role::Read),
    opened(row(&["cover_rect"], &["cover"], Some(0), Role::Read)),
    opened(row(&["find_rect"], &["object"], Some(0), Role::Read)),
    row(&["deshake"], &["filename"], Some(10), Role::Write),
    row(&["fieldhint"], &["hint"], Some(0), Role::Read),
    row(&["firequalizer"], &["dumpfile"], None, Role::Write),
    opened(row(&["fsync"], &["file", "f"], Some(0), Role::Read)),
    row(
        &["libplacebo"],
        &["lut", "custom_shader_path"],
        None,
        Role::Read,
    ),
    row(&["libplacebo"], &["shader_cache"], None, Role::Write),
    row(&["nnedi"], &["weights"], Some(0), Role::Read),
    row(
        &["openclsrc", "program_opencl"],
        &["source"],
        Some(0),
        Role::Read,
    ),
    row(&["xfade_opencl"], &["source"], None, Role::Read),
    row(&["paletteuse"], &["debug_kdtree"], None, Role::Write),
    row(&["showcqt"], &["fontfile", "axisfile"], None, Role::Read),
    row(&["sr", "derain"], &["model"], None, Role::Read),
    row(
        &["dnn_processing", "dnn_detect", "dnn_classify"],
        &["model", "labels"],
        None,
        Role::Read,
    ),
    row(&["whisper"], &["model", "vad_model"], None, Role::Read),
    opened(row(&["whisper"], &["destination"], None, Role::Write)),
    row(&["flite"], &["textfile"], None, Role::Read),
    row(
        &["qrencode", "qrencodesrc"],
        &["textfile"],
        None,
        Role::Read,
    ),
    row(&["ocr"], &["datapath"], Some(0), Role::ReadDirectory),
    row(&["lensfun"], &["db_path"], None, Role::Read),
    row(&["asr"], &["dict", "hmm", "lm", "lmctl"], None, Role::Read),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_by_name_and_position() {
        let role = |filter, key, position| find(filter, key, position).map(|file| file.role);
        assert_eq!(role("subtitles", None, 0), Some(Role::Read));
        assert_eq!(role("subtitles", None, 1), None);
        assert_eq!(role("subtitles", None, 2), Some(Role::ReadDirectory));
        assert_eq!(role("psnr", Some("f"), 3), Some(Role::Write));
        assert_eq!(
            role("movie", Some("f"), 1),
            None,
            "the movie filter's `f` is a format"
        );
        assert_eq!(role("scale", None, 0), None);
    }
}
