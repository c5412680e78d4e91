//! A benchmark in words and tables for a terminal, or as JSON.

use ffbatch_bench::file::BenchFile;
use ffbatch_bench::limits::Checked;
use ffbatch_bench::plan::Plan;
use ffbatch_bench::report::format::{number, or_unknown};
use ffbatch_bench::report::tables::{self, Table};
use ffbatch_bench::summary::Summary;
use serde_json::json;

use crate::jobs::several;
use crate::speak;
use crate::table::{fitted, plain, width};
use crate::when::length;

/// Shows what would run.
pub fn plan(plan: &Plan, bench: &BenchFile, as_json: bool) {
    if as_json {
        speak::out(&format!("{:#}", json!(plan)));
        return;
    }
    let mut table = plain(&["CELL", "RUNS", "SECONDS", "USD"], &[1, 2, 3]);
    for cell in &plan.cells {
        let runs = match (cell.jobs_least, cell.jobs_most) {
            (least, most) if least == most => least.to_string(),
            (least, most) => format!("{least} to {most}"),
        };
        let mark = if cell.measured { "" } else { "~" };
        table.add_row([
            cell.label.clone(),
            runs,
            or_unknown(cell.seconds, |secs| format!("{mark}{}", number(secs))),
            or_unknown(cell.usd, number),
        ]);
    }
    speak::out(&fitted(&table, width()));
    speak::out("");
    speak::out(&total(plan, bench));
}

/// Says what will run, before it does.
pub fn outlook(plan: &Plan, bench: &BenchFile, place: &str) {
    speak::err(&format!("{}; results in {place}", total(plan, bench)));
}

/// `6 cells, 24 to 66 jobs (3 done), up to 11 min of encoding, up to 0.00 USD`
fn total(plan: &Plan, bench: &BenchFile) -> String {
    let jobs = match (plan.jobs_least, plan.jobs_most) {
        (0, 0) => "nothing is missing".to_owned(),
        (least, most) if least == most => several(most, "job"),
        (least, most) => format!("{least} to {most} jobs"),
    };
    let done = match plan.done {
        0 => String::new(),
        done => format!(" ({done} done)"),
    };
    if plan.jobs_most == 0 {
        return format!("{}: {jobs}{done}", several(plan.cells.len(), "cell"));
    }
    let assumed = plan
        .cells
        .iter()
        .any(|cell| !cell.measured && cell.seconds.is_some());
    let assumption = if assumed {
        format!(
            " at {}x real time where nothing was measured yet (expected_speed)",
            bench.expected_speed
        )
    } else {
        String::new()
    };
    format!(
        "{}, {jobs}{done}, up to {} of encoding{assumption}, up to {} USD",
        several(plan.cells.len(), "cell"),
        or_unknown(plan.seconds_most, length),
        or_unknown(plan.usd_most, |usd| format!("{usd:.2}"))
    )
}

/// Shows what a benchmark says, and where its report lies.
pub fn summary(summary: &Summary, page: &str) {
    for table in [
        tables::ranking(summary),
        tables::bd_rates(summary),
        tables::cells(summary),
        tables::failures(summary),
    ] {
        if !table.rows.is_empty() {
            speak::out(&drawn(&table));
            speak::out("");
        }
    }
    for note in &summary.notes {
        speak::out(&format!("note: {note}"));
    }
    speak::out(&summary.answer.replace('`', ""));
    speak::out(&format!("report  {page}"));
}

fn drawn(table: &Table) -> String {
    let header: Vec<&str> = table.header.iter().map(String::as_str).collect();
    let mut drawn = plain(&header, &table.right);
    for row in &table.rows {
        drawn.add_row(row.clone());
    }
    fitted(&drawn, width())
}

/// Says what became of limits.
pub fn checked(checked: &[Checked]) {
    for one in checked
        .iter()
        .filter(|one| one.crossed || one.note.is_some())
    {
        let change = one.change.map(|change| format!("{change:+.2}"));
        let said: Vec<&str> = change.iter().chain(&one.note).map(String::as_str).collect();
        let verdict = if one.crossed { "worse" } else { "not certain" };
        speak::out(&format!(
            "{verdict}: {}: {} ({})",
            one.limit,
            one.of,
            said.join(", ")
        ));
    }
    if !checked.is_empty() && !checked.iter().any(|one| one.crossed) {
        speak::out("nothing is worse than the limits allow");
    }
}

/// Everything as one object.
pub fn json(summary: &Summary, checked: &[Checked]) -> String {
    let mut all = json!(summary);
    if !checked.is_empty() {
        all["limits"] = json!(checked);
    }
    format!("{all:#}")
}
