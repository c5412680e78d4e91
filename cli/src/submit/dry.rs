//! `ffbatch submit --dry-run`: what would run, and on which terms.

use std::collections::HashMap;

use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::job::{Job, When};
use ffbatch_dispatcher::terms::{DependencyKind, Terms};
use serde_json::{Value, json};

use super::Lot;
use crate::{jobs, speak, status};

/// What a job is called that has no name.
const NAMELESS: &str = "(no name)";

/// Prints what would be submitted.
pub fn print(lots: &[Lot], as_json: bool) {
    if as_json {
        speak::out(&format!("{:#}", array(lots)));
        return;
    }
    let text = drawn(lots);
    if !text.is_empty() {
        speak::out(&text);
    }
    let requests = lots.iter().flat_map(|lot| &lot.requests);
    let count: usize = requests.map(|request| request.jobs.len()).sum();
    speak::err(&format!(
        "{} would run; nothing was submitted",
        jobs::several(count, "job")
    ));
}

fn array(lots: &[Lot]) -> Value {
    let described = lots.iter().flat_map(|lot| {
        lot.requests.iter().map(|request| {
            json!({
                "name": request.name,
                "compute": lot.compute,
                "terms": request.terms,
                "jobs": request.jobs,
            })
        })
    });
    described.collect()
}

fn drawn(lots: &[Lot]) -> String {
    let all = lots.iter().flat_map(|lot| &lot.requests);
    let names: HashMap<&str, &str> = all.map(|one| (one.id.as_str(), label(one))).collect();
    let mut lines = Vec::new();
    for lot in lots {
        for request in &lot.requests {
            lines.push(heading(&lot.compute, request));
            lines.extend(needed(request, &names));
            for job in &request.jobs {
                let mut commands = job.commands.iter();
                lines.extend(commands.next().map(|first| format!("  {first}")));
                lines.extend(commands.map(|next| format!("    then {next}")));
                lines.extend(measured(job));
            }
        }
    }
    lines.join("\n")
}

/// `    measures psnr, vmaf by the model neg`.
fn measured(job: &Job) -> Option<String> {
    let metrics = job.metrics();
    let model = job.vmaf_model.as_ref();
    let model = model.map_or_else(String::new, |model| format!(" by the model {model}"));
    let size = if job.at_source_size {
        " at the source's size"
    } else {
        ""
    };
    let when = if job.measure == When::Inside {
        " inside the encode"
    } else {
        ""
    };
    let metrics = metrics.join(", ");
    (!metrics.is_empty()).then(|| format!("    measures {metrics}{model}{size}{when}"))
}

fn label(request: &Request) -> &str {
    if request.name.is_empty() {
        NAMELESS
    } else {
        &request.name
    }
}

/// `night on local, an array of 10`; the terms follow where they are not the usual ones.
fn heading(compute: &str, request: &Request) -> String {
    let size = request.jobs.len();
    let array = if request.is_array() {
        format!(", an array of {size}")
    } else {
        String::new()
    };
    let line = format!("{} on {compute}{array}", label(request));
    let usual = Terms {
        depends_on: request.terms.depends_on.clone(),
        ..Terms::default()
    };
    if request.terms == usual {
        line
    } else {
        format!("{line}: {}", status::terms(&request.terms))
    }
}

/// `  needs encode; night, child for child`.
fn needed(request: &Request, names: &HashMap<&str, &str>) -> Option<String> {
    let needs = request.terms.depends_on.iter();
    let needs: Vec<String> = needs
        .map(|need| match need.kind {
            DependencyKind::Sequential => "each child the one before it".to_owned(),
            kind => {
                let name = names.get(need.job.as_str()).copied().unwrap_or_default();
                format!("{name}{}", status::how(kind))
            }
        })
        .collect();
    (!needs.is_empty()).then(|| format!("  needs {}", needs.join("; ")))
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;
    use ffbatch_dispatcher::terms::Dependency;
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_dry_run_shows_every_command() {
        let pass =
            |number: &str| Command::new(["-i", "/a/in put.mp4", "-pass", number, "/a/o.mp4"]);
        let mut job = Job::of(vec![pass("1"), pass("2")]);
        job.name = "night".to_owned();
        job.quality = Some(vec!["psnr".to_owned(), "vmaf".to_owned()]);
        job.vmaf_model = Some("neg".to_owned());
        let mut night = Request::of("id".to_owned(), job);
        night.terms.priority = 10;
        let copy = |to: &str| Job::of(vec![Command::new(["-i", "/a/o.mp4", to])]);
        let mut copies = Request::of("other".to_owned(), copy("/b.mp4"));
        copies.jobs.push(copy("/c.mp4"));
        let need = |job: &str, kind| Dependency {
            job: job.to_owned(),
            kind,
        };
        copies.terms.gpus = Some(1);
        copies.terms.instance_type = Some("g6.xlarge".to_owned());
        copies.terms.share = Some("team".to_owned());
        copies.terms.tags = [("a", "1"), ("b", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        copies.terms.depends_on = vec![
            need("id", DependencyKind::Whole),
            need("", DependencyKind::Sequential),
        ];
        let lots = [Lot {
            compute: "local".to_owned(),
            requests: vec![night, copies],
        }];
        assert_snapshot!(drawn(&lots), @r"
        night on local: priority 10, at most 3 attempts
          ffmpeg -i '/a/in put.mp4' -pass 1 /a/o.mp4
            then ffmpeg -i '/a/in put.mp4' -pass 2 /a/o.mp4
            measures psnr, vmaf by the model neg
        (no name) on local, an array of 2: 1 GPU, alone on a g6.xlarge, share team, tags a=1 b=, at most 3 attempts
          needs night; each child the one before it
          ffmpeg -i /a/o.mp4 /b.mp4
          ffmpeg -i /a/o.mp4 /c.mp4
        ");
    }
}
