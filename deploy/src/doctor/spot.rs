//! The role by which Amazon EC2 starts Spot instances.

use ffbatch_dispatcher::infra::Launch;
use ffbatch_storage::{SdkConfig, has_role};

use super::{Finding, Verdict};
use crate::stack::Plan;

/// Its name ("Service-linked role for Spot Instance requests" in the Amazon EC2 User Guide).
const ROLE: &str = "AWSServiceRoleForEC2Spot";

/// Whether the account has the role, where a compute of the plan needs it.
pub async fn examine(plan: &Plan, config: &SdkConfig) -> Option<Finding> {
    let mut computes = plan.computes.iter();
    computes.find(|one| one.family.launch == Launch::Spot)?;
    let (verdict, said) = match has_role(config, ROLE).await {
        Ok(true) => (Verdict::Good, format!("the account has the role `{ROLE}`")),
        // EC2 makes it with the first request of whoever may make roles; AWS Batch may not.
        Ok(false) => (
            Verdict::Doubtful,
            format!(
                "the account lacks the role `{ROLE}`, without which no Spot instance may start (make it: `aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`)"
            ),
        ),
        Err(error) => (
            Verdict::Doubtful,
            format!("whether the role `{ROLE}` is there cannot be looked at: {error}"),
        ),
    };
    Some(Finding::new("spot", verdict, said))
}
