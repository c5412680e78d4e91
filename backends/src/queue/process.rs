//! Processes and moments that are known again after everything else has ended: by another runner, after another boot.
//!
//! A process is known by its id, the moment of its start and the boot in which it started: ids are given out again, and each
//! boot begins anew. A moment is one of `CLOCK_BOOTTIME`, which nobody sets and which goes on while the machine sleeps.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

/// A process, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub pid: i32,
    /// When it started, in clock ticks since the boot (`proc_pid_stat(5)`, field 22).
    pub start: u64,
    /// The boot.
    pub boot: String,
}

/// A moment that can be compared with another one of the same boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The boot.
    pub boot: String,
    /// Milliseconds since the boot.
    pub millis: i64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        Self {
            boot: boot(),
            millis: time.tv_sec * 1000 + time.tv_nsec / 1_000_000,
        }
    }

    /// How much later than `earlier` this is; `None` when the machine was started in between.
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        let millis = u64::try_from(self.millis - earlier.millis).unwrap_or(0);
        (self.boot == earlier.boot).then(|| Duration::from_millis(millis))
    }
}

impl Identity {
    /// The process that has this id now; `None` when there is none.
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self {
            pid,
            start: start(pid)?,
            boot: boot(),
        })
    }

    /// Sends a signal to this process and no other. A process that has ended needs none.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        let Some(pid) = Pid::from_raw(self.pid).filter(|_| self.boot == boot()) else {
            return Ok(());
        };
        // The descriptor is of whatever has the id now. Once it is open the id cannot change hands unnoticed.
        let descriptor = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => descriptor,
            Err(Errno::SRCH) => return Ok(()),
            Err(error) => return Err(error),
        };
        if start(self.pid) != Some(self.start) {
            return Ok(());
        }
        match pidfd_send_signal(descriptor, signal) {
            Err(Errno::SRCH) => Ok(()),
            sent => sent,
        }
    }
}

/// The boot of this machine, or of this container; empty where the kernel does not tell.
fn boot() -> String {
    static BOOT: OnceLock<String> = OnceLock::new();
    let read = || {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    };
    BOOT.get_or_init(read).clone()
}

/// When a process started, in clock ticks since the boot; `None` when there is none of this id.
fn start(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Identity {
        let pid = i32::try_from(std::process::id()).expect("ids are small");
        Identity::of(pid).expect("this process is there")
    }

    #[test]
    fn a_process_is_known_again() {
        assert_eq!(Identity::of(own().pid), Some(own()));
        assert!(own().start > 0 && !own().boot.is_empty());
        assert_eq!(Identity::of(i32::MAX), None);
    }

    #[test]
    fn another_process_of_the_same_id_gets_no_signal() {
        // Each of these would end this test if it arrived.
        let earlier = Identity {
            start: own().start - 1,
            ..own()
        };
        let boot = Identity {
            boot: "another".to_owned(),
            ..own()
        };
        for stranger in [earlier, boot] {
            assert_eq!(stranger.signal(Signal::KILL), Ok(()));
        }
    }

    #[test]
    fn moments_of_two_boots_are_not_compared() {
        let now = Moment::now();
        let later = Moment {
            millis: now.millis + 1500,
            ..now.clone()
        };
        assert_eq!(later.since(&now), Some(Duration::from_millis(1500)));
        let other = Moment {
            boot: "another".to_owned(),
            ..now
        };
        assert_eq!(later.since(&other), None);
    }
}
