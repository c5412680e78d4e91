//! The report as Markdown, for a pull request or a wiki.

use super::html::METHOD;
use super::tables::{Table, all};
use crate::summary::Summary;

/// The whole page.
pub fn page(summary: &Summary) -> String {
    let mut parts = vec![
        format!("# {}", escaped(&summary.name)),
        format!("**{}**", escaped(&summary.answer)),
    ];
    if !summary.notes.is_empty() {
        let notes: Vec<String> = summary
            .notes
            .iter()
            .map(|note| format!("- {}", escaped(note)))
            .collect();
        parts.push(notes.join("\n"));
    }
    for table in all(summary) {
        parts.push(format!("## {}", table.title));
        parts.push(drawn(&table));
    }
    parts.push("## How it was measured".to_owned());
    parts.extend(
        METHOD
            .iter()
            .map(|(title, text)| format!("**{title}.** {text}")),
    );
    parts.join("\n\n") + "\n"
}

fn drawn(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = (0..table.header.len()).map(|at| {
        if table.right.contains(&at) {
            "---:"
        } else {
            "---"
        }
    });
    let rule: Vec<&str> = rule.collect();
    let mut lines = vec![line(&table.header), format!("| {} |", rule.join(" | "))];
    lines.extend(table.rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// A text that does not leave its cell.
fn escaped(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    one_line.replace('|', "\\|").replace('<', "&lt;")
}
