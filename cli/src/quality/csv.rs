//! The values of every frame as CSV (RFC 4180, with plain line ends): a line of names, then one for each frame, numbered from 1.
//!
//! Nothing in it needs quotes: names are words and values are numbers, or `inf`, or nothing where a frame lacks the field.

use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind, Write, stdout};

use anyhow::Context;
use ffbatch_media::measure::Measured;

/// Prints all fields of all metrics. A reader that went away has what it wanted.
pub fn print(measured: &Measured) -> anyhow::Result<()> {
    let mut to = BufWriter::new(stdout().lock());
    match write(measured, &mut to).and_then(|()| to.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

fn write(measured: &Measured, to: &mut dyn Write) -> io::Result<()> {
    let columns = columns(measured);
    let mut line = "n".to_owned();
    for (name, _) in &columns {
        line.push(',');
        line.push_str(name);
    }
    writeln!(to, "{line}")?;
    for frame in 0..measured.frames {
        line.clear();
        // Writing to a string cannot fail.
        let _ = write!(line, "{}", frame + 1);
        for (_, values) in &columns {
            line.push(',');
            if let Some(value) = values.get(frame).filter(|value| !value.is_nan()) {
                let _ = write!(line, "{value}");
            }
        }
        writeln!(to, "{line}")?;
    }
    Ok(())
}

/// The fields by name; a name that an earlier metric has too gets its metric in front.
fn columns(measured: &Measured) -> Vec<(String, &[f64])> {
    let mut columns: Vec<(String, &[f64])> = Vec::new();
    for one in &measured.metrics {
        let Ok(scores) = &one.outcome else { continue };
        for field in scores.frames.fields() {
            let taken = columns.iter().any(|(name, _)| name == field);
            let name = if taken {
                format!("{}.{field}", one.metric.name)
            } else {
                field.to_owned()
            };
            columns.push((name, scores.frames.column(field)));
        }
    }
    columns
}
