//! Ctrl-C while somebody waits for jobs: leave them alone, cancel them, or go on.
//!
//! Jobs do not depend on who waits for them, so nothing is lost by leaving. That is what happens where nobody can be asked.

use crate::interrupt::{Stop, Stops};
use crate::{jobs, speak, terminal};

/// How many ids are repeated where a person is told how to come back.
const NAMED: usize = 3;

/// What a job shows that was cancelled by whoever waited for it.
pub const REASON: &str = "cancelled by whoever waited for it";

/// What somebody wants who pressed Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Leave the jobs alone.
    Detach,
    /// Cancel them, and wait for their ends.
    Cancel,
    /// Nothing: it was a mistake.
    GoOn,
}

/// What they want of so many jobs. It reads what is typed, so no bar may be drawn meanwhile.
pub async fn wish(stop: Stop, stops: &mut Stops, count: usize) -> Wish {
    if stop == Stop::Sent || !terminal::can_ask() {
        return Wish::Detach;
    }
    let them = if count == 1 { "the job" } else { "the jobs" };
    loop {
        speak::ask(&format!(
            "\ndetach (d), cancel {them} (c), or go on (Enter)? "
        ));
        let answer = tokio::select! {
            answer = terminal::line() => answer,
            _ = stops.next() => {
                // What is said next begins on a line of its own.
                speak::err("");
                None
            }
        };
        if let Some(wish) = meant(answer.as_deref()) {
            return wish;
        }
    }
}

/// What an answer means; nothing more to read is no wish to stop anything.
fn meant(answer: Option<&str>) -> Option<Wish> {
    match answer {
        None | Some("d" | "detach") => Some(Wish::Detach),
        Some("c" | "cancel") => Some(Wish::Cancel),
        Some("") => Some(Wish::GoOn),
        Some(_) => None,
    }
}

/// How to come back to jobs that were left alone; `flag` is what names their compute.
pub fn farewell(ids: &[String], flag: &str) -> String {
    let (them, again) = match ids {
        [id] => (
            "the job goes on".to_owned(),
            format!("`ffbatch wait {id}{flag}`"),
        ),
        few if few.len() <= NAMED => (
            format!("the {} go on", jobs::several(few.len(), "job")),
            format!("`ffbatch wait {}{flag}`", few.join(" ")),
        ),
        many => (
            format!("the {} go on", jobs::several(many.len(), "job")),
            format!("`ffbatch wait --all{flag}`, or `ffbatch list{flag}`,"),
        ),
    };
    format!(
        "{them}; {again} comes back to {}",
        if ids.len() == 1 { "it" } else { "them" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_stops_jobs() {
        assert_eq!(meant(Some("c")), Some(Wish::Cancel));
        assert_eq!(meant(Some("d")), Some(Wish::Detach));
        assert_eq!(meant(Some("")), Some(Wish::GoOn));
        assert_eq!(meant(Some("y")), None);
        assert_eq!(meant(None), Some(Wish::Detach));
    }

    #[test]
    fn how_to_come_back() {
        let ids = |count: usize| -> Vec<String> { (0..count).map(|n| format!("id{n}")).collect() };
        assert_eq!(
            farewell(&ids(1), ""),
            "the job goes on; `ffbatch wait id0` comes back to it"
        );
        assert_eq!(
            farewell(&ids(1), " --compute arm"),
            "the job goes on; `ffbatch wait id0 --compute arm` comes back to it"
        );
        assert_eq!(
            farewell(&ids(2), ""),
            "the 2 jobs go on; `ffbatch wait id0 id1` comes back to them"
        );
        assert_eq!(
            farewell(&ids(1000), ""),
            "the 1,000 jobs go on; `ffbatch wait --all`, or `ffbatch list`, comes back to them"
        );
    }
}
