//! The other program of the worker's image. The image starts the worker whatever the command of a job is, and the export of traces is
//! a job as well: so there is a word by which the worker becomes it, instead of linking all of it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use ffbatch_dispatcher::exit::Exit;

/// The program.
const PROGRAM: &str = "ffbatch-traces-export";

/// Becomes the program that lies beside this one. Returns only where it cannot.
pub fn launch(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let this = std::env::current_exe();
    let error = match this.map(|this| this.with_file_name(PROGRAM)) {
        Ok(program) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    };
    eprintln!(
        "error: `{PROGRAM}` cannot be started beside the worker: {error} (take an image that has both)"
    );
    ExitCode::from(Exit::Machine.code())
}
