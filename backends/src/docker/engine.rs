//! The container engine of this machine: where its socket is, and what it says in sentences with a fix.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};
use ffbatch_dispatcher::compute::ComputeError;

/// The variable that names the engine, as for `docker` itself.
pub const HOST: &str = "DOCKER_HOST";

/// Where engines listen that nobody names: Docker, rootless Docker, Podman. Below the user's own directory for sockets where not absolute.
const SOCKETS: [&str; 4] = [
    "/var/run/docker.sock",
    "docker.sock",
    "podman/podman.sock",
    "/run/podman/podman.sock",
];

/// How long one answer may take, in seconds. To stop a container takes up to [`super::container::STOP_SECS`].
const PATIENCE_SECS: u64 = 120;

/// The engine's socket, as the environment says.
///
/// Only an engine of this machine sees the paths of its jobs, so there is no other way to one.
pub fn host(variable: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ComputeError> {
    if let Some(host) = variable(HOST).filter(|host| !host.is_empty()) {
        let path = host.strip_prefix("unix://").unwrap_or(&host);
        return if path.starts_with('/') {
            Ok(path.into())
        } else {
            Err(ComputeError::machine(format!(
                "the engine at `{host}` is none of this machine, and would not see the files of its jobs (set DOCKER_HOST to a socket, such as unix:///var/run/docker.sock)"
            )))
        };
    }
    let own = variable("XDG_RUNTIME_DIR").unwrap_or_default();
    let there = SOCKETS
        .into_iter()
        .map(|socket| Path::new(&own).join(socket))
        .find(|socket| socket.is_absolute() && socket.exists());
    Ok(there.unwrap_or_else(|| SOCKETS[0].into()))
}

/// A client that speaks the engine's version.
pub async fn connect(socket: &Path) -> Result<Docker, Error> {
    let path = socket.to_string_lossy();
    Docker::connect_with_unix(&path, PATIENCE_SECS, API_DEFAULT_VERSION)?
        .negotiate_version()
        .await
}

/// Whether the engine has an image; an error with the fix where it has not.
pub async fn has_image(socket: &Path, image: &str) -> Result<(), ComputeError> {
    let looked = async { connect(socket).await?.inspect_image(image).await };
    match looked.await {
        Ok(_) => Ok(()),
        Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Err(ComputeError::machine(no_image(image))),
        Err(error) => Err(ComputeError::machine(said(&error, socket))),
    }
}

/// What is said where an image is missing.
pub fn no_image(image: &str) -> String {
    format!(
        "the container engine has no image `{image}` (bring it with `docker load` or `docker pull`, or name another one by `image` in the section `backends.docker`)"
    )
}

/// Whether the engine has answered; otherwise nobody knows what it did.
pub fn is_answer(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { .. })
}

/// What went wrong, in one sentence.
pub fn said(error: &Error, socket: &Path) -> String {
    let at = socket.display();
    if let Error::DockerResponseServerError { message, .. } = error {
        return format!("the container engine refuses: {}", message.trim());
    }
    let gone = matches!(error, Error::SocketNotFoundError(_));
    match cause(error).map(io::Error::kind) {
        Some(ErrorKind::PermissionDenied) => format!(
            "this user may not use the container engine at `{at}` (join its group with `sudo usermod -aG docker $USER` and log in again, or use a rootless engine)"
        ),
        Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => nobody(socket),
        _ if gone => nobody(socket),
        _ => format!("the container engine at `{at}` does not answer: {error}"),
    }
}

fn nobody(socket: &Path) -> String {
    format!(
        "no container engine runs at `{}` (start one, such as with `sudo systemctl start docker`, or set DOCKER_HOST to its socket)",
        socket.display()
    )
}

/// What the system said, behind what the client makes of it.
fn cause(error: &Error) -> Option<&io::Error> {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Result<&str, &str>) {
        let found = host(|name| (name == HOST).then(|| value.to_owned()));
        match (found, expected) {
            (Ok(path), Ok(expected)) => assert_eq!(path, Path::new(expected)),
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{error}"),
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn only_an_engine_of_this_machine_sees_its_files() {
        check("unix:///run/own.sock", Ok("/run/own.sock"));
        check("/run/own.sock", Ok("/run/own.sock"));
        check("tcp://10.0.0.1:2375", Err("tcp://10.0.0.1:2375"));
        check("ssh://me@there", Err("none of this machine"));
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_said_with_the_fix() {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("none.sock");
        let error = has_image(&socket, "a:1")
            .await
            .expect_err("nobody is there");
        assert!(
            error.message.contains("no container engine runs"),
            "{error}"
        );
        // One that nobody hears any more.
        drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
        let error = has_image(&socket, "a:1").await.expect_err("nobody hears");
        assert!(
            error.message.contains("no container engine runs"),
            "{error}"
        );
    }
}
