//! What AWS refuses, in one sentence with the fix, and whether asking again may help.

use aws_sdk_batch::config::http::HttpResponse;
use aws_sdk_batch::error::{ProvideErrorMetadata, SdkError};
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_storage::{Failure, Left};

/// The error of a call to Batch, or to another service, at this place.
pub fn refused<E>(doing: &str, at: &str, error: &SdkError<E, HttpResponse>) -> ComputeError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let failure = Failure::of(error);
    let is_ours = failure.code == "ClientException";
    let advice = if is_ours {
        mended(&failure.message)
    } else {
        ""
    };
    ComputeError {
        message: format!("{doing}: {at}: {}{advice}", failure.why),
        exit: if is_ours {
            Exit::Rejected
        } else {
            Exit::Machine
        },
        retry: failure.left != Left::Refused,
        source: None,
    }
}

/// How to mend what AWS Batch calls the client's fault. Its words are no contract: what is not recognised gets no advice.
fn mended(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let missing = says(&["not exist", "not found", "not be found"]);
    let off = says(&["disabled", "not enabled"]);
    if says(&["definition"]) && (missing || says(&["not active", "inactive", "deregistered"])) {
        " (deploy the stack there, or name the definition in the configuration: `job_definition` in the section of the compute)"
    } else if says(&["queue"]) && off {
        " (enable the queue: `aws batch update-job-queue --state ENABLED --job-queue NAME`)"
    } else if says(&["queue"]) && missing {
        " (deploy the stack there, or name the queue in the configuration: `job_queue` in the section of the compute)"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_a_queue_and_a_definition() {
        for (message, expected) in [
            ("Job queue q does not exist", "name the queue"),
            ("JobQueue q can not be found", "name the queue"),
            ("Job queue q is DISABLED", "enable the queue"),
            ("Job definition d is not ACTIVE", "name the definition"),
            ("JobDefinition d not found", "name the definition"),
            ("Share identifier is needed by the queue q", ""),
            ("Job j does not exist", ""),
        ] {
            let advice = mended(message);
            assert_eq!(
                advice.is_empty(),
                expected.is_empty(),
                "{message}: {advice}"
            );
            assert!(advice.contains(expected), "{message}: {advice}");
        }
    }
}
