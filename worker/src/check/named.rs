//! The rules for files that name other files, wherever these are.
//!
//! A list of the user's is trusted like the command that names it: its entries are checked and granted like inputs. A playlist
//! is not: see [`playlist`]. Whatever is wrong is said with the line that says it, before anything moves.

use std::path::Path;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::list::{self, Entry, FILES_LIMIT, Form};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist::{self, Content};

use crate::failure::Failure;

/// What a name in a list stands for. `own` is the directory in which the command was typed.
pub fn locate(name: &str, source: &Location, form: Form, own: &Path) -> Result<Location, String> {
    let location: Location = name.parse().map_err(|error| format!("{error}"))?;
    let Location::Path(path) = &location else {
        return match location {
            Location::Live(_) => Err(format!(
                "`{name}` is a live source (give it as an input of its own)"
            )),
            Location::Http(_) if super::network::is_manifest(&location) => Err(format!(
                "`{name}` is a playlist behind a URL (give it as an input of its own)"
            )),
            location => Ok(location),
        };
    };
    match source {
        Location::Path(list) => {
            let beside = form == Form::Concat && !name.starts_with("file:");
            let directory = if beside {
                Path::new(list).parent().unwrap_or(Path::new("/"))
            } else {
                own
            };
            Ok(Location::Path(
                directory.join(path).to_string_lossy().into_owned(),
            ))
        }
        _ => playlist::beneath(name)
            .map(|path| sibling(source, &path))
            .ok_or_else(|| {
                format!(
                    "`{name}` is not beneath the list, which comes from elsewhere (write a whole s3:// or https:// URL)"
                )
            }),
    }
}

/// What lies at a path beside a remote location.
pub fn sibling(of: &Location, path: &str) -> Location {
    let beside = |text: &str| match text.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{path}"),
        None => path.to_owned(),
    };
    match of {
        Location::S3 { bucket, key } => Location::S3 {
            bucket: bucket.clone(),
            key: beside(key),
        },
        Location::Http(url) => Location::Http(beside(url.split(['?', '#']).next().unwrap_or(url))),
        Location::Path(own) | Location::Live(own) => Location::Path(beside(own)),
    }
}

/// Refuses a name that the concat demuxer would refuse.
pub fn accept(entry: &Entry, form: Form, strict: bool, source: &Location) -> Result<(), Failure> {
    if form == Form::Concat && strict && !list::is_safe(&entry.name) {
        let why = format!(
            "ffmpeg takes `{}` for unsafe (add -safe 0 before the -i of the list)",
            entry.name
        );
        return Err(said(entry.line, source, why));
    }
    Ok(())
}

/// A failure that a line of a file causes.
pub fn said(line: usize, file: &Location, why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Input, format!("line {line} of `{file}`: {why}"))
}

/// The failure of a playlist that leads elsewhere.
pub fn outside(reference: &playlist::Reference, file: &Location) -> Failure {
    let why = format!(
        "`{}` does not lie beneath the playlist's own directory (only such names are read; put the files beside the playlist)",
        reference.uri
    );
    said(reference.line, file, why)
}

/// Refuses one file more than is reasonable.
pub fn bounded(count: usize, file: &Location) -> Result<(), Failure> {
    if count <= FILES_LIMIT {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Input,
        format!("`{file}` brings more than {FILES_LIMIT} files (split the job)"),
    ))
}

/// Why a DASH manifest or a session description is not followed.
pub fn unsupported(content: Content, at: &Location) -> Result<(), Failure> {
    match content.unsupported() {
        Some(why) => Err(Failure::new(Exit::Input, format!("`{at}` {why}"))),
        None => Ok(()),
    }
}
