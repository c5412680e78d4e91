//! How long inputs are, where that can be found out before anything runs: of files of this machine, by asking ffmpeg.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ffbatch_backends::queue::find;
use ffbatch_bench::file::BenchFile;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::location::Location;
use ffbatch_media::find::Ffmpeg;
use ffbatch_media::probe::{Source, probe};

/// Fills in what the file does not say. A file that is not there, or is no media, is an error.
pub async fn find(config: &Config, file: &Path, bench: &mut BenchFile) -> anyhow::Result<()> {
    let mut asked: Vec<(usize, PathBuf)> = Vec::new();
    for (at, input) in bench.inputs.iter().enumerate() {
        let Ok(Location::Path(path)) = input.url.parse::<Location>() else {
            continue;
        };
        // A pattern of an image sequence is no file.
        let path = bench.directory.join(path);
        if path.to_string_lossy().contains('%') {
            continue;
        }
        if !path.is_file() {
            bail!(
                "there is no file `{}` (the input `{}` of `{}`)",
                path.display(),
                input.url,
                file.display()
            );
        }
        if input.duration_secs.is_none() {
            asked.push((at, path));
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    let ffmpeg = match &config.ffmpeg {
        Some(path) => Ffmpeg::at(path),
        None => Ffmpeg::find(),
    };
    // Jobs that run elsewhere need no ffmpeg here: then a prediction does without.
    let (Ok(ffmpeg), Ok(launcher)) = (ffmpeg, find::worker(config)) else {
        return Ok(());
    };
    let sources = asked.iter().map(|(_, path)| Source {
        path: path.clone(),
        options: Vec::new(),
    });
    let sources: Vec<Source> = sources.collect();
    let launcher = std::path::absolute(launcher)?;
    let found = probe(
        &ffmpeg,
        &launcher,
        config.require_confinement,
        &sources,
        &[],
    )
    .await?;
    for ((at, _), input) in asked.into_iter().zip(found) {
        bench.inputs[at].duration_secs = input.duration.map(|length| length.as_secs_f64());
    }
    Ok(())
}
