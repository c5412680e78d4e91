//! The smallest launcher: what a worker does first when it is started as `exec`. The tests of this crate run ffmpeg
//! through it.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The first argument is the subcommand's name.
    ffbatch_media::confine::launch(std::env::args_os().skip(2))
}
