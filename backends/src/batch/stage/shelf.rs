//! Where inputs lie in the bucket: `inputs/<sha256>/<name>`, the hash being that of the content, of a text, or of the names and hashes of
//! files that belong together. So the key says all there is to know, and what is there never has to be sent again.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::list::rewrite;
use ffbatch_storage::digest;

use super::hashes::{Hashed, Hashes};
use super::named::base_name;
use super::source::{Source, Target};

/// Under what inputs lie.
const INPUTS: &str = "inputs";

/// What has to lie in the bucket under some key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file of this machine, as it was read.
    File(PathBuf, Hashed),
    /// A text.
    Text(String),
}

impl Content {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::File(_, hashed) => hashed.print.bytes,
            Self::Text(text) => text.len() as u64,
        }
    }
}

/// What jobs read, by the keys under which it will lie.
#[derive(Debug)]
pub struct Shelf<'a> {
    bucket: &'a str,
    hashes: &'a Hashes,
    /// Everything that has to be there.
    pub contents: BTreeMap<String, Content>,
    /// The URLs of what was put there already. A source lives as long as this does, so its address is its name.
    known: HashMap<usize, String>,
}

impl<'a> Shelf<'a> {
    /// An empty one. Whatever is put there must have been read.
    pub fn new(bucket: &'a str, hashes: &'a Hashes) -> Self {
        Self {
            bucket,
            hashes,
            contents: BTreeMap::new(),
            known: HashMap::new(),
        }
    }

    /// The URL of what stands somewhere, which is put on the shelf where it is of this machine.
    pub fn url(&mut self, target: &Target) -> Result<String, ComputeError> {
        let source = match target {
            Target::There(url) => return Ok(url.clone()),
            Target::Here(source) => source,
        };
        if let Some(url) = self.known.get(&Arc::as_ptr(source).addr()) {
            return Ok(url.clone());
        }
        let key = self.put(source)?;
        let url = format!("s3://{}/{key}", self.bucket);
        self.known.insert(Arc::as_ptr(source).addr(), url.clone());
        Ok(url)
    }

    fn put(&mut self, source: &Source) -> Result<String, ComputeError> {
        match source {
            Source::File(path) => {
                let hashed = self.hashed(path)?;
                let text = path.to_string_lossy();
                let key = format!("{INPUTS}/{}/{}", hashed.sha256, base_name(&text));
                let content = Content::File(path.clone(), hashed);
                self.contents.insert(key.clone(), content);
                Ok(key)
            }
            Source::Tree(tree) => {
                let mut sums = String::new();
                let mut files = Vec::with_capacity(tree.files.len());
                for (name, path) in &tree.files {
                    let hashed = self.hashed(path)?;
                    // Writing to a string cannot fail.
                    let _ = writeln!(sums, "{}  {name}", hashed.sha256);
                    files.push((name, Content::File(path.clone(), hashed)));
                }
                let directory = format!("{INPUTS}/{}", digest::text(&sums));
                for (name, content) in files {
                    self.contents.insert(format!("{directory}/{name}"), content);
                }
                Ok(match tree.name.as_str() {
                    "" => directory,
                    name => format!("{directory}/{name}"),
                })
            }
            Source::List(list) => {
                let mut names = Vec::with_capacity(list.entries.len());
                for (entry, target) in &list.entries {
                    names.push((entry.clone(), self.url(target)?));
                }
                let text = rewrite(list.form, &list.text, &names);
                let key = format!("{INPUTS}/{}/{}", digest::text(&text), list.name);
                self.contents.insert(key.clone(), Content::Text(text));
                Ok(key)
            }
        }
    }

    fn hashed(&self, path: &Path) -> Result<Hashed, ComputeError> {
        self.hashes
            .of(path)
            .ok_or_else(|| ComputeError::machine(format!("`{}` was not read", path.display())))
    }
}
