//! The part of the confinement that a system call filter enforces: which sockets can be made (seccomp(2)).
//!
//! Landlock limits TCP only, so that UDP (a DNS query carries any secret), raw sockets and Unix sockets would stay open: to
//! one who can reach `/var/run/docker.sock` the rest of the confinement means nothing. Without network no socket can be
//! made at all; with network only internet sockets, and the routing socket that address lookups use. `socketpair` stays: its
//! ends reach nobody. `io_uring` is refused because its requests pass by the filter.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::{ConfineError, Network};

/// Said where the kernel has no filters.
const NO_FILTER: &str =
    "the kernel offers no system call filter, so that UDP and local sockets are not refused";

/// Said on a processor that the filter compiler does not know.
const NO_ARCHITECTURE: &str = "no system call filter is known for this processor";

/// Set in the system call numbers of the x32 interface, which x86-64 kernels may accept beside the usual ones
/// (`__X32_SYSCALL_BIT` in the kernel's asm/unistd.h).
const X32: i64 = 0x4000_0000;

/// The bits of a socket's type that are not flags (`SOCK_TYPE_MASK` in the kernel's linux/net.h).
const TYPE_MASK: u64 = 0xf;

/// What cannot be enforced here, in words.
pub fn missing() -> Option<&'static str> {
    if architecture().is_none() {
        return Some(NO_ARCHITECTURE);
    }
    // PR_GET_SECCOMP answers EINVAL in a kernel without seccomp (prctl(2)).
    rustix::thread::secure_computing_mode()
        .is_err()
        .then_some(NO_FILTER)
}

/// Lays the filter on this thread; returns what was not enforced.
pub fn restrict(network: &Network) -> Result<Option<&'static str>, ConfineError> {
    if let Some(missing) = missing() {
        return Ok(Some(missing));
    }
    let Some(architecture) = architecture() else {
        return Ok(Some(NO_ARCHITECTURE));
    };
    let calls = [
        (libc::SYS_socket, refused(network)?),
        (libc::SYS_io_uring_setup, Vec::new()),
    ];
    let calls: BTreeMap<i64, Vec<SeccompRule>> = calls
        .into_iter()
        .flat_map(|(call, rules)| [(call | X32, rules.clone()), (call, rules)])
        .collect();
    let refuse = SeccompAction::Errno(rustix::io::Errno::ACCESS.raw_os_error().unsigned_abs());
    let program: BpfProgram =
        SeccompFilter::new(calls, SeccompAction::Allow, refuse, architecture)?.try_into()?;
    apply_filter(&program)?;
    Ok(None)
}

/// Which calls of `socket(family, type, ..)` are refused; an empty list stands for all.
fn refused(network: &Network) -> Result<Vec<SeccompRule>, ConfineError> {
    if *network == Network::None {
        return Ok(Vec::new());
    }
    let argument = |at, how, value: i32| {
        SeccompCondition::new(
            at,
            SeccompCmpArgLen::Dword,
            how,
            u64::from(value.unsigned_abs()),
        )
    };
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    let others = families
        .into_iter()
        .map(|family| argument(0, SeccompCmpOp::Ne, family))
        .collect::<Result<_, _>>()?;
    let mut rules = vec![SeccompRule::new(others)?];
    for family in [libc::AF_INET, libc::AF_INET6] {
        rules.push(SeccompRule::new(vec![
            argument(0, SeccompCmpOp::Eq, family)?,
            argument(1, SeccompCmpOp::MaskedEq(TYPE_MASK), libc::SOCK_RAW)?,
        ])?);
    }
    rules.push(SeccompRule::new(vec![
        argument(0, SeccompCmpOp::Eq, libc::AF_NETLINK)?,
        argument(2, SeccompCmpOp::Ne, libc::NETLINK_ROUTE)?,
    ])?);
    Ok(rules)
}

fn architecture() -> Option<TargetArch> {
    TargetArch::try_from(std::env::consts::ARCH).ok()
}
