//! What a benchmark says: cells with their figures, contenders at equal quality, their ranking, and the answer in one sentence.
//!
//! It is made of runs alone, and is what all forms of the report are drawn from; as JSON it is what a later benchmark is compared with.

mod answer;
mod bd;
mod cells;
mod contenders;
mod ladders;
mod notes;
mod ranking;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::figures::Prices;
use crate::file::Criterion;
use crate::matrix::Cell;
use crate::run::Run;

pub use bd::BdRate;
pub use cells::{CellSummary, Energy, MachineSummary, Money};
pub use contenders::{Contender, Measures, Target};
pub use ranking::{Ranked, Ranking};

/// The version that this code writes.
pub const VERSION: u32 = 1;

/// What a benchmark says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`VERSION`].
    pub version: u32,
    /// What the benchmark is called.
    pub name: String,
    /// When its last run ended; absent of one without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Timestamp>,
    /// The version of ffbatch that made this.
    pub ffbatch: String,
    /// The answer, in a sentence or a few.
    pub answer: String,
    /// The quality at which variants are compared; absent where they are compared as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What the answer is about.
    pub rank_by: Criterion,
    /// One ranking for each criterion that is known of any contender, the answer's first.
    pub rankings: Vec<Ranking>,
    /// What is compared.
    pub contenders: Vec<Contender>,
    /// Every cell, in the order of the benchmark.
    pub cells: Vec<CellSummary>,
    /// Differences of rates at equal quality, against the first variant on the same compute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bd_rates: Vec<BdRate>,
    /// What one must know to read the numbers rightly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How a summary is made.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The quality at which to compare, in VMAF.
    pub min_vmaf: Option<f64>,
    /// What the answer shall be about.
    pub rank_by: Option<Criterion>,
    /// What the grid emits, where the benchmark says it, in kilograms of `CO2e` a kilowatt-hour.
    pub grid_kg_per_kwh: Option<f64>,
    /// Half the width of the confidence interval that was asked for, in per cent.
    pub precision_percent: f64,
    /// Who knows prices.
    pub prices: Prices<'a>,
}

impl Summary {
    /// Summarises runs. `order` has the cells as they shall stand; others follow as they come.
    pub fn of(runs: &[Run], order: &[Cell], asked: Asked<'_>) -> Self {
        let measured = cells::of(runs, order, asked);
        let target = contenders::target(&measured, asked.min_vmaf);
        let contenders = contenders::of(&measured, target.as_ref());
        let rank_by = asked.rank_by.unwrap_or_else(|| ranking::usual(&contenders));
        let rankings = ranking::of(&contenders, rank_by);
        let bd_rates = bd::of(&measured);
        let notes = notes::of(&measured, &contenders, target.as_ref(), asked);
        let cells: Vec<CellSummary> = measured.into_iter().map(|one| one.summary).collect();
        let ended = runs.iter().filter_map(Run::succeeded);
        let mut summary = Self {
            version: VERSION,
            name: asked.name.to_owned(),
            measured: ended.map(|report| report.finished).max(),
            ffbatch: env!("CARGO_PKG_VERSION").to_owned(),
            answer: String::new(),
            target,
            rank_by,
            rankings,
            contenders,
            cells,
            bd_rates,
            notes,
        };
        summary.answer = answer::of(&summary);
        summary
    }

    /// The ranking that the answer is about; `None` where there is none.
    pub fn ranking(&self) -> Option<&Ranking> {
        self.rankings
            .iter()
            .find(|ranking| ranking.criterion == self.rank_by)
    }

    /// The metrics of which any cell has a score, in the order in which they come.
    pub fn metrics(&self) -> Vec<&str> {
        let mut metrics: Vec<&str> = Vec::new();
        for score in self.cells.iter().flat_map(|cell| &cell.scores) {
            if !metrics.contains(&score.metric.as_str()) {
                metrics.push(&score.metric);
            }
        }
        metrics
    }

    /// The contender of this id.
    pub fn contender(&self, id: &str) -> Option<&Contender> {
        self.contenders.iter().find(|contender| contender.id == id)
    }

    /// The document as it is stored.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data with text keys");
        text.push('\n');
        text
    }
}

impl Criterion {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cost, Self::Time, Self::Energy, Self::Bitrate];

    /// The name that people type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Cost => "cost",
            Self::Energy => "energy",
            Self::Bitrate => "bitrate",
        }
    }

    /// What is compared, with its unit.
    pub const fn measure(self) -> &'static str {
        match self {
            Self::Time => "encode seconds per minute of media",
            Self::Cost => "US dollars per 1,000 minutes of media",
            Self::Energy => "watt-hours per minute of media",
            Self::Bitrate => "kilobits per second",
        }
    }
}

#[cfg(test)]
mod tests;
