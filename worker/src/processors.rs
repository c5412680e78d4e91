//! For how many processors ffmpeg chooses its threads.
//!
//! A container of AWS Batch on EC2 sees all processors of its host, and is told by `FFBATCH_VCPUS` how many are its own. Everywhere
//! else the processors that it sees are there for it: on a machine of one's own, where the queue gives each job one vCPU unless it
//! asks for more, the rest would be idle. Who compares numbers of threads says how many by `FFBATCH_THREADS`.

use ffbatch_dispatcher::report::{ThreadsPolicy, ThreadsReport};
use ffbatch_dispatcher::variable::{THREADS, VCPUS};
use ffbatch_media::processors::usable;

use crate::environment::{on_batch, variable};

/// The virtual processors that this job was given; parts of one count as one (AWS Fargate has 0.25 and 0.5).
pub fn given() -> Option<u32> {
    whole(&variable(VCPUS)?)
}

fn whole(text: &str) -> Option<u32> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let more = u32::from(digits(part) && part.bytes().any(|digit| digit != b'0'));
    let count: u32 = whole.parse().ok().filter(|_| digits(part))?;
    Some((count + more).max(1))
}

/// The processors for which whoever submitted the job wants ffmpeg to choose its threads.
fn asked() -> Option<u32> {
    whole(&variable(THREADS)?)
}

/// How many ffmpeg shall count, where it sees more than it was given or somebody asked for fewer.
pub fn counted() -> Option<usize> {
    let given = || given().filter(|_| on_batch());
    let count = usize::try_from(asked().or_else(given)?).ok()?;
    (count < usable()?).then_some(count)
}

/// Threads for what we start ourselves, such as decoders and filters of a comparison.
pub fn threads() -> usize {
    let here = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    counted().map_or(here, |given| given.min(here))
}

/// The same for the report.
pub fn describe() -> ThreadsReport {
    let policy = match (counted(), asked()) {
        (None, _) => ThreadsPolicy::Machine,
        (Some(_), None) => ThreadsPolicy::Vcpus,
        (Some(_), Some(_)) => ThreadsPolicy::Asked,
    };
    let processors = counted().or_else(usable).unwrap_or_else(threads);
    ThreadsReport {
        processors: u32::try_from(processors).unwrap_or(u32::MAX),
        policy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u32>) {
        assert_eq!(whole(text), expected, "{text}");
    }

    #[test]
    fn counts_and_parts() {
        check("2", Some(2));
        check("16.0", Some(16));
        check("0.25", Some(1));
        check("1.5 ", Some(2));
        check("0", Some(1));
        check("two", None);
        check("2.x", None);
        check("-1", None);
    }
}
