//! What a worker in a container is told by its environment, and what it is not: variables stand in what the engine tells of a container
//! to everybody who may ask. So credentials come in a file that only this user can read, and what is of no use is left out.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ffbatch_dispatcher::command::{Parsed, Role};
use ffbatch_dispatcher::event::{PROTOCOL, PROTOCOL_VARIABLE};
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::list::Form;
use ffbatch_dispatcher::location::Location;
use ffbatch_dispatcher::variable::{
    BUCKET, BUCKET_MOUNT, PREFLIGHT, SWITCH, SWITCH_NAME, VCPUS, XRAY,
};

use super::mounts::Mount;
use crate::queue::Order;
use crate::queue::environment::Environment;
use crate::queue::store::submit::GPUS;

/// Where the job lies in a container.
pub const JOB: &str = "/run/ffbatch/job.json";

/// Where the credentials lie.
const CREDENTIALS: &str = "/run/ffbatch/credentials";

/// The home directory of a worker, in which the AWS SDK looks for `.aws`.
const HOME: &str = "/run/ffbatch/home";

/// Credentials as variables, and their names in a file (AWS SDKs and Tools Reference Guide, "AWS access keys").
const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "aws_access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws_session_token"),
];

/// Variables that name files and directories, which come along (the same guide, "Environment variables").
const FILES: [&str; 5] = [
    BUCKET_MOUNT,
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
];

/// Variables of the machine or of AWS that hold secrets or addresses which no container reaches.
const LEFT_OUT: [&str; 3] = [
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Variables that are handed on.
const HANDED_ON: [&str; 13] = [
    BUCKET,
    BUCKET_MOUNT,
    PREFLIGHT,
    SWITCH,
    SWITCH_NAME,
    XRAY,
    "LOGLEVEL",
    "TZ",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "FFBATCH_STATE_DIR",
];

/// What is written to the credentials' file; nothing where the environment holds none.
pub fn credentials(environment: &Environment) -> Option<String> {
    environment.variable(KEYS[0].0)?;
    let profile = environment.variable("AWS_PROFILE").unwrap_or("default");
    let mut text = format!("[{profile}]\n");
    for (variable, key) in KEYS {
        // A line break would begin another key.
        let value = environment.variable(variable);
        if let Some(value) = value.filter(|value| !value.contains(['\n', '\r'])) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    Some(text)
}

/// The environment of an attempt's worker, as `NAME=VALUE`.
pub fn variables(order: &Order, work_dir: &Path) -> Vec<String> {
    let own = &order.work.environment;
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in &own.variables {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        if is_handed_on(name) {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    if credentials(own).is_some() {
        all.retain(|(name, _)| name != "AWS_SHARED_CREDENTIALS_FILE");
        all.push((
            "AWS_SHARED_CREDENTIALS_FILE".to_owned(),
            CREDENTIALS.to_owned(),
        ));
    }
    let own = [
        ("HOME", HOME.to_owned()),
        ("FFBATCH_WORK_DIR", work_dir.display().to_string()),
        ("AWS_BATCH_JOB_ID", order.job.id.clone()),
        ("AWS_BATCH_JOB_ATTEMPT", order.number.to_string()),
        (VCPUS, order.job.vcpus.to_string()),
        (PROTOCOL_VARIABLE, PROTOCOL.to_string()),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if let Some(index) = order.work.index {
        all.push(("AWS_BATCH_JOB_ARRAY_INDEX".to_owned(), index.to_string()));
    }
    if order.work.variables.contains_key(GPUS) {
        // What the driver brings into a container (NVIDIA Container Toolkit, "Driver Capabilities").
        let capabilities = "compute,utility,video".to_owned();
        all.push(("NVIDIA_DRIVER_CAPABILITIES".to_owned(), capabilities));
    }
    all.extend(order.work.variables.clone());
    let pairs = all.into_iter();
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

fn is_handed_on(name: &str) -> bool {
    let is_key = KEYS.iter().any(|(key, _)| *key == name);
    let of_others = name.starts_with("AWS_") || name.starts_with("OTEL_");
    let proxy = name.to_ascii_uppercase();
    HANDED_ON.contains(&&*proxy) || (of_others && !is_key && !LEFT_OUT.contains(&name))
}

/// The files that the environment names, and what lies beside them.
pub fn mounts(order: &Order, secrets: Option<&Path>) -> Vec<Mount> {
    let own = &order.work.environment;
    let file = |source: &Path, target: &Path| {
        Some(Mount {
            target: target.to_owned(),
            source: Some(source.canonicalize().ok()?),
            writable: false,
        })
    };
    let job = file(&order.files.job, Path::new(JOB));
    let secrets = secrets.and_then(|path| file(path, Path::new(CREDENTIALS)));
    let home = own.variable("HOME").map(PathBuf::from);
    let profiles = home.and_then(|home| file(&home.join(".aws"), &Path::new(HOME).join(".aws")));
    let named = FILES.into_iter().filter_map(|name| {
        let path = PathBuf::from(own.variable(name)?);
        file(&path, &path).filter(|_| path.is_absolute())
    });
    let named: Vec<Mount> = named.collect();
    [job, secrets, profiles]
        .into_iter()
        .flatten()
        .chain(named)
        .collect()
}

/// Whether a job reaches for anything beyond this machine.
pub fn needs_network(job: &Job, environment: &Environment) -> bool {
    let set = |name: &str| {
        environment
            .variable(name)
            .is_some_and(|value| !value.is_empty())
    };
    let telemetry = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ];
    let is_remote = |location: &Location| !matches!(location, Location::Path(_));
    let parsed: Vec<Parsed> = job.check().unwrap_or_default();
    let mut places = parsed.iter().flat_map(|one| &one.places);
    set(BUCKET)
        || telemetry.into_iter().any(set)
        || job
            .files
            .iter()
            .any(|file| is_remote(file) || lists_urls(file))
        || job.vmaf_model.iter().any(|model| model.contains("://"))
        || places.any(|place| {
            let is_list = Form::of(place.role).is_some() || place.role == Role::Input;
            is_remote(&place.location) || (is_list && lists_urls(&place.location))
        })
}

/// Whether a file is a list with a URL in it.
fn lists_urls(location: &Location) -> bool {
    /// A list is a text, and no long one; media begin with zeros and other bytes that no text has.
    const LONGEST: u64 = 1 << 20;
    let Location::Path(path) = location else {
        return false;
    };
    let is_short =
        std::fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() <= LONGEST);
    let text = is_short
        .then(|| std::fs::read_to_string(path).ok())
        .flatten();
    text.is_some_and(|text| text.contains("://"))
}

/// The directory in which jobs have their private directories, as the worker chooses it on this machine.
pub fn work_dir(environment: &Environment) -> PathBuf {
    let named = environment.variable("FFBATCH_WORK_DIR");
    named.map_or_else(
        || {
            let temporary = environment
                .variables
                .iter()
                .find(|(name, _)| name == "TMPDIR");
            let temporary = temporary.map_or(OsStr::new("/tmp"), |(_, value)| value);
            let uid = rustix::process::getuid().as_raw();
            Path::new(temporary).join(format!("ffbatch-{uid}"))
        },
        |named| environment.directory.join(named),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        Environment {
            worker: "image:1".into(),
            directory: "/d".into(),
            variables: pairs.collect(),
        }
    }

    #[test]
    fn credentials_stand_in_a_file_and_not_in_the_environment() {
        let own = environment(&[
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "s3cr3t"),
            ("AWS_SESSION_TOKEN", "t\nregion = nowhere"),
        ]);
        insta::assert_snapshot!(credentials(&own).expect("there are some"), @"
        [default]
        aws_access_key_id = AKIA
        aws_secret_access_key = s3cr3t
        ");
        assert_eq!(credentials(&environment(&[("AWS_REGION", "x")])), None);
        for (name, _) in KEYS {
            assert!(!is_handed_on(name), "{name}");
        }
        for name in [
            "AWS_REGION",
            "AWS_ENDPOINT_URL",
            "OTEL_SERVICE_NAME",
            "https_proxy",
            "S3_BUCKET",
        ] {
            assert!(is_handed_on(name), "{name}");
        }
        for name in ["PATH", "SSH_AUTH_SOCK", "FFBATCH_FFMPEG", "GITHUB_TOKEN"] {
            assert!(!is_handed_on(name), "{name}");
        }
    }

    #[test]
    fn a_network_is_for_jobs_that_name_a_url() {
        let directory = tempfile::tempdir().expect("a directory");
        let list = directory.path().join("list.txt");
        std::fs::write(&list, "file 'https://example.com/a.mp4'\n").expect("written");
        let job = |input: &str| {
            let words = ["-f", "concat", "-i", input, "/d/out.mp4"];
            Job::of(vec![ffbatch_dispatcher::command::Command::new(words)])
        };
        let none = environment(&[]);
        assert!(!needs_network(&job("/d/in.mp4"), &none));
        assert!(needs_network(&job("s3://b/in.txt"), &none));
        assert!(needs_network(&job(&list.to_string_lossy()), &none));
        let bucket = environment(&[(BUCKET, "b")]);
        assert!(needs_network(&job("/d/in.mp4"), &bucket));
    }
}
