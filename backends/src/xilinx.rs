//! `xilinx`: Xilinx Alveo U30 media accelerators, on VT1 instances.
//!
//! The accelerators are reached through the devices of the host, by a privileged container, and through the vendor's SDK with
//! its FFmpeg 4.4, which nobody else may hand out: the image is the user's.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "xilinx";

/// The two devices of the first card, the only one of a `vt1.3xlarge` (Amazon ECS Developer Guide, task definitions for video
/// transcoding workloads).
const DEVICES: [&str; 2] = ["/dev/dri/renderD128", "/dev/dri/renderD129"];

inventory::submit! {
    Family {
        name: NAME,
        summary: "Xilinx media accelerators (VT1) on EC2 Spot; needs an image of your own",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily {
            image: None,
            privileged: true,
            devices: DEVICES.map(str::to_owned).to_vec(),
            ..BatchFamily::ec2(NAME, Architecture::X86, &["vt1"])
        }),
    }
}
