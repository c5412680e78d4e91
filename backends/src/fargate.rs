//! `fargate`: Fargate Spot on x86-64.

use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra};

use crate::batch;

const NAME: &str = "fargate";

inventory::submit! {
    Family {
        name: NAME,
        summary: "Fargate Spot on x86-64: no instances to choose, to wait for or to keep",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily::fargate(NAME, Architecture::X86)),
    }
}
