//! `own`: a family as somebody adds one, in a file of its own: EC2 instances at their full price, with a queue and a definition
//! that are not called as usual.

use ffbatch_backends::batch;
use ffbatch_dispatcher::compute::Family;
use ffbatch_dispatcher::infra::{Architecture, BatchFamily, Infra, Launch};

/// The name of the compute.
pub const NAME: &str = "own";

inventory::submit! {
    Family {
        name: NAME,
        summary: "AMD instances at their full price",
        infra,
        connect: batch::connect,
    }
}

fn infra() -> Infra {
    Infra {
        image: None,
        batch: Some(BatchFamily {
            job_queue: "video".to_owned(),
            job_definition: "video-worker".to_owned(),
            launch: Launch::OnDemand,
            vcpus: 1,
            memory_mib: 2048,
            ..BatchFamily::ec2(NAME, Architecture::X86, &["m7a"])
        }),
    }
}
