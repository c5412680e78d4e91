//! The part of the confinement that Landlock enforces: files, TCP ports, signals and abstract sockets
//! (<https://docs.kernel.org/userspace-api/landlock.html>).
//!
//! Landlock denies what no rule allows, so `/proc/<pid>/environ`, `/etc/passwd` and home directories need no mention here.
//! The rights asked for are those of ABI 6 (Linux 6.12); an older kernel enforces what it knows.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::{ConfineError, Network, Policy};

/// Said where there is no Landlock at all.
pub const NO_LANDLOCK: &str = "the kernel offers no Landlock, so that files are not protected";

/// The newest rights that are asked for.
const WANTED: ABI = ABI::V6;

/// Programs and libraries.
const SYSTEM: [&str; 7] = [
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/nix/store",
    "/opt/xilinx",
    "/home/linuxbrew/.linuxbrew",
];

/// What libraries read while they start, and hardware descriptions for thread counts. Nothing here is secret.
const SETTINGS: [&str; 21] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/OpenCL",
    "/etc/vulkan",
    "/etc/glvnd",
    "/etc/xdg",
    "/var/cache/fontconfig",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/sys/fs/cgroup/cpu.max",
];

/// Read only with network: names, addresses and certificates.
const NETWORK_SETTINGS: [&str; 10] = [
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
];

/// What describes graphics cards to their drivers; readable only where there is a card.
const CARD_SETTINGS: [&str; 7] = [
    "/proc/driver/nvidia",
    "/proc/devices",
    "/proc/modules",
    "/sys/dev/char",
    "/sys/class/drm",
    "/sys/bus/pci",
    "/sys/devices",
];

/// What the kernel cannot enforce of what a policy may ask, in words.
pub fn missing() -> Vec<&'static str> {
    let lacks = |asked: Result<Ruleset, RulesetError>| asked.is_err();
    let files = |abi| hard().handle_access(AccessFs::from_all(abi));
    if lacks(files(ABI::V1)) {
        return vec![NO_LANDLOCK];
    }
    let mut missing = Vec::new();
    if lacks(files(ABI::V3)) {
        missing.push("truncating files outside is not prevented (needs Linux 6.2)");
    }
    if lacks(hard().handle_access(AccessNet::from_all(ABI::V4))) {
        missing.push("TCP ports are not limited (needs Linux 6.7)");
    }
    if lacks(files(ABI::V5)) {
        missing.push("device controls are not limited (needs Linux 6.10)");
    }
    if lacks(hard().scope(Scope::from_all(WANTED))) {
        missing.push("signals to other processes are not prevented (needs Linux 6.12)");
    }
    missing
}

/// Applies the policy's rules to this thread; returns what was not enforced.
pub fn restrict(policy: &Policy, program: &Path) -> Result<Vec<&'static str>, ConfineError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = read | AccessFs::Execute;
    let null = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    // Files and directories only: whoever reads the job's directories later, without these rules, would follow a link to
    // anywhere and wait at a pipe for ever.
    let special = AccessFs::MakeSym
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::MakeChar
        | AccessFs::MakeBlock;
    let write = AccessFs::from_all(WANTED) & !(AccessFs::Execute | AccessFs::IoctlDev | special);
    let device: BitFlags<AccessFs> = null | AccessFs::ReadDir | AccessFs::IoctlDev;
    let cards = cards();
    let card_settings: &[&str] = if cards.is_empty() {
        &[]
    } else {
        &CARD_SETTINGS
    };

    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, run))?
        .add_rules(path_beneath_rules(beside(program), run))?
        .add_rules(path_beneath_rules(libraries(policy), read))?
        .add_rules(path_beneath_rules(SETTINGS, read))?
        .add_rules(path_beneath_rules(fonts(policy), read))?
        .add_rules(path_beneath_rules(["/dev/null"], null))?
        .add_rules(path_beneath_rules(cards, device))?
        .add_rules(path_beneath_rules(card_settings, read))?
        .add_rules(path_beneath_rules(&policy.read, read))?
        .add_rules(path_beneath_rules(&policy.write, write))?;
    if let Network::Ports(ports) = &policy.network {
        rules = rules.add_rules(path_beneath_rules(NETWORK_SETTINGS, read))?;
        for port in ports.iter().copied().chain([53]) {
            rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Vec::new(),
        RulesetStatus::PartiallyEnforced => missing(),
        RulesetStatus::NotEnforced => vec![NO_LANDLOCK],
    })
}

fn hard() -> Ruleset {
    Ruleset::default().set_compatibility(CompatLevel::HardRequirement)
}

/// The program and, for a build in a directory of its own, its libraries (`/opt/ffmpeg/bin` has `/opt/ffmpeg/lib`).
fn beside(program: &Path) -> Vec<PathBuf> {
    let real = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let lib = real
        .parent()
        .filter(|directory| directory.ends_with("bin"))
        .and_then(Path::parent)
        .map(|prefix| prefix.join("lib"));
    [real].into_iter().chain(lib).collect()
}

fn libraries(policy: &Policy) -> Vec<PathBuf> {
    let value = policy.env.get("LD_LIBRARY_PATH").map_or("", String::as_str);
    std::env::split_paths(value)
        .filter(|path| path.is_absolute() && path.parent().is_some())
        .collect()
}

/// Where a user's own fonts and fontconfig's cache are.
fn fonts(policy: &Policy) -> Vec<PathBuf> {
    let home = policy.env.get("HOME").map(PathBuf::from);
    let below = [
        ".fonts",
        ".local/share/fonts",
        ".config/fontconfig",
        ".cache/fontconfig",
    ];
    let mut found: Vec<PathBuf> = home
        .iter()
        .flat_map(|home| below.map(|path| home.join(path)))
        .collect();
    found.extend(
        policy
            .env
            .get("XDG_CACHE_HOME")
            .map(|cache| Path::new(cache).join("fontconfig")),
    );
    found.extend(policy.env.get("FONTCONFIG_FILE").map(PathBuf::from));
    found.extend(policy.env.get("FONTCONFIG_PATH").map(PathBuf::from));
    found
}

/// The device nodes of graphics cards and video accelerators.
fn cards() -> Vec<PathBuf> {
    // A directory that cannot be listed has no card that could be used.
    let Ok(entries) = std::fs::read_dir("/dev") else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| is_card(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}

/// Whether a name below `/dev` is one of theirs.
fn is_card(name: &str) -> bool {
    let starts = ["nvidia", "dri", "xclmgmt", "xfpga"];
    starts.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_container_toolkits_of_vendors_put_below_dev_is_a_card() {
        let nvidia = [
            "nvidia0",
            "nvidiactl",
            "nvidia-modeset",
            "nvidia-uvm",
            "nvidia-uvm-tools",
            "nvidia-caps",
        ];
        assert!(nvidia.into_iter().all(is_card));
        assert!(["dri", "xfpga", "xclmgmt12345"].into_iter().all(is_card));
        assert!(
            !["null", "shm", "tty", "kmsg", "mem", "nvme0n1"]
                .into_iter()
                .any(is_card)
        );
    }
}
