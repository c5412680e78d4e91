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
    let numbered = (1..).map(number).zip(values.iter().copied());
    let known = numbered.filter(|(_, value)| !value.is_nan());
    let places: Vec<(f64, f64)> = known
        .map(|(at, value)| (across.at(at), up.at(value)))
        .collect();
    // Writing to a string cannot fail.
    if places.len() > EACH {
        let columns = places.chunks(places.len().div_ceil(COLUMNS));
        let columns: Vec<Column> = columns.map(Column::of).collect();
        let upper = columns.iter().map(|column| (column.x, column.top));
        let lower = columns.iter().rev().map(|column| (column.x, column.bottom));
        let band = points(upper.chain(lower));
        let _ = writeln!(
            to,
            "<polygon points=\"{band}\" fill=\"{colour}\" fill-opacity=\"0.3\"/>"
        );
        polyline(
            columns.iter().map(|column| (column.x, column.mean)),
            colour,
            to,
        );
        return;
    }
    polyline(places.iter().copied(), colour, to);
    if places.len() <= DOTS {
        for (x, y) in places {
            let _ = writeln!(
                to,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.8\" fill=\"{colour}\"/>"
            );
        }
    }
}

/// Several places in a row as one. What is infinite is at the edge already, so that it makes no mean infinite.
struct Column {
    x: f64,
    top: f64,
    bottom: f64,
    mean: f64,
}

impl Column {
    fn of(places: &[(f64, f64)]) -> Self {
        let heights = || places.iter().map(|(_, y)| *y);
        let count = number(places.len());
        Self {
            x: places.iter().map(|(x, _)| x).sum::<f64>() / count,
            top: heights().fold(f64::INFINITY, f64::min),
            bottom: heights().fold(f64::NEG_INFINITY, f64::max),
            mean: heights().sum::<f64>() / count,
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
