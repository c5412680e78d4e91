//! What is benchmarked, as a file says it: inputs, variants of a command, computes, and how sure the answer shall be.
//!
//! The layers are those of all our configuration: defaults, the file, `FFBATCH_BENCH__KEY` variables, flags.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Dict;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use ffbatch_dispatcher::config::wrong;

/// What the variables of this layer begin with.
pub const PREFIX: &str = "FFBATCH_BENCH__";

/// A benchmark as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchFile {
    /// The directory of the file, absolute: relative paths are from there.
    #[serde(skip)]
    pub directory: PathBuf,
    /// What it is called; by default as the file is.
    #[serde(default)]
    pub name: String,
    /// Where results lie: a directory, or an `s3://bucket/prefix`; relative to the file.
    #[serde(default)]
    pub results: Option<String>,
    /// The metrics of which every variant gets a score.
    #[serde(default = "quality")]
    pub quality: Vec<String>,
    /// The model that VMAF judges by.
    #[serde(default)]
    pub vmaf_model: Option<String>,
    /// So often each cell is timed at least.
    #[serde(default = "repeats")]
    pub repeats: u32,
    /// So often at most, where the interval stays too wide.
    #[serde(default = "max_repeats")]
    pub max_repeats: u32,
    /// Whether a first run of each cell is not timed: it finds cold caches, and is the one that is scored.
    #[serde(default = "warmup")]
    pub warmup: bool,
    /// Runs are repeated until half the width of the 95 % confidence interval of the encode's time is below so many per cent of it.
    #[serde(default = "precision")]
    pub precision_percent: f64,
    /// The quality at which variants are compared, in VMAF; by default the middle of what all ladders reach.
    #[serde(default)]
    pub min_vmaf: Option<f64>,
    /// What the answer is about; by default cost where all of it is known, else time.
    #[serde(default)]
    pub rank_by: Option<Criterion>,
    /// Seconds of media a second that a prediction takes for granted where nothing was measured yet.
    #[serde(default = "expected_speed")]
    pub expected_speed: f64,
    /// A benchmark that is predicted to cost more is asked about.
    #[serde(default = "max_usd")]
    pub max_usd: f64,
    /// What the grid emits, in kilograms of `CO2e` a kilowatt-hour; by default as is known of the Region.
    #[serde(default)]
    pub grid_kg_per_kwh: Option<f64>,
    /// What is encoded.
    #[serde(default)]
    pub inputs: Vec<InputEntry>,
    /// By which commands.
    #[serde(default)]
    pub variants: Vec<VariantEntry>,
    /// Where; by default where jobs run.
    #[serde(default)]
    pub computes: Vec<ComputeEntry>,
}

/// What the answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// Time of the encode.
    Time,
    /// Money.
    Cost,
    /// Electricity.
    Energy,
    /// Bits of what comes out.
    Bitrate,
}

/// Something to encode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputEntry {
    /// Where it is; a relative path is one from the file's directory.
    pub url: String,
    /// What it is called; by default its base name without extension.
    #[serde(default)]
    pub name: Option<String>,
    /// How long it is, in seconds, where that cannot be found out before.
    #[serde(default)]
    pub duration_secs: Option<f64>,
}

/// A command, or many that differ in values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantEntry {
    /// What it is called.
    pub name: String,
    /// An ffmpeg command with `{input}`, `{output}` and the keys of `values` in it.
    pub command: String,
    /// Further commands of the same job, such as a second pass.
    #[serde(default)]
    pub then: Vec<String>,
    /// Lists of what stands for a placeholder; every combination is a variant.
    #[serde(default)]
    pub values: BTreeMap<String, Vec<Scalar>>,
    /// The key along which quality goes up and down: its values are one ladder. By default the first of
    /// [`LADDERS`](crate::matrix::LADDERS) that has several.
    #[serde(default)]
    pub ladder: Option<String>,
}

/// Where to encode.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeEntry {
    /// The compute, such as `local` or `arm`.
    pub compute: String,
    /// Instance types, each of which a job owns; on AWS Batch only.
    #[serde(default)]
    pub instance_types: Vec<String>,
    /// For how many processors ffmpeg chooses its threads.
    #[serde(default)]
    pub threads: Vec<u32>,
    /// Virtual processors of a job.
    #[serde(default)]
    pub vcpus: Option<u32>,
    /// Memory of a job.
    #[serde(default)]
    pub memory_mib: Option<u32>,
    /// What an hour of it costs; of a machine for which AWS has no price, or for which somebody pays another one.
    #[serde(default)]
    pub usd_per_hour: Option<f64>,
    /// What the machine draws at rest, in watts.
    #[serde(default)]
    pub watts_idle: Option<f64>,
    /// What it draws with all its processors busy, in watts.
    #[serde(default)]
    pub watts_max: Option<f64>,
}

/// A value as TOML has it, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Scalar;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a text or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }
        }

        from.deserialize_any(Any)
    }
}

fn quality() -> Vec<String> {
    ["vmaf", "psnr", "ssim"].map(str::to_owned).to_vec()
}

const fn repeats() -> u32 {
    3
}

const fn max_repeats() -> u32 {
    10
}

const fn warmup() -> bool {
    true
}

const fn precision() -> f64 {
    2.0
}

const fn expected_speed() -> f64 {
    1.0
}

const fn max_usd() -> f64 {
    1.0
}

/// A benchmark that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{file}` is no benchmark that can be run: {what}")]
pub struct FileError {
    /// The file.
    pub file: String,
    /// What is wrong, and how to mend it.
    pub what: String,
}

impl FileError {
    /// An error in a file.
    pub fn new(file: &Path, what: impl Into<String>) -> Self {
        Self {
            file: file.display().to_string(),
            what: what.into(),
        }
    }
}

impl BenchFile {
    /// Reads a file, with the variables of the environment and the flags over it.
    pub fn read(file: &Path, flags: Dict) -> Result<Self, FileError> {
        if !file.is_file() {
            let fix = "there is no such file (`ffbatch bench --help` shows how one looks)";
            return Err(FileError::new(file, fix));
        }
        let variables = Env::prefixed(PREFIX)
            .filter(|key| {
                let name = format!("{PREFIX}{}", key.as_str().to_ascii_uppercase());
                std::env::var_os(name).is_none_or(|value| !value.is_empty())
            })
            .split("__");
        Self::of(
            file,
            &Figment::from(Toml::file_exact(file)).merge(variables),
            flags,
        )
    }

    /// Reads the copy of a file that was kept with its results, as it is; tells what is wrong with it.
    pub fn kept(text: &str) -> Result<Self, String> {
        let layers = Figment::from(Toml::string(text));
        layers.extract().map_err(|error| wrong(&error))
    }

    fn of(file: &Path, layers: &Figment, flags: Dict) -> Result<Self, FileError> {
        // Whoever asks for more runs than the file allows means it.
        let more = flags.contains_key("repeats") && !flags.contains_key("max_repeats");
        let layers = layers.clone().merge(Serialized::defaults(flags));
        let mut read: Self = layers
            .extract()
            .map_err(|error| FileError::new(file, wrong(&error)))?;
        if more {
            read.max_repeats = read.max_repeats.max(read.repeats);
        }
        if read.name.is_empty() {
            let stem = file.file_stem().unwrap_or_default();
            read.name = stem.to_string_lossy().into_owned();
        }
        let absolute = std::path::absolute(file);
        let absolute = absolute.map_err(|error| FileError::new(file, error.to_string()))?;
        let directory = absolute.parent().unwrap_or(Path::new("/"));
        directory.clone_into(&mut read.directory);
        match read.problem() {
            Some(what) => Err(FileError::new(file, what)),
            None => Ok(read),
        }
    }

    /// The first thing that makes no sense, beside what the matrix finds.
    fn problem(&self) -> Option<String> {
        let empty = [
            ("inputs", self.inputs.is_empty()),
            ("variants", self.variants.is_empty()),
        ];
        if let Some((key, _)) = empty.iter().find(|(_, empty)| *empty) {
            return Some(format!("it has no {key} (begin each with `[[{key}]]`)"));
        }
        if self.repeats == 0 || self.max_repeats < self.repeats {
            return Some(format!(
                "`repeats` is {} and `max_repeats` {} (1 <= repeats <= max_repeats)",
                self.repeats, self.max_repeats
            ));
        }
        let positive = [
            ("precision_percent", self.precision_percent),
            ("expected_speed", self.expected_speed),
        ];
        if let Some((key, _)) = positive
            .iter()
            .find(|(_, value)| !(value.is_finite() && *value > 0.0))
        {
            return Some(format!("`{key}` is no positive number"));
        }
        let numbers = [
            ("max_usd", Some(self.max_usd)),
            ("grid_kg_per_kwh", self.grid_kg_per_kwh),
        ];
        if let Some(key) = negative(&numbers) {
            return Some(format!("`{key}` is no number from 0 on"));
        }
        let wrong = |secs: f64| !(secs.is_finite() && secs > 0.0);
        let mut inputs = self.inputs.iter();
        if let Some(input) = inputs.find(|input| input.duration_secs.is_some_and(wrong)) {
            let url = &input.url;
            return Some(format!("`duration_secs` of `{url}` is no positive number"));
        }
        if self
            .variants
            .iter()
            .any(|variant| variant.name.trim().is_empty())
        {
            return Some("a variant has no name (give it one)".to_owned());
        }
        let quality = self
            .min_vmaf
            .filter(|wanted| !(0.0..=100.0).contains(wanted));
        if let Some(wanted) = quality {
            return Some(format!("`min_vmaf` is {wanted} (VMAF goes from 0 to 100)"));
        }
        if self.min_vmaf.is_some() && !self.quality.iter().any(|name| name == "vmaf") {
            return Some("`min_vmaf` needs VMAF (add \"vmaf\" to `quality`)".to_owned());
        }
        self.computes.iter().find_map(ComputeEntry::problem)
    }
}

/// The first key whose value is no number from 0 on.
fn negative<'a>(numbers: &[(&'a str, Option<f64>)]) -> Option<&'a str> {
    let wrong = |value: &f64| !value.is_finite() || *value < 0.0;
    let mut found = numbers
        .iter()
        .filter(|(_, value)| value.as_ref().is_some_and(wrong));
    found.next().map(|(key, _)| *key)
}

impl ComputeEntry {
    fn problem(&self) -> Option<String> {
        let name = &self.compute;
        let numbers = [
            ("usd_per_hour", self.usd_per_hour),
            ("watts_idle", self.watts_idle),
            ("watts_max", self.watts_max),
        ];
        if let Some(key) = negative(&numbers) {
            return Some(format!(
                "`{key}` of the compute `{name}` is no number from 0 on"
            ));
        }
        if self.watts_idle.is_some() != self.watts_max.is_some() || self.watts_idle > self.watts_max
        {
            return Some(format!(
                "the compute `{name}` needs both `watts_idle` and `watts_max`, the first not above the second"
            ));
        }
        if self.threads.contains(&0) {
            return Some(format!(
                "the compute `{name}` has 0 threads (1 is the least)"
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests;
