//! SIGKILL at seeded moments while jobs run, again and again, and then what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::media::frames;
use ffbatch_tests::queue::{self, Who};
use ffbatch_tests::sandbox::Sandbox;

/// Jobs under way while the kills come.
const JOBS: usize = 24;

/// Kills of each test; three tests make fifty.
const KILLS: usize = 17;

/// Jobs of one submission that is killed.
const JOBS_AT_ONCE: usize = 300;

/// How often whoever submits is killed at least.
const SUBMISSIONS: usize = 12;

/// How often at most, where all kills came before the jobs were taken, or all after.
const MOST_SUBMISSIONS: usize = 60;

/// The longest pause before a kill.
const PAUSE: f64 = 0.25;

/// What a job does: some tens of milliseconds of encoding.
fn jobs(round: &str) -> Vec<String> {
    (0..JOBS)
        .map(|number| {
            let words = format!("-i in.mp4 -c:v libx264 -preset medium {round}-{number}.mp4");
            // Every fourth waits for the one before it, so that dependencies are under way as well.
            let mut line: serde_json::Value =
                serde_json::from_str(&queue::line(&format!("{round}-{number}"), &words))
                    .expect("an object");
            if number % 4 == 3 {
                line["needs"] = format!("{round}-{}", number - 1).into();
            }
            line.to_string()
        })
        .collect()
}

/// Looks, as long as it lives, whether two workers run one job at the same time.
struct Watchman {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<BTreeSet<String>>,
}

impl Watchman {
    fn watch(sandbox: &Arc<Sandbox>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (until, sandbox) = (Arc::clone(&stop), Arc::clone(sandbox));
        let seen = thread::spawn(move || {
            let mut twice = BTreeSet::new();
            while !until.load(Ordering::Relaxed) {
                let mut counts: BTreeMap<String, Vec<_>> = BTreeMap::new();
                for worker in queue::processes(&sandbox, Who::Worker) {
                    counts.entry(worker.job).or_default().push(worker.pid);
                }
                twice.extend(
                    counts
                        .into_iter()
                        .filter(|(_, pids)| pids.len() > 1)
                        .map(|(job, _)| job),
                );
                thread::sleep(Duration::from_millis(2));
            }
            twice
        });
        Self { stop, seen }
    }

    /// The jobs that were seen twice.
    fn end(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.seen.join().expect("no panic")
    }
}

/// Kills at seeded moments, and checks what came of the jobs.
#[track_caller]
fn survive(seed: u64, victims: &[Who]) {
    let sandbox = Arc::new(Sandbox::with(SHORT, "in.mp4"));
    let watchman = Watchman::watch(&sandbox);
    let mut random = seed;
    let mut submitted = BTreeSet::new();
    let mut killed = 0;
    for kill in 0..KILLS {
        if kill % 6 == 0 {
            submitted.extend(queue::submit(&sandbox, &jobs(&format!("round{kill}"))));
        }
        thread::sleep(Duration::from_secs_f64(PAUSE * next(&mut random)));
        killed += victims
            .iter()
            .map(|who| queue::kill(&sandbox, *who))
            .sum::<usize>();
        // Whoever submits starts a runner where there is none.
        let more = format!("more-{kill}");
        let line = queue::line(&more, &format!("-i in.mp4 -c copy {more}.mp4"));
        submitted.extend(queue::submit(&sandbox, &[line]));
    }
    sandbox.ffbatch(["wait", "--all", "--json"]);
    let twice = watchman.end();
    assert!(
        killed >= KILLS / 2,
        "only {killed} processes were there to be killed"
    );
    assert!(
        twice.is_empty(),
        "jobs that ran twice at the same time: {twice:?}"
    );
    check(&sandbox, &submitted);
    sandbox.assert_clean();
}

/// The invariants: every job is there, has ended, and what it says of its end is true.
#[track_caller]
fn check(sandbox: &Sandbox, submitted: &BTreeSet<String>) {
    let jobs = queue::list(sandbox).jobs;
    let known: BTreeSet<String> = jobs.iter().map(|job| job.id.clone()).collect();
    assert_eq!(&known, submitted, "jobs were lost, or came from nowhere");
    let mut succeeded = 0;
    for job in &jobs {
        assert!(job.state.is_ended(), "{job:?}");
        let output = sandbox.path(format!("{}.mp4", job.name));
        let detail = queue::detail(sandbox, &job.id);
        assert_eq!(detail.attempts.len(), job.attempt as usize, "{detail:?}");
        if job.state == State::Succeeded {
            succeeded += 1;
            assert_eq!(frames(&output), 50, "{} is not whole", output.display());
            let last = detail.attempts.last().expect("it ran");
            assert_eq!(last.exit_code, Some(0), "{detail:?}");
            let earlier = &detail.attempts[..detail.attempts.len() - 1];
            assert!(
                earlier.iter().all(|one| one.exit_code != Some(0)),
                "it was done twice: {detail:?}"
            );
        } else {
            let reason = job.status_reason.as_deref().unwrap_or_default();
            let known = ["signal 9", "Host ", "depends on failed"];
            assert!(known.iter().any(|part| reason.contains(part)), "{job:?}");
        }
    }
    assert!(
        // On a busy machine more kills meet each job; a few that got through show that the queue goes on.
        succeeded > jobs.len() / 4,
        "only {succeeded} of {} jobs succeeded",
        jobs.len()
    );
}

/// A number from 0 to 1 (xorshift64, Marsaglia 2003).
fn next(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    f64::from(u32::try_from(*state >> 32).expect("32 bits")) / f64::from(u32::MAX)
}

#[test]
fn sigkill_of_workers() {
    survive(0x5eed_0001, &[Who::Worker]);
}

#[test]
fn sigkill_of_the_runner() {
    survive(0x5eed_0002, &[Who::Runner]);
}

#[test]
fn sigkill_of_both_at_once() {
    survive(0x5eed_0003, &[Who::Runner, Who::Worker]);
}

#[test]
fn sigkill_of_whoever_submits_leaves_all_jobs_or_none() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let lines = |round: &str| -> Vec<String> {
        let words = |number| format!("-i in.mp4 -c copy {round}-{number}.mp4");
        let numbers = 0..JOBS_AT_ONCE;
        numbers
            .map(|number| queue::line(&format!("{round}-{number}"), &words(number)))
            .collect()
    };
    let began = Instant::now();
    queue::submit(&sandbox, &lines("usual"));
    // How long it takes changes with what else the machine does, so the kills look for the moment at which jobs are taken.
    let mut delay = began.elapsed();
    let mut random = 0x5eed_0004;
    let (mut whole, mut none) = (0, 0);
    for round in 0..MOST_SUBMISSIONS {
        if round >= SUBMISSIONS && whole > 0 && none > 0 {
            break;
        }
        let all = lines(&round.to_string());
        let before = queue::count(&sandbox);
        let mut child = queue::start(&sandbox, &all, &[]);
        thread::sleep(delay.mul_f64(0.7 + 0.6 * next(&mut random)));
        child.kill().expect("our own child");
        child.wait().expect("it can be waited for");
        match queue::count(&sandbox) - before {
            0 => {
                none += 1;
                delay = delay.mul_f64(1.4);
            }
            JOBS_AT_ONCE => {
                whole += 1;
                delay = delay.mul_f64(0.7);
            }
            some => panic!("{some} of {} jobs were taken", all.len()),
        }
    }
    assert!(
        whole > 0 && none > 0,
        "{whole} were whole, {none} were not there: the kills came at one end"
    );
    sandbox.ffbatch(["cancel", "--all", "--yes"]).ok();
    sandbox.ffbatch(["wait", "--all"]);
    sandbox.assert_clean();
}
