//! A compute as it is used: its own data, with what the configuration lays over it, in words.

use ffbatch_dispatcher::compute::{ComputeError, Family};
use ffbatch_dispatcher::config::{Aws, Config};
use ffbatch_dispatcher::infra::{BatchFamily, Infra, Launch};
use ffbatch_dispatcher::settings::Settings;

use crate::jobs;

/// A compute with what the configuration overrides.
#[derive(Debug)]
pub struct Used {
    pub family: &'static Family,
    pub infra: Infra,
    /// How AWS is reached for it, as far as the configuration says.
    pub aws: Aws,
    /// The image of its containers on this machine.
    pub local_image: Option<String>,
}

impl Used {
    /// Reads the section of a compute; it has been checked by the compute itself.
    pub fn of(family: &'static Family, config: &Config) -> Result<Self, ComputeError> {
        let infra = (family.infra)();
        if infra.batch.is_none() {
            let section = config.backends.get(family.name);
            let named = section.and_then(|section| section.get("image")?.as_str());
            let local_image = infra.local_image();
            return Ok(Self {
                family,
                aws: config.aws.clone(),
                local_image: local_image.map(|usual| named.map_or(usual, str::to_owned)),
                infra,
            });
        }
        let Settings {
            family: batch, aws, ..
        } = Settings::of(family, config)?;
        let infra = Infra {
            batch: Some(batch),
            ..infra
        };
        Ok(Self {
            family,
            infra,
            aws,
            local_image: None,
        })
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
            let here = match &self.infra.image {
                Some(_) => "a container of this machine",
                None => "this machine",
            };
            return here.to_owned();
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
