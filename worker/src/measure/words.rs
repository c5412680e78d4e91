//! A command's words once more, after its job's outputs have gone to their final names.

use std::path::PathBuf;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;

use crate::check::Plan;
use crate::failure::Failure;

/// The words of a command with the names of local files: what an earlier command has made is where it was published.
pub fn again(plan: &Plan, command: usize) -> Result<Vec<String>, Failure> {
    let planned = &plan.commands[command];
    let made = |location: &Location| {
        plan.commands[..command]
            .iter()
            .flat_map(|earlier| &earlier.parsed.places)
            .any(|place| place.role.is_write() && place.location == *location)
    };
    let mut names = Vec::with_capacity(planned.names.len());
    for (place, name) in planned.parsed.places.iter().zip(&planned.names) {
        names.push(if place.role.is_read() && made(&place.location) {
            published(plan, &place.location)?
                .to_string_lossy()
                .into_owned()
        } else {
            name.clone()
        });
    }
    let mut names = names.into_iter();
    let rewritten = planned
        .parsed
        .rewrite(|place| names.next().unwrap_or_else(|| place.text.clone()));
    Ok(rewritten)
}

/// Where an output can be read on this machine: at its destination, else where it was staged.
pub fn published(plan: &Plan, location: &Location) -> Result<PathBuf, Failure> {
    match location {
        Location::Path(path) => Ok(PathBuf::from(path)),
        location => plan
            .staging
            .local(location)
            .map_err(|error| Failure::because(Exit::Internal, &error)),
    }
}
