//! Where a job's files are: on this machine's disk or in S3. A test that runs on every site proves the same of both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::clip::{self, Clip};
use crate::ended::Ended;
use crate::moto::Moto;
use crate::sandbox::Sandbox;

/// The bucket of a site in S3.
pub const BUCKET: &str = "media";

/// A place for inputs and outputs, and a sandbox in which the programs run.
#[derive(Debug)]
pub struct Site {
    /// Where the programs run.
    pub sandbox: Sandbox,
    /// The server; `None` where the files are on disk.
    pub moto: Option<Moto>,
}

/// Runs a test with the files on disk, and again with the files in S3.
#[track_caller]
pub fn everywhere(test: impl Fn(&Site)) {
    for site in [Site::local(), Site::s3()] {
        eprintln!(
            "--- files {}",
            if site.moto.is_some() {
                "in S3"
            } else {
                "on disk"
            }
        );
        test(&site);
        site.sandbox.assert_clean();
    }
}

impl Site {
    /// Files on disk.
    #[track_caller]
    pub fn local() -> Self {
        Self {
            sandbox: Sandbox::new(),
            moto: None,
        }
    }

    /// Files in a bucket of a server of its own.
    #[track_caller]
    pub fn s3() -> Self {
        let moto = Moto::with(BUCKET);
        let mut sandbox = Sandbox::new();
        sandbox.set_all(moto.environment());
        Self {
            sandbox,
            moto: Some(moto),
        }
    }

    /// How a job names a file here.
    pub fn name(&self, name: &str) -> String {
        if self.moto.is_some() {
            format!("s3://{BUCKET}/{name}")
        } else {
            name.to_owned()
        }
    }

    /// A line of words in which `@` stands for this site: `-i @in.mp4` is `-i s3://media/in.mp4` in S3. A no-break space is a
    /// space inside a word.
    pub fn words(&self, line: &str) -> Vec<String> {
        line.split_ascii_whitespace()
            .map(|word| word.replace('@', &self.name("")).replace('\u{a0}', " "))
            .collect()
    }

    /// Puts a clip here.
    #[track_caller]
    pub fn place(&self, clip: Clip, name: &str) {
        self.put(name, &clip::bytes(clip));
    }

    /// Puts bytes here.
    #[track_caller]
    pub fn put(&self, name: &str, bytes: &[u8]) {
        match &self.moto {
            Some(moto) => moto.put(BUCKET, name, bytes),
            None => self.sandbox.write(name, bytes),
        }
    }

    /// Removes files.
    #[track_caller]
    pub fn remove_all(&self, names: impl IntoIterator<Item = String>) {
        match &self.moto {
            Some(moto) => moto.delete_all(BUCKET, names),
            None => names.into_iter().for_each(|name| {
                fs::remove_file(self.sandbox.path(&name))
                    .unwrap_or_else(|error| panic!("`{name}`: {error}"));
            }),
        }
    }

    /// The names of all files here.
    #[track_caller]
    pub fn names(&self) -> BTreeSet<String> {
        match &self.moto {
            Some(moto) => moto.keys(BUCKET),
            None => self.sandbox.files(),
        }
    }

    /// Asserts which files are here, inputs included.
    #[track_caller]
    pub fn assert_names<'a>(&self, expected: impl IntoIterator<Item = &'a str>) {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(self.names(), expected);
    }

    /// The bytes of a file.
    #[track_caller]
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        match &self.moto {
            Some(moto) => moto.get(BUCKET, name),
            None => fs::read(self.sandbox.path(name))
                .unwrap_or_else(|error| panic!("`{name}`: {error}")),
        }
    }

    /// The bytes of several files.
    #[track_caller]
    pub fn bytes_of_all(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> BTreeMap<String, Vec<u8>> {
        match &self.moto {
            Some(moto) => moto.get_all(BUCKET, names),
            None => names
                .into_iter()
                .map(|name| (name.clone(), self.bytes(&name)))
                .collect(),
        }
    }

    /// A path at which a player finds the file, with all that lies around it.
    #[track_caller]
    pub fn view(&self, name: &str) -> PathBuf {
        let Some(moto) = &self.moto else {
            return self.sandbox.path(name);
        };
        let copy = self.sandbox.directory("copy");
        moto.download(BUCKET, "", &copy);
        copy.join(name)
    }

    /// Runs an ffmpeg command as a job: `ffbatch run --json -- ffmpeg LINE`, with `@` for this site.
    #[track_caller]
    pub fn job(&self, line: &str) -> Ended {
        self.sandbox.job(self.words(line))
    }

    /// Runs `ffbatch run --json FLAGS -- ffmpeg LINE`, with `@` for this site.
    #[track_caller]
    pub fn job_with(&self, flags: &str, line: &str) -> Ended {
        let mut words = vec!["run".to_owned(), "--json".to_owned()];
        words.extend(self.words(flags));
        words.extend(["--".to_owned(), "ffmpeg".to_owned()]);
        words.extend(self.words(line));
        self.sandbox.ffbatch(words)
    }
}
