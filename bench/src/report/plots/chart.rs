//! Points and lines over two axes.

use std::ops::Range;

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord, WithKeyPoints};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::element::{Circle, Cross, TriangleMarker};
use plotters::series::LineSeries;
use plotters::style::Color;

use super::canvas::{self, Drawn, Marker, colour, figure, font, spread};
use crate::report::format;

/// Points and lines over two axes, each plain or logarithmic; `None` where there are fewer than two points.
pub fn chart(
    points: &[Vec<(f64, f64)>],
    lines: &[Vec<(f64, f64)>],
    axes: (&str, &str),
    (log_x, log_y): (bool, bool),
) -> Option<String> {
    let all = || points.iter().chain(lines).flatten();
    if all().count() < 2 {
        return None;
    }
    let x = spread(all().map(|(x, _)| *x), log_x)?;
    let y = spread(all().map(|(_, y)| *y), log_y)?;
    match (log_x, log_y) {
        (false, false) => plain(points, lines, axes, x, y),
        (true, false) => plain(points, lines, axes, logarithmic(x), y),
        (false, true) => plain(points, lines, axes, x, logarithmic(y)),
        (true, true) => plain(points, lines, axes, logarithmic(x), logarithmic(y)),
    }
}

/// A logarithmic axis with numbers that people know, also where it spans less than a decade.
fn logarithmic(range: Range<f64>) -> WithKeyPoints<LogCoord<f64>> {
    let ticks = canvas::ticks(&range);
    let axis: LogCoord<f64> = range.log_scale().into();
    axis.with_key_points(ticks)
}

fn plain<X, Y>(
    points: &[Vec<(f64, f64)>],
    lines: &[Vec<(f64, f64)>],
    (x_name, y_name): (&str, &str),
    x: X,
    y: Y,
) -> Option<String>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    figure(760, |area: &Drawn<'_>| {
        let mut chart = ChartBuilder::on(area)
            .margin(16)
            .margin_right(40)
            .x_label_area_size(88)
            .y_label_area_size(128)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .light_line_style(canvas::GRID.mix(0.0))
            .bold_line_style(canvas::GRID.stroke_width(2))
            .axis_style(canvas::PALE.stroke_width(2))
            .set_all_tick_mark_size(10)
            .x_labels(7)
            .y_labels(7)
            .x_label_formatter(&|value| format::tick(*value))
            .y_label_formatter(&|value| format::tick(*value))
            .label_style(font(26, canvas::PALE))
            .axis_desc_style(font(26, canvas::INK))
            .x_desc(x_name)
            .y_desc(y_name)
            .draw()?;
        for (at, line) in lines.iter().enumerate() {
            chart.draw_series(LineSeries::new(
                line.iter().copied(),
                colour(at).stroke_width(4),
            ))?;
        }
        for (at, points) in points.iter().enumerate() {
            let (points, colour) = (points.iter().copied(), colour(at));
            match Marker::of(at) {
                Marker::Circle => {
                    chart.draw_series(points.map(|at| Circle::new(at, 10, colour.filled())))?
                }
                Marker::Triangle => chart
                    .draw_series(points.map(|at| TriangleMarker::new(at, 12, colour.filled())))?,
                Marker::Cross => chart
                    .draw_series(points.map(|at| Cross::new(at, 10, colour.stroke_width(4))))?,
            };
        }
        Ok(())
    })
}
