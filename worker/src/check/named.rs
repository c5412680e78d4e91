//! Local files that name other files: ffmpeg may read what they name, file by file, and nothing beside it.
//!
//! A list of the user's is trusted like the command that names it: its entries are checked and granted like inputs. A playlist
//! is not: see [`super::playlist`]. Whatever is wrong is said with the line that says it, before anything moves.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Owner, Parsed, Place, Role};
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;

use super::concat::{self, Entry, Form};
use super::playlist::{self, Content};
use super::{Resolver, What, local};
use crate::failure::Failure;
use crate::staging::file_name;

/// The largest list or playlist, in bytes. A day of two-second segments has a tenth of it.
pub const TEXT_LIMIT: u64 = 32 << 20;

/// How many files lists and playlists may name in one job.
pub const FILES_LIMIT: usize = 20_000;

/// How many bytes tell what a file is.
const BEGINNING: u64 = 4096;

/// The form of the list that stands at a place.
pub fn form(role: Role) -> Option<Form> {
    match role {
        Role::ReadList => Some(Form::Concat),
        Role::ReadLines => Some(Form::Lines),
        Role::ReadKeyInfo => Some(Form::KeyInfo),
        _ => None,
    }
}

/// Whether ffmpeg refuses names at this place that are not plain (`-safe 1`, the concat demuxer's default).
pub fn is_strict(parsed: &Parsed, place: &Place) -> bool {
    let Owner::Input(input) = place.owner else {
        return false;
    };
    let safe = parsed
        .inputs
        .get(input)
        .and_then(|file| parsed.last(file, &["safe"]));
    !safe.is_some_and(|value| {
        ["0", "false", "n", "no", "disable", "disabled", "off"].contains(&value)
    })
}

/// What a name in a list stands for. `own` is the directory in which the command was typed.
pub fn locate(name: &str, list: &Location, form: Form, own: &Path) -> Result<Location, String> {
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
    match list {
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
            .map(|path| sibling(list, &path))
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

/// The names for the entries of a rewritten list: each file once, in a directory of its own beside the list, under a name
/// that the concat demuxer takes for safe.
#[derive(Debug)]
pub struct Beside<'a> {
    list: &'a Path,
    known: BTreeMap<Location, String>,
}

impl<'a> Beside<'a> {
    /// Names beside the list that will stand at this path.
    pub fn new(list: &'a Path) -> Self {
        Self {
            list,
            known: BTreeMap::new(),
        }
    }

    /// The name of a file relative to the list, and whether it is new.
    pub fn name(&mut self, location: &Location) -> (String, bool) {
        if let Some(known) = self.known.get(location) {
            return (known.clone(), false);
        }
        let base = location.base_name();
        let extension = location.extension();
        let file = if concat::is_safe(base) && file_name(base) == base {
            base.to_owned()
        } else if concat::is_safe(&extension) && (1..=16).contains(&extension.len()) {
            format!("media.{extension}")
        } else {
            "media".to_owned()
        };
        let name = format!("{}/{file}", self.known.len());
        self.known.insert(location.clone(), name.clone());
        (name, true)
    }

    /// The path of such a name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.list.parent().unwrap_or(Path::new("/")).join(name)
    }

    /// The name as it stands in the list: relative for the concat demuxer, whole for the others.
    pub fn written(&self, form: Form, name: String) -> String {
        match form {
            Form::Concat => name,
            Form::Lines | Form::KeyInfo => self.path(&name).to_string_lossy().into_owned(),
        }
    }
}

/// Refuses a name that the concat demuxer would refuse.
pub fn accept(entry: &Entry, form: Form, strict: bool, list: &Location) -> Result<(), Failure> {
    if form == Form::Concat && strict && !concat::is_safe(&entry.name) {
        let why = format!(
            "ffmpeg takes `{}` for unsafe (add -safe 0 before the -i of the list)",
            entry.name
        );
        return Err(said(entry.line, list, why));
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
    let why = match content {
        Content::Dash => {
            "is a DASH manifest, whose segments only a URL can bring (give its https:// URL, or the media files)"
        }
        Content::Session => {
            "describes a live session, which a job cannot join from a file (give its rtsp:// or udp:// URL)"
        }
        Content::Hls | Content::Concat | Content::Media => return Ok(()),
    };
    Err(Failure::new(Exit::Input, format!("`{at}` {why}")))
}

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

    /// The name of a list at a place. Where ffmpeg can read the list as it is, it does; else it gets a copy with other names.
    pub(super) fn list(
        &mut self,
        place: &Place,
        form: Form,
        strict: bool,
    ) -> Result<String, Failure> {
        // A relative path is a side file, and so are the names in it that other side files have.
        let side = match &place.location {
            Location::Path(path) if !path.starts_with('/') => {
                let named = |file: &&Location| file.base_name() == path;
                self.job.files.iter().find(named)
            }
            _ => None,
        };
        let sides = if side.is_some() {
            self.sides.clone()
        } else {
            Vec::new()
        };
        let source = side.unwrap_or(&place.location).clone();
        if let Location::Live(url) = &source {
            return Err(Failure::new(
                Exit::Rejected,
                format!("`{url}` cannot be a list (give a path, or an s3:// or https:// URL)"),
            ));
        }
        let Location::Path(path) = &source else {
            let to = self.next_directory().join(file_name(source.base_name()));
            let what = What::List {
                form,
                strict,
                sides,
            };
            return Ok(self.plan_fetch(source, to, what));
        };
        local::readable(path, false)?;
        self.grant(Path::new(path));
        let text = read(path)?;
        let to = self.next_directory().join(file_name(source.base_name()));
        let mut beside = Beside::new(&to);
        let mut names = Vec::new();
        let mut as_it_is = form == Form::Concat;
        let (mut fetches, mut links) = (Vec::new(), Vec::new());
        for entry in form.entries(&text) {
            accept(&entry, form, strict, &source)?;
            let fail = |why: String| said(entry.line, &source, why);
            if let Some((_, target)) = sides.iter().find(|(name, _)| *name == entry.name) {
                let (name, new) =
                    beside.name(&Location::Path(target.to_string_lossy().into_owned()));
                if new {
                    links.push((beside.path(&name), target.clone()));
                }
                names.push((entry, beside.written(form, name)));
                continue;
            }
            let location = locate(&entry.name, &source, form, &self.own).map_err(fail)?;
            bounded(names.len(), &source)?;
            if let Location::Path(path) = &location {
                let content = self.media(path).map_err(|failure| fail(failure.message))?;
                if content == Content::Concat {
                    return Err(fail(format!(
                        "`{path}` is a list itself (name its files in the outer list)"
                    )));
                }
                as_it_is &= side.is_none() && !entry.name.starts_with("file:");
                // A playlist looks for its segments beside the name under which it is opened.
                if form != Form::Concat || content == Content::Hls {
                    names.push((entry, path.clone()));
                    continue;
                }
                let (name, new) = beside.name(&location);
                if new {
                    links.push((beside.path(&name), PathBuf::from(path)));
                }
                names.push((entry, name));
                continue;
            }
            as_it_is = false;
            let (name, new) = beside.name(&location);
            if new {
                fetches.push((location, beside.path(&name)));
            }
            names.push((entry, beside.written(form, name)));
        }
        if as_it_is {
            return Ok(if side.is_some() {
                place.text.clone()
            } else {
                path.clone()
            });
        }
        self.links.extend(links);
        for (location, to) in fetches {
            let what = What::of(&location);
            self.plan_fetch(location, to, what);
        }
        self.texts
            .push((to.clone(), concat::rewrite(form, &text, &names)));
        Ok(to.to_string_lossy().into_owned())
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

fn read(path: &str) -> Result<String, Failure> {
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
