//! One curve: each value where there is room for it, else a mean and a band for each column.

use std::fmt::Write as _;

use super::scale::{Scale, number};

/// With more values than this the curve is drawn by columns.
const EACH: usize = 2000;

/// Columns of a curve.
const COLUMNS: usize = 1000;

/// With so few values each has a dot.
const DOTS: usize = 60;

/// Draws the curve as one polyline, with its band or its dots.
pub fn draw(values: &[f64], across: &Scale, up: &Scale, colour: &str, to: &mut String) {
    let place = |(at, value): (f64, f64)| (across.at(at), up.at(value));
    let numbered = (1..).map(number).zip(values.iter().copied());
    let numbered: Vec<(f64, f64)> = numbered.filter(|(_, value)| !value.is_nan()).collect();
    // Writing to a string cannot fail.
    if numbered.len() > EACH {
        let columns: Vec<Column> = numbered
            .chunks(numbered.len().div_ceil(COLUMNS))
            .map(Column::of)
            .collect();
        let upper = columns.iter().map(|column| (column.at, column.high));
        let lower = columns.iter().rev().map(|column| (column.at, column.low));
        let band = points(upper.chain(lower).map(place));
        let _ = writeln!(
            to,
            "<polygon points=\"{band}\" fill=\"{colour}\" fill-opacity=\"0.3\"/>"
        );
        let means = columns.iter().map(|column| (column.at, column.mean));
        polyline(means.map(place), colour, to);
        return;
    }
    polyline(numbered.iter().copied().map(place), colour, to);
    if numbered.len() <= DOTS {
        for (x, y) in numbered.into_iter().map(place) {
            let _ = writeln!(
                to,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.8\" fill=\"{colour}\"/>"
            );
        }
    }
}

/// Several values in a row.
struct Column {
    at: f64,
    low: f64,
    high: f64,
    mean: f64,
}

impl Column {
    fn of(values: &[(f64, f64)]) -> Self {
        let all = || values.iter().map(|(_, value)| *value);
        let first = values.first().map_or(0.0, |(at, _)| *at);
        let last = values.last().map_or(0.0, |(at, _)| *at);
        Self {
            at: f64::midpoint(first, last),
            low: all().fold(f64::INFINITY, f64::min),
            high: all().fold(f64::NEG_INFINITY, f64::max),
            mean: all().sum::<f64>() / number(values.len()),
        }
    }
}

fn polyline(places: impl Iterator<Item = (f64, f64)>, colour: &str, to: &mut String) {
    let points = points(places);
    let _ = writeln!(
        to,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>"
    );
}

fn points(places: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (x, y) in places {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{x:.1},{y:.1}");
    }
    text
}
