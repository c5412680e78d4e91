//! Plain tables: a header, no lines, no blanks at the end.

use comfy_table::{CellAlignment, Table, TableStyle};

/// A table with these headers; the columns in `right` stand at the right.
pub fn plain(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_header(header.to_vec());
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The table as text.
pub fn drawn(table: &Table) -> String {
    fitted(table, None)
}

/// The table as text, each line cut where the terminal ends.
pub fn fitted(table: &Table, width: Option<u16>) -> String {
    let lines: Vec<String> = table
        .lines()
        .map(|line| match width {
            Some(width) => cut(line.trim_end(), usize::from(width)),
            None => line.trim_end().to_owned(),
        })
        .collect();
    lines.join("\n")
}

/// The columns of the terminal that standard output is, if it is one.
pub fn width() -> Option<u16> {
    Table::new().width()
}

/// A text cut at its end to so many characters.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A text cut in its middle to so many characters: the end of a key or of a name tells more than its middle.
pub fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let head = width / 3;
    let tail = width.saturating_sub(head + 1);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

/// A text of several lines as one.
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ")
}
