//! The parameter that says whether jobs are measured which say nothing of quality.

use ffbatch_dispatcher::infra;
use serde_json::json;

use super::Site;

/// The logical id.
pub const SWITCH: &str = "QualitySwitch";

pub fn add(site: &mut Site<'_>) {
    let value = if site.plan.options.ffqm {
        "TRUE"
    } else {
        "FALSE"
    };
    let properties = json!({
        "Name": infra::switch(&site.plan.prefix),
        "Description": "Whether PSNR, SSIM and VMAF are measured of jobs that do not say",
        "Type": "String",
        "Value": value,
        "AllowedPattern": "^(TRUE|FALSE)$",
        "Tags": { "application": site.plan.prefix },
    });
    site.template.add(SWITCH, "AWS::SSM::Parameter", properties);
}
