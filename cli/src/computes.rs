//! `ffbatch computes`: what can run jobs, and what one gets there.

use ffbatch_deploy::Resource;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::dispatch::Dispatcher;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::Families;
use serde_json::json;

use crate::args::Computes;
use crate::{speak, table};

use used::Used;

mod one;
mod used;

/// The fewest characters of a terminal that are worth a column of names.
const NAME: usize = 20;

/// Lists the computes as a table, shows one, or prints JSON.
pub fn run(config: &Config, args: &Computes) -> anyhow::Result<Exit> {
    let families = Families::linked()?;
    let chosen = match &args.name {
        Some(name) => vec![families.find(name)?],
        None => families.iter().collect(),
    };
    let dispatcher = Dispatcher::new(Families::linked()?, config.clone());
    let mut computes = Vec::new();
    for family in chosen {
        // Whatever is wrong with a section is said here as it is where a job is submitted.
        dispatcher.connect(family.name)?;
        computes.push(Used::of(family, config)?);
    }
    if args.json {
        let list: Vec<_> = computes
            .iter()
            .map(|one| {
                let resources: Vec<_> = ffbatch_deploy::resources(one.family)
                    .iter()
                    .map(Resource::to_json)
                    .collect();
                json!({ "name": one.family.name, "summary": one.family.summary, "infra": one.infra, "resources": resources })
            })
            .collect();
        speak::out(&format!("{:#}", json!(list)));
    } else if args.name.is_some() {
        for one in &computes {
            speak::out(&one::block(one));
        }
    } else {
        speak::out(&drawn(&computes, table::width()));
    }
    Ok(Exit::Succeeded)
}

/// The computes as a table. In a terminal the names of queues and definitions are shown as far as there is room for them.
fn drawn(computes: &[Used], width: Option<u16>) -> String {
    let mut columns = vec![
        column("COMPUTE", computes, |one| one.family.name.to_owned()),
        column("ARCH", computes, Used::architecture),
        column("RUNS ON", computes, Used::runs_on),
        column("A JOB GETS", computes, Used::job),
    ];
    let names = [
        column("QUEUE", computes, |one| one.name(|batch| &batch.job_queue)),
        column("DEFINITION", computes, |one| {
            one.name(|batch| &batch.job_definition)
        }),
    ];
    for column in names {
        let taken: usize = columns.iter().map(|column| widest(column) + 2).sum();
        match width.map(|width| usize::from(width).saturating_sub(taken)) {
            Some(room) if room < NAME => break,
            Some(room) => columns.push(
                column
                    .iter()
                    .map(|text| table::shortened(text, room))
                    .collect(),
            ),
            None => columns.push(column),
        }
    }
    let header: Vec<&str> = columns.iter().map(|column| column[0].as_str()).collect();
    let mut table = table::plain(&header, &[]);
    for row in 1..=computes.len() {
        table.add_row(columns.iter().map(|column| column[row].as_str()));
    }
    let mut lines = vec![table::fitted(&table, width)];
    let own = computes.iter().filter(|one| one.needs_image());
    lines.extend(own.map(|one| format!("note: `{}` needs an image of your own", one.family.name)));
    lines.push("`ffbatch computes NAME` shows one in full".to_owned());
    lines.join("\n")
}

fn column(header: &str, computes: &[Used], text: impl Fn(&Used) -> String) -> Vec<String> {
    std::iter::once(header.to_owned())
        .chain(computes.iter().map(text))
        .collect()
}

fn widest(column: &[String]) -> usize {
    let widths = column.iter().map(|text| text.chars().count());
    widths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
