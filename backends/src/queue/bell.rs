//! The bell at the runner's door: a socket. Whoever has changed something rings; the runner looks.
//!
//! A bell that nobody can hear tells that there is no runner, and takes nothing from one that is just starting, as trying its lock
//! would. The runner takes the bell down before it looks for the last time, so of a change and a runner that leaves, one
//! sees the other.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram as Ringer;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::compute::ComputeError;
use tokio::net::UnixDatagram;

use super::place::Place;

/// Rings. `false` when nobody is there.
pub fn ring(place: &Place) -> Result<bool, ComputeError> {
    let path = place.bell();
    let rung = short(&path).and_then(|(_directory, name)| {
        let ringer = Ringer::unbound()?;
        ringer.set_nonblocking(true)?;
        ringer.send_to(&[1], name)
    });
    match rung {
        Ok(_) => Ok(true),
        // Who has not come to the door yet has heard of it all the same.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(failed(&path, error)),
    }
}

/// Hangs the bell up. It hears until it is dropped. Only the holder of the runner's lock does so.
pub fn hang(place: &Place) -> Result<UnixDatagram, ComputeError> {
    let path = place.bell();
    let hung = || {
        // The one of an earlier runner, which nobody hears.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (_directory, name) = short(&path)?;
        UnixDatagram::bind(name)
    };
    hung().map_err(|error| failed(&path, error))
}

/// Waits until somebody rings.
pub async fn heard(bell: &UnixDatagram) {
    if bell.recv(&mut [0; 1]).await.is_err() {
        // A bell that is broken is not heard; the runner looks by itself now and then.
        return std::future::pending().await;
    }
    while bell.try_recv(&mut [0; 1]).is_ok() {}
}

/// A name of the socket that is short enough for the kernel (107 bytes, `unix(7)`) however deep it lies: through its
/// directory, which has to stay open meanwhile.
fn short(path: &Path) -> std::io::Result<(File, PathBuf)> {
    let directory = File::open(path.parent().unwrap_or(path))?;
    let name = path.file_name().unwrap_or_default();
    let short = Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(name);
    Ok((directory, short))
}

fn failed(path: &Path, error: std::io::Error) -> ComputeError {
    ComputeError::machine(format!("the socket `{}` cannot be used", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bell_is_heard_only_while_it_hangs() {
        let directory = tempfile::tempdir().expect("a directory");
        let deep = directory.path().join("a".repeat(200)).join("b".repeat(200));
        fs::create_dir_all(&deep).expect("made");
        let place = Place::at(deep);
        for _ in 0..2 {
            assert!(!ring(&place).expect("nobody is no error"));
            let bell = hang(&place).expect("hung up");
            for _ in 0..1000 {
                assert!(ring(&place).expect("a full socket is no error"));
            }
            heard(&bell).await;
        }
        assert!(!ring(&place).expect("nobody is no error"));
    }
}
