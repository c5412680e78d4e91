//! Which instance ran a job whose worker could not tell: Amazon ECS knows it as long as the instance is there.

use aws_sdk_batch::types::{ContainerDetail, JobDetail as Found};
use ffbatch_dispatcher::report::{InstanceSource, InstanceType, Report};
use serde_json::{Value, json};

use super::client::Client;

/// The attribute that every container instance has (Amazon ECS Developer Guide, "Amazon ECS container agent attributes").
const TYPE: &str = "ecs.instance-type";

/// Writes the type of a job's instance into its report, where the report has none and Amazon ECS knows it; else tells why not.
pub async fn complete(client: &Client, job: &Found, report: &mut Report) -> Result<(), String> {
    if report.machine.instance_type.is_some() {
        return Ok(());
    }
    let container = job.container();
    let Some(arn) = container.and_then(ContainerDetail::container_instance_arn) else {
        return Ok(());
    };
    let cluster = cluster(arn).ok_or_else(|| format!("`{arn}` names no cluster"))?;
    let asked = json!({ "cluster": cluster, "containerInstances": [arn] });
    let operation = "DescribeContainerInstances";
    let answer = ffbatch_storage::call(&client.config, ffbatch_storage::ECS, operation, &asked);
    let answer = answer.await.map_err(|error| {
        if error.denied {
            format!("{error} (allow `ecs:{operation}`)")
        } else {
            error.to_string()
        }
    })?;
    let name = kind(&answer).ok_or("Amazon ECS has forgotten the instance")?;
    report.machine.instance_type = Some(InstanceType {
        name: name.to_owned(),
        source: InstanceSource::Ecs,
    });
    Ok(())
}

/// The cluster of `arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/ID`.
fn cluster(arn: &str) -> Option<&str> {
    let (_, path) = arn.split_once(":container-instance/")?;
    Some(path.split_once('/')?.0)
}

fn kind(answer: &Value) -> Option<&str> {
    let attributes = answer["containerInstances"][0]["attributes"].as_array()?;
    let found = attributes.iter().find(|one| one["name"] == TYPE)?;
    found["value"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_read_from_the_arn() {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/arm_Batch_1/0f9de";
        assert_eq!(cluster(arn), Some("arm_Batch_1"));
        let old = "arn:aws:ecs:eu-west-1:123456789012:container-instance/0f9de";
        assert_eq!(cluster(old), None, "the short form names no cluster");
    }

    #[test]
    fn an_instance_that_is_gone_has_no_type() {
        let gone = json!({ "containerInstances": [], "failures": [{ "reason": "MISSING" }] });
        assert_eq!(kind(&gone), None);
        let there = json!({ "containerInstances": [{ "attributes": [
            { "name": "ecs.os-type", "value": "linux" }, { "name": TYPE, "value": "c7g.large" },
        ] }] });
        assert_eq!(kind(&there), Some("c7g.large"));
    }
}
