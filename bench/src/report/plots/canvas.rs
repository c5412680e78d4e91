//! What all pictures share: size, colours, letters, marks.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::prelude::SVGBackend;
use plotters::style::{IntoFont, RGBColor, TextStyle};

/// Width of a picture in its own units. They are halves of a pixel of a wide page, since `plotters` draws at whole ones.
const WIDTH: u32 = 1440;

/// Text, what is beside the point, and lines behind everything.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub const PALE: RGBColor = RGBColor(0x5A, 0x5A, 0x5A);
pub const GRID: RGBColor = RGBColor(0xE3, 0xE3, 0xE3);

/// How many colours there are.
pub const PALETTE: usize = 7;

/// Colours that people tell apart however they see colours (Okabe and Ito, <https://jfly.uni-koeln.de/color/>).
const COLOURS: [RGBColor; PALETTE] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x7A, 0x5C, 0x2E),
];

/// Where a picture is drawn.
pub type Drawn<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing may fail with.
pub type Failed = DrawingAreaErrorKind<std::io::Error>;

/// The colour of this number.
pub fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// The colour of this number as style sheets write it.
pub fn hexadecimal(number: usize) -> String {
    let RGBColor(red, green, blue) = colour(number);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Letters.
pub fn font(size: u32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

/// A picture of this height; `None` where it cannot be drawn, which writing to memory never causes.
pub fn figure(height: u32, draw: impl FnOnce(&Drawn<'_>) -> Result<(), Failed>) -> Option<String> {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw(&area).and_then(|()| area.present())
    };
    if let Err(error) = drawn {
        tracing::warn!(%error, "a picture cannot be drawn");
        return None;
    }
    Some(svg)
}

/// The range of an axis around values; `None` where there are none.
pub fn spread(
    values: impl Iterator<Item = f64>,
    logarithmic: bool,
) -> Option<std::ops::Range<f64>> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if !low.is_finite() || !high.is_finite() {
        return None;
    }
    if logarithmic {
        return (low > 0.0).then(|| low / 1.15..high * 1.15);
    }
    let room = (high - low).max(low.abs() * 1e-3).max(1e-6) * 0.06;
    Some(low - room..high + room)
}

/// Numbers that begin with 1, 2, 3, 5 or 7, as many of each decade as leave room for each other.
pub fn ticks(range: &std::ops::Range<f64>) -> Vec<f64> {
    let decades = (range.end / range.start).log10();
    let digits: &[f64] = match decades {
        _ if decades > 4.0 => &[1.0],
        _ if decades > 1.5 => &[1.0, 2.0, 5.0],
        _ if decades > 0.7 => &[1.0, 2.0, 3.0, 5.0, 7.0],
        _ => &[
            1.0, 1.2, 1.5, 1.7, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0,
        ],
    };
    let mut ticks = Vec::new();
    let mut decade = 10_f64.powf(range.start.log10().floor());
    while decade < range.end {
        ticks.extend(
            digits
                .iter()
                .map(|digit| digit * decade)
                .filter(|tick| range.contains(tick)),
        );
        decade *= 10.0;
    }
    ticks
}

/// The mark of a point: colours repeat after seven, marks then change.
#[derive(Debug, Clone, Copy)]
pub enum Marker {
    Circle,
    Triangle,
    Cross,
}

impl Marker {
    /// The mark of this number.
    pub fn of(number: usize) -> Self {
        match number / COLOURS.len() {
            0 => Self::Circle,
            1 => Self::Triangle,
            _ => Self::Cross,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_within_a_decade_had_no_number() {
        assert_eq!(ticks(&(2.1..7.9)), [2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(ticks(&(70.0..600.0)).len(), 5);
        assert_eq!(
            ticks(&(0.9..11_000.0)),
            [1.0, 10.0, 100.0, 1000.0, 10_000.0]
        );
    }
}
