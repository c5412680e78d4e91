//! `arm`: AWS Graviton processors.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "arm";

inventory::submit! {
    Family {
        name: NAME,
        summary: "AWS Graviton processors: C6g, C7g, C8g, M7g, M8g on EC2 Spot",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily::ec2(
            NAME,
            Architecture::Arm,
            &["c6g", "c7g", "c8g", "m7g", "m8g"],
        )),
    }
}
