//! `ffbatch wait --json`: one JSON object on standard output.

use ffbatch_dispatcher::detail::JobSummary;
use ffbatch_dispatcher::exit::Exit;
use serde_json::json;

use super::crowd::Crowd;
use crate::speak;

/// Prints where the jobs are, and what the answer is.
pub fn print(crowd: &Crowd, exit: Exit) {
    let jobs: Vec<&JobSummary> = crowd.jobs().collect();
    let failed = (exit != Exit::Succeeded).then(|| exit.meaning());
    let whole = json!({
        "jobs": jobs,
        "counts": crowd.counts(),
        "exit": exit,
        "code": exit.code(),
        "error": failed,
    });
    speak::out(&format!("{whole:#}"));
}
