//! Files inside the `key=value:key=value` parameters of encoders.

use super::error::CommandError;
use super::escape::Token;
use super::finder::{Finder, Found};
use super::place::{Owner, Pattern, Role};

/// Options that hold encoder parameters, and for each the parameters that name files.
///
/// Sources: `x264_param_parse`, the x265 command line reference, libaom's `aomcx.h`, SVT-AV1's `Parameters.md`, and
/// vvenc's `vvenccfg.h`. The statistics of a two-pass encode are a prefix: `.mbtree`, `.cutree` and `.temp` follow.
const PARAMETERS: [(&str, &[(&str, Role)]); 6] = [
    ("x264-params", X264),
    ("x264opts", X264),
    ("x265-params", X265),
    (
        "aom-params",
        &[
            ("film-grain-table", Role::Read),
            ("vmaf-model-path", Role::Read),
        ],
    ),
    ("svtav1-params", &[("fgs-table", Role::Read)]),
    ("vvenc-params", &[("rcstatsfile", Role::Prefix)]),
];

const X264: &[(&str, Role)] = &[
    ("stats", Role::Prefix),
    ("cqmfile", Role::Read),
    ("qpfile", Role::Read),
    ("dump-yuv", Role::Write),
];

const X265: &[(&str, Role)] = &[
    ("stats", Role::Prefix),
    ("csv", Role::Write),
    ("qpfile", Role::Read),
    ("lambda-file", Role::Read),
    ("nalu-file", Role::Read),
    ("scaling-list", Role::Read),
    ("dhdr10-info", Role::Read),
    ("film-grain", Role::Read),
    ("analysis-load", Role::Read),
    ("analysis-save", Role::Write),
    ("analysis-reuse-file", Role::Write),
];

/// Names under which the encoders keep the statistics of a first pass when none is given.
const DEFAULT_STATS: [(&str, &str); 3] = [
    ("x264-params", "x264_2pass.log"),
    ("x264opts", "x264_2pass.log"),
    ("x265-params", "x265_2pass.log"),
];

/// Adds the places inside the value of an option, if it holds encoder parameters.
pub(super) fn find(
    finder: &mut Finder,
    name: &str,
    value: &Token<'_>,
    owner: Owner,
) -> Result<(), CommandError> {
    let Some((_, parameters)) = PARAMETERS.iter().find(|(option, _)| *option == name) else {
        return Ok(());
    };
    let mut at = 0;
    let (mut passes, mut named) = (false, false);
    while at < value.text.len() {
        let key = Token::read(value, at, "=");
        if key.end == value.text.len() {
            break;
        }
        let item = Token::read(value, key.end + 1, ":");
        at = item.end + 1;
        passes |= key.text == "pass";
        let Some((_, role)) = parameters
            .iter()
            .find(|(key_name, _)| *key_name == key.text)
        else {
            continue;
        };
        if item.text.is_empty() || is_keyword(&key.text, &item.text) {
            continue;
        }
        named |= key.text == "stats";
        let found = Found {
            role: *role,
            owner,
            pattern: Pattern::Literal,
            named_by: format!("-{name} {}", key.text),
            url: false,
        };
        finder.add(&item, 0..item.text.len(), found)?;
    }
    if passes && !named {
        for (_, stats) in DEFAULT_STATS.iter().filter(|(option, _)| *option == name) {
            finder.add_implicit(stats, Role::Prefix, owner);
        }
    }
    Ok(())
}

/// Whether a value is one of x265's own scaling lists and no file.
fn is_keyword(key: &str, value: &str) -> bool {
    key == "scaling-list" && ["off", "default", "0", "1", "2"].contains(&value)
}
