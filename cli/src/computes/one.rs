//! One compute in full.

use std::fmt::Write;

use super::used::Used;

/// Everything about one compute.
pub fn block(one: &Used) -> String {
    let mut text = format!("{}: {}", one.family.name, one.family.summary);
    let mut line = |key: &str, value: &str| {
        let _ = write!(text, "\n  {key:11}  {value}");
    };
    let Some(batch) = &one.infra.batch else {
        line(
            "runs on",
            &format!("{}, {}", one.runs_on(), one.architecture()),
        );
        line(
            "a job gets",
            &format!("{} that does not say otherwise", one.job()),
        );
        if let Some(image) = &one.local_image {
            line("image", image);
        }
        return text;
    };
    line(
        "runs on",
        &format!("{}, {}", one.runs_on(), one.architecture()),
    );
    line("a job gets", &one.job());
    line(
        "scratch",
        &if batch.launch.is_fargate() {
            format!("{} GiB for each job", batch.scratch_gib)
        } else {
            format!("{} GiB for the jobs of an instance", batch.scratch_gib)
        },
    );
    line("queue", &batch.job_queue);
    line("definition", &batch.job_definition);
    line(
        "image",
        batch
            .image
            .as_deref()
            .unwrap_or("one of your own: the job definition has to name it"),
    );
    if let Some(program) = &batch.preflight {
        line("preflight", &format!("{program}, before a byte moves"));
    }
    if !batch.devices.is_empty() {
        line("devices", &batch.devices.join(" "));
    }
    if batch.privileged {
        line("privileged", "yes");
    }
    for (number, (name, value)) in batch.environment.iter().enumerate() {
        let key = if number == 0 { "environment" } else { "" };
        line(key, &format!("{name}={value}"));
    }
    let reached = [
        ("region", &one.aws.region),
        ("profile", &one.aws.profile),
        ("endpoint", &one.aws.endpoint_url),
        ("bucket", &one.aws.bucket),
        ("prefix", &one.aws.prefix),
    ];
    for (key, value) in reached {
        if let Some(value) = value {
            line(key, value);
        }
    }
    text
}
