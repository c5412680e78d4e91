//! What is linked into this program: computes and metrics. The only reader of `inventory`.
//!
//! The raw order of `inventory` changes with the build profile, so every list is sorted by name. A duplicate is a mistake of
//! the build and refused. One kind is read at a time: a worker links metrics and no computes.

use crate::compute::Family;
use crate::metric::Metric;

/// A name that is not linked, or a set of plugins that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Nothing of this name is linked.
    #[error("unknown {kind} `{name}` (known: {known})")]
    Unknown {
        /// `compute` or `metric`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The linked names, separated by commas.
        known: String,
    },
    /// Two plugins bear one name.
    #[error("two plugins are called {kind} `{name}` (rename one of them)")]
    Duplicate {
        /// `compute` or `metric`.
        kind: &'static str,
        /// The name.
        name: &'static str,
    },
    /// No plugin of the kind is linked.
    #[error(
        "no {kind} is linked into this program (its main.rs has to name the plugin crate: `use ffbatch_backends as _;`)"
    )]
    Empty {
        /// `compute` or `metric`.
        kind: &'static str,
    },
}

/// The computes of this program.
#[derive(Debug)]
pub struct Families(Vec<&'static Family>);

/// The metrics of this program.
#[derive(Debug)]
pub struct Metrics(Vec<&'static Metric>);

impl Families {
    /// Reads what is linked.
    pub fn linked() -> Result<Self, RegistryError> {
        Self::of(inventory::iter::<Family>.into_iter().collect())
    }

    /// A registry made by hand, for tests.
    pub fn of(families: Vec<&'static Family>) -> Result<Self, RegistryError> {
        sorted("compute", families, |family| family.name).map(Self)
    }

    /// The family of this name.
    pub fn find(&self, name: &str) -> Result<&'static Family, RegistryError> {
        pick("compute", &self.0, |family| family.name, name)
    }

    /// All families, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Family> + '_ {
        self.0.iter().copied()
    }
}

impl Metrics {
    /// Reads what is linked.
    pub fn linked() -> Result<Self, RegistryError> {
        Self::of(inventory::iter::<Metric>.into_iter().collect())
    }

    /// A registry made by hand, for tests.
    pub fn of(metrics: Vec<&'static Metric>) -> Result<Self, RegistryError> {
        sorted("metric", metrics, |metric| metric.name).map(Self)
    }

    /// The metric of this name.
    pub fn find(&self, name: &str) -> Result<&'static Metric, RegistryError> {
        pick("metric", &self.0, |metric| metric.name, name)
    }

    /// The metrics that a job asks for by these names; of one that says nothing, all that it may come to.
    pub fn asked(&self, quality: Option<&[String]>) -> Result<Vec<&'static Metric>, RegistryError> {
        match quality {
            Some(names) => names.iter().map(|name| self.find(name)).collect(),
            None => Ok(self.0.clone()),
        }
    }

    /// All metrics, by name.
    pub fn iter(&self) -> impl Iterator<Item = &'static Metric> + '_ {
        self.0.iter().copied()
    }
}

fn sorted<T>(
    kind: &'static str,
    mut plugins: Vec<&'static T>,
    name: fn(&T) -> &'static str,
) -> Result<Vec<&'static T>, RegistryError> {
    plugins.sort_by_key(|plugin| name(plugin));
    if plugins.is_empty() {
        return Err(RegistryError::Empty { kind });
    }
    match plugins
        .windows(2)
        .find(|pair| name(pair[0]) == name(pair[1]))
    {
        Some(pair) => Err(RegistryError::Duplicate {
            kind,
            name: name(pair[0]),
        }),
        None => Ok(plugins),
    }
}

fn pick<T>(
    kind: &'static str,
    plugins: &[&'static T],
    name: fn(&T) -> &'static str,
    wanted: &str,
) -> Result<&'static T, RegistryError> {
    plugins
        .iter()
        .copied()
        .find(|plugin| name(plugin) == wanted)
        .ok_or_else(|| RegistryError::Unknown {
            kind,
            name: wanted.to_owned(),
            known: plugins
                .iter()
                .map(|plugin| name(plugin))
                .collect::<Vec<_>>()
                .join(", "),
        })
}
