//! The data bucket as a file system of this machine: its objects are read where they are, and nothing is copied.
//!
//! What is mounted lags behind the bucket (Amazon S3 Files shows a new object within seconds to a minute), and not every key is a path. So
//! the bucket alone says what an object is, and a file stands for it only where it has its size and is no older. Whatever
//! is in doubt is copied, which is slower and never wrong.

use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::variable::BUCKET_MOUNT;
use ffbatch_storage::Entry;

use crate::environment::{bucket, variable};

/// A mounted bucket.
#[derive(Debug)]
pub struct Mount {
    bucket: String,
    root: PathBuf,
}

impl Mount {
    /// What the environment says is mounted.
    pub fn named() -> Option<Self> {
        Some(Self {
            bucket: bucket()?,
            root: PathBuf::from(variable(BUCKET_MOUNT)?),
        })
    }

    /// The file that is this object, without any link in its path; `None` where the object is in no mounted bucket, and why not
    /// where it has to be copied.
    pub fn find(&self, object: &Entry) -> Option<Result<PathBuf, String>> {
        match &object.location {
            Location::S3 { bucket, key } if *bucket == self.bucket => Some(self.open(key, object)),
            _ => None,
        }
    }

    fn open(&self, key: &str, object: &Entry) -> Result<PathBuf, String> {
        if !is_path(key) {
            return Err("its key is no path".to_owned());
        }
        let unreadable = |error: std::io::Error| error.to_string();
        let root = self.root.canonicalize().map_err(unreadable)?;
        let path = root.join(key).canonicalize().map_err(unreadable)?;
        if !path.starts_with(&root) {
            return Err("a link leads out of the bucket".to_owned());
        }
        let file = path.metadata().map_err(unreadable)?;
        if !file.is_file() {
            return Err("it is no file there".to_owned());
        }
        if object.size_bytes != Some(file.len()) {
            return Err(format!("it has {} bytes there", file.len()));
        }
        // A file that was written before the object was shows what the object replaced. S3 counts whole seconds.
        let written = file.modified().map_err(unreadable)?;
        if object
            .modified
            .is_none_or(|moment| secs(written) < secs(moment))
        {
            return Err("it is older there".to_owned());
        }
        std::fs::File::open(&path).map_err(unreadable)?;
        Ok(path)
    }

    /// Where it is mounted.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Whether a key is a path below the root, just as it stands.
fn is_path(key: &str) -> bool {
    let mut parts = Path::new(key).components();
    let is_plain = parts.all(|part| matches!(part, Component::Normal(_)));
    // Doubled slashes, one at the end and lone dots are lost on the way to a path.
    is_plain && key.split('/').all(|part| !matches!(part, "" | "."))
}

fn secs(moment: SystemTime) -> u64 {
    moment
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const WRITTEN: u64 = 1_700_000_000;

    /// What a mount of `in/a.mp4` (3 bytes, written at [`WRITTEN`]) says of an object.
    #[track_caller]
    fn check(
        location: &str,
        size: u64,
        modified: Option<u64>,
        expected: Option<Result<&str, &str>>,
    ) {
        let parent = tempfile::tempdir().expect("a directory");
        let root = parent.path().join("mount");
        fs::create_dir_all(root.join("in")).expect("made");
        fs::write(parent.path().join("secret"), "abc").expect("written");
        std::os::unix::fs::symlink("../secret", root.join("out")).expect("linked");
        for name in ["in/a.mp4", "in/b c?#%.mp4"] {
            fs::write(root.join(name), "abc").expect("written");
            let file = fs::File::options().write(true).open(root.join(name));
            let moment = UNIX_EPOCH + Duration::new(WRITTEN, 400);
            file.and_then(|file| file.set_modified(moment))
                .expect("dated");
        }
        let mount = Mount {
            bucket: "media".to_owned(),
            root: root.clone(),
        };
        let found = mount.find(&Entry {
            location: location.parse().expect("a location"),
            size_bytes: Some(size),
            etag: None,
            modified: modified.map(|secs| UNIX_EPOCH + Duration::from_secs(secs)),
        });
        match (found, expected) {
            (None, None) => {}
            (Some(Ok(path)), Some(Ok(below))) => {
                let root = root.canonicalize().expect("there");
                assert_eq!(path, root.join(below));
            }
            (Some(Err(why)), Some(Err(part))) => assert!(why.contains(part), "{why}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn an_object_is_read_where_it_is() {
        check(
            "s3://media/in/a.mp4",
            3,
            Some(WRITTEN),
            Some(Ok("in/a.mp4")),
        );
        check(
            "s3://media/in/a.mp4",
            3,
            Some(WRITTEN - 9),
            Some(Ok("in/a.mp4")),
        );
        check(
            "s3://media/in/b c?#%.mp4",
            3,
            Some(1),
            Some(Ok("in/b c?#%.mp4")),
        );
    }

    #[test]
    fn what_is_in_doubt_is_copied() {
        check(
            "s3://media/in/a.mp4",
            4,
            Some(WRITTEN),
            Some(Err("3 bytes")),
        );
        check(
            "s3://media/in/a.mp4",
            3,
            Some(WRITTEN + 1),
            Some(Err("older")),
        );
        check("s3://media/in/a.mp4", 3, None, Some(Err("older")));
        check(
            "s3://media/in/new.mp4",
            3,
            Some(1),
            Some(Err("No such file")),
        );
        check("s3://media/in", 3, Some(1), Some(Err("no file")));
    }

    #[test]
    fn nothing_leads_out_of_the_bucket() {
        check(
            "s3://media/in/../../secret",
            3,
            Some(1),
            Some(Err("no path")),
        );
        check("s3://media/in//a.mp4", 3, Some(1), Some(Err("no path")));
        check("s3://media/./in/a.mp4", 3, Some(1), Some(Err("no path")));
        check("s3://media//etc/passwd", 3, Some(1), Some(Err("no path")));
        check("s3://media/out", 3, Some(1), Some(Err("leads out")));
    }

    #[test]
    fn other_buckets_are_none_of_its_business() {
        check("s3://media2/in/a.mp4", 3, Some(WRITTEN), None);
        check("https://media/in/a.mp4", 3, Some(WRITTEN), None);
    }
}
