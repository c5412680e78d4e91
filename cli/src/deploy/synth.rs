//! `ffbatch deploy synth`: the template, and what it costs while nothing runs.

use std::path::Path;

use ffbatch_deploy::cost::{self, Line};
use ffbatch_deploy::stack::Plan;
use ffbatch_deploy::template::Template;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Synth;
use crate::{speak, table, written};

/// Prints or writes the template, and prints its cost.
pub async fn run(mut config: Config, flags: &Synth) -> anyhow::Result<Exit> {
    let plan = super::plan(&mut config, &flags.stack).await?;
    let template = plan.template();
    if let Some(path) = &flags.output {
        write(path, &plan, &template)?;
    } else if !flags.cost {
        speak::out(&format!("{:#}", template.to_json()));
    }
    if flags.cost {
        speak::out(&drawn(&cost::idle(&template)));
    }
    Ok(Exit::Succeeded)
}

fn write(path: &Path, plan: &Plan, template: &Template) -> anyhow::Result<()> {
    let text = format!("{:#}", template.to_json());
    written::whole(path, |file| writeln!(file, "{text}"))?;
    let computes = plan.computes.iter().map(|one| one.compute.as_str());
    speak::err(&format!(
        "`{}`: {} resources, {} bytes, for {} in {}",
        path.display(),
        template.resources().len(),
        text.len(),
        computes.collect::<Vec<&str>>().join(", "),
        plan.region
    ));
    Ok(())
}

/// A line for each kind that has a price, and the sum.
fn drawn(lines: &[Line]) -> String {
    let mut table = table::plain(&["RESOURCES", "", "USD A MONTH", "WHY"], &[1, 2]);
    for line in lines {
        let price = line
            .month_usd
            .map_or_else(|| "?".to_owned(), |usd| format!("{usd:.2}"));
        table.add_row([&line.what, &line.count.to_string(), &price, &line.how]);
    }
    let sum = format!("{:.2}", cost::total(lines));
    table.add_row([
        "while nothing runs",
        "",
        &sum,
        "at the prices of us-east-1; what lies in the bucket is not counted",
    ]);
    table::drawn(&table)
}
