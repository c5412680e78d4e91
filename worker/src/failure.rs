//! How a stage fails: an exit code and one sentence.

use std::error::Error;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::JobError;
use ffbatch_storage::{Kind, StoreError};

/// What ended a stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The worker's exit code.
    pub exit: Exit,
    /// One sentence with the fix.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// A failure with the whole chain of an error.
    pub fn because(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Some errors of libraries repeat what lies behind them.
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = error.source();
        }
        Self { exit, message }
    }

    /// The job was asked to stop.
    pub fn interrupted() -> Self {
        Self::new(
            Exit::Interrupted,
            "the job was asked to stop before it was done; nothing more is published",
        )
    }

    /// A failure of a store, in the stage that has this exit code.
    pub fn store(exit: Exit, error: &StoreError) -> Self {
        Self::because(
            if error.kind == Kind::NoSpace {
                Exit::Machine
            } else {
                exit
            },
            error,
        )
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::because(Exit::Rejected, &error)
    }
}
