//! How much electricity a run takes and what that emits: an estimate, by the method of Cloud Carbon Footprint
//! (<https://www.cloudcarbonfootprint.org/docs/methodology>, Apache-2.0).
//!
//! The watts of a virtual processor lie between those at rest and those at full load, in proportion to how busy it is. Over a whole
//! run that is: processors x seconds x watts at rest, and processor seconds x (watts at full load - watts at rest), all of
//! it times the power usage effectiveness of the data centre. Memory, disks, network and the making of the machine are left out.
//!
//! Coefficients come from published measurements of servers with that processor (`SPECpower`). Where nobody published one there is a
//! range between what was assumed and what was measured of a similar one; where nothing is known of a processor there is no number.

use serde::{Deserialize, Serialize};

/// AWS's power usage effectiveness as Cloud Carbon Footprint has it.
const PUE: f64 = 1.135;

/// Watts of a virtual processor: families, name, at rest from and to, at full load from and to, origin.
const PROCESSORS: &str = include_str!("energy/processors.tsv");

/// Models of processors, as Linux names them, and which row of [`PROCESSORS`] they are.
const MODELS: &str = include_str!("energy/models.tsv");

/// What the grid of a Region emits, in kilograms of `CO2e` a kilowatt-hour, and when that was said.
const GRIDS: &str = include_str!("energy/grids.tsv");

/// Watts of graphics cards at rest and at full load, as Cloud Carbon Footprint has them. How busy a card's encoder was is not known.
const GPUS: [(&str, f64, f64); 2] = [("T4", 8.0, 71.0), ("A10G", 18.0, 153.0)];

/// From the least to the most that something may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub low: f64,
    /// The most; equal to the least where nothing is open.
    pub high: f64,
}

impl Range {
    /// Both ends by one factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            low: self.low * factor,
            high: self.high * factor,
        }
    }

    /// The middle of it.
    pub const fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// The watts of a machine, or of the part of it that a job has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watts {
    /// At rest.
    pub idle: Range,
    /// With all its processors busy.
    pub max: Range,
    /// Where the numbers come from.
    pub source: String,
}

/// What of a machine a job occupies.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Occupied<'a> {
    /// The instance type.
    pub instance_type: Option<&'a str>,
    /// The processor, as Linux names it.
    pub cpu_model: Option<&'a str>,
    /// Its virtual processors.
    pub vcpus: f64,
    /// Which graphics card, and how many.
    pub gpus: Option<(&'a str, f64)>,
}

/// What is known of a machine of AWS; `None` where its processor or its graphics card is unknown.
pub fn watts(occupied: Occupied<'_>) -> Option<Watts> {
    let family = occupied
        .instance_type
        .and_then(|name| name.split('.').next());
    let row = family
        .and_then(of_family)
        .or_else(|| of_model(occupied.cpu_model?))?;
    let mut watts = Watts {
        idle: row.idle.times(occupied.vcpus * PUE),
        max: row.max.times(occupied.vcpus * PUE),
        source: format!("{}: {}", row.name, row.origin),
    };
    if let Some((name, count)) = occupied.gpus {
        let (_, idle, max) = GPUS.into_iter().find(|(known, ..)| *known == name)?;
        let (idle, max) = (idle * count * PUE, max * count * PUE);
        watts.idle = Range {
            low: watts.idle.low + idle,
            high: watts.idle.high + max,
        };
        watts.max = Range {
            low: watts.max.low + idle,
            high: watts.max.high + max,
        };
        watts.source = format!(
            "{}; {name} from rest to full load, since nobody knows how busy it was",
            watts.source
        );
    }
    Some(watts)
}

impl Watts {
    /// The watt-hours of a machine with so many processors that was occupied for `busy_secs` and used `cpu_secs` of them.
    pub fn watt_hours(&self, processors: f64, busy_secs: f64, cpu_secs: f64) -> Range {
        let share = (cpu_secs / processors).min(busy_secs);
        let joules = |idle: f64, max: f64| idle * busy_secs + (max - idle) * share;
        Range {
            low: joules(self.idle.low, self.max.low),
            high: joules(self.idle.high, self.max.high),
        }
        .times(1.0 / 3600.0)
    }
}

/// What a Region's grid emits, in kilograms of `CO2e` a kilowatt-hour, and who says so.
pub fn grid(region: &str) -> Option<(f64, &'static str)> {
    let mut rows = rows::<3>(GRIDS);
    let [_, factor, origin] = rows.find(|[name, ..]| *name == region)?;
    Some((number(factor), origin))
}

struct Processor {
    name: &'static str,
    idle: Range,
    max: Range,
    origin: &'static str,
}

fn of_family(family: &str) -> Option<Processor> {
    rows::<7>(PROCESSORS)
        .find(|[families, ..]| families.split(' ').any(|one| one == family))
        .map(processor)
}

fn of_model(model: &str) -> Option<Processor> {
    let [_, name] = rows::<2>(MODELS).find(|[part, _]| model.contains(part))?;
    rows::<7>(PROCESSORS)
        .find(|[_, known, ..]| *known == name)
        .map(processor)
}

fn processor([_, name, idle_low, idle_high, low, high, origin]: [&'static str; 7]) -> Processor {
    let range = |low, high| Range {
        low: number(low),
        high: number(high),
    };
    Processor {
        name,
        idle: range(idle_low, idle_high),
        max: range(low, high),
        origin,
    }
}

fn rows<const COLUMNS: usize>(
    table: &'static str,
) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            cells.try_into().expect("a committed table has whole rows")
        })
}

fn number(cell: &str) -> f64 {
    cell.parse()
        .expect("a committed table has numbers where they belong")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    fn machine(instance_type: &str, vcpus: f64) -> Option<Watts> {
        watts(Occupied {
            instance_type: Some(instance_type),
            vcpus,
            ..Occupied::default()
        })
    }

    #[test]
    fn every_row_reads() {
        for [_, name] in rows::<2>(MODELS) {
            assert!(rows::<7>(PROCESSORS).any(|row| row[1] == name), "{name}");
        }
        for row in rows::<7>(PROCESSORS).map(processor) {
            assert!(
                row.idle.low <= row.idle.high && row.max.low <= row.max.high,
                "{}",
                row.name
            );
            assert!(
                row.idle.high < row.max.low && !row.origin.is_empty(),
                "{}",
                row.name
            );
        }
        for [region, factor, origin] in rows::<3>(GRIDS) {
            assert!(
                (0.0..0.002 * 1000.0).contains(&number(factor)) && !origin.is_empty(),
                "{region}"
            );
        }
    }

    /// Four virtual processors of Ice Lake, half busy for an hour: 4 x (0.77 + 0.5 x (3.76 - 0.77)) x 1.135 Wh.
    #[test]
    fn by_hand() {
        let watts = machine("c6i.xlarge", 4.0).expect("Ice Lake is known");
        let range = watts.watt_hours(4.0, 3600.0, 2.0 * 3600.0);
        near(range.low, 4.0 * (0.77 + 0.5 * (3.76 - 0.77)) * 1.135);
        near(range.high, range.low);
    }

    #[test]
    fn what_nobody_measured_has_a_range() {
        let watts = machine("c7g.xlarge", 4.0).expect("Graviton is assumed");
        let range = watts.watt_hours(4.0, 10.0, 40.0);
        near(range.low, 4.0 * 1.69 * 1.135 * 10.0 / 3600.0);
        near(range.high, 4.0 * 2.03 * 1.135 * 10.0 / 3600.0);
    }

    #[test]
    fn unknown_is_unknown() {
        assert_eq!(machine("x9z.large", 2.0), None);
        let gpu = |name| {
            watts(Occupied {
                instance_type: Some("g5.xlarge"),
                vcpus: 4.0,
                gpus: Some((name, 1.0)),
                ..Occupied::default()
            })
        };
        assert_eq!(gpu("L40S"), None);
        let range = gpu("A10G").expect("known").watt_hours(4.0, 3600.0, 0.0);
        near(range.high - range.low, (153.0 - 18.0) * 1.135);
        assert_eq!(grid("mars-north-1"), None);
        assert_eq!(grid("eu-west-3").map(|(factor, _)| factor), Some(0.052));
    }

    #[test]
    fn a_processor_is_known_by_its_name_too() {
        let watts = watts(Occupied {
            cpu_model: Some("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz"),
            vcpus: 1.0,
            ..Occupied::default()
        });
        near(watts.expect("Ice Lake").idle.low, 0.77 * 1.135);
    }
}
