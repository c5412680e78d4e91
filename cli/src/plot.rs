//! Pictures of curves: panels under each other over one shared horizontal axis, as SVG or as PNG.
//!
//! The SVG is written here, since it is little more than the curves themselves; the PNG is drawn from that very SVG by `resvg`, with
//! a font that this program brings along (`DejaVu Sans`), so that both show the same on a machine without any font. Letters that the
//! font lacks, such as Chinese ones in a file's name, are left out of a PNG.
//!
//! The colours are those of Okabe and Ito, which people tell apart however they see colours
//! (<https://jfly.uni-koeln.de/color/>), and no two curves share a panel. Of more values than a screen has columns the curve
//! is the mean of each column, over a band from the smallest to the largest value in it: a file stays small and hides no dip.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

use self::scale::Scale;

mod curve;
mod raster;
mod scale;

/// Width of a picture.
const WIDTH: f64 = 1200.0;

/// Where the panels begin and end.
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 128.0;

/// Height of the title.
const TOP: f64 = 84.0;

/// Height of a panel's curve, of its heading, and of the axis below the last one.
const PANEL: f64 = 190.0;
const HEADING: f64 = 40.0;
const AXIS: f64 = 64.0;

/// The least distance of two labels.
const LINE: f64 = 17.0;

/// Colours of the panels: blue, vermilion, green, purple, orange, sky blue.
const COLOURS: [&str; 6] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
];

/// Colours of text, of what is beside the point, and of lines behind everything.
const INK: &str = "#222222";
const PALE: &str = "#5A5A5A";
const GRID: &str = "#E3E3E3";

/// A picture.
#[derive(Debug, Clone)]
pub struct Plot<'a> {
    /// What it shows.
    pub title: String,
    /// What one must know of it.
    pub subtitle: String,
    /// What the values are counted by, from 1, such as `frame`.
    pub axis: &'a str,
    /// At least one; all with as many values.
    pub panels: Vec<Panel<'a>>,
}

/// A curve in its own panel.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// What is drawn, with its unit.
    pub name: String,
    /// What stands beside the name.
    pub remark: String,
    /// The values; `NaN` where there is none, and what is infinite is drawn at the edge.
    pub values: &'a [f64],
    /// Values to compare with, such as a mean.
    pub marks: Vec<Mark>,
}

/// A level line.
#[derive(Debug, Clone)]
pub struct Mark {
    /// What it is, such as `mean`.
    pub name: &'static str,
    /// Where it is.
    pub value: f64,
}

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable Vector Graphics.
    Svg,
    /// Portable Network Graphics.
    Png,
}

/// A picture that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The file's name says no form.
    #[error("`{0}` is no picture that can be drawn (name it .svg or .png)")]
    Format(String),
    /// The form cannot be drawn.
    #[error("the picture cannot be drawn: {0}")]
    Raster(String),
}

impl Format {
    /// The form that a file's name asks for.
    pub fn of(path: &Path) -> Result<Self, PlotError> {
        let ending = path.extension().and_then(OsStr::to_str);
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(PlotError::Format(path.display().to_string())),
        }
    }
}

impl Plot<'_> {
    /// The bytes of the picture's file.
    pub fn drawn(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        let svg = self.svg();
        match format {
            Format::Svg => Ok(svg.into_bytes()),
            Format::Png => raster::png(&svg),
        }
    }

    /// The picture as SVG.
    pub fn svg(&self) -> String {
        let mut panels_end = TOP;
        let mut body = String::new();
        let count = self.panels.first().map_or(0, |panel| panel.values.len());
        let across = Scale::counting(count).onto(LEFT, RIGHT);
        for (panel, colour) in self.panels.iter().zip(COLOURS.iter().cycle()) {
            panels_end += HEADING + PANEL;
            panel.draw(&across, panels_end, colour, &mut body);
        }
        self.draw_axis(&across, panels_end, &mut body);
        let height = panels_end + AXIS;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"'DejaVu Sans', Verdana, sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n"
        );
        text(&mut svg, (LEFT, 40.0), "start", INK, 20, &self.title);
        text(&mut svg, (LEFT, 64.0), "start", PALE, 13, &self.subtitle);
        svg + &body + "</svg>\n"
    }

    /// Numbers and name of the shared axis.
    fn draw_axis(&self, across: &Scale, top: f64, to: &mut String) {
        for tick in across.whole_ticks() {
            let label = grouped(tick);
            text(
                to,
                (across.at(tick), top + 20.0),
                "middle",
                PALE,
                13,
                &label,
            );
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        text(to, (middle, top + 46.0), "middle", INK, 14, self.axis);
    }
}

impl Panel<'_> {
    /// Draws the panel that ends at this height.
    fn draw(&self, across: &Scale, bottom: f64, colour: &str, to: &mut String) {
        let top = bottom - PANEL;
        let marks = self.marks.iter().map(|mark| mark.value);
        let up = Scale::around(self.values.iter().copied().chain(marks)).onto(bottom, top);
        text(to, (LEFT, top - 12.0), "start", colour, 16, &self.name);
        text(to, (RIGHT, top - 12.0), "end", PALE, 13, &self.remark);
        for tick in up.ticks() {
            let y = up.at(tick);
            line(to, (LEFT, y), (RIGHT, y), GRID, "");
            let label = up.label(tick);
            text(to, (LEFT - 10.0, y + 4.5), "end", PALE, 13, &label);
        }
        for tick in across.whole_ticks() {
            let x = across.at(tick);
            line(to, (x, top), (x, bottom), GRID, "");
        }
        line(to, (LEFT, bottom), (RIGHT, bottom), PALE, "");
        curve::draw(self.values, across, &up, colour, to);
        self.draw_marks(&up, to);
    }

    fn draw_marks(&self, up: &Scale, to: &mut String) {
        let mut marks: Vec<&Mark> = self.marks.iter().collect();
        marks.sort_by(|one, other| other.value.total_cmp(&one.value));
        let mut lowest = f64::NEG_INFINITY;
        for (mark, dashes) in marks.into_iter().zip(["7 4", "2 3"].iter().cycle()) {
            let y = up.at(mark.value);
            line(to, (LEFT, y), (RIGHT, y), INK, dashes);
            // Labels keep their distance, wherever their lines are.
            lowest = y.max(lowest + LINE);
            let label = format!("{} {}", mark.name, up.precise(mark.value));
            text(to, (RIGHT + 8.0, lowest + 4.5), "start", INK, 13, &label);
        }
    }
}

fn text(to: &mut String, (x, y): (f64, f64), anchor: &str, colour: &str, size: u32, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        to,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" font-size=\"{size}\">{}</text>",
        escaped(text)
    );
}

fn line(to: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, dashes: &str) {
    let dashes = match dashes {
        "" => String::new(),
        dashes => format!(" stroke-dasharray=\"{dashes}\""),
    };
    // As above.
    let _ = writeln!(
        to,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"{dashes}/>"
    );
}

/// A text as XML holds it; characters that XML cannot hold become a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() => out.push('?'),
            letter => out.push(letter),
        }
    }
    out
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count"
    )]
    let number = number.max(0.0).round() as u64;
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests;
