//! A build's version, remembered between runs: asking costs 10 ms, which is as much as a small job takes.
//!
//! The answer stands in a file of the work directory together with the identity of the program that gave it. The identity
//! holds the time of the inode's last change (`st_ctime`), which only the kernel sets, so that a program that was replaced
//! or rewritten is asked again whatever its size and its date say. A script is asked every time: what it starts may
//! change while it stays the same.
//!
//! The memory is a convenience: what cannot be read or written is as if it were not there. The work directory may be one
//! to which others write (`/tmp`), so that a link, a pipe or a file of another user under this name is left alone.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use super::{Version, VersionError, version};
use crate::find::Ffmpeg;

/// The file's name in the work directory. It holds two lines: the identity of the program, and what it answered.
const NAME: &str = "ffbatch-ffmpeg-version";

/// How a program for this machine begins, and a script does not (elf(5), `EI_MAG0` to `EI_MAG3`).
const ELF: [u8; 4] = *b"\x7fELF";

/// The largest memory that is read, in bytes: a path and a line of a banner.
const LIMIT: u64 = 16 << 10;

/// The version that this build told before, else what it tells now ([`version`]), which is remembered in `directory`.
pub async fn remembered(
    ffmpeg: &Ffmpeg,
    launcher: &Path,
    directory: &Path,
) -> Result<Version, VersionError> {
    // The identity is taken before the question: a program that is replaced meanwhile is remembered as the one that is gone.
    let identity = identity(&ffmpeg.path);
    let memory = directory.join(NAME);
    if let Some(known) = identity.as_deref().and_then(|is| recall(&memory, is)) {
        return Ok(known);
    }
    let version = version(ffmpeg, launcher).await?;
    if let Some(identity) = identity
        && let Err(error) = keep(&memory, &identity, &version)
    {
        tracing::debug!(%error, "ffmpeg's version will be asked for again");
    }
    Ok(version)
}

/// What makes a program the same as before; `None` for a script.
fn identity(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut start = ELF.map(|_| 0);
    file.read_exact(&mut start).ok()?;
    let of = file.metadata().ok().filter(|_| start == ELF)?;
    Some(format!(
        "{} {} {} {}.{:09} {}.{:09} {}",
        of.dev(),
        of.ino(),
        of.size(),
        of.mtime(),
        of.mtime_nsec(),
        of.ctime(),
        of.ctime_nsec(),
        path.display(),
    ))
}

/// What is remembered of the program with this identity. Two workers may write at once: what is not whole counts for nothing.
fn recall(memory: &Path, identity: &str) -> Option<Version> {
    let mut text = String::new();
    own(memory, OFlags::RDONLY)
        .ok()?
        .take(LIMIT)
        .read_to_string(&mut text)
        .ok()?;
    let line = text.strip_prefix(identity)?.strip_prefix('\n')?;
    let line = line
        .strip_suffix('\n')
        .filter(|line| !line.contains('\n'))?;
    Version::read(line)
}

fn keep(memory: &Path, identity: &str, version: &Version) -> io::Result<()> {
    let mut file = own(memory, OFlags::WRONLY | OFlags::CREATE)?;
    file.set_len(0)?;
    file.write_all(format!("{identity}\nffmpeg version {}\n", version.text).as_bytes())
}

/// Opens a regular file of this user's.
fn own(path: &Path, how: OFlags) -> io::Result<File> {
    let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let of = file.metadata()?;
    if of.is_file() && of.uid() == rustix::process::geteuid().as_raw() {
        Ok(file)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::*;

    fn room() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let room = tempfile::tempdir().expect("a directory");
        let (program, memory) = (room.path().join("ffmpeg"), room.path().join(NAME));
        fs::write(&program, b"\x7fELF one").expect("written");
        (room, program, memory)
    }

    fn told(text: &str) -> Version {
        Version::read(&format!("ffmpeg version {text} Copyright")).expect("a banner")
    }

    #[test]
    fn what_was_told_is_remembered() {
        let (_room, program, memory) = room();
        let identity = identity(&program).expect("a program");
        assert_eq!(recall(&memory, &identity), None);
        for text in ["n9.0.2-17-g2a571b6068-20260930", "7.1"] {
            keep(&memory, &identity, &told(text)).expect("kept");
            assert_eq!(recall(&memory, &identity), Some(told(text)));
        }
    }

    #[test]
    fn a_program_that_was_replaced_kept_its_old_version() {
        let (_room, program, memory) = room();
        let before = identity(&program).expect("a program");
        let date = fs::metadata(&program).and_then(|of| of.modified());
        keep(&memory, &before, &told("7.1")).expect("kept");
        let date = date.expect("a date");
        // The same name, inode, size and date. Older kernels count the time of a change in steps of some milliseconds.
        let limit = Instant::now() + Duration::from_secs(1);
        let after = loop {
            let file = File::options().write(true).open(&program).expect("opens");
            (&file).write_all(b"\x7fELF two").expect("written");
            file.set_modified(date).expect("set");
            let after = identity(&program).expect("a program");
            if after != before || Instant::now() > limit {
                break after;
            }
        };
        assert_eq!(recall(&memory, &after), None, "{before} {after}");
    }

    #[test]
    fn a_script_is_asked_every_time() {
        let (_room, program, _) = room();
        fs::write(&program, "#!/bin/sh\nexec /opt/ffmpeg/bin/ffmpeg \"$@\"\n").expect("written");
        assert_eq!(identity(&program), None);
    }

    #[test]
    fn a_memory_that_two_wrote_at_once_was_believed() {
        let (_room, program, memory) = room();
        let identity = identity(&program).expect("a program");
        let whole = format!("{identity}\nffmpeg version 7.1\n");
        for torn in [
            &whole[..whole.len() - 1],
            &format!("{whole}9\n"),
            &identity,
            "",
        ] {
            fs::write(&memory, torn).expect("written");
            assert_eq!(recall(&memory, &identity), None, "{torn:?}");
        }
        fs::write(&memory, &whole).expect("written");
        assert_eq!(recall(&memory, &identity), Some(told("7.1")));
    }

    #[test]
    fn a_link_that_somebody_else_put_there_is_not_written_to() {
        let (room, program, memory) = room();
        let precious = room.path().join("precious");
        fs::write(&precious, "x").expect("written");
        std::os::unix::fs::symlink(&precious, &memory).expect("linked");
        let identity = identity(&program).expect("a program");
        keep(&memory, &identity, &told("7.1")).expect_err("it must be refused");
        assert_eq!(fs::read_to_string(&precious).expect("there"), "x");
    }
}
