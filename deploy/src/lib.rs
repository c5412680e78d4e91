//! The stack on AWS as one CloudFormation template, made from what the linked computes say that they need.
//!
//! - [`options`] and [`stack`] say how it shall be, [`template`] is what comes out: plain data, to the byte the same for the same plan,
//!   without asking anybody. A family's resources appear because the family is linked; nobody lists them here.
//! - [`validate`] finds what AWS would refuse of it, or never run; [`cost`] what it costs while nobody uses it.
//! - [`stacks`] proposes, makes, follows and removes a stack in an account, and [`deployment`] brings a plan there.
//! - [`repository`] knows which images are there, and [`doctor`] what else is amiss.

pub mod cost;
pub mod deployment;
pub mod doctor;
pub mod options;
pub mod repository;
pub mod stack;
pub mod stacks;
pub mod template;
pub mod validate;

use ffbatch_dispatcher::compute::Family;
use serde_json::{Value, json};

/// A resource that must exist before a family's first job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The `CloudFormation` type, such as `AWS::Batch::JobQueue`.
    pub kind: &'static str,
    /// Its name in the account.
    pub name: String,
}

/// Everything that a family needs; empty for a compute that is no AWS resource.
pub fn resources(family: &Family) -> Vec<Resource> {
    let Some(batch) = (family.infra)().batch else {
        return Vec::new();
    };
    [
        ("AWS::Batch::JobQueue", batch.job_queue),
        ("AWS::Batch::JobDefinition", batch.job_definition),
    ]
    .into_iter()
    .map(|(kind, name)| Resource { kind, name })
    .collect()
}

impl Resource {
    /// The resource as listings print it.
    pub fn to_json(&self) -> Value {
        json!({ "type": self.kind, "name": self.name })
    }
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::compute::ComputeError;
    use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

    use super::*;

    fn family(infra: fn() -> Infra) -> Family {
        Family {
            name: "x",
            summary: "",
            infra,
            connect: |_, _| Err(ComputeError::machine("none")),
        }
    }

    #[test]
    fn a_queue_and_a_definition_are_resources() {
        let found = resources(&family(|| Infra {
            image: None,
            batch: Some(BatchFamily::ec2("x", Architecture::X86, &["c7i"])),
        }));
        let names: Vec<&str> = found
            .iter()
            .map(|resource| resource.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["batch-ffmpeg-job-queue-x", "batch-ffmpeg-job-definition-x"]
        );
    }

    #[test]
    fn a_compute_without_infrastructure_needs_nothing() {
        assert_eq!(resources(&family(Infra::default)), []);
    }
}
