//! Lists and playlists that come from elsewhere: what they name comes along.
//!
//! They are read before the first file moves, each by the rules that hold for local ones (see the check stage's rooms), so
//! that a hostile line moves nothing. A playlist and its segments keep their layout, verbatim; a list gets names of
//! ours, since it may name files of several places.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::list::{Form, TEXT_LIMIT, rewrite};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist;
use ffbatch_storage::Stores;

use crate::check::list::Beside;
use crate::check::named;
use crate::check::{Fetch, What};
use crate::failure::Failure;

/// What a plan's fetches come to.
#[derive(Debug, Default)]
pub struct Followed {
    /// Files and patterns.
    pub fetches: Vec<Fetch>,
    /// Texts to write: the path, what stands in it, and where it comes from.
    pub texts: Vec<(PathBuf, String, Location)>,
    /// Links to make: the path and what it leads to.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// Reads every list and playlist among the fetches, and those that they name.
pub async fn follow(fetches: &[Fetch], stores: &Stores) -> Result<Followed, Failure> {
    let mut followed = Followed::default();
    let mut pending: VecDeque<Fetch> = fetches.iter().cloned().collect();
    let mut seen = BTreeSet::new();
    while let Some(fetch) = pending.pop_front() {
        if !seen.insert(fetch.to.clone()) {
            continue;
        }
        named::bounded(seen.len().saturating_sub(fetches.len()), &fetch.from)?;
        match &fetch.what {
            What::File | What::Pattern(_) => followed.fetches.push(fetch),
            What::Playlist => {
                let text = read(&fetch.from, stores).await?;
                pending.extend(segments(&fetch, &text)?);
                followed.texts.push((fetch.to, text, fetch.from));
            }
            What::List {
                form,
                strict,
                sides,
            } => {
                let text = read(&fetch.from, stores).await?;
                let text = list(
                    &fetch,
                    &text,
                    (*form, *strict, sides),
                    &mut pending,
                    &mut followed.links,
                )?;
                followed.texts.push((fetch.to, text, fetch.from));
            }
        }
    }
    Ok(followed)
}

async fn read(from: &Location, stores: &Stores) -> Result<String, Failure> {
    let fail = |error| Failure::store(Exit::Input, &error);
    let store = stores.of(from).map_err(fail)?;
    let bytes = store.read(from, TEXT_LIMIT).await.map_err(fail)?;
    if bytes.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            format!("`{from}` is empty (0 bytes)"),
        ));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            Exit::Input,
            format!("`{from}` is not UTF-8 text (convert it)"),
        )
    })
}

/// What a playlist names, beside it here as there.
fn segments(fetch: &Fetch, text: &str) -> Result<Vec<Fetch>, Failure> {
    let directory = fetch.to.parent().unwrap_or(Path::new("/"));
    playlist::references(text)
        .into_iter()
        .map(|reference| {
            let below = playlist::beneath(&reference.uri)
                .ok_or_else(|| named::outside(&reference, &fetch.from))?;
            Ok(Fetch {
                from: named::sibling(&fetch.from, &below),
                to: directory.join(below),
                what: if reference.is_playlist {
                    What::Playlist
                } else {
                    What::File
                },
            })
        })
        .collect()
}

/// The text of a list with names that are here; what it names is added to the fetches and links.
fn list(
    fetch: &Fetch,
    text: &str,
    (form, strict, sides): (Form, bool, &[(String, PathBuf)]),
    fetches: &mut VecDeque<Fetch>,
    links: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<String, Failure> {
    let mut beside = Beside::new(&fetch.to);
    let mut names = Vec::new();
    for entry in form.entries(text) {
        named::accept(&entry, form, strict, &fetch.from)?;
        let side = sides.iter().find(|(name, _)| *name == entry.name);
        let location = match side {
            Some((_, target)) => Location::Path(target.to_string_lossy().into_owned()),
            None => named::locate(&entry.name, &fetch.from, form, Path::new("/"))
                .map_err(|why| named::said(entry.line, &fetch.from, why))?,
        };
        let (name, new) = beside.name(&location);
        let to = beside.path(&name);
        match side {
            Some((_, target)) if new => links.push((to, target.clone())),
            None if new => fetches.push_back(Fetch {
                what: What::of(&location),
                from: location,
                to,
            }),
            _ => {}
        }
        names.push((entry, beside.written(form, name)));
    }
    Ok(rewrite(form, text, &names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(from: &str, what: What) -> Fetch {
        Fetch {
            from: from.parse().expect("a location"),
            to: PathBuf::from("/in/0/x"),
            what,
        }
    }

    #[test]
    fn segments_keep_their_layout() {
        let playlist = fetch("s3://b/a/i.m3u8", What::Playlist);
        let text = "#EXTM3U\n#EXTINF:1,\nseg/a b.ts\n#EXT-X-STREAM-INF:\nv/i.m3u8\n";
        let found = segments(&playlist, text).expect("it names only what is beneath");
        let seen: Vec<(String, &str, bool)> = found
            .iter()
            .map(|one| {
                let to = one.to.to_str().expect("text");
                (one.from.to_string(), to, one.what == What::Playlist)
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("s3://b/a/seg/a b.ts".to_owned(), "/in/0/seg/a b.ts", false),
                ("s3://b/a/v/i.m3u8".to_owned(), "/in/0/v/i.m3u8", true),
            ]
        );
        let error =
            segments(&playlist, "#EXTM3U\n#EXTINF:1,\n../x.ts\n").expect_err("it leads out");
        assert!(error.message.contains("line 3"), "{error}");
    }

    #[track_caller]
    fn check_list(text: &str, expected: Result<(&str, &[&str]), &str>) {
        let one = fetch(
            "s3://b/a/list.txt",
            What::List {
                form: Form::Concat,
                strict: false,
                sides: Vec::new(),
            },
        );
        let (mut fetches, mut links) = (VecDeque::new(), Vec::new());
        let got = list(
            &one,
            text,
            (Form::Concat, false, &[]),
            &mut fetches,
            &mut links,
        );
        let from: Vec<String> = fetches.iter().map(|one| one.from.to_string()).collect();
        match (got, expected) {
            (Ok(got), Ok((text, files))) => {
                assert_eq!(got, text);
                assert_eq!(from, files);
            }
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{error}"),
            (got, expected) => panic!("got {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn lists_get_names_that_are_here() {
        check_list(
            "file 'c.mp4'\nfile s3://other/k?.mkv\nduration 1\nfile c.mp4\n",
            Ok((
                "file '0/c.mp4'\nfile '1/media.mkv'\nduration 1\nfile '0/c.mp4'\n",
                &["s3://b/a/c.mp4", "s3://other/k?.mkv"],
            )),
        );
        check_list("file /etc/passwd\n", Err("line 1"));
        check_list("\nfile file:/etc/passwd\n", Err("line 2"));
        check_list("file ../up.mp4\n", Err("is not beneath"));
        check_list("file rtmp://h/x\n", Err("live source"));
    }
}
