//! What a family can never run is refused before anything is sent.

use ffbatch_dispatcher::compute::{ComputeError, Request};
use ffbatch_dispatcher::infra::instances;
use ffbatch_dispatcher::settings::Settings;
use ffbatch_dispatcher::terms::Terms;

use super::{form, pinned};

/// The shortest time that an attempt may be given (AWS Batch API Reference, `JobTimeout`).
const SHORTEST_TIMEOUT: u32 = 60;

/// The most bytes that the terms of a job may be: what the largest request (30 KiB; AWS Batch User Guide, "Service quotas") leaves
/// beside the job itself and the names of queue and definition.
const CARRIED: usize = 30 * 1024 - form::INLINE - 1024;

/// Refuses what the family can never run.
pub fn check(region: &str, settings: &Settings, request: &Request) -> Result<(), ComputeError> {
    let compute = &settings.compute;
    let title = request.title();
    let refuse = |why: String| {
        Err(ComputeError::rejected(format!(
            "{title} cannot run on `{compute}`: {why}"
        )))
    };
    let terms = &request.terms;
    if let Some(seconds) = terms.timeout_secs
        && seconds < SHORTEST_TIMEOUT
    {
        return refuse(format!(
            "AWS Batch gives an attempt at least {SHORTEST_TIMEOUT} s, not {seconds} s (raise `timeout_secs`)"
        ));
    }
    let carried = serde_json::to_string(&(terms, &request.environment)).map_or(0, |all| all.len());
    if carried > CARRIED {
        return refuse(format!(
            "its tags, variables and retry rules are {carried} bytes, and AWS Batch takes no more than {CARRIED} of them (shorten the tags)"
        ));
    }
    match pinned::instance(&settings.family, region, request) {
        Ok(None) => (),
        Ok(Some(_)) => return Ok(()),
        Err(why) => return refuse(why),
    }
    if settings.family.launch.is_fargate() {
        return fargate(settings, terms).or_else(refuse);
    }
    let families = settings.family.families();
    let Some(largest) = instances::largest(&families) else {
        return Ok(());
    };
    if largest.gpus == 0 && terms.gpus.is_some_and(|gpus| gpus > 0) {
        return refuse("its instances have no GPU (choose `nvidia`)".to_owned());
    }
    let asked = [
        ("vCPUs", terms.vcpus, largest.vcpus),
        ("MiB of memory", terms.memory_mib, largest.memory_mib),
        ("GPUs", terms.gpus, largest.gpus),
    ];
    for (what, wanted, there) in asked {
        if let Some(wanted) = wanted.filter(|wanted| *wanted > there) {
            return refuse(format!(
                "it asks for {wanted} {what}, and no instance of {} has more than {there} (ask for less)",
                families.join(", ")
            ));
        }
    }
    Ok(())
}

fn fargate(settings: &Settings, terms: &Terms) -> Result<(), String> {
    if terms.gpus.is_some_and(|gpus| gpus > 0) {
        return Err("Fargate has no GPU (choose `nvidia`)".to_owned());
    }
    let vcpus = terms.vcpus.unwrap_or(settings.family.vcpus);
    let memory_mib = terms.memory_mib.unwrap_or(settings.family.memory_mib);
    instances::fargate::fits(f64::from(vcpus), memory_mib).map_err(|nearest| {
        format!("Fargate has no {vcpus} vCPU with {memory_mib} MiB (the nearest is {nearest})")
    })
}
