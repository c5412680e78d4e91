//! How a stack shall be: the section `deploy` of the configuration, with the flags over it.

use ffbatch_dispatcher::config::{self, Config};
use ffbatch_dispatcher::infra;
use figment::Figment;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};

/// Days that CloudWatch Logs can keep logs for (CloudWatch Logs API Reference, `PutRetentionPolicy`).
const RETENTIONS: [u32; 23] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653, 0,
];

/// The longest prefix: the names of buckets and roles have 63 and 64 characters.
const LONGEST_PREFIX: usize = 24;

/// How a stack shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the configuration that is on or off"
)]
pub struct Options {
    /// The stack's name; by default the prefix and `-stack`.
    pub stack: Option<String>,
    /// The computes; all that have an image where none is named.
    pub computes: Vec<String>,
    /// In which network jobs run.
    pub network: Network,
    /// The virtual private cloud, where the network is an existing one.
    pub vpc: Option<String>,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// The most vCPUs that each environment may start.
    pub max_vcpus: u32,
    /// Whether jobs run at the full price where there is no Spot instance for them.
    pub on_demand: bool,
    /// Whether jobs read the bucket as a file system, without a copy.
    pub shared_files: bool,
    /// Days that logs are kept; 0 for ever.
    pub log_retention_days: u32,
    /// Whether jobs are measured that say nothing of quality.
    pub ffqm: bool,
    /// Whether what others write to X-Ray about the stack comes into its bucket every day.
    pub traces_export: bool,
    /// The address that alarms are sent to; AWS asks it to agree first.
    pub alarm_email: Option<String>,
    /// Further buckets that jobs may read.
    pub read_buckets: Vec<String>,
    /// Further buckets that jobs may read and write.
    pub write_buckets: Vec<String>,
}

/// In which network jobs run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Public subnets that nothing can come into, with a free way to S3: costs nothing while nothing runs.
    #[default]
    Public,
    /// Subnets without a way to the internet, with endpoints of the services that jobs need; each endpoint costs by the hour.
    Isolated,
    /// Subnets that are there.
    Existing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stack: None,
            computes: Vec::new(),
            network: Network::default(),
            vpc: None,
            subnets: Vec::new(),
            max_vcpus: 256,
            on_demand: false,
            shared_files: false,
            log_retention_days: 90,
            ffqm: false,
            traces_export: true,
            alarm_email: None,
            read_buckets: Vec::new(),
            write_buckets: Vec::new(),
        }
    }
}

impl Options {
    /// Reads the section of the configuration.
    pub fn of(config: &Config) -> Result<Self, String> {
        let section = config.deploy.clone();
        let read = Figment::from(Serialized::defaults(Self::default()))
            .merge(Serialized::defaults(section))
            .extract();
        let wrong = |error: figment::Error| {
            let why = config::wrong(&error);
            format!("the section `deploy` cannot be used: {why}")
        };
        read.map_err(wrong)
    }

    /// Refuses what no stack can be.
    pub fn check(&self, prefix: &str) -> Result<(), String> {
        check_prefix(prefix)?;
        if !RETENTIONS.contains(&self.log_retention_days) {
            let known = RETENTIONS.map(|days| days.to_string()).join(", ");
            return Err(format!(
                "logs cannot be kept for {} days (choose one of {known}; 0 is for ever)",
                self.log_retention_days
            ));
        }
        if self.max_vcpus == 0 {
            return Err(
                "an environment that may start 0 vCPUs runs nothing (raise `max_vcpus`)".to_owned(),
            );
        }
        if let Some(address) = &self.alarm_email
            && !address.contains('@')
        {
            return Err(format!(
                "`{address}` is no address of mail (write `alarm_email` as NAME@HOST)"
            ));
        }
        let is_existing = self.network == Network::Existing;
        if is_existing && (self.vpc.is_none() || self.subnets.is_empty()) {
            return Err("an existing network needs `vpc` and `subnets` (give both)".to_owned());
        }
        if !is_existing && (self.vpc.is_some() || !self.subnets.is_empty()) {
            return Err("`vpc` and `subnets` are those of an existing network (set `network` to `existing`)".to_owned());
        }
        Ok(())
    }

    /// The stack's name.
    pub fn stack(&self, prefix: &str) -> String {
        self.stack
            .clone()
            .unwrap_or_else(|| format!("{prefix}-stack"))
    }
}

/// A prefix is part of the names of roles, repositories, queues and, with `_` for `-`, databases.
fn check_prefix(prefix: &str) -> Result<(), String> {
    let is_lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = prefix.starts_with(|c: char| c.is_ascii_lowercase()) && !prefix.ends_with('-');
    if ends
        && prefix.chars().all(is_lower)
        && prefix.len() <= LONGEST_PREFIX
        && !prefix.contains("--")
    {
        return Ok(());
    }
    Err(format!(
        "`{prefix}` cannot be a prefix (take at most {LONGEST_PREFIX} lower-case letters, digits and single hyphens, a letter first, such as `{}`)",
        infra::PREFIX
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: &Options, prefix: &str, expected: Option<&str>) {
        let said = options.check(prefix).err();
        match (expected, &said) {
            (None, None) => (),
            (Some(part), Some(said)) if said.contains(part) => {
                assert!(said.ends_with(')'), "{said}");
            }
            _ => panic!("{said:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_section_is_read_and_a_wrong_one_refused() {
        let of = |key: &str, value: figment::value::Value| {
            let mut config = Config::default();
            config.deploy.insert(key.to_owned(), value);
            Options::of(&config)
        };
        let read = of("network", "isolated".into()).expect("a known key");
        assert_eq!(read.network, Network::Isolated);
        let unknown = of("max_vcpu", 1.into()).expect_err("no such key");
        assert!(unknown.contains("found `max_vcpu`"), "{unknown}");
        let wrong = of("max_vcpus", "many".into()).expect_err("no number");
        assert!(wrong.ends_with("for the key `max_vcpus`"), "{wrong}");
    }

    #[test]
    fn what_no_stack_can_be() {
        let usual = Options::default();
        check(&usual, infra::PREFIX, None);
        for wrong in [
            "",
            "Media",
            "1a",
            "a-",
            "a_b",
            "a--b",
            "abcdefghijklmnopqrstuvwxy",
        ] {
            check(&usual, wrong, Some("cannot be a prefix"));
        }
        let with = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options
        };
        check(&with(|one| one.log_retention_days = 8), "a", Some("8 days"));
        check(&with(|one| one.max_vcpus = 0), "a", Some("0 vCPUs"));
        check(
            &with(|one| one.alarm_email = Some("me".to_owned())),
            "a",
            Some("`me` is no address"),
        );
        check(
            &with(|one| one.network = Network::Existing),
            "a",
            Some("needs `vpc`"),
        );
        check(
            &with(|one| one.vpc = Some("vpc-1".to_owned())),
            "a",
            Some("existing network"),
        );
    }
}
