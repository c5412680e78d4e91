//! Lines and columns of a text, from offsets in bytes.

use crate::error::At;

/// Where the lines of a text begin.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    first: usize,
}

impl<'a> Lines<'a> {
    /// The lines of a whole file.
    pub fn of(text: &'a str) -> Self {
        Self::from(text, 1)
    }

    /// The lines of a text that begins with line number `first` of a file.
    pub fn from(text: &'a str, first: usize) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(ends).collect(),
            first,
        }
    }

    /// Where an offset in bytes is.
    pub fn at(&self, offset: usize) -> At {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        At {
            line: self.first + line,
            column: self.text[self.starts[line]..offset].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::of("a\nüb\n");
        let at = |offset| {
            let At { line, column } = lines.at(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (2, 1));
        assert_eq!(at(4), (2, 2));
        assert_eq!(at(99), (3, 1));
    }
}
