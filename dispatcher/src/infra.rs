//! What a compute needs to exist, as data: deployment turns it into resources, the backend uses the same names at run time.
//!
//! The names are those that users of AWS's sample of a managed ffmpeg have in their clients. A section of the
//! configuration (`[backends.arm]`) overrides any field of a [`BatchFamily`] by its own name.

mod definition;
pub mod instances;
mod quota;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use definition::{ALL_NODES, PARAMETERS, Surroundings, retry_strategy};
pub use quota::Quota;

/// What follows the name of a queue or a definition where a job owns a whole instance of a type that it names.
pub const PINNED: &str = "-pinned";

/// What the names of an installation begin with that does not say otherwise.
pub const PREFIX: &str = "batch-ffmpeg";

/// Where the data bucket is mounted in containers, and on the instances that they run on.
pub const MOUNT: &str = "/mnt/ffbatch";

/// The first word of the command of the job that exports traces: by it the worker becomes the program that lies beside it.
pub const EXPORT_TRACES: &str = "export-traces";

/// The parameter of AWS Systems Manager that switches on that jobs are measured which say nothing of quality: `TRUE` or `FALSE`.
pub fn switch(prefix: &str) -> String {
    format!("/{prefix}/ffqm")
}

/// What a compute needs to exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infra {
    /// The flavour of the image of its containers on this machine, such as `cpu`; absent where it has none here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What it has on AWS Batch; absent where it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchFamily>,
}

/// One family of computes on AWS Batch: its queue, its job definition, and what they are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchFamily {
    /// The job queue.
    pub job_queue: String,
    /// The job definition; its newest active revision is used.
    pub job_definition: String,
    /// The flavour of the container image, such as `cpu`; absent where users bring their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The processor architecture of instances and image.
    pub architecture: Architecture,
    /// What the jobs run on.
    pub launch: Launch,
    /// The families of EC2 instance types, such as `c7g`; empty on Fargate. Those that a Region lacks are left out there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<String>,
    /// Virtual processors of a job that does not say.
    pub vcpus: u32,
    /// Memory of a job that does not say, in MiB.
    pub memory_mib: u32,
    /// GPUs of a job that does not say.
    #[serde(default)]
    pub gpus: u32,
    /// The program by which a worker makes sure that its device is there before it starts, such as `nvidia-smi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preflight: Option<String>,
    /// Devices of the host that the container gets, by their paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Whether the container is privileged.
    #[serde(default)]
    pub privileged: bool,
    /// Further variables of the container's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Room for what a job fetches and makes, in GiB: of the instance's root volume, which its jobs share, or of one Fargate job.
    pub scratch_gib: u32,
}

impl Infra {
    /// The name of the image on this machine that nobody has given another one.
    pub fn local_image(&self) -> Option<String> {
        let flavour = self.image.as_deref()?;
        Some(format!("ffbatch:{}", tag(flavour)))
    }
}

/// The tag of a flavour of image. Tags never change their image, so another version has another tag.
pub fn tag(flavour: &str) -> String {
    format!("{flavour}-{}", env!("CARGO_PKG_VERSION"))
}

/// A processor architecture, as Amazon ECS names it (ECS API Reference, `RuntimePlatform`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "X86_64")]
    X86,
    /// Graviton.
    #[serde(rename = "ARM64")]
    Arm,
}

/// What jobs run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Launch {
    /// EC2 Spot instances.
    Spot,
    /// EC2 instances at their full price.
    OnDemand,
    /// Fargate Spot.
    FargateSpot,
    /// Fargate at its full price.
    Fargate,
}

impl Architecture {
    /// Reads the name that EC2, AWS Batch, Docker or Linux has for it; `None` for any other.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "x86_64" | "amd64" => Some(Self::X86),
            "arm64" | "aarch64" => Some(Self::Arm),
            _ => None,
        }
    }

    /// The name that Amazon ECS uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86 => "X86_64",
            Self::Arm => "ARM64",
        }
    }
}

impl Launch {
    /// Whether there are no instances to choose.
    pub const fn is_fargate(self) -> bool {
        matches!(self, Self::FargateSpot | Self::Fargate)
    }
}

impl BatchFamily {
    /// A family on EC2 Spot instances with the usual names and resources: 2 vCPU and 8 GiB a job, the `cpu` image.
    pub fn ec2(compute: &str, architecture: Architecture, families: &[&str]) -> Self {
        Self {
            job_queue: format!("{PREFIX}-job-queue-{compute}"),
            job_definition: format!("{PREFIX}-job-definition-{compute}"),
            image: Some("cpu".to_owned()),
            architecture,
            launch: Launch::Spot,
            families: families.iter().map(|&family| family.to_owned()).collect(),
            vcpus: 2,
            memory_mib: 8192,
            gpus: 0,
            preflight: None,
            devices: Vec::new(),
            privileged: false,
            environment: BTreeMap::new(),
            scratch_gib: 100,
        }
    }

    /// A family on Fargate Spot with the usual names and resources.
    pub fn fargate(compute: &str, architecture: Architecture) -> Self {
        Self {
            launch: Launch::FargateSpot,
            ..Self::ec2(compute, architecture, &[])
        }
    }

    /// The family of an installation whose names begin otherwise.
    #[must_use]
    pub fn named_after(mut self, prefix: &str) -> Self {
        for name in [&mut self.job_queue, &mut self.job_definition] {
            if let Some(rest) = name.strip_prefix(PREFIX) {
                *name = format!("{prefix}{rest}");
            }
        }
        self
    }

    /// The families of instance types, as the tables of [`instances`] are asked for them.
    pub fn families(&self) -> Vec<&str> {
        self.families.iter().map(String::as_str).collect()
    }

    /// The queue of jobs that own an instance.
    pub fn pinned_queue(&self) -> String {
        format!("{}{PINNED}", self.job_queue)
    }

    /// The definition of jobs that own an instance.
    pub fn pinned_definition(&self) -> String {
        format!("{}{PINNED}", self.job_definition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_architectures() {
        for (name, expected) in [
            ("x86_64", Some(Architecture::X86)),
            ("AMD64", Some(Architecture::X86)),
            ("ARM64", Some(Architecture::Arm)),
            ("aarch64", Some(Architecture::Arm)),
            ("riscv64", None),
        ] {
            assert_eq!(Architecture::named(name), expected, "{name}");
        }
    }
}
