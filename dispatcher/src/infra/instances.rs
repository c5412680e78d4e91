//! The EC2 instance types that AWS Batch computes run on: what they have, where there are any, and what fits.
//!
//! Two committed tables say it, made by `scripts/instance-types` from public data: a question about an instance needs no call to AWS,
//! no permission, and no EC2 SDK, which takes minutes to compile. What the tables lack may exist all the same, because AWS adds types
//! and Regions faster than programs are released: that is worth a hint, and no proof. The reason to ask them beforehand is that one
//! family which the Region does not offer makes a compute environment `INVALID` as a whole.
//!
//! - Bare metal is left out: for AWS Batch a family does not include its metal types (`c5` is not `c5.metal`; the reference of
//!   `CreateComputeEnvironment` said so in 2019), so a compute environment that names families never starts one.
//! - Flex types are families of their own (`c7i-flex`), which no compute here names: they guarantee a processor only in part, and
//!   an encode wants all of it.
//!
//! Pure: nothing here waits, calls or reads a file.

use std::sync::LazyLock;

use super::Architecture;

pub mod fargate;
mod regions;

/// Name, vCPUs, memory in MiB, architecture, GPUs, what they are, media accelerators; each family in one piece, small types first.
const TYPES: &str = include_str!("instances/types.tsv");

/// What AWS recommends to leave free on every compute resource, in per cent of its memory ("Reserve system memory" in the AWS Batch
/// User Guide).
const BUFFER_PERCENT: u32 = 5;

/// What the ECS agent keeps for itself in the AMIs of AWS Batch, in MiB (the same page).
const AGENT_MIB: u32 = 32;

/// What kernel and firmware keep of the smallest instances beyond [`BUFFER_PERCENT`], in MiB, rounded up from what was measured.
const KERNEL_MIB: u32 = 256;

/// What the drivers of media accelerators keep besides, in MiB, rounded up from what was measured.
const MEDIA_MIB: u32 = 1024;

/// So many names are offered for one that nobody knows.
const NEAREST: usize = 4;

static INSTANCES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    let rows = TYPES.lines().filter(|line| !line.starts_with('#'));
    rows.map(row).collect()
});

/// What one EC2 instance type has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// Its name, such as `c7g.4xlarge`.
    pub name: &'static str,
    /// The name up to the dot.
    pub family: &'static str,
    /// The name after the dot.
    pub size: &'static str,
    /// Virtual processors, with as many threads a core as the type has by default.
    pub vcpus: u32,
    /// Installed memory; see [`InstanceType::memory_for_container`] for what a job gets of it.
    pub memory_mib: u32,
    /// The architecture that its images must have.
    pub architecture: Architecture,
    /// GPUs that a job can reserve.
    pub gpus: u32,
    /// What the GPUs are, such as `T4`; absent where there are none.
    pub gpu: Option<&'static str>,
    /// Media accelerator cards (Xilinx U30). Each is two devices and runs one task of ECS at a time ("Amazon ECS task definitions for
    /// video transcoding workloads" in the ECS Developer Guide).
    pub accelerators: u32,
}

impl InstanceType {
    /// The memory that a job may ask for to have the instance for itself, in MiB: certain to be there, not all that is.
    ///
    /// What a job can get is the memory that Linux reports less 32 MiB for the ECS agent ("Compute resource memory management" in the
    /// AWS Batch User Guide), and a job that asks for more stays `RUNNABLE` for ever. What Linux reports depends on type, kernel and
    /// AMI, and is documented nowhere. The same guide recommends to leave 5 % free, which small instances exceed. So it is
    /// 95 % of the memory less 32 MiB and 256 MiB, and less 1 GiB where there are media accelerators. That is below all that
    /// Karpenter has measured of these families (`pkg/providers/instancetype/zz_generated.memory_overhead.go` at commit 15e87699 of
    /// `aws/karpenter-provider-aws`; `c5.large` comes nearest, with 28 MiB to spare). Later families are not in its list.
    pub fn memory_for_container(&self) -> u32 {
        let media = if self.accelerators > 0 { MEDIA_MIB } else { 0 };
        let kept = self.memory_mib.div_ceil(100) * BUFFER_PERCENT + AGENT_MIB + KERNEL_MIB + media;
        self.memory_mib.saturating_sub(kept)
    }
}

/// Whether a Region has an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It has, in at least one of its zones.
    Yes,
    /// It has not.
    No,
    /// The table does not know the Region.
    UnknownRegion,
}

/// The most that any instance type of some families has, each figure by itself: not all need be in one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Largest {
    /// Virtual processors.
    pub vcpus: u32,
    /// Installed memory: a job never gets all of it, so that to ask for as much is as hopeless as to ask for more.
    pub memory_mib: u32,
    /// GPUs.
    pub gpus: u32,
    /// Media accelerator cards.
    pub accelerators: u32,
}

/// All instance types, families by name, small types first.
pub fn all() -> &'static [InstanceType] {
    &INSTANCES
}

/// Looks a type up by its full name, in lower case.
pub fn find(name: &str) -> Option<&'static InstanceType> {
    all().iter().find(|instance| instance.name == name)
}

/// The types of a family, small ones first; none where the table does not know the family.
pub fn of_family(family: &str) -> &'static [InstanceType] {
    let begin = all().partition_point(|instance| instance.family < family);
    let end = all().partition_point(|instance| instance.family <= family);
    &all()[begin..end]
}

/// Whether a Region has a type.
pub fn offered(region: &str, instance: &InstanceType) -> Offered {
    match regions::families(region) {
        None => Offered::UnknownRegion,
        Some(families) => match families.get(instance.family) {
            Some(sizes) if sizes.has(instance.size) => Offered::Yes,
            _ => Offered::No,
        },
    }
}

/// Whether the table knows a Region, and so whether [`families_in`] and [`offers`] left out anything for its sake.
pub fn knows_region(region: &str) -> bool {
    regions::families(region).is_some()
}

/// Those of the families that a Region offers, if only in some sizes, in the given order.
///
/// Where the table does not know the Region, all of them; a family that the table does not know stays as well.
pub fn families_in<'a>(region: &str, families: &[&'a str]) -> Vec<&'a str> {
    let here = |family: &&&str| match regions::families(region) {
        Some(offered) => offered.contains_key(**family) || of_family(family).is_empty(),
        None => true,
    };
    families.iter().filter(here).copied().collect()
}

/// The types that a compute of these families can run on, in the order of the families, small types first: those that the Region
/// offers, or all where the table does not know it, and of one architecture if one is given.
pub fn offers(
    families: &[&str],
    region: &str,
    architecture: Option<Architecture>,
) -> Vec<&'static InstanceType> {
    families
        .iter()
        .flat_map(|family| of_family(family))
        .filter(|instance| architecture.is_none_or(|wanted| instance.architecture == wanted))
        .filter(|instance| offered(region, instance) != Offered::No)
        .collect()
}

/// The most that any type of the families has; `None` where the table knows none of them.
pub fn largest(families: &[&str]) -> Option<Largest> {
    families
        .iter()
        .flat_map(|family| of_family(family))
        .map(|instance| Largest {
            vcpus: instance.vcpus,
            memory_mib: instance.memory_mib,
            gpus: instance.gpus,
            accelerators: instance.accelerators,
        })
        .reduce(|most, next| Largest {
            vcpus: most.vcpus.max(next.vcpus),
            memory_mib: most.memory_mib.max(next.memory_mib),
            gpus: most.gpus.max(next.gpus),
            accelerators: most.accelerators.max(next.accelerators),
        })
}

/// The known names that somebody may have meant who wrote `word`: the nearest ones, at most four, none where none is near.
///
/// A name that was not finished, or written without its dot, is as near as can be. Of names that are equally near, those of the
/// family that was written come first: the size is mistyped more often.
pub fn nearest(word: &str) -> Vec<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let family = word.split('.').next().unwrap_or(&word);
    let bare = word.replace(|letter: char| !letter.is_ascii_alphanumeric(), "");
    let near = |name: &str| {
        if word.contains('.') && name.starts_with(&word) {
            return Some(0);
        }
        let distance = strsim::damerau_levenshtein(&bare, &name.replace('.', ""));
        (distance * 3 <= name.len()).then_some(distance)
    };
    let mut found: Vec<(usize, bool, &str)> = all()
        .iter()
        .filter_map(|known| Some((near(known.name)?, known.family != family, known.name)))
        .collect();
    // Stable, so that what is equal stays in the order of the table.
    found.sort_by_key(|(distance, foreign, _)| (*distance, *foreign));
    let least = found.first().map_or(0, |(distance, ..)| *distance);
    let nearest = found
        .into_iter()
        .take_while(|(distance, ..)| *distance == least);
    nearest.take(NEAREST).map(|(.., name)| name).collect()
}

fn row(line: &'static str) -> InstanceType {
    let mut cells = line.split('\t');
    let mut cell = || {
        cells
            .next()
            .expect("a row of the committed table has seven cells")
    };
    let number = |cell: &str| {
        cell.parse()
            .expect("the committed table has numbers where they belong")
    };
    let name = cell();
    let (family, size) = name
        .split_once('.')
        .expect("an instance type is a family and a size");
    InstanceType {
        name,
        family,
        size,
        vcpus: number(cell()),
        memory_mib: number(cell()),
        architecture: Architecture::named(cell())
            .expect("the committed table has only architectures of EC2"),
        gpus: number(cell()),
        gpu: Some(cell()).filter(|name| *name != "-"),
        accelerators: number(cell()),
    }
}

#[cfg(test)]
mod tests;
