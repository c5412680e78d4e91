//! Whether a machine has the device that a job needs, before a byte moves.
//!
//! A GPU that fell off the bus, or a driver that does not fit the image, shows as an error of an encoder after all inputs were fetched,
//! in words that name neither. The vendor's own program tells at once. Which program that is comes from a fixed list: what runs here is
//! not confined, so nobody may name it freely.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::confine::permitted;

/// The longest that a program may take. Without a persistent driver `nvidia-smi` wakes each card first, some seconds for each.
const LIMIT: Duration = Duration::from_mins(1);

/// A program that knows its devices.
#[derive(Debug)]
struct Preflight {
    /// Its name on `PATH`, by which it is asked for.
    name: &'static str,
    arguments: &'static [&'static str],
    /// Reads the devices in its output.
    read: fn(&str) -> Vec<Gpu>,
}

/// All that are known.
const KNOWN: [Preflight; 1] = [Preflight {
    name: "nvidia-smi",
    arguments: &["-L"],
    read: nvidia,
}];

/// A graphics card, or a part of one (MIG).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpu {
    /// What it is, such as `Tesla T4`.
    pub name: String,
    /// Which one it is, such as `GPU-1f22a253-c329-dfb7-0db4-e005efb6a4c7`.
    pub uuid: String,
}

/// This machine does not have what is needed, or nobody can tell.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// Nothing of that name is known.
    #[error("the device check `{0}` is not known (known: {known})", known = known())]
    Unknown(String),
    /// The program does not start.
    #[error(
        "`{0}` cannot be started, so that there is no device that the job could use (run it on a machine with the vendor's driver, and give the container the device)"
    )]
    Start(&'static str, #[source] std::io::Error),
    /// It failed.
    #[error("`{program}` failed: {cause} ({FIX})")]
    Failed {
        /// The program with its arguments.
        program: String,
        /// What it said, or how it ended.
        cause: String,
    },
    /// It took too long.
    #[error(
        "`{0}` gave no answer within {limit} s ({FIX})",
        limit = LIMIT.as_secs()
    )]
    Late(String),
    /// It found nothing.
    #[error("`{0}` lists no device ({FIX})")]
    Nothing(String),
}

/// What helps where a program does not find its device.
const FIX: &str = "give the container the device, and use a machine whose driver fits; one that worked before may be broken: end the instance";

/// Has a known program list the devices; an error where there is none.
pub async fn preflight(name: &str) -> Result<Vec<Gpu>, PreflightError> {
    let known = KNOWN.iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| PreflightError::Unknown(name.to_owned()))?;
    let program = [&[known.name], known.arguments].concat().join(" ");
    let mut command = Command::new(known.name);
    command
        .args(known.arguments)
        .env_clear()
        .envs(permitted(std::env::vars_os()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn();
    let child = child.map_err(|error| PreflightError::Start(known.name, error))?;
    let Ok(output) = tokio::time::timeout(LIMIT, child.wait_with_output()).await else {
        return Err(PreflightError::Late(program));
    };
    let output = output.map_err(|error| PreflightError::Start(known.name, error))?;
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        let cause = cause([&complained, &said], output.status);
        return Err(PreflightError::Failed { program, cause });
    }
    let found = (known.read)(&said);
    if found.is_empty() {
        return Err(PreflightError::Nothing(program));
    }
    Ok(found)
}

fn known() -> String {
    KNOWN.map(|known| format!("`{}`", known.name)).join(", ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first line that says something, else how it ended.
fn cause(said: [&str; 2], status: ExitStatus) -> String {
    let mut lines = said.into_iter().flat_map(str::lines).map(str::trim);
    let line = lines.find(|line| !line.is_empty());
    line.map_or_else(
        || status.to_string(),
        |line| line.trim_end_matches('.').to_owned(),
    )
}

/// The lines of `nvidia-smi -L`: `GPU 0: Tesla T4 (UUID: GPU-..)`, and below a card that is divided
/// `  MIG 1g.10gb     Device  0: (UUID: MIG-..)`.
fn nvidia(said: &str) -> Vec<Gpu> {
    let line = |line: &str| {
        let (what, uuid) = line.trim().strip_suffix(')')?.split_once("(UUID: ")?;
        let (place, name) = what.split_once(':')?;
        let name = match name.trim() {
            "" => place.split("Device").next()?.trim(),
            name => name,
        };
        Some(Gpu {
            name: name.to_owned(),
            uuid: uuid.to_owned(),
        })
    };
    said.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: &[(&str, &str)]) {
        let found = nvidia(said);
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|gpu| (gpu.name.as_str(), gpu.uuid.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_of_nvidia_smi() {
        let t4 = "GPU 0: Tesla T4 (UUID: GPU-1f22a253-c329-dfb7-0db4-e005efb6a4c7)\n";
        check(
            t4,
            &[("Tesla T4", "GPU-1f22a253-c329-dfb7-0db4-e005efb6a4c7")],
        );
        let divided = "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a)\n  MIG 1g.5gb      Device  0: (UUID: MIG-b)\n";
        check(
            divided,
            &[("NVIDIA A100-SXM4-40GB", "GPU-a"), ("MIG 1g.5gb", "MIG-b")],
        );
        check("No devices were found\n", &[]);
        check("", &[]);
    }

    #[tokio::test]
    async fn only_known_programs_run() {
        let refused = preflight("/bin/true").await.expect_err("it is not known");
        assert_eq!(
            refused.to_string(),
            "the device check `/bin/true` is not known (known: `nvidia-smi`)"
        );
    }
}
