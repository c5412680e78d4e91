//! The pictures of a report, drawn by `plotters` as SVG.
//!
//! Colours are written as those of a light page; the page's style sheet maps each of them to another one in the dark, by the very
//! attribute that holds it. Legends are the page's: they wrap where a picture cannot.

mod canvas;
mod chart;

use std::collections::BTreeMap;

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::Color;

use self::canvas::{Drawn, colour, figure, font};
use self::chart::chart;

pub use self::canvas::{PALETTE, hexadecimal};
use super::format::{self, capital};
use crate::curve::Curve;
use crate::file::Criterion;
use crate::summary::{CellSummary, Summary};

/// How many contenders are drawn as bars; the table has all.
const MOST_BARS: usize = 24;

/// How many frames a picture shows one by one.
const FRAMES: usize = 800;

/// A picture with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// What one must know of it.
    pub caption: String,
    /// What the colours mean: a colour's number and a name.
    pub legend: Vec<(usize, String)>,
    /// The picture itself.
    pub svg: String,
}

/// All pictures that there are.
pub fn all(summary: &Summary, frames: &BTreeMap<String, Vec<f64>>) -> Vec<Picture> {
    let mut pictures: Vec<Picture> = bars(summary).into_iter().collect();
    pictures.extend(against_quality(summary));
    pictures.extend(rate_quality(summary));
    pictures.extend(frame_by_frame(summary, frames));
    pictures
}

/// Contenders as bars with their intervals.
fn bars(summary: &Summary) -> Option<Picture> {
    let ranking = summary.ranking()?;
    let shown = &ranking.ranked[..ranking.ranked.len().min(MOST_BARS)];
    let most = shown
        .iter()
        .map(|one| one.value.mean + one.value.half_width.unwrap_or_default());
    let most = most.fold(0.0, f64::max) * 1.04;
    if most <= 0.0 {
        return None;
    }
    let rows = i32::try_from(shown.len()).unwrap_or(i32::MAX);
    let height = u32::try_from(rows).unwrap_or_default() * 92 + 120;
    let svg = figure(height, |area: &Drawn<'_>| {
        let mut chart = ChartBuilder::on(area)
            .margin(16)
            .margin_right(40)
            .x_label_area_size(88)
            .build_cartesian_2d(0.0..most, f64::from(rows)..0.0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .light_line_style(canvas::GRID.mix(0.0))
            .bold_line_style(canvas::GRID.stroke_width(2))
            .axis_style(canvas::PALE.stroke_width(2))
            .set_all_tick_mark_size(10)
            .x_labels(6)
            .x_label_formatter(&|value| format::tick(*value))
            .label_style(font(26, canvas::PALE))
            .axis_desc_style(font(26, canvas::INK))
            .x_desc(summary.rank_by.measure())
            .draw()?;
        for (at, one) in shown.iter().enumerate() {
            let top = f64::from(u32::try_from(at).unwrap_or_default());
            let place = summary
                .contender(&one.contender)
                .map(|contender| contender.place.as_str());
            let bar = [(0.0, top + 0.48), (one.value.mean, top + 0.88)];
            chart.draw_series([Rectangle::new(
                bar,
                colour(place_number(summary, place)).filled(),
            )])?;
            let label = format!(
                "{}{}  {}",
                one.rank,
                if one.tied { "=" } else { "." },
                one.contender
            );
            chart.draw_series([Text::new(label, (0.0, top + 0.1), font(26, canvas::INK))])?;
            if let Some(half) = one.value.half_width {
                let (low, high, middle) = (
                    (one.value.mean - half).max(0.0),
                    one.value.mean + half,
                    top + 0.68,
                );
                let whiskers = [
                    vec![(low, middle), (high, middle)],
                    vec![(low, middle - 0.12), (low, middle + 0.12)],
                    vec![(high, middle - 0.12), (high, middle + 0.12)],
                ];
                chart.draw_series(
                    whiskers.map(|line| PathElement::new(line, canvas::INK.stroke_width(4))),
                )?;
            }
        }
        Ok(())
    })?;
    let more = ranking.ranked.len() - shown.len();
    let more = if more > 0 {
        format!(" {more} more are in the table.")
    } else {
        String::new()
    };
    Some(Picture {
        title: format!("Ranking by {}", summary.rank_by.name()),
        caption: format!(
            "Less is better. Whiskers are 95 % confidence intervals; `=` marks a tie.{more}"
        ),
        legend: places(summary).into_iter().enumerate().collect(),
        svg,
    })
}

/// Places in the order in which they come.
fn places(summary: &Summary) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for one in &summary.contenders {
        if !places.contains(&one.place) {
            places.push(one.place.clone());
        }
    }
    places
}

fn place_number(summary: &Summary, place: Option<&str>) -> usize {
    let places = places(summary);
    places
        .iter()
        .position(|other| Some(other.as_str()) == place)
        .unwrap_or_default()
}

/// One line of points: a variant on a place.
struct Line<'a> {
    name: String,
    cells: Vec<&'a CellSummary>,
}

/// The cells of one input by variant and place, in their order.
fn lines<'a>(summary: &'a Summary, input: &str, places: bool) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let several = self::places(summary).len() > 1 && places;
    for one in summary
        .cells
        .iter()
        .filter(|one| one.cell.input.name == input)
    {
        let name = if several {
            format!("{}, {}", one.cell.variant, one.cell.place.label())
        } else {
            one.cell.variant.clone()
        };
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.cells.push(one),
            None => lines.push(Line {
                name,
                cells: vec![one],
            }),
        }
    }
    lines
}

/// Inputs in the order in which they come.
fn inputs(summary: &Summary) -> Vec<&str> {
    let mut inputs: Vec<&str> = Vec::new();
    for one in &summary.cells {
        let name = one.cell.input.name.as_str();
        if !inputs.contains(&name) {
            inputs.push(name);
        }
    }
    inputs
}

/// Cost against VMAF, or time where no cost is known: every cell is a point.
fn against_quality(summary: &Summary) -> Vec<Picture> {
    let costs = summary
        .cells
        .iter()
        .all(|one| one.timed == 0 || one.cost.is_some());
    let criterion = if costs {
        Criterion::Cost
    } else {
        Criterion::Time
    };
    let value = |one: &CellSummary| match criterion {
        Criterion::Cost => one.cost.as_ref()?.usd_per_1000_minutes,
        _ => Some(60.0 * one.encode_secs?.mean / one.media_secs?),
    };
    let several = inputs(summary).len() > 1;
    let mut pictures = Vec::new();
    for input in inputs(summary) {
        let mut lines = lines(summary, input, true);
        lines.retain(|line| line.cells.iter().any(|one| one.timed > 0));
        let points = |line: &Line<'_>| -> Vec<(f64, f64)> {
            line.cells
                .iter()
                .filter_map(|one| Some((one.vmaf()?, value(one)?)))
                .collect()
        };
        let all: Vec<Vec<(f64, f64)>> = lines.iter().map(points).collect();
        let svg = chart(&all, &all, ("VMAF", criterion.measure()), (false, true));
        pictures.extend(svg.map(|svg| Picture {
            title: format!(
                "{} against VMAF{}",
                capital(criterion.name()),
                of(input, several)
            ),
            caption:
                "Down and to the right is better. The vertical axis is logarithmic.".to_owned(),
            legend: names(&lines),
            svg,
        }));
    }
    pictures
}

/// Rate-quality curves, of each input on the first place.
fn rate_quality(summary: &Summary) -> Vec<Picture> {
    let Some(place) = places(summary).into_iter().next() else {
        return Vec::new();
    };
    let metric = summary.cells.iter().find_map(|one| {
        one.vmaf()
            .map(|_| "vmaf")
            .or_else(|| Some(one.scores.first()?.metric.as_str()))
    });
    let Some(metric) = metric else {
        return Vec::new();
    };
    let several = inputs(summary).len() > 1;
    let mut pictures = Vec::new();
    for input in inputs(summary) {
        let mut lines = lines(summary, input, false);
        for line in &mut lines {
            line.cells.retain(|one| one.cell.place.label() == place);
        }
        lines.retain(|line| line.cells.len() > 1);
        let points = |line: &Line<'_>| -> Vec<(f64, f64)> {
            let point =
                |one: &&CellSummary| Some((one.bits_per_sec? / 1000.0, one.score(metric)?.mean));
            line.cells
                .iter()
                .filter_map(point)
                .filter(|(_, quality)| quality.is_finite())
                .collect()
        };
        let all: Vec<Vec<(f64, f64)>> = lines.iter().map(points).collect();
        let curves: Vec<Vec<(f64, f64)>> = all.iter().map(|points| smooth(points)).collect();
        let svg = chart(
            &all,
            &curves,
            ("kbit/s", &metric.to_uppercase()),
            (true, false),
        );
        pictures.extend(svg.map(|svg| Picture {
            title: format!("Rate and quality{}", of(input, several)),
            caption: format!("On {place}. Up and to the left is better. The horizontal axis is logarithmic; curves are the monotone cubics of which BD-rates are integrals."),
            legend: names(&lines),
            svg,
        }));
    }
    pictures
}

/// The curve through points of rate and quality.
fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let Some(curve) = Curve::through(points.iter().map(|(rate, quality)| (*quality, rate.ln())))
    else {
        return Vec::new();
    };
    let (low, high) = curve.range();
    let at = |step: u8| low + (high - low) * f64::from(step) / 64.0;
    (0..=64)
        .filter_map(|step| Some((curve.at(at(step).min(high))?.exp(), at(step))))
        .collect()
}

/// The cells whose frames are drawn: the best and the worst by VMAF of the first input.
pub fn of_frames(summary: &Summary) -> Vec<&CellSummary> {
    let Some(input) = inputs(summary).into_iter().next() else {
        return Vec::new();
    };
    let mut scored: Vec<(&CellSummary, f64)> = summary
        .cells
        .iter()
        .filter(|one| one.cell.input.name == input && one.frames_at.is_some())
        .filter_map(|one| Some((one, one.vmaf()?)))
        .collect();
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    match scored[..] {
        [] => Vec::new(),
        [(only, _)] => vec![only],
        [(best, _), .., (worst, _)] => vec![best, worst],
    }
}

fn frame_by_frame(summary: &Summary, frames: &BTreeMap<String, Vec<f64>>) -> Option<Picture> {
    let shown = of_frames(summary);
    let known: Vec<(&CellSummary, &Vec<f64>)> = shown
        .into_iter()
        .filter_map(|one| Some((one, frames.get(&one.cell.id)?)))
        .collect();
    let longest = known.iter().map(|(_, frames)| frames.len()).max()?;
    let each = longest.div_ceil(FRAMES).max(1);
    #[expect(clippy::cast_precision_loss, reason = "frames of a film")]
    let line = |frames: &[f64]| -> Vec<(f64, f64)> {
        let lowest = |(at, part): (usize, &[f64])| {
            (
                (at * each + 1) as f64,
                part.iter().copied().fold(f64::INFINITY, f64::min),
            )
        };
        frames
            .chunks(each)
            .enumerate()
            .map(lowest)
            .filter(|(_, value)| value.is_finite())
            .collect()
    };
    let lines: Vec<Vec<(f64, f64)>> = known.iter().map(|(_, frames)| line(frames)).collect();
    let nothing = vec![Vec::new(); lines.len()];
    let svg = chart(&nothing, &lines, ("frame", "VMAF"), (false, false))?;
    let grouped = if each > 1 {
        format!(" Each point is the lowest of {each} frames.")
    } else {
        String::new()
    };
    let names = ["best", "worst"]
        .iter()
        .zip(&known)
        .map(|(rank, (one, _))| format!("{rank}: {}", one.cell.label()));
    Some(Picture {
        title: "VMAF of every frame".to_owned(),
        caption: format!("The cells with the highest and the lowest mean.{grouped}"),
        legend: names.enumerate().collect(),
        svg,
    })
}

fn names(lines: &[Line<'_>]) -> Vec<(usize, String)> {
    lines
        .iter()
        .map(|line| line.name.clone())
        .enumerate()
        .collect()
}

fn of(input: &str, several: bool) -> String {
    if several {
        format!(": {input}")
    } else {
        String::new()
    }
}
