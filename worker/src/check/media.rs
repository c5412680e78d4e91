//! Local inputs, and the playlists among them: ffmpeg may read what they name, file by file, and nothing beside it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::list::TEXT_LIMIT;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist::{self, Content};

use super::named::{bounded, outside, said, unsupported};
use super::{Resolver, local};
use crate::failure::Failure;

/// How many bytes tell what a file is.
const BEGINNING: u64 = 4096;

impl Resolver<'_> {
    /// A local file that ffmpeg opens as media, with all that it names.
    pub(super) fn media(&mut self, path: &str) -> Result<Content, Failure> {
        local::readable(path, false)?;
        self.grant(Path::new(path));
        let content = content(path)?;
        unsupported(content, &Location::Path(path.to_owned()))?;
        if content == Content::Hls {
            self.playlist(path)?;
        }
        Ok(content)
    }

    /// Grants what a local playlist names, through all its variants.
    fn playlist(&mut self, first: &str) -> Result<(), Failure> {
        let directory = Path::new(first).parent().unwrap_or(Path::new("/"));
        let root = real(directory)?;
        let mut pending = vec![PathBuf::from(first)];
        while let Some(path) = pending.pop() {
            let own = Location::Path(path.to_string_lossy().into_owned());
            for reference in playlist::references(&read(&path.to_string_lossy())?) {
                let target = playlist::beneath(&reference.uri)
                    .map(|below| path.with_file_name("").join(below))
                    .ok_or_else(|| outside(&reference, &own))?;
                local::readable(&target.to_string_lossy(), false)
                    .map_err(|failure| said(reference.line, &own, failure.message))?;
                // A link among the segments must not lead out either.
                if !real(&target)?.starts_with(&root) {
                    return Err(outside(&reference, &own));
                }
                if self.grant(&target) && reference.is_playlist {
                    pending.push(target);
                }
                bounded(self.reads.len(), &own)?;
            }
        }
        Ok(())
    }
}

fn real(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("`{}` cannot be read: {error}", path.display()),
        )
    })
}

fn content(path: &str) -> Result<Content, Failure> {
    let mut beginning = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning))
        .map_err(|error| Failure::new(Exit::Input, format!("`{path}` cannot be read: {error}")))?;
    Ok(Content::of(&beginning))
}

/// The text of a list or playlist.
pub(super) fn read(path: &str) -> Result<String, Failure> {
    let fail = |why: String| Failure::new(Exit::Input, format!("`{path}` {why}"));
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(TEXT_LIMIT + 1).read_to_end(&mut text))
        .map_err(|error| fail(format!("cannot be read: {error}")))?;
    if text.len() as u64 > TEXT_LIMIT {
        return Err(fail(format!(
            "is too large for a list ({} MiB at most)",
            TEXT_LIMIT >> 20
        )));
    }
    String::from_utf8(text).map_err(|_| fail("is not UTF-8 text (convert it)".to_owned()))
}
