//! Directories beyond which a job may name no file of this machine.
//!
//! It is asked where a job is submitted, and once more where its files are read and written: lists name files of their own, and links
//! may have changed.

use std::fs;
use std::path::{Component, Path, PathBuf};

use ffbatch_dispatcher::job::Bounds;

/// Checks that a path is below one of the roots once every link in it is followed, be it there or not; without bounds it may be
/// anywhere.
///
/// # Errors
/// One sentence with the path and the roots.
pub fn within(bounds: Option<&Bounds>, path: &str) -> Result<(), String> {
    let Some(Bounds { roots }) = bounds else {
        return Ok(());
    };
    let real = real(Path::new(path));
    let holds = |root: &String| {
        let root = fs::canonicalize(root);
        real.iter()
            .any(|real| root.as_ref().is_ok_and(|root| real.starts_with(root)))
    };
    if roots.iter().any(holds) {
        return Ok(());
    }
    let below = match &roots[..] {
        [] => "there are none".to_owned(),
        roots => format!("they are below {}", roots.join(", ")),
    };
    Err(format!(
        "`{path}` is none of the files that this job may use ({below})"
    ))
}

/// Where a path leads; of what is not there yet, the nearest directory that is, with the rest behind it. `None` where that cannot be
/// told: a link that leads nowhere, a `..` behind something that is not there.
fn real(path: &Path) -> Option<PathBuf> {
    for above in path.ancestors() {
        if let Ok(real) = fs::canonicalize(above) {
            let rest = path.strip_prefix(above).ok()?;
            let plain = rest
                .components()
                .all(|one| matches!(one, Component::Normal(_)));
            return plain.then(|| real.join(rest));
        }
        if fs::symlink_metadata(above).is_ok() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_below_roots() {
        let room = tempfile::tempdir().expect("a directory");
        let at = |name: &str| room.path().join(name).to_string_lossy().into_owned();
        for directory in ["media", "media/in", "media2", "secret"] {
            fs::create_dir(at(directory)).expect("it is new");
        }
        fs::write(at("secret/key"), "x").expect("it is written");
        fs::write(at("media/in/a.mp4"), "x").expect("it is written");
        symlink(at("secret"), at("media/way")).expect("a link");
        symlink(at("secret/none"), at("media/nowhere")).expect("a link");
        symlink(at("media"), at("alias")).expect("a link");
        let bounds = |name: &str| {
            Some(Bounds {
                roots: vec![at(name)],
            })
        };
        let own = bounds("alias");
        let check = |path: &str, expected: bool| {
            assert_eq!(within(own.as_ref(), &at(path)).is_ok(), expected, "{path}");
        };
        check("media/in/a.mp4", true);
        check("alias/in/../in/a.mp4", true);
        check("media/out/new/b.mp4", true);
        check("media/img%03d.png", true);
        check("media", true);
        check("media2/a", false);
        check("secret/key", false);
        check("media/way/key", false);
        check("media/way/new", false);
        check("media/nowhere", false);
        check("media/../secret/key", false);
        check("media/none/../../secret/key", false);
        check("alias/../secret/key", false);
        assert_eq!(within(None, "/anywhere"), Ok(()));
        let said = within(own.as_ref(), "/etc/passwd").expect_err("it is elsewhere");
        assert!(
            said.contains("`/etc/passwd`") && said.contains("alias"),
            "{said}"
        );
        assert!(within(bounds("gone").as_ref(), &at("media/in")).is_err());
        assert!(within(Some(&Bounds::default()), &at("media/in")).is_err());
    }
}
