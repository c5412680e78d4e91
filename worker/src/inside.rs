//! Measuring inside the process that encodes, where that can be tried beforehand.
//!
//! What the encoder will be given is not known before a command runs, so that a rehearsal of its first picture tells, in a room of
//! its own. Everything that is in doubt is measured afterwards, as if it had not been asked for.

use std::path::Path;
use std::time::Duration;

use ffbatch_dispatcher::command::{Parsed, Target};
use ffbatch_media::confine::Policy;
use ffbatch_media::measure::{Measure, Reference};
use ffbatch_media::probe::{Listing, Mapping, Source};
use ffbatch_media::run::{self, GRACE, Happening, Run, Stdout};
use ffbatch_media::shadow::{self, OutputStream, Size};
use tokio_util::sync::CancellationToken;

use crate::check::{Plan, Planned};
use crate::measure::{repeatable, room};
use crate::processors::threads;
use crate::task::Task;

/// The longest that a rehearsal may take: a command that seeks far into its input takes long to its first picture.
const LIMIT: Duration = Duration::from_secs(10);

/// The options that stop a rehearsal after its first picture, and its sound soon after.
const FIRST: [&str; 4] = ["-t", "0.2", "-frames:v", "1"];

/// The comparison that a command can carry with it, or why it is made afterwards.
pub async fn asked(
    task: Task<'_>,
    policy: &Policy,
    command: usize,
) -> Result<(Measure, OutputStream), String> {
    let Task {
        plan,
        job,
        metrics,
        model,
        stop,
    } = task;
    let planned = &plan.commands[command];
    is_simple(&planned.parsed)?;
    repeatable::pictures(planned)?;
    if job.at_source_size {
        return Err("the source's size is compared afterwards".to_owned());
    }
    if model.is_some_and(|model| model.file.is_some()) {
        return Err("a model in a file is tried afterwards".to_owned());
    }
    let room = room(plan, &format!("inside-{command}")).map_err(|failure| failure.message)?;
    let listing = rehearsal(plan, planned, policy, &room, stop).await?;
    let videos: Vec<_> = shadow::videos(&listing, 0).collect();
    let [(encoded, Mapping { copied: false, .. })] = videos[..] else {
        return Err("there is not one video stream that is encoded".to_owned());
    };
    let shadow = shadow::shadow(
        &planned.parsed,
        &planned.words(),
        &listing,
        encoded,
        Size::Output,
    )?;
    let output = planned.parsed.outputs[0].target.places();
    let measure = Measure {
        workplace: task.workplace(&room),
        reference: Reference::Shadow(shadow),
        distorted: Source {
            path: output.iter().map(|place| &planned.names[*place]).collect(),
            options: Vec::new(),
        },
        video: 0,
        cut: None,
        reads: Vec::new(),
        metrics: metrics.to_vec(),
        model: model.cloned(),
        threads: threads(),
    };
    Ok((measure, encoded))
}

/// Whether a command is of the form that can carry a comparison.
fn is_simple(parsed: &Parsed) -> Result<(), String> {
    let why = |why: &str| Err(why.to_owned());
    let [output] = &parsed.outputs[..] else {
        return why("there are several outputs");
    };
    let Target::Place(place) = output.target else {
        return why("the output is no file");
    };
    if parsed.places[place].is_pattern() {
        return why("the output is a sequence of files");
    }
    let has_graph = parsed.globals.iter().any(|option| {
        let graphs = ["filter_complex", "filter_complex_script", "lavfi"];
        graphs.contains(&option.name.as_str())
    });
    if has_graph || !parsed.decoders.is_empty() {
        return why("there is a filter graph with labels");
    }
    if parsed.passes().next().is_some() {
        return why("there are several passes");
    }
    Ok(())
}

/// What ffmpeg tells of a command that makes one picture and writes in the room.
async fn rehearsal(
    plan: &Plan,
    planned: &Planned,
    policy: &Policy,
    room: &Path,
    stop: &CancellationToken,
) -> Result<Listing, String> {
    let mut names = planned.names.iter();
    let mut words = planned.parsed.rewrite(|place| {
        let name = names.next().unwrap_or(&place.text);
        if place.role.is_read() {
            return name.clone();
        }
        let path = room.join(place.location.base_name());
        path.to_string_lossy().into_owned()
    });
    let end = planned.parsed.outputs[0].word;
    words.splice(end..end, FIRST.map(str::to_owned));
    let mut policy = policy.clone();
    policy.write.push(room.to_owned());
    let run = Run {
        ffmpeg: plan.ffmpeg.clone(),
        args: words,
        cwd: plan.directory.clone(),
        policy,
        launcher: plan.launcher.clone(),
        stdout: Stdout::Discard,
        stop: stop.clone(),
        grace: GRACE,
    };
    let mut listing = Listing::default();
    let mut on = |happening| {
        if let Happening::Line(line) = happening {
            listing.line(&line.text);
        }
    };
    let running = Box::pin(run::run(&run, &mut on));
    match tokio::time::timeout(LIMIT, running).await {
        Err(_) => Err("the first picture takes long".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(finished)) if !finished.exit.success() => Err("the rehearsal failed".to_owned()),
        Ok(Ok(_)) => Ok(listing),
    }
}
