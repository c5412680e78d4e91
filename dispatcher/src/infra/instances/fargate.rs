//! The pairs of vCPUs and memory that AWS Fargate runs, and the one that holds what somebody asked for.
//!
//! From the documentation of `ResourceRequirement` in the AWS Batch API Reference (API version 2016-08-10, botocore 1.44.5). Jobs of
//! 32 vCPUs are newer than the rest, and not every Region need have them; its account quota of vCPUs is another limit, 6 by default.

use std::fmt;

/// Memory sizes in MiB: the first, the last, and the step from one to the next.
type Run = (u32, u32, u32);

/// The vCPUs, and the memory sizes that go with them.
const SIZES: [(f64, &[Run]); 8] = [
    (0.25, &[(512, 1024, 512), (2048, 2048, 1024)]),
    (0.5, &[(1024, 4096, 1024)]),
    (1.0, &[(2048, 8192, 1024)]),
    (2.0, &[(4096, 16_384, 1024)]),
    (4.0, &[(8192, 30_720, 1024)]),
    (8.0, &[(16_384, 61_440, 4096)]),
    (16.0, &[(32_768, 122_880, 8192)]),
    (32.0, &[(61_440, 122_880, 61_440), (249_856, 249_856, 1024)]),
];

/// The pair that has the most of both.
pub const LARGEST: Pair = Pair {
    vcpus: 32.0,
    memory_mib: 249_856,
};

/// What a job on Fargate may ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Virtual processors: quarters, halves or whole ones.
    pub vcpus: f64,
    /// Memory.
    pub memory_mib: u32,
}

impl fmt::Display for Pair {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let unit = if self.vcpus > 1.0 { "vCPUs" } else { "vCPU" };
        write!(out, "{} {unit} with {} MiB", self.vcpus, self.memory_mib)
    }
}

/// All pairs, by vCPUs and then by memory.
pub fn pairs() -> impl Iterator<Item = Pair> {
    SIZES.iter().flat_map(|(vcpus, runs)| {
        let sizes = runs.iter().flat_map(|(first, last, step)| {
            let step = usize::try_from(*step).expect("a step of memory sizes is a small number");
            (*first..=*last).step_by(step)
        });
        sizes.map(|memory_mib| Pair {
            vcpus: *vcpus,
            memory_mib,
        })
    })
}

/// Whether Fargate runs exactly this pair.
///
/// The error is the one to take instead: the fewest vCPUs, and of those the least memory, that are enough. Where nothing is, it is
/// [`LARGEST`], which has less than was asked for.
pub fn fits(vcpus: f64, memory_mib: u32) -> Result<(), Pair> {
    let enough = |pair: &Pair| pair.vcpus >= vcpus && pair.memory_mib >= memory_mib;
    match pairs().find(enough) {
        Some(pair) if pair.vcpus <= vcpus && pair.memory_mib == memory_mib => Ok(()),
        Some(pair) => Err(pair),
        None => Err(LARGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(vcpus: f64, memory_mib: u32, expected: &str) {
        let said = fits(vcpus, memory_mib).map_or_else(|pair| pair.to_string(), |()| "fits".into());
        assert_eq!(said, expected);
    }

    #[test]
    fn pairs_that_fargate_runs() {
        check(0.25, 512, "fits");
        check(0.25, 2048, "fits");
        check(0.5, 3072, "fits");
        check(1.0, 2048, "fits");
        check(4.0, 30_720, "fits");
        check(8.0, 61_440, "fits");
        check(16.0, 122_880, "fits");
        check(32.0, 122_880, "fits");
        check(32.0, 249_856, "fits");
    }

    #[test]
    fn the_pair_to_take_instead() {
        check(0.25, 1536, "0.25 vCPU with 2048 MiB");
        check(1.0, 1024, "1 vCPU with 2048 MiB");
        check(2.0, 16_385, "4 vCPUs with 17408 MiB");
        check(3.0, 8000, "4 vCPUs with 8192 MiB");
        check(4.0, 32_768, "8 vCPUs with 32768 MiB");
        check(8.0, 18_432, "8 vCPUs with 20480 MiB");
        check(16.0, 131_072, "32 vCPUs with 249856 MiB");
        check(64.0, 512, "32 vCPUs with 249856 MiB");
        check(1.0, 300_000, "32 vCPUs with 249856 MiB");
    }

    #[test]
    fn as_many_pairs_as_the_reference_lists() {
        let count = |vcpus: f64| {
            pairs()
                .filter(|pair| (pair.vcpus - vcpus).abs() < 0.01)
                .count()
        };
        let counts = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0].map(count);
        assert_eq!(counts, [3, 4, 7, 13, 23, 12, 12, 3]);
        assert_eq!(pairs().last(), Some(LARGEST));
    }
}
