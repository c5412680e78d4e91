//! How many processors an ffmpeg counts, where it sees more than it was given.
//!
//! A container of AWS Batch on EC2 has a share of its host and sees all of it. Encoders, decoders and filters choose their numbers of
//! threads by what they see: in a job of 2 vCPUs on a host of 32 x264 starts 48 threads, which costs memory (a frame for each), bits
//! (frames that are encoded together cannot refer to each other well) and switches between threads, and gains nothing.
//!
//! What they see is their affinity (`sched_getaffinity(2)`: libavutil's `av_cpu_count`, x264, and with the former libvpx, libaom, and all
//! decoders and filters of ffmpeg's own). So ffmpeg starts with an affinity of so many processors, and when it has opened its encoders
//! all of its threads may use all processors again. It would be wrong to leave it where it started: the kernel shares a host out by
//! weights (`cpu.weight`, which the container has), but only among those who may run on the same processor; two jobs that
//! chose the same ones would halve their time while others idle. For the short while they are chosen at random.
//!
//! Other ways were weighed. `-threads` means something else for each codec, does not reach filters, and is the user's. `-cpucount` reaches
//! libavutil alone and not every build has it. A cpuset or a quota of the cgroup is not a container's to set.
//!
//! What this does not reach: encoders that count the processors which are online (SVT-AV1; its option is `-svtav1-params lp=N`), and an
//! output that is opened later than a second after the others. Both start as many threads as they would have anyway.

use std::collections::HashSet;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How long after an output was opened ffmpeg may use all processors: the other outputs of a command open at about the same time.
pub const SETTLED: Duration = Duration::from_secs(1);

/// What became of an ffmpeg that was to count fewer processors than this process may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow {
    /// It may use all of them since it has opened its encoders.
    Released,
    /// It ended before that.
    Ended,
    /// It counted all of them, or still has to do with few; a sentence says which and why.
    Failed(String),
}

/// How many processors this process may use; `None` where the kernel does not tell.
pub fn usable() -> Option<usize> {
    let own = sched_getaffinity(None).ok()?;
    usize::try_from(own.count()).ok()
}

/// Whether an ffmpeg that shall count so many processors has to be kept from seeing more.
pub(crate) fn narrows(count: Option<usize>) -> Option<usize> {
    let count = count?.max(1);
    usable()
        .is_some_and(|usable| count < usable)
        .then_some(count)
}

/// Lets this thread, and what it becomes, see so many of its processors only, chosen at random.
pub(crate) fn narrow(count: usize) -> Result<(), Errno> {
    let own = sched_getaffinity(None)?;
    let mut left: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|cpu| own.is_set(*cpu))
        .collect();
    let mut chosen = CpuSet::new();
    for _ in 0..count.clamp(1, left.len().max(1)) {
        let random = usize::try_from(random() >> 1).unwrap_or_default();
        if !left.is_empty() {
            chosen.set(left.swap_remove(random % left.len()));
        }
    }
    sched_setaffinity(None, &chosen)
}

/// Lets all threads of a process that was started with `count` processors, and of what it started itself, use those of this process.
pub(crate) fn widen(pid: Pid, count: usize) -> Result<(), String> {
    let own = sched_getaffinity(None).map_err(|errno| kept(errno, count))?;
    let now = sched_getaffinity(Some(pid)).map_err(|errno| kept(errno, count))?;
    if usize::try_from(now.count()) != Ok(count) {
        return Err(format!(
            "ffmpeg counted {} processors, not {count}: its affinity could not be set (allow `sched_setaffinity`)",
            now.count()
        ));
    }
    let mut done = HashSet::new();
    loop {
        // A thread that was started meanwhile has the affinity of the one that started it, which may have been the old one.
        let new: Vec<Pid> = threads(pid)
            .into_iter()
            .filter(|thread| !done.contains(thread))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        for thread in new {
            match sched_setaffinity(Some(thread), &own) {
                // A thread that has ended meanwhile needs no processor.
                Ok(()) | Err(Errno::SRCH) => {}
                Err(errno) => return Err(kept(errno, count)),
            }
            done.insert(thread);
        }
    }
}

fn kept(errno: Errno, count: usize) -> String {
    format!(
        "ffmpeg has to do with {count} processors: its affinity could not be set back ({errno})"
    )
}

/// The threads of a process and of all its descendants: ffmpeg may stand behind a script.
fn threads(pid: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut pending = vec![pid];
    while let Some(process) = pending.pop() {
        let tasks = format!("/proc/{}/task", process.as_raw_nonzero());
        // A process that has ended has no threads.
        let Ok(entries) = fs::read_dir(tasks) else {
            continue;
        };
        for entry in entries.filter_map(Result::ok) {
            found.extend(entry.file_name().to_str().and_then(parsed));
            let children = fs::read_to_string(entry.path().join("children"));
            pending.extend(
                children
                    .unwrap_or_default()
                    .split_whitespace()
                    .filter_map(parsed),
            );
        }
    }
    found
}

fn parsed(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// A number that is another one in each process: a new hasher has random keys.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs something in a thread of its own, whose affinity ends with it.
    fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(work).join().expect("no panic"))
    }

    #[test]
    fn as_many_as_were_asked_for_and_at_least_one() {
        let all = usable().expect("Linux tells");
        for (asked, expected) in [(0, 1), (1, 1), (all, all), (all + 7, all)] {
            let seen = alone(|| {
                narrow(asked).expect("a thread's own affinity");
                usable()
            });
            assert_eq!(seen, Some(expected), "{asked}");
        }
        assert_eq!(usable(), Some(all), "other threads keep theirs");
    }

    #[test]
    fn it_is_not_always_the_same_one() {
        if usable() == Some(1) {
            eprintln!("SKIPPED: there is one processor to choose from");
            return;
        }
        let chosen = || {
            alone(|| {
                narrow(1).expect("a thread's own affinity");
                let own = sched_getaffinity(None).expect("Linux tells");
                (0..CpuSet::MAX_CPU).find(|cpu| own.is_set(*cpu))
            })
        };
        let first = chosen();
        assert!((0..100).any(|_| chosen() != first));
    }

    #[test]
    fn only_more_than_was_given_is_narrowed() {
        let all = usable().expect("Linux tells");
        assert_eq!(narrows(None), None);
        assert_eq!(narrows(Some(all)), None);
        assert_eq!(narrows(Some(all + 1)), None);
        assert_eq!(narrows(Some(0)), (all > 1).then_some(1));
    }
}
