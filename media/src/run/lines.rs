//! Lines out of chunks of bytes: ffmpeg ends some with `\n` and some with `\r`, and may end none for megabytes.

/// Bytes read at once.
pub const CHUNK: usize = 8 * 1024;

/// Bytes kept of one line; the rest of it is skipped.
const LIMIT: usize = 8 * 1024;

/// The unfinished line of a stream.
#[derive(Debug, Default)]
pub struct Lines {
    open: Vec<u8>,
}

impl Lines {
    /// Takes the next chunk, or an empty one at the end, and gives every line that it completes; empty lines are left out.
    pub fn feed(&mut self, chunk: &[u8], give: &mut dyn FnMut(&str)) {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.keep(&rest[..end]);
            self.close(give);
            rest = &rest[end + 1..];
        }
        self.keep(rest);
        if chunk.is_empty() {
            self.close(give);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LIMIT.saturating_sub(self.open.len());
        self.open.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn close(&mut self, give: &mut dyn FnMut(&str)) {
        if !self.open.is_empty() {
            give(&String::from_utf8_lossy(&self.open));
            self.open.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[&[u8]], expected: &[&str]) {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for chunk in chunks.iter().copied().chain([b"".as_slice()]) {
            lines.feed(chunk, &mut |line| got.push(line.to_owned()));
        }
        assert_eq!(got, expected);
    }

    #[test]
    fn splitting() {
        check(&[b"a\nb\r\nc"], &["a", "b", "c"]);
        check(&[b"a", b"b\n", b"c\r"], &["ab", "c"]);
        check(&[b"\n\n\r"], &[]);
        check(&[b"caf\xc3", b"\xa9\n"], &["café"]);
        check(&[b"\xff\n"], &["\u{fffd}"]);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let long = vec![b'x'; 10 * LIMIT];
        let cut = "x".repeat(LIMIT);
        check(&[&long, b"\nnext"], &[&cut, "next"]);
    }
}
