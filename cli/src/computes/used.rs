//! A compute as it is used: its own data, with what the configuration lays over it, in words.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::config::{Aws, Config};
use ffbatch_dispatcher::infra::{BatchFamily, Infra, Launch};
use serde_json::{Map, Value};

use crate::jobs;

/// The keys of a section that say how AWS is reached; all others are fields of the family.
const CONNECTION: [&str; 4] = ["region", "profile", "endpoint_url", "bucket"];

/// A compute with what the configuration overrides.
#[derive(Debug)]
pub struct Used {
    pub family: &'static Family,
    pub infra: Infra,
    /// How AWS is reached for it, as far as the configuration says.
    pub aws: Aws,
}

impl Used {
    /// Reads the section of a compute; it has been checked by the compute itself.
    pub fn of(family: &'static Family, config: &Config) -> anyhow::Result<Self> {
        let mut infra = (family.infra)();
        let mut aws = config.aws.clone();
        if let (Some(batch), Some(section)) = (&mut infra.batch, config.backends.get(family.name)) {
            let section = fields(serde_json::to_value(section)?);
            let (reached, own): (Map<_, _>, Map<_, _>) = section
                .into_iter()
                .partition(|(key, _)| CONNECTION.contains(&key.as_str()));
            *batch = serde_json::from_value(over(serde_json::to_value(&*batch)?, own))?;
            aws = serde_json::from_value(over(serde_json::to_value(aws)?, reached))?;
        }
        Ok(Self { family, infra, aws })
    }

    /// The architecture as AWS names it; that of this machine where the compute is here.
    pub fn architecture(&self) -> String {
        match &self.infra.batch {
            Some(batch) => batch.architecture.name().to_owned(),
            None => match std::env::consts::ARCH {
                "aarch64" => "ARM64".to_owned(),
                other => other.to_uppercase(),
            },
        }
    }

    /// `Spot: c6g c7g`, `Fargate Spot`.
    pub fn runs_on(&self) -> String {
        let Some(batch) = &self.infra.batch else {
            return "this machine".to_owned();
        };
        let launch = match batch.launch {
            Launch::Spot => "Spot",
            Launch::OnDemand => "On-Demand",
            Launch::FargateSpot => "Fargate Spot",
            Launch::Fargate => "Fargate",
        };
        if batch.launch.is_fargate() {
            launch.to_owned()
        } else {
            format!("{launch}: {}", batch.families.join(" "))
        }
    }

    /// `2 vCPU, 8 GiB, 1 GPU`.
    pub fn job(&self) -> String {
        let Some(batch) = &self.infra.batch else {
            return "1 vCPU".to_owned();
        };
        let memory = match batch.memory_mib {
            mib if mib % 1024 == 0 => format!("{} GiB", mib / 1024),
            mib => format!("{mib} MiB"),
        };
        let gpus = match batch.gpus {
            0 => String::new(),
            gpus => format!(", {}", jobs::several(gpus, "GPU")),
        };
        format!("{} vCPU, {memory}{gpus}", batch.vcpus)
    }

    /// A name on AWS Batch; empty where the compute is elsewhere.
    pub fn name(&self, name: impl Fn(&BatchFamily) -> &String) -> String {
        self.infra
            .batch
            .as_ref()
            .map(name)
            .cloned()
            .unwrap_or_default()
    }

    /// Whether there is no image for it but the user's.
    pub fn needs_image(&self) -> bool {
        let batch = self.infra.batch.as_ref();
        batch.is_some_and(|batch| batch.image.is_none())
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A value with a section laid over it; tables are laid over each other too.
fn over(value: Value, section: Map<String, Value>) -> Value {
    let mut all = fields(value);
    for (key, value) in section {
        match (all.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => below.extend(above),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
    Value::Object(all)
}
