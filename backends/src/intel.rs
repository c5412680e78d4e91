//! `intel`: Intel processors.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "intel";

inventory::submit! {
    Family {
        name: NAME,
        summary: "Intel processors: C5, C6i, C7i, C8i, M7i, M8i on EC2 Spot",
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
            &["c5", "c6i", "c7i", "c8i", "m7i", "m8i"],
        )),
    }
}
