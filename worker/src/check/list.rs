//! Lists: ffmpeg reads the user's own list where it can, and a copy with other names where it must.
//!
//! A copy is needed where a list names something that is fetched, and where it counts on the directory in which the command
//! was typed, since ffmpeg runs in another. Its names lie beside it, so that the concat demuxer takes them for safe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::Place;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::list::{self, Entry, Form};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist::Content;

use super::named::{accept, bounded, locate, said};
use super::{Resolver, What, local, media};
use crate::failure::Failure;
use crate::staging::file_name;

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
        let file = if list::is_safe(base) && file_name(base) == base {
            base.to_owned()
        } else if list::is_safe(&extension) && (1..=16).contains(&extension.len()) {
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

/// A copy of a local list, entry by entry.
struct Copy<'a> {
    form: Form,
    source: &'a Location,
    sides: &'a [(String, PathBuf)],
    beside: Beside<'a>,
    names: Vec<(Entry, String)>,
    links: Vec<(PathBuf, PathBuf)>,
    fetches: Vec<(Location, PathBuf)>,
    /// Whether ffmpeg can read the list without a copy so far.
    as_it_is: bool,
}

impl Copy<'_> {
    /// Puts a file of this machine beside the copy, and names it for an entry.
    fn link(&mut self, entry: Entry, target: &Path) {
        let location = Location::Path(target.to_string_lossy().into_owned());
        let (name, new) = self.beside.name(&location);
        if new {
            self.links
                .push((self.beside.path(&name), target.to_owned()));
        }
        self.names
            .push((entry, self.beside.written(self.form, name)));
    }

    /// Plans to bring a file beside the copy, and names it for an entry.
    fn bring(&mut self, entry: Entry, location: Location) {
        let (name, new) = self.beside.name(&location);
        if new {
            self.fetches.push((location, self.beside.path(&name)));
        }
        self.names
            .push((entry, self.beside.written(self.form, name)));
        self.as_it_is = false;
    }
}

impl Resolver<'_> {
    /// The name that ffmpeg will see for the list at a place.
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
        let sides = side.map_or_else(Vec::new, |_| self.sides.clone());
        let source = side.unwrap_or(&place.location).clone();
        let to = self.next_directory()?.join(file_name(source.base_name()));
        match &source {
            Location::Live(url) => Err(Failure::new(
                Exit::Rejected,
                format!("`{url}` cannot be a list (give a path, or an s3:// or https:// URL)"),
            )),
            Location::S3 { .. } | Location::Http(_) => {
                let what = What::List {
                    form,
                    strict,
                    sides,
                };
                Ok(self.plan_fetch(source, to, what))
            }
            Location::Path(path) => {
                local::readable(path, false)?;
                self.grant(Path::new(path));
                let text = media::read(path)?;
                let mut copy = Copy {
                    form,
                    source: &source,
                    sides: &sides,
                    beside: Beside::new(&to),
                    names: Vec::new(),
                    links: Vec::new(),
                    fetches: Vec::new(),
                    as_it_is: form == Form::Concat,
                };
                for entry in form.entries(&text) {
                    accept(&entry, form, strict, &source)?;
                    bounded(copy.names.len(), &source)?;
                    self.entry(&mut copy, entry, side.is_some())?;
                }
                if copy.as_it_is {
                    return Ok(place.location.to_string());
                }
                self.links.extend(copy.links);
                self.texts
                    .push((to.clone(), list::rewrite(form, &text, &copy.names)));
                for (location, to) in copy.fetches {
                    let what = What::of(&location);
                    self.plan_fetch(location, to, what);
                }
                Ok(to.to_string_lossy().into_owned())
            }
        }
    }

    /// One entry of a local list: checked, granted or planned, and named in the copy.
    fn entry(&mut self, copy: &mut Copy<'_>, entry: Entry, staged: bool) -> Result<(), Failure> {
        if let Some((_, target)) = copy.sides.iter().find(|(name, _)| *name == entry.name) {
            copy.link(entry, target);
            return Ok(());
        }
        let (source, line) = (copy.source, entry.line);
        let fail = |why: String| said(line, source, why);
        let path = match locate(&entry.name, source, copy.form, &self.own).map_err(fail)? {
            Location::Path(path) => path,
            elsewhere => {
                copy.bring(entry, elsewhere);
                return Ok(());
            }
        };
        self.admit(&path).map_err(|failure| fail(failure.message))?;
        let content = self.media(&path).map_err(|failure| fail(failure.message))?;
        if content == Content::Concat {
            return Err(fail(format!(
                "`{path}` is a list itself (name its files in the outer list)"
            )));
        }
        copy.as_it_is &= !staged && !entry.name.starts_with("file:");
        // A playlist looks for its segments beside the name under which it is opened.
        if copy.form != Form::Concat || content == Content::Hls {
            copy.names.push((entry, path));
        } else {
            copy.link(entry, Path::new(&path));
        }
        Ok(())
    }
}
