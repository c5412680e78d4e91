//! The models of VMAF, as people name them and as the `libvmaf` filter wants them.
//!
//! What each is for: <https://github.com/Netflix/vmaf/blob/master/resource/doc/models_v0.md> and, for those of 2026,
//! <https://github.com/Netflix/vmaf/blob/master/resource/doc/models_v1.md>. Which of them are there depends on the build of
//! ffmpeg, which says so itself.

use std::path::{Path, PathBuf};

use ffbatch_dispatcher::metric::{Model, ModelError};

/// Short names, and what they stand for in the words of libvmaf.
const KINDS: [(&str, &str); 8] = [
    ("hd", HD),
    ("4k", UHD),
    ("neg", "vmaf_v0.6.1neg"),
    ("4k-neg", "vmaf_4k_v0.6.1neg"),
    // What libvmaf's own tools call the phone model.
    ("phone", "vmaf_v0.6.1:enable_transform=true"),
    ("v1", "vmaf_v1.0.16_3d0h"),
    // Of the two for 4K the one that the documentation calls the default choice.
    ("v1-4k", "vmaf_v1.0.16_1d5h_2160"),
    ("v1-phone", "vmaf_v1.0.16_5d0h"),
];

/// The model that published numbers mean.
const HD: &str = "vmaf_v0.6.1";

/// Its variant for pictures that fill a 4K screen.
const UHD: &str = "vmaf_4k_v0.6.1";

/// Pictures larger than this in both directions get the 4K model: between 1440p, which the usual model still serves,
/// and 2160p, for which the other was made.
const LARGEST_HD: (u32, u32) = (2560, 1440);

/// Reads what somebody typed: a kind, the exact name of a built-in model, or the path of a file.
pub fn parse(typed: &str) -> Result<Model, ModelError> {
    if let Some((_, name)) = KINDS.iter().find(|(kind, _)| *kind == typed) {
        return Ok(built_in(name));
    }
    let ending = Path::new(typed).extension();
    if typed.contains('/') || ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return file(typed);
    }
    let exact = typed.starts_with("vmaf_")
        && typed
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_.".contains(letter));
    if exact {
        return Ok(built_in(typed));
    }
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    Err(ModelError {
        reason: format!(
            "unknown VMAF model `{typed}` (known: {}, a name that libvmaf knows such as `vmaf_v0.6.1`, or the path of a .json file)",
            kinds.join(", ")
        ),
    })
}

/// The model for pictures of this size, where nobody asks for one.
pub fn by_size(width: u32, height: u32) -> Model {
    let large = width > LARGEST_HD.0 && height > LARGEST_HD.1;
    built_in(if large { UHD } else { HD })
}

/// True for the models of 2026, which are made for 10 bits.
pub fn wants_ten_bits(model: &Model) -> bool {
    model.name.starts_with("vmaf_v1")
}

/// How many frames before and behind a frame its score depends on. Of all that libvmaf computes only motion looks at other
/// frames: with its usual window at the one before and the one behind, with the one of five frames and the moving average, which
/// models for high frame rates use, at four before (`integer_motion.c`, `float_motion.c` and `speed.c` in
/// <https://github.com/Netflix/vmaf/tree/master/libvmaf/src/feature>). A model that is not known here may use anything of that.
pub fn looks_at(model: &Model) -> (usize, usize) {
    let usual = ["vmaf_v0.6.", "vmaf_4k_v0.6.", "vmaf_v1.0.16_"];
    let is_usual = model.file.is_none()
        && usual.iter().any(|start| model.name.starts_with(start))
        && !model.name.contains("hfr");
    (if is_usual { 1 } else { 4 }, 1)
}

/// The value of the filter's option `model`, as a filter graph holds it.
pub fn option(model: &Model) -> String {
    let value = match &model.file {
        // Three levels read it: the graph, the filter's options and, inside of this one, the model's own.
        Some(path) => format!("path={}", escaped(&path.to_string_lossy(), r"\':")),
        None => format!("version={}", model.name),
    };
    escaped(&escaped(&value, r"\':"), r"\'[],;")
}

fn built_in(name: &str) -> Model {
    Model {
        name: name.to_owned(),
        file: None,
    }
}

fn file(typed: &str) -> Result<Model, ModelError> {
    // The filter cuts its option at each `|`, where several models meet, and knows no escape for it.
    if typed.contains('|') {
        return Err(ModelError {
            reason: format!(
                "the VMAF model `{typed}` cannot be named to ffmpeg (no `|` in its path)"
            ),
        });
    }
    let path = Path::new(typed);
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(Model {
        name: name.to_string_lossy().into_owned(),
        file: Some(PathBuf::from(typed)),
    })
}

fn escaped(text: &str, special: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if special.contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, name: &str, expected: &str) {
        let model = parse(typed).expect("a model");
        assert_eq!(
            (model.name.as_str(), option(&model).as_str()),
            (name, expected)
        );
    }

    #[test]
    fn kinds() {
        check("hd", "vmaf_v0.6.1", "version=vmaf_v0.6.1");
        check("4k", "vmaf_4k_v0.6.1", "version=vmaf_4k_v0.6.1");
        check("neg", "vmaf_v0.6.1neg", "version=vmaf_v0.6.1neg");
        check("4k-neg", "vmaf_4k_v0.6.1neg", "version=vmaf_4k_v0.6.1neg");
        check(
            "phone",
            "vmaf_v0.6.1:enable_transform=true",
            r"version=vmaf_v0.6.1\\:enable_transform=true",
        );
        check("v1", "vmaf_v1.0.16_3d0h", "version=vmaf_v1.0.16_3d0h");
        check(
            "v1-4k",
            "vmaf_v1.0.16_1d5h_2160",
            "version=vmaf_v1.0.16_1d5h_2160",
        );
        check("v1-phone", "vmaf_v1.0.16_5d0h", "version=vmaf_v1.0.16_5d0h");
    }

    #[test]
    fn models_of_high_frame_rates_look_further() {
        for (typed, before) in [
            ("hd", 1),
            ("4k-neg", 1),
            ("phone", 1),
            ("v1-4k", 1),
            ("vmaf_v1.0.16_hfr_3d0h", 4),
            ("vmaf_v2.0", 4),
            ("vmaf_v0.6.1.json", 4),
        ] {
            let model = parse(typed).expect("a model");
            assert_eq!(looks_at(&model), (before, 1), "{typed}");
        }
    }

    #[test]
    fn exact_names_and_files() {
        check(
            "vmaf_v1.0.16_hfr_3d0h",
            "vmaf_v1.0.16_hfr_3d0h",
            "version=vmaf_v1.0.16_hfr_3d0h",
        );
        check("mine.json", "mine.json", "path=mine.json");
        check("/models/vmaf_v9", "vmaf_v9", "path=/models/vmaf_v9");
        assert_eq!(
            parse("s3://b/mine.json").expect("a model").file,
            Some("s3://b/mine.json".into())
        );
    }

    /// ffmpeg 9 opened this very file with this very text.
    #[test]
    fn a_path_goes_through_three_levels() {
        check(
            r"we ird/a:b'c,d;e[f]\g=h%.json",
            r"a:b'c,d;e[f]\g=h%.json",
            r"path=we ird/a\\\\\\:b\\\\\\\'c\,d\;e\[f\]\\\\\\\\g=h%.json",
        );
    }

    #[test]
    fn what_is_no_model_is_refused_with_the_kinds() {
        let refused = |typed| parse(typed).expect_err("no model").to_string();
        insta::assert_snapshot!(refused("ngg"), @"unknown VMAF model `ngg` (known: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, a name that libvmaf knows such as `vmaf_v0.6.1`, or the path of a .json file)");
        insta::assert_snapshot!(refused("/a|b.json"), @"the VMAF model `/a|b.json` cannot be named to ffmpeg (no `|` in its path)");
        assert!(refused("").starts_with("unknown VMAF model ``"));
        assert!(refused("vmaf_v0.6.1:enable_transform=true").starts_with("unknown"));
    }

    #[test]
    fn the_size_chooses() {
        assert_eq!(by_size(1920, 1080).name, HD);
        assert_eq!(by_size(3840, 2160).name, UHD);
        assert_eq!(by_size(2160, 3840).name, HD);
    }
}
