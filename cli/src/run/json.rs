//! `ffbatch run --json`: one JSON object on standard output, whatever happened, and always of one shape.

use ffbatch_dispatcher::compute::Outcome;
use ffbatch_dispatcher::exit::Exit;
use serde_json::json;

use crate::speak;

/// Prints how a job ended; one that was refused before it was submitted has no `id`.
pub fn print(id: Option<&str>, outcome: &Outcome) {
    let exit = outcome.exit;
    let failed = (exit != Exit::Succeeded).then(|| exit.meaning());
    let whole = json!({
        "job_id": id,
        "exit": exit,
        "code": exit.code(),
        // A failure always has a sentence, for programs too.
        "error": outcome.error.as_deref().or(failed),
        "report_at": outcome.report_at,
        "report": outcome.report,
    });
    speak::out(&format!("{whole:#}"));
}

/// Prints why no job was started.
pub fn print_refusal(exit: Exit, error: String) {
    let outcome = Outcome {
        exit,
        error: Some(error),
        report: None,
        report_at: None,
    };
    print(None, &outcome);
}
