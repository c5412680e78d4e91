//! A container for one attempt: what it starts, what it sees, what it may use.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, Mount as EngineMount,
    MountType,
};
use ffbatch_dispatcher::job::Job;
use rustix::process::{getegid, geteuid, getgroups};

use super::mounts::{self, Mount};
use super::settings::NETWORK;
use super::surroundings;
use crate::queue::Order;
use crate::queue::store::submit::GPUS;

/// How long a worker may take to end after it was asked to, in seconds, as on AWS Batch (`ECS_CONTAINER_STOP_TIMEOUT`).
pub const STOP_SECS: u16 = 30;

/// Processes and threads of a container. Encoders start some hundreds on large machines; this is against what never stops.
const MOST_PIDS: i64 = 16_384;

/// What is kept in memory for programs that want a temporary directory. What jobs fetch goes to the work directory.
const TMP: &str = "rw,nosuid,nodev,noexec,mode=1777,size=64m";

/// Processor shares of one vCPU, as AWS Batch gives them on EC2 (AWS Batch API Reference, `ContainerProperties`, `vcpus`).
const SHARES: i64 = 1024;

/// The name of an attempt's container: the same for whoever looks for it.
pub fn name(order: &Order) -> String {
    format!(
        "ffbatch-{}-{}",
        order.job.id.replace(':', "-"),
        order.number
    )
}

/// Describes the container of an attempt. `rootless`: root in it is the user who runs the engine.
pub fn describe(
    order: &Order,
    rootless: bool,
    secrets: Option<&Path>,
) -> Result<ContainerCreateBody, String> {
    let environment = &order.work.environment;
    let job = Job::from_json(&order.work.job).map_err(|error| error.to_string())?;
    let work_dir = surroundings::work_dir(environment);
    let written = written(order, &work_dir)?;
    let mut seen = mounts::of(&job, environment, &written)?;
    seen.extend(surroundings::mounts(order, secrets));
    let tmp = Path::new("/tmp");
    let own_tmp = !seen.iter().any(|mount| mount.target == tmp);
    let network = if surroundings::needs_network(&job, environment) {
        environment.variable(NETWORK).unwrap_or("default")
    } else {
        "none"
    };
    let (user, groups) = if rootless {
        ("0:0".to_owned(), Vec::new())
    } else {
        let groups =
            getgroups().map_err(|error| format!("the user's groups are not known: {error}"))?;
        let user = format!("{}:{}", geteuid().as_raw(), getegid().as_raw());
        (user, groups)
    };
    let memory = (order.job.memory_mib > 0).then(|| i64::from(order.job.memory_mib) << 20);
    let host = HostConfig {
        cpu_shares: Some(i64::from(order.job.vcpus) * SHARES),
        memory,
        // Without a limit of its own as much again could be swapped out.
        memory_swap: memory,
        pids_limit: Some(MOST_PIDS),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        group_add: Some(
            groups
                .iter()
                .map(|group| group.as_raw().to_string())
                .collect(),
        ),
        network_mode: Some(network.to_owned()),
        mounts: Some(seen.into_iter().map(mount).collect()),
        tmpfs: own_tmp.then(|| HashMap::from([("/tmp".to_owned(), TMP.to_owned())])),
        // It is the attempt's log until the runner has copied it, whatever is usual for the engine.
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::new()),
        }),
        device_requests: gpus(order).map(|count| {
            vec![DeviceRequest {
                driver: Some("nvidia".to_owned()),
                count: Some(count),
                capabilities: Some(vec![vec!["gpu".to_owned()]]),
                ..DeviceRequest::default()
            }]
        }),
        ..HostConfig::default()
    };
    Ok(ContainerCreateBody {
        image: Some(environment.worker.display().to_string()),
        cmd: Some(
            [
                order.work.flags(),
                vec!["--job".to_owned(), surroundings::JOB.to_owned()],
            ]
            .concat(),
        ),
        env: Some(surroundings::variables(order, &work_dir)),
        working_dir: Some(environment.directory.display().to_string()),
        user: Some(user),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(STOP_SECS.into()),
        labels: Some(labels(order)),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

/// How many GPUs the job asks for.
pub fn gpus(order: &Order) -> Option<i64> {
    let gpus = order.work.variables.get(GPUS)?.parse().ok();
    gpus.filter(|count| *count > 0)
}

/// What tells people, and other programs, whose container it is.
fn labels(order: &Order) -> HashMap<String, String> {
    let label = |key: &str, value: &str| (format!("ffbatch.{key}"), value.to_owned());
    HashMap::from([
        label("job", &order.job.id),
        label("name", &order.work.name),
        label("attempt", &order.number.to_string()),
        label("version", env!("CARGO_PKG_VERSION")),
    ])
}

/// The directories that the worker itself writes to; those that are this program's are made.
fn written(order: &Order, work_dir: &Path) -> Result<Vec<PathBuf>, String> {
    let environment = &order.work.environment;
    let state = environment.variable("FFBATCH_STATE_DIR").unwrap_or("/tmp");
    let metrics = environment.directory.join(state).join("metrics");
    for directory in [&metrics, &work_dir.to_owned()] {
        private(directory)
            .map_err(|error| format!("`{}` cannot be made: {error}", directory.display()))?;
    }
    let report = order.work.report.as_deref().map(Path::new);
    let report = report.and_then(Path::parent).map(Path::to_owned);
    Ok([metrics, work_dir.to_owned()]
        .into_iter()
        .chain(report)
        .collect())
}

fn private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

fn mount(mount: Mount) -> EngineMount {
    let empty = mount.source.is_none();
    EngineMount {
        target: Some(mount.target.display().to_string()),
        source: mount.source.map(|source| source.display().to_string()),
        typ: Some(if empty {
            MountType::TMPFS
        } else {
            MountType::BIND
        }),
        read_only: Some(!mount.writable && !empty),
        ..EngineMount::default()
    }
}
