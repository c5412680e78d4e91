//! The keys that a job inherits: from `[defaults]`, from variables, from the configuration; and the flags that overrule them.

use std::collections::BTreeMap;

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::job::When;
use ffbatch_dispatcher::retry::{RetryStrategy, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{RuleShape, WhenShape};
use crate::texts::{Names, Texts};

/// The keys of [`Settings`].
pub const KEYS: [&str; 17] = [
    "compute",
    "quality",
    "vmaf_model",
    "measure",
    "at_source_size",
    "vcpus",
    "memory_mib",
    "gpus",
    "instance_type",
    "share",
    "tags",
    "priority",
    "timeout_secs",
    "retry",
    "require_confinement",
    "array",
    "files",
];

/// What every job of the file has that does not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where it runs: the name of a compute, or several; one job for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute: Option<Names>,
    /// The metrics to measure, such as `vmaf`; `none` measures nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<Names>,
    /// The model that VMAF judges by: a kind such as `neg` or `phone`, a name that libvmaf knows, or a file; by default the size
    /// of the pictures decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vmaf_model: Option<String>,
    /// When quality is measured: after the encode, or inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<WhenShape>")]
    pub measure: Option<When>,
    /// Whether an output that was scaled is compared at the size of its source, not at its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_source_size: Option<bool>,
    /// Virtual processors of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub vcpus: Option<u32>,
    /// Memory of one job in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_mib: Option<u32>,
    /// GPUs of one job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    /// The EC2 instance type that the job shall own, such as `c7g.4xlarge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// The share of a fair-share queue of AWS Batch that it counts against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// Tags of a job on AWS Batch, for whoever pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// Of two jobs that can run, the one with the higher number comes first; 0 to 9999.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 9999))]
    pub priority: Option<u16>,
    /// How long one attempt may take, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub timeout_secs: Option<u32>,
    /// How often a job is tried, and after which failures again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Whether to refuse to run ffmpeg where it cannot be confined fully.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_confinement: Option<bool>,
    /// Whether the jobs of all inputs become one array job for each compute, or one for every 10,000 of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array: Option<bool>,
    /// Further files that stand under their base names in the working directory: subtitles, LUTs, lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Texts>,
}

/// How often a job is tried. What is absent is inherited, in the end from ffbatch's own strategy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// All attempts, the first included; 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub attempts: Option<u32>,
    /// Rules in the order in which they are asked, as in AWS Batch; an empty list tries again after every failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<RuleShape>>")]
    pub evaluate_on_exit: Option<Vec<Rule>>,
}

/// What flags say about every job of a file. What is absent is left as the file says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Where the jobs run, by the names of computes.
    pub compute: Option<Vec<String>>,
    /// The metrics to measure, by name.
    pub quality: Option<Vec<String>>,
    /// The model that VMAF judges by, of the jobs that measure it.
    pub vmaf_model: Option<String>,
    /// When quality is measured.
    pub measure: Option<When>,
    /// Whether outputs are compared at the size of their sources.
    pub at_source_size: Option<bool>,
    /// Which jobs come first.
    pub priority: Option<u16>,
    /// Virtual processors of one job.
    pub vcpus: Option<u32>,
    /// Memory of one job in MiB.
    pub memory_mib: Option<u32>,
    /// GPUs of one job.
    pub gpus: Option<u32>,
    /// The EC2 instance type that a job shall own.
    pub instance_type: Option<String>,
    /// The share of a queue.
    pub share: Option<String>,
    /// Tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// How long one attempt may take, in seconds.
    pub timeout_secs: Option<u32>,
    /// All attempts, the first included.
    pub attempts: Option<u32>,
}

impl From<Overrides> for Settings {
    fn from(flags: Overrides) -> Self {
        Self {
            compute: flags.compute.map(Names),
            quality: flags.quality.map(Names),
            vmaf_model: flags.vmaf_model,
            measure: flags.measure,
            at_source_size: flags.at_source_size,
            vcpus: flags.vcpus,
            memory_mib: flags.memory_mib,
            gpus: flags.gpus,
            instance_type: flags.instance_type,
            share: flags.share,
            tags: flags.tags,
            priority: flags.priority,
            timeout_secs: flags.timeout_secs,
            retry: flags.attempts.map(|attempts| Retry {
                attempts: Some(attempts),
                evaluate_on_exit: None,
            }),
            ..Self::default()
        }
    }
}

impl Settings {
    /// The lowest layers: what is built in, and above it the configuration.
    pub fn lowest(config: &Config) -> Self {
        Self {
            compute: Some(Names::of(&config.compute)),
            quality: config.quality.clone().map(Names),
            vmaf_model: config.vmaf_model.clone(),
            priority: Some(0),
            retry: Some(RetryStrategy::default().into()),
            require_confinement: Some(config.require_confinement),
            array: Some(false),
            files: Some(Texts::default()),
            ..Self::default()
        }
    }
}

impl From<RetryStrategy> for Retry {
    fn from(strategy: RetryStrategy) -> Self {
        Self {
            attempts: Some(strategy.attempts),
            evaluate_on_exit: Some(strategy.evaluate_on_exit),
        }
    }
}
