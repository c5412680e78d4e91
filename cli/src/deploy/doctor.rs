//! `ffbatch deploy doctor`: what is amiss before the first job finds out.

use ffbatch_deploy::doctor::{self, Finding, Verdict};
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;

use crate::args::Doctor;
use crate::client::Client;
use crate::{speak, table};

/// Looks at account, stack and computes.
pub async fn run(mut config: Config, flags: &Doctor) -> anyhow::Result<Exit> {
    let plan = super::plan(&mut config, &flags.stack).await?;
    let sdk = ffbatch_storage::cloud(&config.aws).await;
    let mut found = doctor::examine(&plan, &sdk).await;
    let stands = found
        .iter()
        .all(|one| one.about != "stack" || one.verdict != Verdict::Bad);
    // Computes of a stack that is not there have nothing new to say.
    if stands && found.len() > 1 {
        for one in &plan.computes {
            found.extend(compute(config.clone(), &one.compute).await?);
        }
    }
    if flags.json {
        speak::out(&serde_json::to_string_pretty(&found)?);
    } else {
        speak::out(&drawn(&found));
    }
    let is_bad = found.iter().any(|one| one.verdict == Verdict::Bad);
    Ok(if is_bad {
        Exit::Machine
    } else {
        Exit::Succeeded
    })
}

async fn compute(config: Config, name: &str) -> anyhow::Result<Vec<Finding>> {
    let client = Client::connect(config, Some(name))?;
    Ok(match client.compute.obstacles().await {
        Ok(none) if none.is_empty() => {
            vec![Finding::new(name, Verdict::Good, "its queues take jobs")]
        }
        Ok(obstacles) => {
            let all = obstacles.into_iter();
            all.map(|why| Finding::new(name, Verdict::Bad, why))
                .collect()
        }
        Err(error) => vec![Finding::new(name, Verdict::Doubtful, error.to_string())],
    })
}

/// A line for each finding.
fn drawn(found: &[Finding]) -> String {
    let mut table = table::plain(&["ABOUT", "", "FOUND"], &[]);
    for one in found {
        let mark = match one.verdict {
            Verdict::Good => "ok",
            Verdict::Doubtful => "?",
            Verdict::Bad => "BAD",
        };
        table.add_row([&one.about, mark, &one.said]);
    }
    table::drawn(&table)
}
