//! Which instance really runs a job of AWS Batch: whoever compares machines must know, and a queue chooses among many.
//!
//! The instance is asked while the job runs, and the job never waits for it: at its end there is a moment for an answer that is
//! nearly there, and then the report says that none came. Elsewhere nobody is asked, because away from EC2 the question hangs.

use std::time::Duration;

use ffbatch_dispatcher::report::{InstanceSource, InstanceType, Report};
use ffbatch_storage::{Instance, InstanceError};
use tokio_util::task::AbortOnDropHandle;

use crate::emit::note;
use crate::environment::{on_batch, variable};

/// What the engine of a container says of where it runs (Amazon ECS Developer Guide, "Amazon ECS environment variables").
const ENGINE: &str = "AWS_EXECUTION_ENV";

/// Its value on AWS Fargate, which has no instances that could be asked.
const FARGATE: &str = "AWS_ECS_FARGATE";

/// How its values begin on Amazon ECS.
const ECS: &str = "AWS_ECS";

/// How long the end of a job waits. The service answers within milliseconds where there is one.
const MOMENT: Duration = Duration::from_millis(250);

/// A question that is on its way, where there is one to ask.
#[derive(Debug)]
pub enum Asked {
    /// Nothing is known, and nobody is asked.
    Nobody,
    /// It is AWS Fargate.
    Fargate,
    /// The instance.
    Instance(AbortOnDropHandle<Result<Option<Instance>, InstanceError>>),
}

impl Asked {
    /// Asks, if this is a job of AWS Batch.
    pub fn start() -> Self {
        let engine = variable(ENGINE).unwrap_or_default();
        let in_batch =
            on_batch() || variable("AWS_BATCH_JOB_ID").is_some() && engine.starts_with(ECS);
        match engine.as_str() {
            _ if !in_batch => Self::Nobody,
            FARGATE => Self::Fargate,
            _ => {
                let asking = tokio::spawn(ffbatch_storage::instance());
                Self::Instance(AbortOnDropHandle::new(asking))
            }
        }
    }

    /// Writes what is known into the report, or why nothing is.
    pub async fn tell(self, report: &mut Report) {
        let machine = &mut report.machine;
        let known = |name: String, source| Some(InstanceType { name, source });
        let asked = match self {
            Self::Nobody => return,
            Self::Fargate => {
                machine.instance_type = known("fargate".to_owned(), InstanceSource::Environment);
                return;
            }
            Self::Instance(asked) => tokio::time::timeout(MOMENT, asked).await,
        };
        let why = match asked {
            Ok(Ok(Ok(None))) => return,
            Ok(Ok(Ok(Some(instance)))) => {
                machine.instance_type = known(instance.kind, InstanceSource::Imds);
                machine.availability_zone = instance.availability_zone;
                machine.instance_life_cycle = instance.life_cycle;
                return;
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the instance metadata service has not told the instance's type before the job's end".to_owned(),
        };
        note(&mut report.notes, why);
    }
}
