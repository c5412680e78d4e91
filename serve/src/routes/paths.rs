//! What a job that comes to a server may name of the server's machine.

use ffbatch_dispatcher::command::Role;
use ffbatch_dispatcher::detail::JobDetail;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;
use ffbatch_storage::within;

use crate::access::Visitor;
use crate::answer::Refusal;
use crate::app::App;

/// Refuses paths that say nothing to this server, and those that whoever asks may not name. What is left to be found where the job
/// runs, such as names within lists, is refused there: the job takes its bounds along.
pub fn bound(app: &App, compute: &str, job: &mut Job, visitor: Visitor) -> Result<(), Refusal> {
    let parsed = job.check()?;
    let is_elsewhere = app.is_elsewhere(compute);
    let places = || parsed.iter().flat_map(|one| &one.places);
    let writes_here = places()
        .any(|place| place.role == Role::Output && matches!(place.location, Location::Path(_)));
    let mut is_local = false;
    for place in places() {
        let Location::Path(path) = &place.location else {
            continue;
        };
        is_local = true;
        // What belongs to an output stands beside it, which is in no directory of this server where that is elsewhere.
        let is_file = place.role.is_read() || writes_here;
        if is_file && !path.starts_with('/') {
            return Err(Refusal::wrong(format!(
                "`{path}` is a relative path, and a server is in no directory of yours (give the whole path)"
            )));
        }
        if visitor == Visitor::Elsewhere && path.starts_with('/') {
            may_name(app, path)?;
        }
        if is_elsewhere && place.role == Role::Output {
            return Err(Refusal::wrong(format!(
                "nobody would bring the result from `{compute}` to `{path}` (give an s3:// URL, or submit the job by `ffbatch run` or `ffbatch submit --wait`)"
            )));
        }
    }
    if visitor == Visitor::Elsewhere {
        // A container elsewhere has nothing but the job; here only the kernel can keep a strange ffmpeg to its files.
        job.require_confinement |= !is_elsewhere;
        if is_local || !is_elsewhere {
            job.bounds = Some(app.bounds().clone());
        }
    }
    Ok(())
}

/// Refuses to run a job again that is not bound as one would be that comes from whoever asks.
pub fn may_repeat(app: &App, detail: &JobDetail, visitor: Visitor) -> Result<(), Refusal> {
    let parsed = Job::of(detail.commands.clone()).check()?;
    let mut places = parsed.iter().flat_map(|one| &one.places);
    let is_local = places.any(|place| matches!(place.location, Location::Path(_)));
    if visitor == Visitor::Here || !is_local || detail.bounds.as_ref() == Some(app.bounds()) {
        return Ok(());
    }
    Err(Refusal::forbidden(format!(
        "job `{}` uses files of the server, and only who submitted it there may run it again",
        detail.summary.id
    )))
}

/// Refuses a whole path that somebody may not name who has to show who they are.
pub fn may_name(app: &App, path: &str) -> Result<(), Refusal> {
    if app.bounds().roots.is_empty() {
        return Err(Refusal::forbidden(format!(
            "`{path}` is a path of the server, and who shows a token or a signature may name none (give an s3:// or an https:// URL; `roots` in the section `serve` names directories for everybody)"
        )));
    }
    within(Some(app.bounds()), path).map_err(Refusal::forbidden)
}

/// Refuses to follow a report to what its job cannot have left: whoever can write to the bucket of a compute elsewhere can write its
/// reports, and nothing on this machine is any of their business.
pub fn within_reach(app: &App, compute: &str, at: &Location) -> Result<(), Refusal> {
    match at {
        Location::S3 { .. } => Ok(()),
        Location::Path(_) if !app.is_elsewhere(compute) => Ok(()),
        _ => Err(Refusal::missing(format!(
            "`{at}` is not within reach of this server"
        ))),
    }
}
