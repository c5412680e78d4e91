//! What one run comes to: its times with what they cost, in money and in electricity.
//!
//! What AWS charges for is the machine, as long as it is there. A job that owns its instance is charged all of it, one that shares an
//! instance the larger of its shares of processors and memory. Seconds count from the first stage to the last without the measuring of
//! quality, which only a benchmark asks for, and without the start of the instance and of the container, which depend on how many jobs
//! follow each other.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use ffbatch_dispatcher::infra::instances;
use ffbatch_dispatcher::report::{InstanceSource, MachineReport};

use crate::energy::{self, Occupied, Range, Watts};
use crate::run::Run;

/// What an hour of what a job occupied costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// US dollars an hour.
    pub usd_per_hour: f64,
    /// Of what, and who says so.
    pub source: String,
    /// When that was so; absent where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

/// What prices are asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charged<'a> {
    /// The Region.
    pub region: &'a str,
    /// The instance type; `fargate` on AWS Fargate.
    pub instance_type: &'a str,
    /// Whether it was paid as Spot.
    pub spot: bool,
    /// Whether its processors are Graviton.
    pub arm: bool,
    /// Virtual processors of the job.
    pub vcpus: f64,
    /// Memory of the job in GiB, where that is known.
    pub memory_gib: Option<f64>,
    /// The part of the instance that the job occupied, 0 to 1.
    pub share: f64,
}

/// Who knows prices: what an hour of something costs, or `None`.
pub type Prices<'a> = &'a (dyn Fn(Charged<'_>) -> Option<Rate> + Sync);

/// What one run comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Seconds of ffmpeg.
    pub encode_secs: f64,
    /// Seconds of a machine.
    pub busy_secs: f64,
    /// Seconds of media that came out.
    pub media_secs: Option<f64>,
    /// US dollars.
    pub usd: Option<f64>,
    /// Watt-hours.
    pub watt_hours: Option<Range>,
    /// Bits of what came out.
    pub bits: Option<f64>,
}

/// The machine of a run, as far as its costs go.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The instance type, and who told it.
    pub instance_type: Option<(String, &'static str)>,
    /// The Region.
    pub region: Option<String>,
    /// What an hour costs.
    pub rate: Option<Rate>,
    /// What it draws; processors to which that refers beside it.
    pub watts: Option<(Watts, f64)>,
}

impl Machine {
    /// The machine of a run that succeeded.
    pub fn of(run: &Run, prices: Prices<'_>) -> Option<Self> {
        let report = run.succeeded()?;
        let machine = &report.machine;
        let place = &run.cell.place;
        let told = machine.instance_type.as_ref().map(|told| {
            let by = match told.source {
                InstanceSource::Imds => "told by the instance itself",
                InstanceSource::Environment => "told by the container's environment",
                InstanceSource::Ecs => "told by Amazon ECS",
            };
            (told.name.clone(), by)
        });
        let asked = || {
            Some((
                place.instance_type.clone()?,
                "asked for; the machine told nothing",
            ))
        };
        let instance_type = told.or_else(asked);
        let region = machine.availability_zone.as_deref().and_then(region_of);
        let region = region.or_else(|| run.region.clone());
        let given = run.ended.as_ref().map(|ended| &ended.given);
        let vcpus = given.and_then(|given| given.vcpus).or(machine.vcpus);
        let vcpus = f64::from(vcpus.unwrap_or(machine.cpus));
        let memory_gib = given.and_then(|given| given.memory_mib);
        let memory_gib = memory_gib.map(|mib| f64::from(mib) / 1024.0);
        let instance = instance_type.as_ref().map(|(name, _)| name.as_str());
        let known = instance.and_then(instances::find);
        // A job that owns its instance occupies all of it, whatever it asked for.
        let owned = known.filter(|_| place.instance_type.is_some());
        let vcpus = owned.map_or(vcpus, |known| f64::from(known.vcpus));
        let share = known.filter(|_| owned.is_none()).map_or(1.0, |known| {
            let memory = memory_gib.unwrap_or_default() * 1024.0 / f64::from(known.memory_mib);
            (vcpus / f64::from(known.vcpus)).max(memory).min(1.0)
        });
        let own_rate = place.usd_per_hour.map(|usd_per_hour| Rate {
            usd_per_hour,
            source: "as the benchmark's file says".to_owned(),
            date: None,
        });
        let charged = || {
            prices(Charged {
                region: region.as_deref()?,
                instance_type: instance?,
                spot: is_spot(machine),
                arm: machine.architecture == "aarch64",
                vcpus,
                memory_gib,
                share,
            })
        };
        let own_watts = place.watts.map(|(idle, max)| {
            let exactly = |watts| Range {
                low: watts,
                high: watts,
            };
            let watts = Watts {
                idle: exactly(idle),
                max: exactly(max),
                source: "as the benchmark's file says".to_owned(),
            };
            (watts, f64::from(machine.cpus.max(1)))
        });
        let gpus = known.and_then(|known| Some((known.gpu?, f64::from(known.gpus) * share)));
        let estimated = || {
            let on_aws = region.is_some();
            let watts = energy::watts(Occupied {
                instance_type: instance,
                cpu_model: machine.cpu_model.as_deref().filter(|_| on_aws),
                vcpus,
                gpus,
            });
            watts.map(|watts| (watts, vcpus))
        };
        Some(Self {
            rate: own_rate.or_else(charged),
            watts: own_watts.or_else(estimated),
            instance_type,
            region,
        })
    }
}

impl Figures {
    /// What a run that succeeded comes to.
    pub fn of(run: &Run, machine: &Machine) -> Option<Self> {
        let busy_secs = run.busy_secs()?;
        let watt_hours = machine.watts.as_ref().and_then(|(watts, processors)| {
            Some(watts.watt_hours(*processors, busy_secs, run.cpu_secs()?))
        });
        let media_secs = run.media_secs();
        Some(Self {
            encode_secs: run.encode_secs()?,
            busy_secs,
            media_secs,
            usd: machine
                .rate
                .as_ref()
                .map(|rate| rate.usd_per_hour * busy_secs / 3600.0),
            watt_hours,
            bits: run
                .bits_per_sec()
                .zip(media_secs)
                .map(|(bits, secs)| bits * secs),
        })
    }
}

/// Whether a machine was paid as Spot.
fn is_spot(machine: &MachineReport) -> bool {
    machine.instance_life_cycle.as_deref() == Some("spot")
}

/// The Region of a zone: `eu-west-1` of `eu-west-1a`. A local zone such as `us-west-2-lax-1a` has other prices: it has no Region here.
fn region_of(zone: &str) -> Option<String> {
    let region = zone.strip_suffix(|letter: char| letter.is_ascii_lowercase())?;
    let number = region.rsplit('-').next()?;
    let parts = region.split('-').count();
    let government = region.starts_with("us-gov-");
    let whole = parts == if government { 4 } else { 3 };
    (whole && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_zones() {
        for (zone, expected) in [
            ("eu-west-1a", Some("eu-west-1")),
            ("us-gov-west-1b", Some("us-gov-west-1")),
            ("us-west-2-lax-1a", None),
            ("eu-west-1", None),
            ("", None),
        ] {
            assert_eq!(region_of(zone).as_deref(), expected, "{zone}");
        }
    }
}
