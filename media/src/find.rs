//! Where ffmpeg is: named by the environment, beside this program, or on the search path.
//!
//! Finding starts nothing: whether the file is really an ffmpeg shows when it runs.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The environment variable that names the ffmpeg to use.
pub const VARIABLE: &str = "FFBATCH_FFMPEG";

/// An ffmpeg executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ffmpeg {
    /// Its absolute path.
    pub path: PathBuf,
}

/// No ffmpeg was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// The variable names something that cannot be run.
    #[error(
        "`FFBATCH_FFMPEG` names `{0}`, which is not an executable file (point it at an ffmpeg, or unset it)"
    )]
    Named(PathBuf),
    /// There is none in the known places.
    #[error(
        "no ffmpeg was found beside this program or on PATH (install ffmpeg, or set FFBATCH_FFMPEG=/path/to/ffmpeg)"
    )]
    Nowhere,
}

impl Ffmpeg {
    /// Finds the ffmpeg of this process: `$FFBATCH_FFMPEG`, else `ffmpeg` beside the executable, else on `PATH`.
    pub fn find() -> Result<Self, FindError> {
        let executable = std::env::current_exe().ok();
        search(
            std::env::var_os(VARIABLE).as_deref(),
            executable.as_deref().and_then(Path::parent),
            std::env::var_os("PATH").as_deref(),
        )
    }

    /// Takes the ffmpeg at a path that the caller knows.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, FindError> {
        let path = path.into();
        executable(&path).ok_or(FindError::Named(path))
    }
}

fn search(
    named: Option<&OsStr>,
    beside: Option<&Path>,
    path: Option<&OsStr>,
) -> Result<Ffmpeg, FindError> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return Ffmpeg::at(named);
    }
    let on_path = path.map(std::env::split_paths).into_iter().flatten();
    beside
        .map(Path::to_owned)
        .into_iter()
        .chain(on_path)
        .filter(|directory| directory.is_absolute())
        .find_map(|directory| executable(&directory.join("ffmpeg")))
        .ok_or(FindError::Nowhere)
}

fn executable(path: &Path) -> Option<Ffmpeg> {
    let meta = path.metadata().ok()?;
    let runs = meta.is_file() && meta.permissions().mode() & 0o111 != 0;
    let path = std::path::absolute(path).ok()?;
    runs.then_some(Ffmpeg { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(mode: u32) -> tempfile::TempDir {
        let room = tempfile::tempdir().expect("a directory");
        let file = room.path().join("ffmpeg");
        std::fs::write(&file, "").expect("a file");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("a mode");
        room
    }

    #[test]
    fn the_order_is_named_beside_path() {
        let (named, beside, path) = (room(0o755), room(0o755), room(0o755));
        let found = |named: Option<&Path>, beside: Option<&Path>| {
            let named = named.map(|room| room.join("ffmpeg").into_os_string());
            search(named.as_deref(), beside, Some(path.path().as_os_str()))
                .expect("an ffmpeg")
                .path
        };
        assert!(found(Some(named.path()), Some(beside.path())).starts_with(named.path()));
        assert!(found(None, Some(beside.path())).starts_with(beside.path()));
        assert!(found(None, None).starts_with(path.path()));
    }

    #[test]
    fn what_cannot_run_is_not_found() {
        let plain = room(0o644);
        let file = plain.path().join("ffmpeg");
        assert_eq!(
            search(Some(file.as_os_str()), None, None),
            Err(FindError::Named(file.clone()))
        );
        assert_eq!(
            search(None, Some(plain.path()), None),
            Err(FindError::Nowhere)
        );
        assert_eq!(
            search(None, None, Some(OsStr::new("."))),
            Err(FindError::Nowhere)
        );
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let beside = room(0o755);
        assert!(search(Some(OsStr::new("")), Some(beside.path()), None).is_ok());
    }
}
