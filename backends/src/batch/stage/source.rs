//! What a job reads from this machine, found and checked: a file, files that belong together, or a list with what it names.
//!
//! Everything is refused here that could not come along: by the sentences of a worker, which would say the same of a job of this
//! machine. Nothing moves yet.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffbatch_dispatcher::command::{Parsed, Pattern, Place, Role};
use ffbatch_dispatcher::list::{Entry, Form, TEXT_LIMIT, is_strict};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::pattern;
use ffbatch_dispatcher::playlist::Content;
use ffbatch_storage::readable;

use super::named;
use super::written::{Reader, Written};

/// How many bytes tell what a file is.
const BEGINNING: u64 = 4096;

/// Something of this machine that a job reads.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    /// One file.
    File(PathBuf),
    /// Files that keep their names beneath one directory.
    Tree(Tree),
    /// A list, in which each name is that of where the file will lie.
    List(List),
}

/// Files that keep their names beneath one directory: what a pattern stands for, a playlist with what it names, fonts.
#[derive(Debug, PartialEq, Eq)]
pub struct Tree {
    /// What stands for them beneath their directory: a pattern, the name of the playlist; empty for the directory itself.
    pub name: String,
    /// The files by their names, in the order of these.
    pub files: Vec<(String, PathBuf)>,
}

/// A list of files.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    /// Its base name.
    pub name: String,
    /// How it names files.
    pub form: Form,
    /// What stands in it.
    pub text: String,
    /// The names that become others.
    pub entries: Vec<(Entry, Target)>,
}

/// Where something lies that a job reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Under this URL.
    There(String),
    /// On this machine.
    Here(Arc<Source>),
}

impl Source {
    /// Every file of this machine in it.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::File(path) => vec![path],
            Self::Tree(tree) => tree.files.iter().map(|(_, path)| path.as_path()).collect(),
            Self::List(list) => {
                let targets = list.entries.iter().map(|(_, target)| target);
                let here = targets.filter_map(|target| match target {
                    Target::Here(source) => Some(source.files()),
                    Target::There(_) => None,
                });
                here.flatten().collect()
            }
        }
    }
}

impl Source {
    /// The files and directories in it, by the paths at which they lie here.
    pub fn here(&self) -> Vec<PathBuf> {
        match self {
            Self::File(path) => vec![path.clone()],
            Self::Tree(tree) => {
                let root = tree.files.first().map(|(name, path)| {
                    let depth = name.matches('/').count() + 1;
                    path.ancestors().nth(depth).unwrap_or(path).to_owned()
                });
                root.into_iter().collect()
            }
            Self::List(list) => {
                let below = list.entries.iter().filter_map(|(_, target)| match target {
                    Target::Here(source) => Some(source.here()),
                    Target::There(_) => None,
                });
                below.flatten().collect()
            }
        }
    }
}

/// For what a path is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Use {
    File,
    Media,
    Directory,
    Pattern(Pattern),
    List(Form, bool, bool),
}

/// Looks at what jobs read, at each thing once.
#[derive(Debug)]
pub struct Survey<'a> {
    /// Where the jobs were submitted.
    pub own: &'a Path,
    /// What the jobs write.
    pub written: &'a Written,
    seen: HashMap<(String, Use), Arc<Source>>,
}

impl<'a> Survey<'a> {
    /// Has seen nothing yet.
    pub fn new(own: &'a Path, written: &'a Written) -> Self {
        Self {
            own,
            written,
            seen: HashMap::new(),
        }
    }

    /// What stands at a place of a command that names a path of this machine.
    pub fn place(
        &mut self,
        parsed: &Parsed,
        place: &Place,
        path: &str,
        reader: Reader,
    ) -> Result<Target, String> {
        if let Some(url) = self.written.before(&place.location, reader) {
            return Ok(Target::There(url.to_owned()));
        }
        let is_media = place.role == Role::Input || place.named_by.ends_with("movie");
        let how = match Form::of(place.role) {
            Some(form) => Use::List(form, is_strict(parsed, place), reader.waits),
            None if place.role == Role::ReadDirectory => Use::Directory,
            None if place.is_pattern() => Use::Pattern(place.pattern),
            None if is_media => Use::Media,
            None => Use::File,
        };
        let found = self.look(path, how, reader, &[]).map_err(|why| {
            // An input is named by the message itself; whoever wrote a filter graph wants to know which filter it was.
            match place.named_by.as_str() {
                "" => why,
                named_by => format!("{named_by}: {why}"),
            }
        })?;
        Ok(Target::Here(found))
    }

    /// A side file, or the model of a metric.
    pub fn file(&mut self, path: &str, reader: Reader) -> Result<Arc<Source>, String> {
        self.look(path, Use::File, reader, &[])
    }

    /// A list that is a side file; names of further side files stay as they are.
    pub fn side_list(
        &mut self,
        path: &str,
        form: Form,
        strict: bool,
        sides: &[&str],
        reader: Reader,
    ) -> Result<Arc<Source>, String> {
        self.look(path, Use::List(form, strict, reader.waits), reader, sides)
    }

    /// A file that ffmpeg opens as media, with all that it names.
    pub fn media(&mut self, path: &str, reader: Reader) -> Result<Arc<Source>, String> {
        self.look(path, Use::Media, reader, &[])
    }

    fn look(
        &mut self,
        path: &str,
        how: Use,
        reader: Reader,
        sides: &[&str],
    ) -> Result<Arc<Source>, String> {
        let key = (path.to_owned(), how);
        if let Some(known) = self.seen.get(&key).filter(|_| sides.is_empty()) {
            return Ok(Arc::clone(known));
        }
        let found = match key.1 {
            Use::File => {
                readable(path, false)?;
                Source::File(PathBuf::from(path))
            }
            Use::Media => media(path)?,
            Use::Directory => directory(path)?,
            Use::Pattern(kind) => sequence(kind, path)?,
            Use::List(form, strict, _) => named::list(self, path, (form, strict), sides, reader)?,
        };
        let found = Arc::new(found);
        if sides.is_empty() {
            self.seen.insert(key, Arc::clone(&found));
        }
        Ok(found)
    }
}

fn media(path: &str) -> Result<Source, String> {
    readable(path, false)?;
    let mut beginning = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning))
        .map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    let content = Content::of(&beginning);
    if let Some(why) = content.unsupported() {
        return Err(format!("`{path}` {why}"));
    }
    match content {
        Content::Concat => Err(format!(
            "`{path}` is a list of files, which nothing but its content says (write `-f concat` before its -i; within a list, name its files)"
        )),
        Content::Hls if Content::named(&Location::Path(path.to_owned())) != Content::Hls => {
            Err(format!(
                "`{path}` is a playlist, which nothing but its content says (rename it to end in .m3u8)"
            ))
        }
        Content::Hls => named::playlist(path).map(Source::Tree),
        _ => Ok(Source::File(PathBuf::from(path))),
    }
}

/// The files of a directory, without those of directories in it.
fn directory(path: &str) -> Result<Source, String> {
    readable(path, true)?;
    let mut files = below(Path::new(path), 0)?;
    files.sort();
    if files.is_empty() {
        return Err(format!("there is no file in the directory `{path}`"));
    }
    let name = String::new();
    Ok(Source::Tree(Tree { name, files }))
}

/// The files that a pattern stands for.
fn sequence(kind: Pattern, path: &str) -> Result<Source, String> {
    let (directory, name) = path.split_at(pattern::fixed(kind, path));
    readable(directory, true)?;
    let mut files = below(Path::new(directory), name.matches('/').count())?;
    files.retain(|(file, _)| pattern::stands_for(kind, name, file));
    files.sort();
    if files.is_empty() {
        return Err(format!(
            "nothing matches `{path}` (check the pattern and the directory)"
        ));
    }
    let name = name.to_owned();
    Ok(Source::Tree(Tree { name, files }))
}

/// The regular files so many directories below one, by their names from there.
fn below(directory: &Path, depth: usize) -> Result<Vec<(String, PathBuf)>, String> {
    let unlisted =
        |error: std::io::Error| format!("`{}` cannot be read: {error}", directory.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        // A name that is no text stands in no command.
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if depth == 0 && path.is_file() {
            found.push((name.to_owned(), path));
        } else if depth > 0 && path.is_dir() {
            let inside = below(&path, depth - 1)?.into_iter();
            found.extend(inside.map(|(below, path)| (format!("{name}/{below}"), path)));
        }
    }
    Ok(found)
}

/// The text of a list or playlist.
pub fn text(path: &str) -> Result<String, String> {
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(TEXT_LIMIT + 1).read_to_end(&mut text))
        .map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    if text.len() as u64 > TEXT_LIMIT {
        return Err(format!(
            "`{path}` is too large for a list ({} MiB at most)",
            TEXT_LIMIT >> 20
        ));
    }
    String::from_utf8(text).map_err(|_| format!("`{path}` is not UTF-8 text (convert it)"))
}
