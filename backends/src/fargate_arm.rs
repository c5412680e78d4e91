//! `fargate-arm`: Fargate Spot on AWS Graviton.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "fargate-arm";

inventory::submit! {
    Family {
        name: NAME,
        summary: "Fargate Spot on AWS Graviton",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily::fargate(NAME, Architecture::Arm)),
    }
}
