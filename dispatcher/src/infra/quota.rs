//! The quotas of an account that decide how much of a compute may run at once, all of them in vCPUs.
//!
//! In a new account those of accelerated instances are 0. Sources: Amazon EC2 User Guide, "Amazon EC2 instance type quotas" and "Spot
//! Instance quotas"; AWS General Reference, "AWS Fargate endpoints and quotas". The codes are those that Service Quotas lists.

use super::instances;
use super::{BatchFamily, Launch};

/// A quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota {
    /// The service that has it, as Service Quotas calls it.
    pub service: &'static str,
    /// Its code.
    pub code: &'static str,
    /// Its name in the console.
    pub name: &'static str,
}

const fn quota(service: &'static str, code: &'static str, name: &'static str) -> Quota {
    Quota {
        service,
        code,
        name,
    }
}

const STANDARD_SPOT: Quota = quota(
    "ec2",
    "L-34B43A08",
    "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
);
const STANDARD: Quota = quota(
    "ec2",
    "L-1216C47A",
    "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
);
const ACCELERATED_SPOT: Quota = quota("ec2", "L-3819A6DF", "All G and VT Spot Instance Requests");
const ACCELERATED: Quota = quota("ec2", "L-DB2E81BA", "Running On-Demand G and VT instances");
const FARGATE_SPOT: Quota = quota("fargate", "L-36FBB829", "Fargate Spot vCPU resource count");
const FARGATE: Quota = quota(
    "fargate",
    "L-3032A538",
    "Fargate On-Demand vCPU resource count",
);

impl BatchFamily {
    /// The quota that its jobs count against where they are launched so.
    pub fn quota(&self, launch: Launch) -> Quota {
        let largest = instances::largest(&self.families()).unwrap_or_default();
        let is_accelerated = largest.gpus + largest.accelerators > 0;
        match (launch, is_accelerated) {
            (Launch::FargateSpot, _) => FARGATE_SPOT,
            (Launch::Fargate, _) => FARGATE,
            (Launch::Spot, true) => ACCELERATED_SPOT,
            (Launch::OnDemand, true) => ACCELERATED,
            (Launch::Spot, false) => STANDARD_SPOT,
            (Launch::OnDemand, false) => STANDARD,
        }
    }
}
