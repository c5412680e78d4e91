//! Finds out what both sides are compared in.

use super::{Domain, Measure, MeasureError, Reference, graph, process};
use crate::log;
use crate::probe::{Input, Listing, Source, Stream, Video};
use crate::run::{Happening, Stdout, run};
use crate::shadow::{Shadow, Size};

/// What both sides will be compared in: the output's format, and the size of both.
pub async fn domain(asked: &Measure, inputs: &[Input]) -> Result<Domain, MeasureError> {
    let usable = |video: Option<&Video>, source: &Source| {
        video
            .filter(|video| !video.pixel_format.is_empty())
            .cloned()
            .ok_or_else(|| MeasureError::NoVideo(source.path.clone()))
    };
    let distorted = inputs.last().and_then(|input| input.video(asked.video));
    let distorted = usable(distorted, &asked.distorted)?;
    let (reference, wanted, got) = match &asked.reference {
        Reference::File(source) => {
            let video = inputs.first().and_then(|input| input.video(0));
            let reference = usable(video, source)?;
            let size = reference.shown();
            (reference, size, distorted.shown())
        }
        // The encoder's pictures were turned already; its output is taken as it is coded.
        Reference::Shadow(shadow) => {
            let pictures = &shadow.pictures;
            let coded = (distorted.width, distorted.height);
            if shadow.size == Size::Source {
                let size = unscaled(asked, shadow).await?;
                let domain = Domain::of(pictures, &distorted, size);
                return Ok(Domain {
                    scaled_from: (size != coded).then_some(coded),
                    ..domain
                });
            }
            let size = (pictures.width, pictures.height);
            (pictures.clone(), size, coded)
        }
    };
    if wanted != got {
        let text = |(width, height): (u32, u32)| format!("{width}x{height}");
        return Err(MeasureError::Size {
            reference: text(wanted),
            distorted: text(got),
        });
    }
    Ok(Domain::of(&reference, &distorted, got))
}

/// The size of pictures that are not scaled: that of the first one.
async fn unscaled(asked: &Measure, shadow: &Shadow) -> Result<(u32, u32), MeasureError> {
    let mut listing = Listing::default();
    let first = process(asked, graph::first(shadow), Stdout::Discard);
    let finished = run(&first, &mut |happening| {
        if let Happening::Line(line) = happening {
            listing.line(&line.text);
        }
    })
    .await?;
    let (output, stream) = shadow.stream;
    let streams = listing.output(output).map(|output| &output.streams);
    let video = streams
        .and_then(|streams| streams.get(stream))
        .and_then(Stream::video);
    match video {
        Some(video) if finished.exit.success() => Ok((video.width, video.height)),
        _ if finished.stopped => Err(MeasureError::Stopped),
        _ => Err(MeasureError::Failed(
            log::cause(&finished.stderr_tail).unwrap_or_else(|| "no reason given".to_owned()),
        )),
    }
}
