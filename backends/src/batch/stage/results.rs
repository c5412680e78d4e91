//! What a job writes to this machine: under which prefixes of the bucket it will lie, and which directories these stand for.
//!
//! Directories that belong to one output, or lie beneath each other, keep their relation under one prefix, since a playlist names its
//! segments by it. Others get prefixes of their own: a job that writes `/a/x.mp4` and `/b/y.mp4` can bring something into `/a` and
//! `/b` and nowhere else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ffbatch_dispatcher::command::{Owner, Parsed, Place};
use ffbatch_dispatcher::location::Location;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

/// The longest name of a file on Linux's file systems, in bytes (`NAME_MAX`, pathname(7)).
const NAME_LIMIT: usize = 255;

/// A prefix of the bucket, and the directory of this machine to which belongs what lies beneath it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The prefix, which ends in a slash.
    pub from: String,
    /// The directory, as a whole path.
    pub to: String,
}

/// Where the results of one job will lie.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The prefixes.
    pub roots: Vec<Root>,
    /// The keys of the places, by the numbers of command and place.
    pub keys: BTreeMap<(usize, usize), String>,
}

/// A place that is written.
struct Destination {
    at: (usize, usize),
    group: (usize, Option<usize>, usize),
    /// The directory, without what a pattern stands for.
    directory: String,
    /// What follows it.
    name: String,
}

/// Directories under one prefix.
struct Set {
    root: String,
    groups: Vec<(usize, Option<usize>, usize)>,
    members: Vec<Destination>,
}

/// The results of a job, under a prefix of its own.
pub fn of(parsed: &[Parsed], prefix: &str) -> Result<Results, String> {
    let mut sets: Vec<Set> = Vec::new();
    for (command, one) in parsed.iter().enumerate() {
        for (number, place) in one.places.iter().enumerate() {
            let Some(path) = written(place) else { continue };
            let group = match place.owner {
                Owner::Output(output) => (command, Some(output), 0),
                // Side files of the command as a whole have no relation to each other.
                Owner::Command | Owner::Input(_) => (command, None, number),
            };
            let (directory, name) = split(place, path)?;
            writable(place, path, &directory)?;
            let set = Set {
                root: directory.clone(),
                groups: vec![group],
                members: vec![Destination {
                    at: (command, number),
                    group,
                    directory,
                    name,
                }],
            };
            join(&mut sets, set);
        }
    }
    let single = sets.len() == 1;
    let mut results = Results::default();
    for (number, set) in sets.into_iter().enumerate() {
        let from = if single {
            format!("{prefix}/")
        } else {
            format!("{prefix}/{number}/")
        };
        for one in set.members {
            let below = one.directory[set.root.len()..].trim_start_matches('/');
            let slash = if below.is_empty() { "" } else { "/" };
            let key = format!("{from}{below}{slash}{}", one.name);
            results.keys.insert(one.at, key);
        }
        let to = set.root;
        results.roots.push(Root { from, to });
    }
    Ok(results)
}

/// The path of this machine that ffmpeg writes at a place. Relative names are those of the job's own working directory.
pub fn written(place: &Place) -> Option<&str> {
    match &place.location {
        Location::Path(path) if !place.role.is_read() && path.starts_with('/') => Some(path),
        _ => None,
    }
}

/// Adds a set to the others, joined with those that it belongs to. Joining widens a root, so that a further set may belong to it then.
fn join(sets: &mut Vec<Set>, mut set: Set) {
    let together = |one: &Set, other: &Set| {
        within(&one.root, &other.root)
            || within(&other.root, &one.root)
            || one.groups.iter().any(|group| other.groups.contains(group))
    };
    while let Some(at) = sets.iter().position(|other| together(other, &set)) {
        let mut earlier = sets.remove(at);
        earlier.root = common(&earlier.root, &set.root);
        earlier.groups.extend(set.groups);
        earlier.members.extend(set.members);
        set = earlier;
    }
    debug_assert!(
        set.members
            .iter()
            .all(|one| set.groups.contains(&one.group))
    );
    sets.push(set);
}

/// Whether a directory is another one or lies beneath it.
fn within(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory in which both lie.
fn common(one: &str, other: &str) -> String {
    let shared = one
        .split('/')
        .zip(other.split('/'))
        .take_while(|(own, other)| own == other);
    let parts: Vec<&str> = shared.map(|(own, _)| own).collect();
    match parts.join("/") {
        root if root.is_empty() => "/".to_owned(),
        root => root,
    }
}

/// A path as its directory and what follows. A directory whose own name is a part of a pattern (`v%v/index.m3u8`) belongs to what
/// follows.
fn split(place: &Place, path: &str) -> Result<(String, String), String> {
    let path = if path.split('/').any(|part| part == "..") {
        climbed(path)?
    } else {
        Location::Path(path.to_owned()).plain()
    };
    let literal = match path.find('%').filter(|_| place.is_pattern()) {
        Some(percent) => &path[..percent],
        None => path.as_str(),
    };
    let slash = literal.rfind('/').unwrap_or(0);
    let directory = if slash == 0 { "/" } else { &path[..slash] };
    Ok((directory.to_owned(), path[slash + 1..].to_owned()))
}

/// A path with `..` in it, by its real directory.
fn climbed(path: &str) -> Result<String, String> {
    let own = Path::new(path);
    let real = own.parent().and_then(|parent| parent.canonicalize().ok());
    let joined = real
        .zip(own.file_name())
        .map(|(real, name)| real.join(name));
    joined
        .and_then(|path| path.into_os_string().into_string().ok())
        .ok_or_else(|| {
            format!("`{path}` climbs out of a directory that does not exist (write the path without `..`)")
        })
}

/// Refuses what could not be brought there in the end.
fn writable(place: &Place, path: &str, directory: &str) -> Result<(), String> {
    if !place.is_pattern() {
        if place.location.base_name().len() > NAME_LIMIT {
            return Err(format!(
                "the name of `{path}` is longer than {NAME_LIMIT} bytes (shorten it)"
            ));
        }
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(format!(
                    "`{path}` is a directory (name a file in it, such as {}/out.mp4)",
                    path.trim_end_matches('/')
                ));
            }
            Ok(there) if !there.is_file() => {
                return Err(format!(
                    "`{path}` is a device, a pipe or a socket, and a job only writes files (name another)"
                ));
            }
            _ => {}
        }
    }
    let mut existing = Path::new(directory)
        .ancestors()
        .filter(|above| above.exists());
    let above = existing.next().unwrap_or(Path::new("/"));
    if !above.is_dir() {
        return Err(format!(
            "`{}` is a file, and `{path}` would lie in it (name another directory)",
            above.display()
        ));
    }
    access(above, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
        format!(
            "`{path}` could not be written in the end: `{}`: {error} (choose another directory)",
            above.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    /// The prefixes and keys of a command in a directory, which is left out of what is returned.
    fn results(line: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().display().to_string();
        let line = line.replace('@', &format!("{directory}/"));
        let parsed = Command::from_line(&line)
            .and_then(|command| command.parse())
            .expect("a command");
        let results = of(&[parsed], "r")?;
        let root = |root: Root| format!("{} {}", root.from, root.to.replace(&directory, "@"));
        let roots = results.roots.into_iter().map(root).collect();
        Ok((roots, results.keys.into_values().collect()))
    }

    #[track_caller]
    fn check(line: &str, roots: &[&str], keys: &[&str]) {
        let (got_roots, got_keys) = results(line).expect("it can be written");
        assert_eq!(
            (got_roots, got_keys),
            (
                roots.iter().map(ToString::to_string).collect(),
                keys.iter().map(ToString::to_string).collect()
            ),
            "{line}"
        );
    }

    #[test]
    fn one_output_lies_in_its_directory() {
        check("-i s3://b/a @out/b.mp4", &["r/ @/out"], &["r/b.mp4"]);
        check("-i s3://b/a s3://b/c.mp4", &[], &[]);
    }

    #[test]
    fn a_playlist_and_its_segments_keep_their_relation() {
        check(
            "-i s3://b/a -hls_segment_filename @seg/%d.ts @hls/x.m3u8",
            &["r/ @"],
            &["r/seg/%d.ts", "r/hls/x.m3u8"],
        );
        check(
            "-i s3://b/a -var_stream_map v:0 @out/v%v/x.m3u8",
            &["r/ @/out"],
            &["r/v%v/x.m3u8"],
        );
    }

    #[test]
    fn a_job_that_writes_to_two_directories_could_write_to_what_lies_above_both() {
        check(
            "-i s3://b/a @one/b.mp4 @two/c.mp4",
            &["r/0/ @/one", "r/1/ @/two"],
            &["r/0/b.mp4", "r/1/c.mp4"],
        );
        check(
            "-i s3://b/a @one/more/b.mp4 @two/c.mp4 @one/d.mp4",
            &["r/0/ @/two", "r/1/ @/one"],
            &["r/1/more/b.mp4", "r/0/c.mp4", "r/1/d.mp4"],
        );
    }

    #[test]
    fn a_directory_that_only_begins_like_another_is_none_beneath_it() {
        assert!(!within("/a/b", "/a/bc"));
        assert!(within("/", "/a"));
        assert_eq!(common("/a/b/c", "/a/bd"), "/a");
        assert_eq!(common("/a", "/b"), "/");
    }

    #[test]
    fn what_could_not_be_written_in_the_end() {
        let refusal = |line| results(line).expect_err("it cannot be written");
        assert!(refusal("-i s3://b/a -f mp4 /tmp").contains("is a directory"));
        assert!(refusal("-i s3://b/a /etc/hostname/x.mp4").contains("is a file"));
        assert!(refusal("-i s3://b/a @none/../x.mp4").contains("climbs out"));
    }
}
