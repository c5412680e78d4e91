//! Files that name other files: what they name comes along, or is said not to be able to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ffbatch_dispatcher::list::{Entry, FILES_LIMIT, Form, is_safe};
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::playlist;
use ffbatch_storage::readable;

use super::source::{List, Source, Survey, Target, Tree, text};
use super::written::Reader;

/// A list, in a form and by rules that are strict or not, with all that it names. A list all of whose names hold elsewhere too is a
/// file like any other.
pub fn list(
    survey: &mut Survey<'_>,
    path: &str,
    (form, strict): (Form, bool),
    sides: &[&str],
    reader: Reader,
) -> Result<Source, String> {
    readable(path, false)?;
    let text = text(path)?;
    let mut entries = Vec::new();
    for entry in form.entries(&text) {
        let said = |why: String| format!("line {} of `{path}`: {why}", entry.line);
        if form == Form::Concat && strict && !is_safe(&entry.name) {
            return Err(said(format!(
                "ffmpeg takes `{}` for unsafe (add -safe 0 before the -i of the list)",
                entry.name
            )));
        }
        if entries.len() >= FILES_LIMIT {
            return Err(too_many(path));
        }
        if sides.contains(&entry.name.as_str()) {
            continue;
        }
        let target = one(survey, &entry, path, form, reader).map_err(said)?;
        entries.extend(target.map(|target| (entry, target)));
    }
    if entries.is_empty() {
        return Ok(Source::File(PathBuf::from(path)));
    }
    Ok(Source::List(List {
        name: base_name(path).to_owned(),
        form,
        text,
        entries,
    }))
}

/// What a name in a list stands for; nothing where it holds elsewhere too.
fn one(
    survey: &mut Survey<'_>,
    entry: &Entry,
    list: &str,
    form: Form,
    reader: Reader,
) -> Result<Option<Target>, String> {
    let name = &entry.name;
    let location: Location = name.parse().map_err(|error| format!("{error}"))?;
    let Location::Path(path) = location else {
        return Ok(None);
    };
    let beside = form == Form::Concat && !name.starts_with("file:");
    let directory = if beside {
        Path::new(list).parent().unwrap_or(Path::new("/"))
    } else {
        survey.own
    };
    let path = directory.join(path).to_string_lossy().into_owned();
    let written = survey.written.of_others(&path, reader);
    if let Some(url) = written {
        return Ok(Some(Target::There(url.to_owned())));
    }
    let found = if form == Form::KeyInfo {
        survey.file(&path, reader)
    } else {
        survey.media(&path, reader)
    };
    found.map(|source| Some(Target::Here(source)))
}

/// A playlist with all that it names, beneath its directory.
pub fn playlist(first: &str) -> Result<Tree, String> {
    let root = real(Path::new(first).parent().unwrap_or(Path::new("/")))?;
    let name = base_name(first).to_owned();
    let mut files = vec![(name.clone(), PathBuf::from(first))];
    let mut seen = BTreeSet::from([name.clone()]);
    let mut pending = vec![(name.clone(), PathBuf::from(first))];
    while let Some((own, path)) = pending.pop() {
        let shown = path.display().to_string();
        let before = own.rfind('/').map_or("", |slash| &own[..=slash]);
        for reference in playlist::references(&text(&shown)?) {
            let said = |why: &str| format!("line {} of `{shown}`: {why}", reference.line);
            let outside = || {
                said(&format!(
                    "`{}` does not lie beneath the playlist's own directory (only such names are read; put the files beside the playlist)",
                    reference.uri
                ))
            };
            let below = playlist::beneath(&reference.uri).ok_or_else(outside)?;
            let target = path.with_file_name("").join(&below);
            readable(&target.to_string_lossy(), false).map_err(|why| said(&why))?;
            // A link among the segments must not lead out either.
            if !real(&target)?.starts_with(&root) {
                return Err(outside());
            }
            let inside = format!("{before}{below}");
            if !seen.insert(inside.clone()) {
                continue;
            }
            if files.len() >= FILES_LIMIT {
                return Err(too_many(first));
            }
            files.push((inside.clone(), target.clone()));
            if reference.is_playlist {
                pending.push((inside, target));
            }
        }
    }
    files.sort();
    Ok(Tree { name, files })
}

fn real(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize()
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

fn too_many(path: &str) -> String {
    format!("`{path}` brings more than {FILES_LIMIT} files (split the job)")
}

/// What follows the last slash of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether what was found is a list with other names in it.
pub fn is_rewritten(target: &Target) -> bool {
    matches!(target, Target::Here(source) if matches!(**source, Source::List(_)))
}

/// The same of a side file.
pub fn has_other_names(source: &Arc<Source>) -> bool {
    matches!(**source, Source::List(_))
}
