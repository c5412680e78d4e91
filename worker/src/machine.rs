//! What the report says of the machine. Everything is read from files; nothing is asked over the network (that is for
//! [`instance`](crate::instance)).

use std::fs;

use ffbatch_dispatcher::report::MachineReport;

use crate::environment::variable;
use crate::processors;

/// Describes this machine as far as it tells.
pub fn describe() -> MachineReport {
    MachineReport {
        architecture: std::env::consts::ARCH.to_owned(),
        cpu_model: cpu_model(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        cpus: std::thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        vcpus: processors::given(),
        threads: Some(processors::describe()),
        memory_bytes: memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        gpus: Vec::new(),
        instance_type: None,
        availability_zone: None,
        instance_life_cycle: None,
        job_queue: variable("AWS_BATCH_JQ_NAME"),
        compute_environment: variable("AWS_BATCH_CE_NAME"),
    }
}

/// `model name` of x86; other architectures may not name their processor.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    field(cpuinfo, "model name").map(str::to_owned)
}

/// `MemTotal`, which the kernel gives in KiB.
fn memory(meminfo: &str) -> Option<u64> {
    let kib: u64 = field(meminfo, "MemTotal")?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(kib * 1024)
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_what_the_kernel_prints() {
        assert_eq!(
            memory("MemTotal:       24658076 kB\nMemFree: 1 kB\n"),
            Some(24_658_076 * 1024)
        );
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: AMD EPYC\n").as_deref(),
            Some("AMD EPYC")
        );
        assert_eq!(cpu_model("processor\t: 0\nBogoMIPS\t: 243\n"), None);
    }
}
