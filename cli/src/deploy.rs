//! `ffbatch deploy`: the stack on AWS.

use anyhow::anyhow;
use ffbatch_deploy::options::Options;
use ffbatch_deploy::stack::Plan;
use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::registry::Families;

use crate::args::{Deploy, StackFlags, Which};
use crate::{speak, terminal};

mod changes;
mod data;
mod doctor;
mod down;
mod happening;
mod openapi;
mod synth;
mod up;

/// Calls a verb of a stack.
pub async fn run(config: Config, verb: Deploy) -> anyhow::Result<Exit> {
    match verb {
        Deploy::Up(flags) => up::up(config, &flags).await,
        Deploy::Diff(flags) => up::diff(config, &flags).await,
        Deploy::Down(flags) => down::run(config, &flags).await,
        Deploy::Synth(flags) => synth::run(config, &flags).await,
        Deploy::Doctor(flags) => doctor::run(config, &flags).await,
        Deploy::Openapi(flags) => openapi::run(config, &flags).await,
    }
}

/// What is to be deployed: the configuration with the flags over it. What is left out is said.
pub async fn plan(config: &mut Config, flags: &StackFlags) -> anyhow::Result<Plan> {
    let options = options(config, flags)?;
    lay(config, &flags.which);
    let region = ffbatch_storage::region(&config.aws)
        .await
        .ok_or_else(|| anyhow!("no AWS Region is known (give --region, or set AWS_REGION)"))?;
    let plan =
        Plan::of(&Families::linked()?, config, options, &region).map_err(|why| anyhow!(why))?;
    for (compute, why) in &plan.left_out {
        speak::err(&format!("note: `{compute}` is left out: {why}"));
    }
    Ok(plan)
}

/// Lays over the configuration which stack is meant.
fn lay(config: &mut Config, which: &Which) {
    if let Some(prefix) = &which.prefix {
        config.aws.prefix = Some(prefix.clone());
    }
    if let Some(region) = &which.region {
        config.aws.region = Some(region.clone());
    }
}

/// Whether somebody agrees; not, where nobody can be asked.
async fn consent(question: &str) -> bool {
    terminal::can_ask() && terminal::agrees(question).await
}

fn options(config: &Config, flags: &StackFlags) -> anyhow::Result<Options> {
    let mut options = Options::of(config).map_err(|why| anyhow!(why))?;
    let set = |value: &mut Option<String>, flag: &Option<String>| {
        if flag.is_some() {
            value.clone_from(flag);
        }
    };
    set(&mut options.stack, &flags.which.stack);
    set(&mut options.vpc, &flags.vpc);
    set(&mut options.alarm_email, &flags.alarm_email);
    let all = |value: &mut Vec<String>, flags: &[String]| {
        if !flags.is_empty() {
            value.clear();
            value.extend_from_slice(flags);
        }
    };
    all(&mut options.computes, &flags.computes);
    all(&mut options.subnets, &flags.subnets);
    all(&mut options.read_buckets, &flags.read_buckets);
    all(&mut options.write_buckets, &flags.write_buckets);
    if let Some(network) = flags.network {
        options.network = network.into();
    }
    options.max_vcpus = flags.max_vcpus.unwrap_or(options.max_vcpus);
    options.log_retention_days = flags
        .log_retention_days
        .unwrap_or(options.log_retention_days);
    options.on_demand |= flags.on_demand;
    options.shared_files |= flags.shared_files;
    options.ffqm |= flags.ffqm;
    options.traces_export &= !flags.no_traces_export;
    Ok(options)
}
