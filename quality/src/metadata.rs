//! Reads what ffmpeg's filter `metadata=mode=print` writes (<https://ffmpeg.org/ffmpeg-filters.html#metadata_002c-ametadata>): a
//! block for each frame, a line `frame:0 pts:0 ..` and then lines such as `lavfi.psnr.mse.y=97.1`.
//!
//! Where a filter has a `stats_file` and frame metadata, the metadata has more decimals.

use std::io::BufRead;

use ffbatch_dispatcher::metric::MetricError;

/// The values of one frame, by name.
pub type Values = [(String, f64)];

/// Hands each frame's values to `on`, those whose key begins with `prefix`. `mse.y` in ffmpeg is `mse_y` here.
pub fn each_frame(
    metric: &'static str,
    prefix: &str,
    text: &mut dyn BufRead,
    on: &mut dyn FnMut(&Values),
) -> Result<(), MetricError> {
    let mut frame: Vec<(String, f64)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let error = |reason: String| MetricError {
            metric,
            line: at + 1,
            reason,
        };
        let line = line.map_err(|read| error(read.to_string()))?;
        if line.starts_with("frame:") {
            close(&mut frame, on);
        } else if let Some(field) = line.strip_prefix(prefix) {
            let (name, value) = field
                .split_once('=')
                .ok_or_else(|| error(format!("`{line}` has no value")))?;
            let value = value
                .parse()
                .map_err(|_| error(format!("`{value}` is no number")))?;
            frame.push((name.replace('.', "_"), value));
        }
    }
    close(&mut frame, on);
    Ok(())
}

fn close(frame: &mut Vec<(String, f64)>, on: &mut dyn FnMut(&Values)) {
    if !frame.is_empty() {
        on(frame);
        frame.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<(String, f64)>>, MetricError> {
        let mut frames = Vec::new();
        each_frame("m", "lavfi.m.", &mut text.as_bytes(), &mut |frame| {
            frames.push(frame.to_vec());
        })?;
        Ok(frames)
    }

    #[test]
    fn other_keys_are_passed_by() {
        let text = "frame:0 pts:0\nlavfi.m.a.b=1\nlavfi.n.a=2\nframe:1 pts:1\nlavfi.m.a.b=inf\n";
        let expected = [1.0, f64::INFINITY].map(|value| vec![("a_b".to_owned(), value)]);
        assert_eq!(read(text), Ok(expected.into()));
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        let error = read("frame:0\nlavfi.m.a=x\n").expect_err("no number");
        assert_eq!((error.line, error.reason.as_str()), (2, "`x` is no number"));
        let error = read("lavfi.m.a\n").expect_err("no value");
        assert_eq!(error.reason, "`lavfi.m.a` has no value");
        assert_eq!(read(""), Ok(Vec::new()));
    }
}
