//! The environment that ffmpeg gets: a list of what it needs, so that what nobody thought of (`AWS_*`, tokens, proxies with
//! passwords) stays outside.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables that pass, each for a reason.
const NAMES: [&str; 18] = [
    // Wrapper scripts around ffmpeg (Nix, distributions) look up programs.
    "PATH",
    // fontconfig and ffmpeg's presets look below the home directory; it is readable only where the policy says.
    "HOME",
    // Number and text formats, and the time zone of `drawtext` and of `creation_time`.
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_NUMERIC",
    "TZ",
    "TZDIR",
    // Libraries outside of the system's directories; GPU container runtimes set it.
    "LD_LIBRARY_PATH",
    // Fonts for `drawtext` and `subtitles`, and where fontconfig keeps its cache.
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "XDG_CACHE_HOME",
    "XDG_DATA_DIRS",
    // Where filters look for plugins.
    "FREI0R_PATH",
    "LADSPA_PATH",
    // Certificates for network inputs.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    // Threads of OpenMP libraries.
    "OMP_NUM_THREADS",
];

/// Beginnings of names that pass: which GPU to use and where its driver is.
const PREFIXES: [&str; 7] = [
    "NVIDIA_", "CUDA_", "LIBVA_", "VDPAU_", "VK_", "XRM_", "XLNX_",
];

/// The permitted part of an environment. A variable that is not UTF-8 does not pass.
pub fn permitted(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> BTreeMap<String, String> {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|start| name.starts_with(start))
        })
        .chain([("AV_LOG_FORCE_NOCOLOR".to_owned(), "1".to_owned())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, passes: bool) {
        let variables = [(OsString::from(name), OsString::from("value"))];
        let permitted = permitted(variables.into_iter());
        assert_eq!(permitted.contains_key(name), passes, "{name}");
    }

    #[test]
    fn what_passes() {
        check("PATH", true);
        check("FONTCONFIG_FILE", true);
        check("NVIDIA_VISIBLE_DEVICES", true);
        check("AWS_SECRET_ACCESS_KEY", false);
        check("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", false);
        check("ECS_CONTAINER_METADATA_URI_V4", false);
        check("LD_PRELOAD", false);
        check("HTTPS_PROXY", false);
        check("FFREPORT", false);
        check("GITHUB_TOKEN", false);
    }
}
