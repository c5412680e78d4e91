//! What a job that comes to a server may name of the server's machine.

use ffbatch_dispatcher::command::Role;
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
    let mut is_local = false;
    for place in parsed.iter().flat_map(|one| &one.places) {
        let Location::Path(path) = &place.location else {
            continue;
        };
        is_local = true;
        if visitor == Visitor::Elsewhere {
            may_name(app, path)?;
        }
        let is_file = place.role.is_read() || place.role == Role::Output;
        if is_file && !path.starts_with('/') {
            return Err(Refusal::wrong(format!(
                "`{path}` is a relative path, and a server is in no directory of yours (give the whole path)"
            )));
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
        if is_local {
            job.roots = app.roots().to_vec();
        }
    }
    Ok(())
}

/// Refuses a path that somebody from elsewhere may not name.
pub fn may_name(app: &App, path: &str) -> Result<(), Refusal> {
    if app.roots().is_empty() {
        return Err(Refusal::forbidden(format!(
            "`{path}` is a path of the server, which only programs on it may name (give an s3:// or an https:// URL; `roots` in the section `serve` names directories for everybody)"
        )));
    }
    let path_is_whole = path.starts_with('/');
    // What is relative stands in the job's own directory, or is refused for that.
    if path_is_whole {
        within(app.roots(), path).map_err(Refusal::forbidden)?;
    }
    Ok(())
}
