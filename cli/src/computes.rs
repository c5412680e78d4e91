//! `ffbatch computes`: what can run jobs.

use anyhow::Context;
use comfy_table::{Table, TableStyle};

use ffbatch_deploy::Resource;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::Families;
use serde_json::json;

use crate::speak;

/// Lists the computes as a table, or as JSON.
pub fn list(as_json: bool) -> anyhow::Result<Exit> {
    let families = Families::linked().context("the computes cannot be listed")?;
    if as_json {
        let list: Vec<_> = families
            .iter()
            .map(|family| {
                let resources: Vec<_> = ffbatch_deploy::resources(family).iter().map(Resource::to_json).collect();
                json!({ "name": family.name, "summary": family.summary, "infra": (family.infra)(), "resources": resources })
            })
            .collect();
        speak::out(&format!("{:#}", json!(list)));
    } else {
        let mut table = Table::new();
        table
            .load_style(TableStyle::new())
            .set_header(["COMPUTE", "WHAT IT IS"]);
        for family in families.iter() {
            table.add_row([family.name, family.summary]);
        }
        speak::out(&table.to_string());
    }
    Ok(Exit::Succeeded)
}
