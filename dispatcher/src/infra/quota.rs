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
    /// The dimensions `Service` and `Class` of the metric in CloudWatch that tells how much of it is used (Amazon EC2 User Guide and
    /// Amazon ECS Developer Guide, "usage metrics").
    pub usage: (&'static str, &'static str),
}

const STANDARD_SPOT: Quota = Quota {
    service: "ec2",
    code: "L-34B43A08",
    name: "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
    usage: ("EC2", "Standard/Spot"),
};
const STANDARD: Quota = Quota {
    service: "ec2",
    code: "L-1216C47A",
    name: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    usage: ("EC2", "Standard/OnDemand"),
};
const ACCELERATED_SPOT: Quota = Quota {
    service: "ec2",
    code: "L-3819A6DF",
    name: "All G and VT Spot Instance Requests",
    usage: ("EC2", "G/Spot"),
};
const ACCELERATED: Quota = Quota {
    service: "ec2",
    code: "L-DB2E81BA",
    name: "Running On-Demand G and VT instances",
    usage: ("EC2", "G/OnDemand"),
};
const FARGATE_SPOT: Quota = Quota {
    service: "fargate",
    code: "L-36FBB829",
    name: "Fargate Spot vCPU resource count",
    usage: ("Fargate", "Standard/Spot"),
};
const FARGATE: Quota = Quota {
    service: "fargate",
    code: "L-3032A538",
    name: "Fargate On-Demand vCPU resource count",
    usage: ("Fargate", "Standard/OnDemand"),
};

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
