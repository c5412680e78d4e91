//! Over computes on AWS Batch, with real containers, each of which asks an instance metadata service of its own what it runs on.

use std::collections::BTreeSet;

use ffbatch_tests::aws::{Aws, BUCKET};
use ffbatch_tests::clip::{SHORT, bytes};
use ffbatch_tests::image;
use ffbatch_tests::imds::{Imds, Manner};

use super::place::ONE;

/// Computes and the types of their instances.
const TYPES: [(&str, &str); 3] = [
    ("intel", "c6i.large"),
    ("arm", "c7g.large"),
    ("amd", "c6a.large"),
];

#[test]
fn the_type_that_ran_a_job_is_what_it_costs() {
    let Some(aws) = Aws::with_docker() else {
        return;
    };
    aws.s3().create(BUCKET);
    aws.s3().put(BUCKET, "in.mp4", bytes(SHORT));
    let doubles = installed(&aws);
    let mut text = ONE.replace(
        "url = 'in.mp4'",
        &format!("url = 's3://{BUCKET}/in.mp4'\nduration_secs = 1.0"),
    );
    // A job owns its instance on `arm`, and shares one elsewhere.
    let computes = "
        [[computes]]
        compute = 'intel'
        [[computes]]
        compute = 'arm'
        instance_types = ['c7g.large']
        [[computes]]
        compute = 'amd'
        [[computes]]
        compute = 'fargate'
        ";
    text.push_str(computes);
    let sandbox = aws.sandbox();
    sandbox.write("bench.toml", text);
    let place = format!("s3://{BUCKET}/bench/codecs");
    let ended = sandbox.ffbatch([
        "bench",
        "bench.toml",
        "--results",
        &place,
        "--yes",
        "--json",
    ]);
    let summary: ffbatch_bench::summary::Summary =
        serde_json::from_str(&ended.ok().stdout).expect("a summary");
    assert_eq!(summary.cells.len(), 4);
    for ((compute, name), cell) in TYPES.iter().zip(&summary.cells) {
        assert_eq!(cell.cell.place.compute, *compute);
        assert_eq!(cell.timed, 2);
        let machine = cell.machine.as_ref().expect("it ran");
        assert_eq!(machine.instance_type.as_deref(), Some(*name));
        assert_eq!(
            machine.instance_type_by.as_deref(),
            Some("told by the instance itself")
        );
        assert_eq!(machine.region.as_deref(), Some("sa-east-1"));
        assert_eq!(machine.life_cycle.as_deref(), Some("on-demand"));
        let cost = cell.cost.as_ref().expect("the table has its price");
        assert!(cost.rate.source.contains(name), "{:?}", cost.rate);
        assert!(cost.rate.date.is_some());
        assert!(
            cell.energy
                .as_ref()
                .expect("it is known")
                .grams_co2e
                .is_some()
        );
        assert!(cell.stages.contains_key("queued") && cell.score("psnr").is_some());
    }
    let fargate = summary.cells[3].machine.as_ref().expect("it ran");
    assert_eq!(fargate.instance_type.as_deref(), Some("fargate"));
    assert_eq!(
        fargate.instance_type_by.as_deref(),
        Some("told by the container's environment")
    );
    assert!(doubles.iter().all(|imds| imds.questions() > 0));
    // Results lie in the bucket, a line of JSON for each run, and the report beside them.
    let stored = aws.stored(BUCKET);
    let runs = stored
        .iter()
        .filter(|key| key.starts_with("bench/codecs/runs/"));
    // Each was written twice: as it began and as it ended.
    assert_eq!(runs.collect::<BTreeSet<_>>().len(), 8);
    assert!(
        stored.iter().any(|key| key == "bench/codecs/report.html"),
        "{stored:?}"
    );
    let again = sandbox.ffbatch(["bench", "bench.toml", "--results", &place, "--yes"]);
    assert!(again.ok().stderr.contains("nothing is missing"), "{again}");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

/// Installs the computes, and for each a service that says which type its instances are.
#[track_caller]
fn installed(aws: &Aws) -> Vec<Imds> {
    let image = image::worker();
    aws.compute("fargate", &image);
    TYPES
        .iter()
        .map(|(compute, name)| {
            let values = vec![
                ("instance-type", *name),
                ("placement/availability-zone", "sa-east-1a"),
                ("instance-life-cycle", "on-demand"),
            ];
            let imds = Imds::start(Manner {
                values,
                ..Manner::default()
            });
            aws.compute(compute, &image);
            aws.define_with(
                compute,
                &image,
                [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.endpoint())],
            );
            imds
        })
        .collect()
}
