//! What would change, as a person reads it.

use ffbatch_deploy::stacks::{Action, Change};

use crate::jobs;

/// A line for each change and one for all; of a new stack only how many there are of each kind.
pub fn drawn(stack: &str, is_new: bool, changes: &[Change]) -> String {
    if changes.is_empty() {
        return format!("`{stack}` is as it shall be");
    }
    let mut lines = Vec::new();
    if is_new {
        lines.push(format!("`{stack}` is new:"));
        for same in changes.chunk_by(|one, next| one.kind == next.kind) {
            let names: Vec<&str> = same.iter().map(|one| one.resource.as_str()).collect();
            lines.push(format!("  + {}: {}", same[0].kind, names.join(", ")));
        }
    } else {
        lines.push(format!("`{stack}` changes:"));
        for one in changes {
            let mut line = format!("  {:2} {} ({})", one.action.sign(), one.resource, one.kind);
            if !one.properties.is_empty() {
                line = format!("{line}: {}", one.properties.join(", "));
            }
            lines.push(line);
        }
    }
    lines.push(summary(changes));
    lines.join("\n")
}

/// `3 to add, 1 to replace`.
fn summary(changes: &[Change]) -> String {
    let named = [
        (Action::Add, "to add"),
        (Action::Modify, "to change"),
        (Action::MayReplace, "perhaps to replace"),
        (Action::Replace, "to replace"),
        (Action::Remove, "to remove"),
    ];
    let counts = named.iter().filter_map(|(action, name)| {
        let count = changes.iter().filter(|one| one.action == *action).count();
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counts: Vec<String> = counts.collect();
    format!(
        "{}: {}",
        jobs::several(changes.len(), "resource"),
        counts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, resource: &str, kind: &str, properties: &[&str]) -> Change {
        Change {
            action,
            resource: resource.to_owned(),
            kind: format!("AWS::{kind}"),
            properties: properties.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn a_new_stack() {
        let changes = [
            change(Action::Add, "ArmQueue", "Batch::JobQueue", &[]),
            change(Action::Add, "IntelQueue", "Batch::JobQueue", &[]),
            change(Action::Add, "Bucket", "S3::Bucket", &[]),
        ];
        insta::assert_snapshot!(drawn("x-stack", true, &changes), @"
        `x-stack` is new:
          + AWS::Batch::JobQueue: ArmQueue, IntelQueue
          + AWS::S3::Bucket: Bucket
        3 resources: 3 to add
        ");
    }

    #[test]
    fn a_stack_that_changes() {
        let changes = [
            change(
                Action::Replace,
                "ArmQueue",
                "Batch::JobQueue",
                &["JobQueueName"],
            ),
            change(
                Action::Modify,
                "Bucket",
                "S3::Bucket",
                &["Tags", "LifecycleConfiguration"],
            ),
            change(Action::Remove, "Old", "S3::Bucket", &[]),
        ];
        insta::assert_snapshot!(drawn("x-stack", false, &changes), @"
        `x-stack` changes:
          ±  ArmQueue (AWS::Batch::JobQueue): JobQueueName
          ~  Bucket (AWS::S3::Bucket): Tags, LifecycleConfiguration
          -  Old (AWS::S3::Bucket)
        3 resources: 1 to change, 1 to replace, 1 to remove
        ");
        assert_eq!(drawn("x", false, &[]), "`x` is as it shall be");
    }
}
