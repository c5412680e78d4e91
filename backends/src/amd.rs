//! `amd`: AMD processors.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "amd";

inventory::submit! {
    Family {
        name: NAME,
        summary: "AMD processors: C5a, M5a, C6a, C7a, M7a, C8a, M8a on EC2 Spot",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily::ec2(
            NAME,
            Architecture::X86,
            &["c5a", "m5a", "c6a", "c7a", "m7a", "c8a", "m8a"],
        )),
    }
}
