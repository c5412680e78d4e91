//! What the section of a queue says, such as `[backends.local]`: how much of this machine the queue may use, and how long it remembers.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;
use serde::{Deserialize, Serialize};

use super::Kind;

/// Virtual processors of a job that does not say.
pub const USUAL_VCPUS: u32 = 1;

/// Days that ended jobs are remembered where nothing is said.
const USUAL_DAYS: u32 = 30;

/// The keys of the section of every queue.
const KEYS: [&str; 3] = ["vcpus", "memory_mib", "keep_days"];

/// What the queue may use, and how long it remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Virtual processors that jobs may use at the same time; by default those of the machine.
    pub vcpus: u32,
    /// Memory that jobs may ask for at the same time, in MiB; by default that of the machine. Nobody holds a job to
    /// what it asked for.
    pub memory_mib: u32,
    /// Days after which an ended job is taken out of the queue; 0 keeps every job.
    pub keep_days: u32,
}

impl Settings {
    /// Reads the section of a queue.
    pub fn of(config: &Config, kind: &dyn Kind) -> Result<Self, ComputeError> {
        let mut settings = Self::of_machine();
        let compute = kind.compute();
        let Some(section) = config.backends.get(compute) else {
            return Ok(settings);
        };
        for (key, value) in section {
            let slot = match key.as_str() {
                "vcpus" => &mut settings.vcpus,
                "memory_mib" => &mut settings.memory_mib,
                "keep_days" => &mut settings.keep_days,
                own if kind.keys().contains(&own) => continue,
                _ => {
                    let known = [kind.keys(), &KEYS].concat();
                    return Err(ComputeError::rejected(format!(
                        "unknown key `{key}` in the section `backends.{compute}` (known: {}; `worker`, `state_dir` and the like stand at the top)",
                        known.join(", ")
                    )));
                }
            };
            let least = u32::from(key != "keep_days");
            // A number in a file is signed, one in a variable is not.
            let signed = value
                .to_i128()
                .and_then(|number| u128::try_from(number).ok());
            *slot = signed
                .or_else(|| value.to_u128())
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| *number >= least)
                .ok_or_else(|| {
                    ComputeError::rejected(format!(
                        "`{key}` in the section `backends.{compute}` is no whole number of at least {least}"
                    ))
                })?;
        }
        Ok(settings)
    }

    fn of_machine() -> Self {
        let vcpus = std::thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
        let bytes = {
            let info = rustix::system::sysinfo();
            info.totalram.saturating_mul(u64::from(info.mem_unit))
        };
        Self {
            vcpus,
            memory_mib: u32::try_from(bytes >> 20).unwrap_or(u32::MAX).max(1),
            keep_days: USUAL_DAYS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Local;

    fn read(key: &str, value: i64) -> Result<Settings, String> {
        let mut config = Config::default();
        let section = config.backends.entry("local".to_owned()).or_default();
        section.insert(key.to_owned(), value.into());
        Settings::of(&config, &Local).map_err(|error| error.to_string())
    }

    #[test]
    fn the_section_wins_over_the_machine() {
        let usual = Settings::of(&Config::default(), &Local).expect("the machine tells");
        assert!(usual.vcpus > 0 && usual.memory_mib > 0, "{usual:?}");
        assert_eq!(read("vcpus", 7), Ok(Settings { vcpus: 7, ..usual }));
        assert_eq!(
            read("keep_days", 0),
            Ok(Settings {
                keep_days: 0,
                ..usual
            })
        );
    }

    #[test]
    fn what_nobody_reads_is_refused() {
        insta::assert_snapshot!(read("vcpu", 1).expect_err("it must be refused"), @"unknown key `vcpu` in the section `backends.local` (known: vcpus, memory_mib, keep_days; `worker`, `state_dir` and the like stand at the top)");
        insta::assert_snapshot!(read("vcpus", 0).expect_err("it must be refused"), @"`vcpus` in the section `backends.local` is no whole number of at least 1");
    }
}
