//! The switch of an installation on AWS, a parameter of Systems Manager: whether jobs are measured that say nothing of quality.
//!
//! The answer is needed after the encode, or before it by a job that would measure inside of it; such a job does so only where a yes
//! has come by then. It is asked for at the start and awaited at the end, so that no job is slower for it, neither where the other
//! side is busy with a thousand children of one array nor where it cannot be reached. A job that is done before any answer came
//! waits a moment more: where there is no way to Systems Manager, short jobs would be held for nothing.
//!
//! Whoever submits a job may have asked already, and say so in the job's environment: a network that reaches S3 and nothing else
//! has nobody to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::infra;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::variable::{SWITCH as TOLD, SWITCH_NAME};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use crate::environment::{on_batch, variable};
use crate::failure::Failure;

/// How long a job that is done waits for a first answer.
const MOMENT: Duration = Duration::from_secs(2);

/// The metrics that it stands for.
const METRICS: [&str; 3] = ["psnr", "ssim", "vmaf"];

/// How long to wait before asking again who was busy: together longer than a thousand children need at 40 calls a second (AWS
/// General Reference, "AWS Systems Manager endpoints and quotas").
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// What decides, where the job does not.
#[derive(Debug)]
pub enum Switch {
    /// The parameter, which is being asked: nobody has answered yet.
    Asked {
        /// The answer.
        answer: AbortOnDropHandle<Result<bool, Failure>>,
        /// True once the other side has answered that it is busy: it will answer.
        busy: Arc<AtomicBool>,
    },
    /// The answer, which is yes where the job decides.
    Answered(Result<bool, Failure>),
}

impl Switch {
    /// Asks the switch, if the job leaves it to that. The job then names the metrics that would be measured.
    pub fn ask(job: &mut Job) -> Self {
        if job.quality.is_some() {
            return Self::Answered(Ok(true));
        }
        if let Some(value) = variable(TOLD) {
            return Self::told(job, &value);
        }
        if !on_batch() {
            return Self::Answered(Ok(true));
        }
        job.quality = Some(metrics());
        let busy = Arc::<AtomicBool>::default();
        let answer = AbortOnDropHandle::new(tokio::spawn(read(busy.clone())));
        Self::Asked { answer, busy }
    }

    /// The answer of whoever submitted the job. One that is neither TRUE nor FALSE is told where the scores would be.
    fn told(job: &mut Job, value: &str) -> Self {
        let on = meaning(&format!("variable `{TOLD}`"), Some(value));
        job.quality = Some(if on == Ok(false) {
            Vec::new()
        } else {
            metrics()
        });
        Self::Answered(on)
    }

    /// The answer, if it has come by now; nothing is waited for. An error is not known to be a yes.
    pub async fn known(&mut self) -> Option<bool> {
        if let Self::Asked { answer, .. } = self
            && answer.is_finished()
        {
            *self = Self::Answered(joined(answer.await));
        }
        match self {
            Self::Asked { .. } => None,
            Self::Answered(answer) => Some(matches!(answer, Ok(true))),
        }
    }

    /// Whether that is measured which the job names; an error where nobody knows.
    pub async fn answer(self) -> Result<bool, Failure> {
        let answer = match self {
            Self::Asked { mut answer, busy } => {
                match tokio::time::timeout(MOMENT, &mut answer).await {
                    Ok(soon) => joined(soon),
                    Err(_) if busy.load(Ordering::Relaxed) => joined(answer.await),
                    Err(_) => Err(silent()),
                }
            }
            Self::Answered(answer) => answer,
        };
        if let Err(failure) = &answer {
            tracing::warn!("quality is not measured: {failure}");
        }
        answer
    }
}

fn metrics() -> Vec<String> {
    METRICS.map(str::to_owned).to_vec()
}

fn joined(answer: Result<Result<bool, Failure>, JoinError>) -> Result<bool, Failure> {
    answer.unwrap_or_else(|error| Err(Failure::because(Exit::Internal, &error)))
}

fn silent() -> Failure {
    Failure::new(
        Exit::Machine,
        format!(
            "the parameter `{}` cannot be read: there was no answer before the job's end (give the machine a way to the endpoint of Systems Manager, or the job {TOLD}=TRUE or {TOLD}=FALSE)",
            name()
        ),
    )
}

/// The parameter's name.
fn name() -> String {
    variable(SWITCH_NAME).unwrap_or_else(|| infra::switch(infra::PREFIX))
}

async fn read(busy: Arc<AtomicBool>) -> Result<bool, Failure> {
    let name = name();
    let mut pauses = PAUSES.into_iter();
    loop {
        match ffbatch_storage::parameter(&name).await {
            Ok(value) => return meaning(&format!("parameter `{name}`"), value.as_deref()),
            Err(error) => match pauses.next().filter(|_| error.retryable()) {
                Some(pause) => {
                    busy.store(true, Ordering::Relaxed);
                    tokio::time::sleep(scattered(pause)).await;
                }
                None => return Err(Failure::because(Exit::Machine, &error)),
            },
        }
    }
}

/// What a value means, which stands in the place of this name; without one the switch is off.
fn meaning(whence: &str, value: Option<&str>) -> Result<bool, Failure> {
    let Some(value) = value.map(str::trim) else {
        return Ok(false);
    };
    let is = |word| value.eq_ignore_ascii_case(word);
    if is("true") || is("false") {
        return Ok(is("true"));
    }
    Err(Failure::new(
        Exit::Machine,
        format!("the {whence} is `{value}` (set it to TRUE or FALSE)"),
    ))
}

/// Half to one and a half of a pause, by the clock's last digits: those who were refused together shall not come back together.
fn scattered(pause: Duration) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let thousandths = now.map_or(0, |now| now.subsec_micros() % 1000);
    pause / 2 + pause * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = std::pin::Pin<Box<dyn Future<Output = Result<bool, Failure>> + Send>>;

    #[test]
    fn values() {
        for on in ["TRUE", "true", " True\n"] {
            assert_eq!(meaning("", Some(on)), Ok(true));
        }
        for off in [None, Some("FALSE"), Some("false ")] {
            assert_eq!(meaning("", off), Ok(false));
        }
        let wrong = meaning("variable `X`", Some("yes"))
            .expect_err("neither")
            .to_string();
        assert_eq!(wrong, "the variable `X` is `yes` (set it to TRUE or FALSE)");
    }

    #[test]
    fn pauses_differ_and_stay_about_as_long() {
        let pause = Duration::from_secs(4);
        for _ in 0..100 {
            let scattered = scattered(pause);
            assert!(scattered >= pause / 2 && scattered < pause * 3 / 2);
        }
    }

    #[tokio::test]
    async fn an_answer_is_known_once_it_has_come() {
        let asked = |answer| Switch::Asked {
            answer: AbortOnDropHandle::new(tokio::spawn(answer)),
            busy: Arc::default(),
        };
        let mut silent = asked(Box::pin(std::future::pending()) as Answer);
        assert_eq!(silent.known().await, None);
        let broken = || Err(Failure::new(Exit::Machine, "broken"));
        for (answer, known) in [(Ok(true), true), (Ok(false), false), (broken(), false)] {
            let said = answer.clone();
            let mut switch = asked(Box::pin(async move { said }));
            while switch.known().await.is_none() {
                tokio::task::yield_now().await;
            }
            assert_eq!(switch.known().await, Some(known));
            assert_eq!(switch.answer().await, answer);
        }
    }

    #[tokio::test]
    async fn what_the_environment_tells_is_known_at_once() {
        let on = Some(metrics());
        for (value, known, named) in [
            ("TRUE", true, &on),
            ("FALSE", false, &Some(Vec::new())),
            ("yes", false, &on),
        ] {
            let mut job = Job::of(Vec::new());
            let mut switch = Switch::told(&mut job, value);
            assert_eq!(switch.known().await, Some(known), "{value}");
            assert_eq!(&job.quality, named, "{value}");
        }
    }

    #[tokio::test]
    async fn a_job_that_says_something_asks_nobody() {
        let mut job = Job {
            quality: Some(Vec::new()),
            ..Job::of(Vec::new())
        };
        let mut switch = Switch::ask(&mut job);
        assert_eq!(switch.known().await, Some(true));
        assert_eq!(switch.answer().await, Ok(true));
        assert_eq!(job.quality, Some(Vec::new()));
    }
}
