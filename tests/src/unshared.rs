//! Runs programs in name spaces of their own: file systems that only they see, users that are not there.

use crate::ended::Ended;
use crate::sandbox::Sandbox;
use crate::tools;

/// Runs a shell line with `ffbatch` as `$0`, in name spaces of its own where this user is root (`unshare(1)`).
///
/// `None`, said loudly, where the system does not allow that.
#[track_caller]
pub fn unshared(sandbox: &Sandbox, flags: &[&str], line: &str) -> Option<Ended> {
    let mut probe = sandbox.command("unshare".as_ref());
    if sandbox.end(probe.args(flags).arg("true")).code != Some(0) {
        eprintln!(
            "SKIPPED: this system does not let its users make name spaces (unshare {})",
            flags.join(" ")
        );
        return None;
    }
    let mut command = sandbox.command("unshare".as_ref());
    command
        .args(flags)
        .args(["sh", "-euc", line])
        .arg(tools::ffbatch());
    Some(sandbox.end(&mut command))
}
