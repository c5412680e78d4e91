//! The page: one file without any other, that needs no network, no script, and no particular width.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Background;
use super::plots::{self, Picture};
use super::tables::{Table, all};
use crate::summary::Summary;

const STYLE: &str = include_str!("html/style.css");

/// How it was measured, in a few sentences with heads.
pub const METHOD: [(&str, &str); 7] = [
    (
        "Time",
        "From the start of ffmpeg to its end, as the worker beside it saw it; queueing, start-up, transfers and the measuring of quality are not in it. Cells of one machine ran in turn, the first run of each was not timed, and runs were repeated until the 95 % confidence interval of the mean (Student's t) was narrow enough or the limit was reached.",
    ),
    (
        "Differences",
        "Two samples differ where Welch's t-test of the logarithms of their values says so at 95 %, corrected for all comparisons of a ranking (Bonferroni). What does not differ from the leader of its group ties with it.",
    ),
    (
        "Equal quality",
        "Ladders are read at the asked VMAF, by a monotone piecewise cubic (PCHIP) through their steps, on the logarithm of time, cost, energy and bits, each round by itself. Nothing is read beyond the ends of a ladder. BD-rates are integrals of the same curves.",
    ),
    (
        "Quality",
        "Frame n of the output against frame n of what the encoder was given, measured after the encode and once for each cell; the number is the mean that each metric defines.",
    ),
    (
        "Bitrate",
        "All bytes of the output over its duration: with audio and container, where the command keeps them.",
    ),
    (
        "Cost",
        "The price of an hour times the seconds from a job's first stage to its last without measuring. A job that owns its instance pays all of it; one that shares an instance the larger of its shares of processors and memory. Start-up of instances, storage and transfer are not in it.",
    ),
    (
        "Energy",
        "An estimate by the method of Cloud Carbon Footprint: watts of a virtual processor between rest and full load in proportion to its use, times a power usage effectiveness of 1.135 in AWS's data centres. A range is given where nobody has measured the processor. Memory, network, cooling of other machines and manufacture are not in it. CO2e is energy times what the Region's grid emits on average.",
    ),
];

/// The whole page.
pub fn page(summary: &Summary, background: &Background) -> String {
    let pictures = plots::all(summary, &background.frames);
    let tables = all(summary);
    let (first, others) = tables
        .split_first()
        .map_or((None, &[][..]), |(first, others)| (Some(first), others));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (summary.name) " - ffbatch" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (summary.name) }
                    p.answer { (code(&summary.answer)) }
                    @if !summary.notes.is_empty() {
                        ul.notes { @for note in &summary.notes { li { (code(note)) } } }
                    }
                }
                main {
                    @if let Some(table) = first { (drawn(table)) }
                    @for picture in &pictures { (shown(picture)) }
                    @for table in others { (drawn(table)) }
                    section {
                        h2 { "How it was measured" }
                        dl { @for (title, text) in METHOD { dt { (title) } dd { (text) } } }
                    }
                    (again(summary, background))
                }
                footer {
                    p {
                        "ffbatch " (summary.ffbatch)
                        @if let Some(measured) = summary.measured { ", last run " (measured.strftime("%Y-%m-%d %H:%M UTC")) }
                        ". The numbers of this page are in report.json and report.csv beside it; every run with its job's whole report is in runs/."
                    }
                }
            }
        }
    }
    .into_string()
}

/// A text with its parts in backticks as code.
fn code(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn drawn(table: &Table) -> Markup {
    html! {
        section {
            h2 { (table.title) }
            div.scroll {
                table {
                    thead { tr { @for (at, head) in table.header.iter().enumerate() { th.number[table.right.contains(&at)] scope="col" { (head) } } } }
                    tbody {
                        @for row in &table.rows {
                            tr { @for (at, cell) in row.iter().enumerate() { td.number[table.right.contains(&at)] { (cell) } } }
                        }
                    }
                }
            }
        }
    }
}

fn shown(picture: &Picture) -> Markup {
    // The picture is our own, and says what it is to whoever cannot see it.
    let svg = picture.svg.replacen("<svg ", "<svg role=\"img\" ", 1);
    html! {
        section {
            h2 { (picture.title) }
            figure aria-label=(picture.title) {
                @if picture.legend.len() > 1 {
                    ul.legend {
                        @for (number, name) in &picture.legend {
                            li { span.swatch style=(format!("--swatch: var(--c{})", number % plots::PALETTE)) { } (name) }
                        }
                    }
                }
                div.scroll.picture { (PreEscaped(svg)) }
                figcaption { (code(&picture.caption)) }
            }
        }
    }
}

/// Everything that is needed to do it again.
fn again(summary: &Summary, background: &Background) -> Markup {
    html! {
        section {
            h2 { "To repeat it" }
            @if let Some(file) = &background.file {
                p { "Write this to a file, and run " code { "ffbatch bench FILE" } ":" }
                div.scroll { pre { (file) } }
            }
            details {
                summary { "The commands of every cell" }
                div.scroll {
                    table {
                        tbody {
                            @for one in &summary.cells {
                                tr {
                                    td { (one.cell.label()) }
                                    td { @for words in &one.cell.commands { div { code { "ffmpeg " (ffbatch_dispatcher::command::words::join(words)) } } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plots::hexadecimal;

    #[test]
    fn every_colour_of_a_picture_has_one_in_the_dark() {
        for number in 0..plots::PALETTE {
            let colour = hexadecimal(number);
            assert!(STYLE.contains(&format!("[fill=\"{colour}\"]")), "{colour}");
            assert!(
                STYLE.contains(&format!("[stroke=\"{colour}\"]")),
                "{colour}"
            );
        }
    }
}
