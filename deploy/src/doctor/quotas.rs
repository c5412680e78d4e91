//! How much of each compute the account may run at once.

use std::collections::BTreeMap;

use ffbatch_dispatcher::infra::{Launch, Quota};
use ffbatch_storage::{CallError, SdkConfig, Service, call};
use serde_json::json;

use super::{Finding, Verdict};
use crate::stack::Plan;

/// Service Quotas (its API Reference, `GetServiceQuota`, "Examples").
const SERVICE_QUOTAS: Service = Service {
    name: "Service Quotas",
    id: "servicequotas",
    host: "servicequotas",
    target: "ServiceQuotasV20190624",
    variable: "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
};

/// What to ask for where there is nothing, in vCPUs.
const ENOUGH: u32 = 64;

/// What each quota has to give for the computes of a plan.
pub async fn examine(plan: &Plan, config: &SdkConfig) -> Vec<Finding> {
    let mut found = Vec::new();
    for (quota, computes) in wanted(plan) {
        let said = match value(config, quota).await {
            Ok(vcpus) => judged(quota, vcpus, &computes),
            Err(error) => {
                let said = format!("\"{}\" cannot be looked at: {error}", quota.name);
                (Verdict::Doubtful, said)
            }
        };
        found.push(Finding::new("quota", said.0, said.1));
    }
    found
}

/// What counts against a quota.
struct Use {
    compute: String,
    /// vCPUs of one of its jobs.
    vcpus: u32,
    /// Whether it is for jobs that name an instance type, and for no others.
    is_pinned: bool,
}

/// What each quota is for.
fn wanted(plan: &Plan) -> BTreeMap<Quota, Vec<Use>> {
    let mut wanted: BTreeMap<Quota, Vec<Use>> = BTreeMap::new();
    for one in &plan.computes {
        let family = &one.family;
        let falls_back = plan.options.on_demand;
        let mut launches = vec![(family.launch, false)];
        match family.launch {
            Launch::Spot => launches.push((Launch::OnDemand, !falls_back)),
            Launch::FargateSpot if falls_back => launches.push((Launch::Fargate, false)),
            Launch::FargateSpot | Launch::Fargate | Launch::OnDemand => (),
        }
        for (launch, is_pinned) in launches {
            wanted.entry(family.quota(launch)).or_default().push(Use {
                compute: one.compute.clone(),
                vcpus: family.vcpus,
                is_pinned,
            });
        }
    }
    wanted
}

/// The value that holds for the account. One that nobody ever changed may be known as the default alone.
async fn value(config: &SdkConfig, quota: Quota) -> Result<f64, CallError> {
    let asked = json!({ "ServiceCode": quota.service, "QuotaCode": quota.code });
    let ask = |operation: &'static str| call(config, SERVICE_QUOTAS, operation, &asked);
    let answer = match ask("GetServiceQuota").await {
        Err(error) if error.kind == "NoSuchResourceException" => {
            ask("GetAWSDefaultServiceQuota").await?
        }
        other => other?,
    };
    answer["Quota"]["Value"].as_f64().ok_or_else(|| CallError {
        kind: String::new(),
        why: "the answer has no value (ask again)".to_owned(),
        busy: false,
        denied: false,
    })
}

fn judged(quota: Quota, vcpus: f64, uses: &[Use]) -> (Verdict, String) {
    let names: Vec<&str> = uses.iter().map(|one| one.compute.as_str()).collect();
    let names = names.join(", ");
    let is_pinned = uses.iter().all(|one| one.is_pinned);
    let whose = if is_pinned {
        format!("for the instance types that jobs of {names} name")
    } else {
        format!("for {names}")
    };
    let said = format!("\"{}\" is {vcpus} vCPUs, {whose}", quota.name);
    let least = uses.iter().map(|one| one.vcpus).max().unwrap_or_default();
    if vcpus >= f64::from(least) {
        return (Verdict::Good, said);
    }
    let said = format!(
        "{said}: too few for a job (ask for more: `aws service-quotas request-service-quota-increase --service-code {} --quota-code {} --desired-value {ENOUGH}`)",
        quota.service, quota.code
    );
    let verdict = if is_pinned {
        Verdict::Doubtful
    } else {
        Verdict::Bad
    };
    (verdict, said)
}
