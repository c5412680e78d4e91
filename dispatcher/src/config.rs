//! Configuration in layers: built-in defaults, `ffbatch.toml`, `FFBATCH_*` variables, flags; the later wins.
//!
//! `ffbatch.toml` is looked for in the current directory and its parents. A variable names a key in upper case, with `__`
//! between a section and its key: `FFBATCH_STATE_DIR`, `FFBATCH_BACKENDS__NAME__KEY`. An empty one is not set. A relative path
//! is one from the directory of the file in which it stands, and from the current directory in a variable.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Dict;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::infra;
use crate::job;

/// The name of the configuration file.
pub const FILE_NAME: &str = "ffbatch.toml";

/// What the names of our variables begin with.
const PREFIX: &str = "FFBATCH_";

/// Every key, after all layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The compute that runs a job when none is named.
    pub compute: String,
    /// The metrics that are measured when none is named: a list, or a text with commas, as a variable has it. An empty list, or
    /// `none`, measures nothing; without the key it is left to where a job runs.
    #[serde(deserialize_with = "metrics")]
    pub quality: Option<Vec<String>>,
    /// The model that VMAF judges by when none is named: a kind such as `neg`, or a file.
    pub vmaf_model: Option<String>,
    /// Whether a job must fail where ffmpeg cannot be confined fully.
    pub require_confinement: bool,
    /// Where reports of local jobs lie; by default `$XDG_STATE_HOME/ffbatch`.
    pub state_dir: Option<PathBuf>,
    /// Where jobs keep what they fetch and what goes to S3; by default the system's temporary directory.
    pub work_dir: Option<PathBuf>,
    /// The worker program; by default beside this one, else on PATH.
    pub worker: Option<PathBuf>,
    /// The ffmpeg program; by default on PATH.
    pub ffmpeg: Option<PathBuf>,
    /// How AWS is reached by the computes there; what is absent is found where every AWS tool finds it.
    pub aws: Aws,
    /// One section for each compute, read by the compute itself.
    pub backends: BTreeMap<String, Dict>,
    /// How the stack on AWS shall be, read by whoever deploys it.
    pub deploy: Dict,
    /// How the server shall be, read by whoever serves.
    pub serve: Dict,
}

/// How AWS is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Aws {
    /// The Region; else `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's.
    pub region: Option<String>,
    /// The profile of `~/.aws/config`; else `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// The endpoint of every service, for what stands in for AWS; else `AWS_ENDPOINT_URL` and its like.
    pub endpoint_url: Option<String>,
    /// The bucket for what jobs bring along and leave; else the one that the stack's job definition names.
    pub bucket: Option<String>,
    /// What the names of the stack begin with; else `batch-ffmpeg`.
    pub prefix: Option<String>,
}

impl Aws {
    /// What the names of the stack begin with.
    pub fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or(infra::PREFIX)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            compute: "local".to_owned(),
            quality: None,
            vmaf_model: None,
            require_confinement: false,
            state_dir: None,
            work_dir: None,
            worker: None,
            ffmpeg: None,
            aws: Aws::default(),
            backends: BTreeMap::new(),
            deploy: Dict::new(),
            serve: Dict::new(),
        }
    }
}

/// A configuration that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("there is no configuration file `{0}` (leave --config out to use the defaults)")]
    Missing(PathBuf),
    /// A key is unknown, or its value is of the wrong kind.
    #[error("the configuration cannot be used: {0}")]
    Invalid(Box<figment::Error>),
}

impl Config {
    /// Reads all layers below the flags.
    ///
    /// `file` names the file; without it `ffbatch.toml` is used where there is one.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let toml = match file {
            Some(path) if !path.is_file() => return Err(ConfigError::Missing(path.to_owned())),
            Some(path) => Toml::file_exact(path),
            None => Toml::file(FILE_NAME),
        };
        // Only known keys are taken: other programs' variables may begin with the same letters.
        let known = [
            "compute",
            "quality",
            "vmaf_model",
            "require_confinement",
            "state_dir",
            "work_dir",
            "worker",
            "ffmpeg",
        ];
        let variables = Env::prefixed(PREFIX)
            .filter(move |key| {
                known.iter().any(|name| key == *name)
                    || ["aws__", "backends__", "deploy__", "serve__"]
                        .iter()
                        .any(|section| key.starts_with(section))
            })
            .filter(|key| {
                let name = format!("{PREFIX}{}", key.as_str().to_ascii_uppercase());
                std::env::var_os(name).is_none_or(|value| !value.is_empty())
            })
            .split("__");
        let defaults = Figment::from(Serialized::defaults(Self::default()));
        Self::of(&defaults.merge(toml).merge(variables))
    }

    fn of(layers: &Figment) -> Result<Self, ConfigError> {
        let mut config: Self = layers
            .extract()
            .map_err(|error| ConfigError::Invalid(Box::new(error)))?;
        config.settle(layers);
        Ok(config)
    }

    /// Makes the relative paths of a file ones from its directory.
    fn settle(&mut self, layers: &Figment) {
        let paths = [
            ("state_dir", &mut self.state_dir),
            ("work_dir", &mut self.work_dir),
            ("worker", &mut self.worker),
            ("ffmpeg", &mut self.ffmpeg),
        ];
        let directory = |key| {
            let source = layers.find_metadata(key)?.source.as_ref()?;
            source.file_path()?.parent()
        };
        for (key, path) in paths {
            if let (Some(path), Some(directory)) = (path, directory(key)) {
                *path = directory.join(&*path);
            }
        }
        if let (Some(model), Some(directory)) = (&mut self.vmaf_model, directory("vmaf_model")) {
            *model = job::model_from(&directory.to_string_lossy(), std::mem::take(model));
        }
    }

    /// The directory in which local reports lie; `None` when neither the configuration nor the environment names one.
    pub fn state_dir(&self, variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let set = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        self.state_dir
            .clone()
            .or_else(|| set("XDG_STATE_HOME").map(|home| home.join("ffbatch")))
            .or_else(|| set("HOME").map(|home| home.join(".local/state/ffbatch")))
    }
}

/// What is wrong with a value of a section, without the place in this program at which the section was read.
pub fn wrong(error: &figment::Error) -> String {
    let what = error.kind.to_string();
    match error.path.join(".") {
        key if key.is_empty() => what,
        key => format!("{what} for the key `{key}`"),
    }
}

fn metrics<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Option<Vec<String>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a list of texts, or a text with commas")
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let names = text.split(',').map(str::trim);
            let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
            Ok(Some(job::metrics_of(names.collect())))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(name) = names.next_element()? {
                list.push(name);
            }
            Ok(Some(job::metrics_of(list)))
        }
    }

    from.deserialize_any(List)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, expected: Result<fn(&mut Config), &str>) {
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        let read = Config::of(&defaults.merge(Toml::string(toml)));
        match (read, expected) {
            (Ok(got), Ok(change)) => {
                let mut config = Config::default();
                change(&mut config);
                assert_eq!(got, config);
            }
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "`{error}` lacks `{part}`");
            }
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn layers() {
        check("", Ok(|_| ()));
        check(
            "compute = 'arm'",
            Ok(|config| config.compute = "arm".into()),
        );
        check(
            "quality = ['vmaf']",
            Ok(|config| config.quality = Some(vec!["vmaf".into()])),
        );
        check(
            "quality = 'psnr, vmaf'",
            Ok(|config| config.quality = Some(vec!["psnr".into(), "vmaf".into()])),
        );
        for none in ["[]", "'none'", "['none']"] {
            let toml = format!("quality = {none}");
            check(&toml, Ok(|config| config.quality = Some(Vec::new())));
        }
        check(
            "vmaf_model = 'neg'",
            Ok(|config| config.vmaf_model = Some("neg".into())),
        );
        check(
            "aws.region = 'eu-west-3'",
            Ok(|config| config.aws.region = Some("eu-west-3".into())),
        );
        check("aws.regio = 'eu-west-3'", Err("unknown field"));
        check("vmaf_model = ['neg']", Err("invalid type"));
        check("quality = 3", Err("a text with commas"));
        check("computee = 'arm'", Err("unknown field"));
        check("compute = 3", Err("invalid type"));
    }

    #[test]
    fn a_relative_path_in_a_file_was_one_from_wherever_the_command_was_typed() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("ffbatch.toml");
        let text = "worker = 'bin/w'\nffmpeg = '/f'\nvmaf_model = 'm.json'";
        std::fs::write(&file, text).expect("written");
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        let config = Config::of(&defaults.merge(Toml::file_exact(&file))).expect("read");
        assert_eq!(config.worker, Some(directory.path().join("bin/w")));
        assert_eq!(config.ffmpeg, Some("/f".into()));
        let model = directory.path().join("m.json");
        assert_eq!(config.vmaf_model.map(PathBuf::from), Some(model));
    }

    #[test]
    fn what_is_wrong_was_said_twice() {
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        let error = Config::of(&defaults.merge(Toml::string("compute = 3")));
        let error = error.expect_err("a number is no name");
        assert!(error.to_string().contains("invalid type"), "{error}");
        assert!(std::error::Error::source(&error).is_none());
    }

    #[test]
    fn the_state_directory_follows_the_xdg_specification() {
        let dir = |pairs: &[(&str, &str)]| {
            let pairs: BTreeMap<String, String> = pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            Config::default().state_dir(|name| pairs.get(name).cloned())
        };
        assert_eq!(
            dir(&[("HOME", "/h")]),
            Some("/h/.local/state/ffbatch".into())
        );
        assert_eq!(
            dir(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]),
            Some("/s/ffbatch".into())
        );
        assert_eq!(dir(&[("HOME", "")]), None);
    }
}
