//! Whose prices are meant: types that were typed, what computes can run on, or something of everything.

use anyhow::{anyhow, bail};
use ffbatch_dispatcher::config::{Aws, Config};
use ffbatch_dispatcher::infra::instances::{self, InstanceType};
use ffbatch_dispatcher::infra::{Architecture, BatchFamily};
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_prices::is_region;

use crate::args::Whose;

/// A size with fewer vCPUs is tiny.
const VCPUS: u32 = 4;

/// Whose prices are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The Region.
    pub region: String,
    /// How AWS is reached there.
    pub aws: Aws,
    /// Names of instance types, each once.
    pub types: Vec<String>,
    /// The architectures of Fargate.
    pub fargate: Vec<Architecture>,
    /// Whether nobody named anything.
    pub is_everything: bool,
    /// What is worth a hint.
    pub notes: Vec<String>,
}

impl Chosen {
    /// What the flags mean in the Region that they, a compute or the surroundings name.
    pub async fn of(config: &Config, types: &[String], which: &Whose) -> anyhow::Result<Self> {
        let computes = computes(config, &which.computes)?;
        let mut aws = reached(config, which, &computes)?;
        aws.region = which.region.clone().or(aws.region);
        let region = ffbatch_storage::region(&aws)
            .await
            .ok_or_else(|| anyhow!("no AWS Region is known (give --region, or set AWS_REGION)"))?;
        let families: Vec<&BatchFamily> = computes.iter().map(|one| &one.family).collect();
        let is_everything = types.is_empty() && which.computes.is_empty();
        aws.region = Some(region.clone());
        Ok(Self {
            aws,
            is_everything,
            ..Self::in_region(region, types, &families)?
        })
    }

    fn in_region(
        region: String,
        types: &[String],
        families: &[&BatchFamily],
    ) -> anyhow::Result<Self> {
        if !is_region(&region) {
            bail!("`{region}` is no Region (write it as AWS does, such as eu-west-1)");
        }
        let mut chosen = Self {
            types: Vec::new(),
            fargate: Vec::new(),
            is_everything: false,
            aws: Aws::default(),
            notes: Vec::new(),
            region,
        };
        if !instances::knows_region(&chosen.region) {
            let note = format!("no table knows the Region `{}`", chosen.region);
            chosen.notes.push(note);
        }
        for name in types {
            chosen.name(name)?;
        }
        if types.is_empty() {
            for family in families {
                chosen.family(family);
            }
        }
        Ok(chosen)
    }

    /// Adds a type that was typed.
    fn name(&mut self, word: &str) -> anyhow::Result<()> {
        let name = word.trim().to_ascii_lowercase();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let is_type = name.split_once('.').is_some_and(|(family, size)| {
            let mut parts = [family, size].into_iter();
            parts.all(|part| !part.is_empty() && part.chars().all(plain))
        });
        if !is_type {
            bail!(
                "`{word}` is no instance type (write it as AWS does, such as c7g.large{})",
                like(&name)
            );
        }
        if instances::find(&name).is_none() {
            self.notes
                .push(format!("no compute runs on `{name}`{}", like(&name)));
        }
        self.add(name);
        Ok(())
    }

    /// Adds what a compute can run on.
    fn family(&mut self, family: &BatchFamily) {
        if family.launch.is_fargate() {
            if !self.fargate.contains(&family.architecture) {
                self.fargate.push(family.architecture);
            }
            return;
        }
        let types = instances::offers(&family.families(), &self.region, Some(family.architecture));
        for one in types {
            self.add(one.name.to_owned());
        }
    }

    fn add(&mut self, name: String) {
        if !self.types.contains(&name) {
            self.types.push(name);
        }
    }

    /// One size of each family: the smallest that is not tiny and has a price, or else the smallest that is not tiny.
    pub fn overview(&self, is_priced: impl Fn(&str) -> bool) -> Vec<String> {
        let mut shown: Vec<&InstanceType> = Vec::new();
        let facts = self.types.iter().filter_map(|name| instances::find(name));
        for one in facts.filter(|one| one.vcpus >= VCPUS) {
            // Of a family the small ones come first.
            match shown.iter_mut().find(|other| other.family == one.family) {
                None => shown.push(one),
                Some(other) if !is_priced(other.name) && is_priced(one.name) => *other = one,
                Some(_) => (),
            }
        }
        shown.iter().map(|one| one.name.to_owned()).collect()
    }
}

/// How AWS is reached for what is meant: computes may have a Region, a profile and an endpoint of their own.
fn reached(config: &Config, which: &Whose, computes: &[Settings]) -> anyhow::Result<Aws> {
    if which.computes.is_empty() {
        return Ok(config.aws.clone());
    }
    let way = |aws: &Aws| {
        let region = which.region.clone().or_else(|| aws.region.clone());
        (region, aws.profile.clone(), aws.endpoint_url.clone())
    };
    let first = computes.first().map_or(&config.aws, |one| &one.aws);
    if computes.iter().any(|one| way(&one.aws) != way(first)) {
        bail!(
            "{} are reached in different ways, as the configuration has it (name one at a time, or give --region)",
            which.computes.join(" and ")
        );
    }
    Ok(first.clone())
}

/// The computes of these names, or all that are on AWS.
fn computes(config: &Config, names: &[String]) -> anyhow::Result<Vec<Settings>> {
    let families = Families::linked()?;
    let mut chosen = Vec::new();
    for name in names {
        let family = families.find(name)?;
        if (family.infra)().batch.is_none() {
            bail!(
                "`{name}` runs on this machine, which costs nothing that AWS could tell (name a compute on AWS: `ffbatch computes`)"
            );
        }
        chosen.push(Settings::of(family, config)?);
    }
    if names.is_empty() {
        let on_aws = families
            .iter()
            .filter(|family| (family.infra)().batch.is_some());
        for family in on_aws {
            chosen.push(Settings::of(family, config)?);
        }
    }
    Ok(chosen)
}

/// What somebody may have meant, as it continues a sentence.
fn like(name: &str) -> String {
    match &instances::nearest(name)[..] {
        [] => String::new(),
        near => format!("; similar: {}", near.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(types: &[&str], names: &[&str]) -> anyhow::Result<Chosen> {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let settings = computes(&Config::default(), &owned(names))?;
        let families: Vec<&BatchFamily> = settings.iter().map(|one| &one.family).collect();
        Chosen::in_region("eu-west-1".to_owned(), &owned(types), &families)
    }

    #[test]
    fn types_are_taken_as_they_are_typed_and_once() {
        let typed = chosen(&["c7g.large", " C7G.LARGE", "m5.large"], &[]).expect("types");
        assert_eq!(typed.types, ["c7g.large", "m5.large"]);
        assert!(typed.fargate.is_empty());
        assert_eq!(typed.notes.len(), 1);
        assert!(typed.notes[0].starts_with("no compute runs on `m5.large`; similar: "));
        for wrong in ["c7g", "c7g.", ".large", "c7g.large/..", ""] {
            assert!(chosen(&[wrong], &[]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_compute_is_what_it_can_run_on() {
        let arm = chosen(&[], &["arm", "fargate-arm"]).expect("computes");
        assert!(arm.types.iter().all(|name| name.contains("g.")));
        assert_eq!(arm.fargate, [Architecture::Arm]);
        let local = chosen(&[], &["local"]).expect_err("no price");
        assert!(local.to_string().contains("runs on this machine"));
        assert!(chosen(&[], &["moon"]).is_err());
    }

    #[test]
    fn everything_is_shown_by_one_size_of_each_family() {
        let all = chosen(&[], &[]).expect("everything");
        assert!(all.types.len() > 150);
        let shown = all.overview(|name| name != "g4dn.xlarge" && !name.starts_with("c8i"));
        for expected in ["c7g.xlarge", "g4dn.2xlarge", "c8i.xlarge", "vt1.3xlarge"] {
            assert!(shown.iter().any(|name| name == expected), "{shown:?}");
        }
        assert!(shown.len() < 30, "{shown:?}");
    }
}
