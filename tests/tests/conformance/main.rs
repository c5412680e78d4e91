//! One set of checks for every compute that is registered: the queues of this machine for real, each family on AWS Batch against the double,
//! with containers. A family that is added later is checked without a change here.
//!
//! A family on AWS Batch is data over one client, so the whole set runs over one of each kind, and over one that this test
//! brings itself; of the others one job has to succeed.

use std::process::{Command, ExitCode};

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::registry::Families;
use ffbatch_tests::moto::REGION;
use ffbatch_tests::{docker, tools};
use libtest_mimic::{Arguments, Failed, Trial};

use self::room::Room;

mod arrays;
mod ends;
mod listing;
mod own;
mod room;
mod success;

/// Set in the process that runs the checks. Clients take credentials from the environment, which a process cannot change for itself.
const INSIDE: &str = "FFBATCH_CONFORMANCE";

/// The families over which the whole set runs.
const WHOLE: [&str; 5] = ["local", "docker", "arm", "fargate", own::NAME];

/// A check by its name.
type Check = (&'static str, fn(&Room));

/// The families over which what takes longer runs too.
const CROWDED: [&str; 2] = ["local", own::NAME];

/// What every compute has to pass.
const SHORT_SET: [Check; 1] = [("a job succeeds", success::a_job_succeeds)];

/// What one of each kind has to pass besides.
const LONG_SET: [Check; 8] = [
    ("terms are kept", success::terms_are_kept),
    ("failures have their exit codes", ends::failures),
    ("a running job is cancelled", ends::cancelled),
    ("a failed job is tried again", ends::again),
    ("an unknown job is named", ends::unknown),
    ("arrays and what needs them", arrays::three_and_three),
    ("failed children are tried again", arrays::again),
    ("jobs are listed and found", listing::listed_and_found),
];

/// What takes longer, over one family on AWS Batch.
const CROWD: [Check; 3] = [
    ("twenty children", arrays::twenty),
    ("a lost host", ends::host_lost),
    ("a missing image", ends::no_image),
];

fn main() -> ExitCode {
    if std::env::var_os(INSIDE).is_none() {
        return inside();
    }
    let families = Families::linked().expect("the computes are linked");
    let trials = families.iter().flat_map(trials).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs this program in the environment that the checks need.
fn inside() -> ExitCode {
    let own = std::env::current_exe().expect("this program has a path");
    let programs = tools::ffbatch();
    let beside = programs.parent().expect("a program lies in a directory");
    let path = format!("{}:{}", beside.display(), docker::search_path());
    let foreign = std::env::vars_os().map(|(name, _)| name);
    let foreign = foreign.filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("AWS_") || name.starts_with("FFBATCH_BACKENDS_")
    });
    let mut command = Command::new(own);
    for name in foreign {
        command.env_remove(name);
    }
    let ended = command
        .args(std::env::args_os().skip(1))
        .env("PATH", path)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(INSIDE, "1")
        .status()
        .expect("this program starts");
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

fn trials(family: &'static Family) -> Vec<Trial> {
    let mut checks = SHORT_SET.to_vec();
    if WHOLE.contains(&family.name) {
        checks.extend(LONG_SET);
    }
    if CROWDED.contains(&family.name) {
        checks.extend(CROWD);
    }
    let trials = checks.into_iter().map(|check| trial(family, check));
    trials.collect()
}

fn trial(family: &'static Family, (name, check): Check) -> Trial {
    let name = format!("{}::{}", family.name, name.replace(' ', "_"));
    Trial::test(name, move || -> Result<(), Failed> {
        if let Some(room) = Room::of(family) {
            check(&room);
            room.end();
        }
        Ok(())
    })
}
