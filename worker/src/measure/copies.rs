//! Streams that a command copied: whether they are copies.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::{Copied, OutputQuality};
use ffbatch_media::copied::{self, Check, CheckError, Checked};
use ffbatch_media::probe::Mapping;

use super::{Asked, Prepared, Video, progress, refuse, repeatable};
use crate::failure::Failure;

/// Looks for the packets of a stream in the input's stream that it was copied from.
pub async fn checked(
    asked: Asked<'_>,
    video: Video<'_>,
    mapping: Mapping,
) -> Result<Checked, Failure> {
    let plan = asked.task.plan;
    let planned = &plan.commands[video.command];
    repeatable::inputs(planned).map_err(refuse)?;
    let output = asked.ran[video.command].listing.output(video.stream.output);
    let stream = output.and_then(|output| output.streams.get(video.stream.stream));
    let codec = stream.map_or("", |stream| &stream.codec);
    let prepared = Prepared::of(asked, video)?;
    let original = copied::original(&planned.parsed, &prepared.words, mapping, codec);
    let check = Check {
        workplace: asked.task.workplace(&prepared.room),
        original: original.map_err(refuse)?,
        copy: prepared.output.clone(),
        video: video.number,
        reads: prepared.reads.clone(),
    };
    let checked = Box::pin(copied::check(&check, &mut progress(asked, video))).await;
    match checked {
        Ok(checked) => Ok(checked),
        Err(CheckError::Stopped) => Err(Failure::interrupted()),
        Err(error) => Err(Failure::because(Exit::Machine, &error)),
    }
}

/// What a report says of it.
pub fn filled(mut entry: OutputQuality, checked: Checked) -> OutputQuality {
    let Checked { packets, equal, .. } = checked;
    entry.copy = Some(if checked.is_copy() {
        Copied::Copied
    } else {
        entry.notes.push(if equal == 0 {
            format!("the first of its {packets} packets is not in the source")
        } else {
            let next = equal + 1;
            format!("packet {next} of {packets} is not the one that follows in the source")
        });
        Copied::NotACopy
    });
    let complaint = checked.complaint.into_iter();
    entry
        .notes
        .extend(complaint.map(|complaint| format!("ffmpeg complained while it read: {complaint}")));
    entry
}
