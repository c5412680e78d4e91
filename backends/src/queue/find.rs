//! Where our programs are. The worker: `$FFBATCH_WORKER`, else beside the running executable, else on PATH. `ffbatch` itself, of
//! which every runner is one: the running executable, else beside it, else on PATH.

use std::path::{Path, PathBuf};

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;
use rustix::fs::{Access, access};

/// The file name of the worker program.
const NAME: &str = "ffbatch-worker";

/// The file name of the command line.
const OWN: &str = "ffbatch";

/// Finds the worker.
pub fn worker(config: &Config) -> Result<PathBuf, ComputeError> {
    if let Some(path) = &config.worker {
        return if is_program(path) {
            Ok(absolute(path.clone()))
        } else {
            Err(ComputeError::machine(format!(
                "`{}`, which FFBATCH_WORKER or the configuration names, is no program (name the ffbatch-worker program)",
                path.display()
            )))
        };
    }
    nearest(NAME).map(absolute).ok_or_else(|| {
        ComputeError::machine(format!(
            "there is no {NAME}: not beside this program and not on PATH (install it, or set FFBATCH_WORKER)"
        ))
    })
}

/// Finds `ffbatch`.
pub fn own() -> Result<PathBuf, ComputeError> {
    std::env::current_exe()
        .ok()
        .filter(|own| own.file_name() == Some(OWN.as_ref()) && is_program(own))
        .or_else(|| nearest(OWN))
        .ok_or_else(|| {
            ComputeError::machine(format!(
                "there is no {OWN} to run the queue: not beside this program and not on PATH (install it)"
            ))
        })
}

/// A program beside the running executable, else on PATH.
fn nearest(name: &str) -> Option<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|own| own.parent().map(|directory| directory.join(name)));
    let on_path = std::env::var_os("PATH");
    beside
        .into_iter()
        .chain(
            on_path
                .iter()
                .flat_map(std::env::split_paths)
                .map(|directory| directory.join(name)),
        )
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
