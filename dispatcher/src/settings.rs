//! What the configuration says of a family on AWS Batch: its section lies over the family's own data, and over the section `aws`.
//! Whoever uses, shows or deploys a family reads it here.

use figment::Figment;
use figment::providers::Serialized;
use figment::value::Dict;
use serde_json::Value;

use crate::compute::{ComputeError, Family};
use crate::config::{self, Aws, Config};
use crate::infra::BatchFamily;

/// The keys that say how AWS is reached; all others are fields of the family.
const CONNECTION: [&str; 5] = ["region", "profile", "endpoint_url", "bucket", "prefix"];

/// A family as it is used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the compute.
    pub compute: String,
    /// The family with what the configuration overrides.
    pub family: BatchFamily,
    /// How AWS is reached.
    pub aws: Aws,
}

impl Settings {
    /// Reads the section of the family.
    pub fn of(family: &Family, config: &Config) -> Result<Self, ComputeError> {
        let name = family.name;
        let own = (family.infra)().batch.ok_or_else(|| {
            ComputeError::machine(format!(
                "the compute `{name}` says nothing of a queue on AWS Batch (give its `Infra` one)"
            ))
        })?;
        let section = config.backends.get(name).cloned().unwrap_or_default();
        let (connection, fields): (Dict, Dict) = section
            .into_iter()
            .partition(|(key, _)| CONNECTION.contains(&key.as_str()));
        let known = known(&own);
        if let Some(key) = fields.keys().find(|key| !known.contains(key)) {
            return Err(ComputeError::rejected(format!(
                "unknown key `{key}` in the section `backends.{name}` (known: {}, {})",
                CONNECTION.join(", "),
                known.join(", ")
            )));
        }
        let wrong = |error: Box<figment::Error>| {
            ComputeError::rejected(format!(
                "the section `backends.{name}` cannot be used: {}",
                config::wrong(&error)
            ))
        };
        let aws = over(config.aws.clone(), connection).map_err(wrong)?;
        let own = own.named_after(aws.prefix());
        Ok(Self {
            compute: name.to_owned(),
            family: over(own, fields).map_err(wrong)?,
            aws,
        })
    }
}

/// A value with a section laid over it.
fn over<T: serde::Serialize + serde::de::DeserializeOwned>(
    value: T,
    section: Dict,
) -> Result<T, Box<figment::Error>> {
    Figment::from(Serialized::defaults(value))
        .merge(Serialized::defaults(section))
        .extract()
        .map_err(Box::new)
}

/// The names of a family's fields, those without a value included.
fn known(family: &BatchFamily) -> Vec<String> {
    let full = BatchFamily {
        image: Some(String::new()),
        families: vec![String::new()],
        preflight: Some(String::new()),
        devices: vec![String::new()],
        environment: [(String::new(), String::new())].into(),
        ..family.clone()
    };
    match serde_json::to_value(full) {
        Ok(Value::Object(fields)) => fields.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::infra::{Architecture, Infra};

    use super::*;

    const FAMILY: Family = Family {
        name: "x",
        summary: "",
        infra: || Infra {
            image: None,
            batch: Some(BatchFamily::ec2("x", Architecture::Arm, &["c7g"])),
        },
        connect: |_, _| Err(ComputeError::machine("none")),
    };

    fn read(section: &[(&str, figment::value::Value)]) -> Result<Settings, String> {
        let mut config = Config::default();
        config.aws.region = Some("eu-west-3".to_owned());
        let dict = section
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        config.backends.insert("x".to_owned(), dict.collect());
        Settings::of(&FAMILY, &config).map_err(|error| error.to_string())
    }

    #[test]
    fn a_section_overrides_what_the_family_owns() {
        let usual = read(&[]).expect("nothing is overridden");
        assert_eq!(usual.family.job_queue, "batch-ffmpeg-job-queue-x");
        let own = read(&[
            ("job_queue", "mine".into()),
            ("vcpus", 4.into()),
            ("families", vec!["c8g"].into()),
            ("region", "us-west-2".into()),
        ]);
        let own = own.expect("known keys");
        assert_eq!(
            (own.family.job_queue.as_str(), own.family.vcpus),
            ("mine", 4)
        );
        assert_eq!(own.family.families, ["c8g"]);
        let other = read(&[("prefix", "media".into())]).expect("a known key");
        assert_eq!(other.family.pinned_queue(), "media-job-queue-x-pinned");
        assert_eq!(other.family.job_definition, "media-job-definition-x");
        assert_eq!(own.aws.region.as_deref(), Some("us-west-2"));
        assert_eq!(own.family.job_definition, usual.family.job_definition);
    }

    #[test]
    fn what_nobody_reads_is_refused() {
        insta::assert_snapshot!(read(&[("vcpu", 1.into())]).expect_err("it must be refused"));
        let wrong = read(&[("vcpus", "many".into())]).expect_err("it must be refused");
        assert!(wrong.contains("backends.x"), "{wrong}");
    }
}
