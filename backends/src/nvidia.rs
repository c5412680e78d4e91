//! `nvidia`: NVIDIA graphics cards, for NVENC, NVDEC and CUDA filters: T4, A10G, L4, L40S.
//!
//! NVENC fails to load where the driver is not asked for its video part (`NVIDIA_DRIVER_CAPABILITIES`, NVIDIA Container Toolkit,
//! "Driver Capabilities").

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "nvidia";

inventory::submit! {
    Family {
        name: NAME,
        summary: "NVIDIA graphics cards: G4dn, G5, G6, G6e on EC2 Spot, one for each job",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily {
            image: Some(NAME.to_owned()),
            gpus: 1,
            preflight: Some("nvidia-smi".to_owned()),
            environment: [(
                "NVIDIA_DRIVER_CAPABILITIES".to_owned(),
                "compute,video,utility".to_owned(),
            )]
            .into(),
            ..BatchFamily::ec2(NAME, Architecture::X86, &["g4dn", "g5", "g6", "g6e"])
        }),
    }
}
