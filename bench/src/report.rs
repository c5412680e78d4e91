//! The report of a benchmark: one page to look at, and the same as Markdown, CSV and JSON.

pub mod csv;
pub mod format;
pub mod html;
pub mod markdown;
pub mod plots;
pub mod tables;

use std::collections::BTreeMap;

use crate::summary::Summary;

/// A document of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name among the results.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What a report shows beside the summary.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// The benchmark's file as it was used; absent where there was none.
    pub file: Option<String>,
    /// VMAF of every frame by cell, of those cells that [`plots::of_frames`] asks for.
    pub frames: BTreeMap<String, Vec<f64>>,
}

/// All documents of a report.
pub fn documents(summary: &Summary, background: &Background) -> Vec<Document> {
    let document = |name, kind, text: String| Document {
        name,
        kind,
        bytes: text.into_bytes(),
    };
    vec![
        document(
            "report.html",
            "text/html; charset=utf-8",
            html::page(summary, background),
        ),
        document(
            "report.md",
            "text/markdown; charset=utf-8",
            markdown::page(summary),
        ),
        document("report.csv", "text/csv; charset=utf-8", csv::page(summary)),
        document("report.json", "application/json", summary.to_json()),
    ]
}
