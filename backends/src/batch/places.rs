//! Which places of a job only this machine has.

use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::location::Location;

/// A path of this machine that a job reads or writes, where it has one. Relative names are those of the job's own working directory.
pub fn local(job: &Job) -> Option<String> {
    let here = |location: &Location| match location {
        Location::Path(path) if path.starts_with('/') => Some(path.clone()),
        _ => None,
    };
    let mut model = job.vmaf_model.iter().filter(|model| model.starts_with('/'));
    let parsed = job.check().unwrap_or_default();
    let places = parsed
        .iter()
        .flat_map(|command| &command.places)
        .map(|place| &place.location);
    let mut local = job.files.iter().chain(places).filter_map(here);
    local.next().or_else(|| model.next().cloned())
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let job = Job::of(vec![Command::from_line(line).expect("a command")]);
        let job = job.anchored("/home/me").expect("a job");
        assert_eq!(local(&job).as_deref(), expected, "{line}");
    }

    #[test]
    fn paths_of_this_machine() {
        check("ffmpeg -i s3://b/a.mp4 s3://b/b.mp4", None);
        check("ffmpeg -i s3://b/a.mp4 -f null -", None);
        check("ffmpeg -i a.mp4 s3://b/b.mp4", Some("/home/me/a.mp4"));
        check(
            "ffmpeg -i s3://b/a.mp4 out/b.mp4",
            Some("/home/me/out/b.mp4"),
        );
        check(
            "ffmpeg -i s3://b/a.mp4 -hls_segment_filename s%d.ts s3://b/b.m3u8",
            None,
        );
    }
}
