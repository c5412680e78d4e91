//! Directories of names that an output's options give relative to it (`-hls_fmp4_init_filename init/i.mp4`).
//!
//! ffmpeg makes no directories. A person would make them beside the output beforehand; in a job that place does not exist
//! before ffmpeg runs, so the worker makes them where the output is staged. Only files are published: a directory
//! that stays empty leaves no trace.

use std::path::PathBuf;

use ffbatch_dispatcher::command::{Parsed, Target};
use ffbatch_dispatcher::exit::Exit;

use crate::failure::Failure;
use crate::staging::Staging;

/// How many representations of a DASH output get a directory of their own.
const REPRESENTATIONS: usize = 64;

/// What the DASH muxer replaces by a representation's number (ISO/IEC 23009-1, 5.3.9.4.4).
const REPRESENTATION: &str = "$RepresentationID$";

/// Makes the directories for the names beside every output.
pub fn make(parsed: &[Parsed], staging: &Staging) -> Result<(), Failure> {
    for one in parsed {
        for (index, output) in one.outputs.iter().enumerate() {
            let Target::Place(place) = output.target else {
                continue;
            };
            let Ok(staged) = staging.local(&one.places[place].location) else {
                continue;
            };
            for directory in one.beside(index).into_iter().flat_map(directories) {
                let path = staged.with_file_name("").join(directory);
                std::fs::create_dir_all(&path).map_err(|error| {
                    Failure::new(
                        Exit::Machine,
                        format!("`{}` cannot be made: {error}", path.display()),
                    )
                })?;
            }
        }
    }
    Ok(())
}

/// The directories that a name needs: none for a plain name.
fn directories(name: &str) -> Vec<PathBuf> {
    let Some((directory, _)) = name.rsplit_once('/') else {
        return Vec::new();
    };
    if directory.contains(REPRESENTATION) {
        return (0..REPRESENTATIONS)
            .map(|number| PathBuf::from(directory.replace(REPRESENTATION, &number.to_string())))
            .collect();
    }
    vec![PathBuf::from(directory)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_needs() {
        assert!(directories("init.mp4").is_empty());
        assert_eq!(directories("a/b/init.mp4"), [PathBuf::from("a/b")]);
        let all = directories("v$RepresentationID$/$Number$.m4s");
        assert_eq!(all[3], PathBuf::from("v3"));
        assert_eq!(all.len(), REPRESENTATIONS);
    }
}
