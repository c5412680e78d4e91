//! The switch of an installation on AWS, a parameter of Systems Manager: whether jobs are measured that say nothing of quality.
//!
//! The answer is needed after the encode, or before it by a job that would measure inside of it and does so only if it is a yes by then. It is asked for at the start and awaited at the end, so that no job is slower for it,
//! neither where the other side is busy with a thousand children of one array nor where it cannot be reached.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use tokio_util::task::AbortOnDropHandle;

use crate::environment::on_batch;
use crate::failure::Failure;

/// The parameter's name.
const PARAMETER: &str = "/batch-ffmpeg/ffqm";

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

/// A switch that is being asked, where it decides.
#[derive(Debug)]
pub enum Switch {
    /// Nobody has answered yet.
    Asked(AbortOnDropHandle<Result<bool, Failure>>),
    /// The answer, which is yes where the job decides.
    Answered(Result<bool, Failure>),
}

impl Switch {
    /// Asks the switch, if the job leaves it to that. The job then names the metrics that would be measured.
    pub fn ask(job: &mut Job) -> Self {
        if job.quality.is_some() || !on_batch() {
            return Self::Answered(Ok(true));
        }
        job.quality = Some(METRICS.map(str::to_owned).to_vec());
        Self::Asked(AbortOnDropHandle::new(tokio::spawn(read())))
    }

    /// The answer, if it has come by now; nothing is waited for. An error is not known to be a yes.
    pub async fn known(&mut self) -> Option<bool> {
        if let Self::Asked(asked) = self
            && asked.is_finished()
        {
            *self = Self::Answered(awaited(asked).await);
        }
        match self {
            Self::Asked(_) => None,
            Self::Answered(answer) => Some(matches!(answer, Ok(true))),
        }
    }

    /// Whether that is measured which the job names; an error where nobody knows.
    pub async fn answer(self) -> Result<bool, Failure> {
        let answer = match self {
            Self::Asked(mut asked) => awaited(&mut asked).await,
            Self::Answered(answer) => answer,
        };
        if let Err(failure) = &answer {
            tracing::warn!("quality is not measured: {failure}");
        }
        answer
    }
}

async fn awaited(asked: &mut AbortOnDropHandle<Result<bool, Failure>>) -> Result<bool, Failure> {
    let answer = asked.await;
    answer.unwrap_or_else(|error| Err(Failure::because(Exit::Internal, &error)))
}

async fn read() -> Result<bool, Failure> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match ffbatch_storage::parameter(PARAMETER).await {
            Ok(value) => return meaning(value.as_deref()),
            Err(error) => match pauses.next().filter(|_| error.retryable()) {
                Some(pause) => tokio::time::sleep(scattered(pause)).await,
                None => return Err(Failure::because(Exit::Machine, &error)),
            },
        }
    }
}

/// What a value means; without one the switch is off.
fn meaning(value: Option<&str>) -> Result<bool, Failure> {
    let Some(value) = value.map(str::trim) else {
        return Ok(false);
    };
    let is = |word| value.eq_ignore_ascii_case(word);
    if is("true") || is("false") {
        return Ok(is("true"));
    }
    Err(Failure::new(
        Exit::Machine,
        format!("the parameter `{PARAMETER}` is `{value}` (set it to TRUE or FALSE)"),
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
            assert_eq!(meaning(Some(on)), Ok(true));
        }
        for off in [None, Some("FALSE"), Some("false ")] {
            assert_eq!(meaning(off), Ok(false));
        }
        let wrong = meaning(Some("yes")).expect_err("neither").to_string();
        assert_eq!(
            wrong,
            "the parameter `/batch-ffmpeg/ffqm` is `yes` (set it to TRUE or FALSE)"
        );
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
        let asked = |answer| Switch::Asked(AbortOnDropHandle::new(tokio::spawn(answer)));
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
