//! The model that a job is judged by.

use super::{expand, refused};
use crate::format::Format;
use crate::{Overrides, ndjson, read};

/// The models of all jobs of a file, with these flags.
fn models(toml: &str, flags: Overrides) -> Vec<Option<String>> {
    let file = read(toml, Format::Toml, "jobs.toml").expect("it is read");
    let plan = expand(&file.with(flags)).expect("a plan");
    let jobs = plan.jobs.into_iter().flat_map(|planned| planned.jobs);
    jobs.map(|job| job.vmaf_model).collect()
}

const MIXED: &str = "
    [defaults]
    vmaf_model = 'neg'
    [[jobs]]
    quality = 'vmaf'
    command = '-i a b'
    [[jobs]]
    quality = ['psnr', 'vmaf']
    vmaf_model = 'n/m.json'
    command = '-i a c'
    [[jobs]]
    quality = 'psnr'
    command = '-i a d'
    [[jobs]]
    quality = 'none'
    command = '-i a e'
    [[jobs]]
    command = '-i a f'
";

#[test]
fn an_inherited_one_is_for_the_jobs_that_have_a_use_for_it() {
    let expected = [
        Some("neg"),
        Some("/d/n/m.json"),
        None,
        None,
        // Where it runs, it may be measured.
        Some("neg"),
    ];
    assert_eq!(
        models(MIXED, Overrides::default()),
        expected.map(|model| model.map(str::to_owned))
    );
}

#[test]
fn flags_win() {
    let flags = |quality: Option<&str>, model: Option<&str>| Overrides {
        quality: quality.map(|name| vec![name.to_owned()]),
        vmaf_model: model.map(str::to_owned),
        ..Overrides::default()
    };
    let n8 = || Some("n8".to_owned());
    assert_eq!(
        models(MIXED, flags(None, Some("n8"))),
        [n8(), n8(), None, None, n8()]
    );
    // A job's own model is no mistake where a flag takes its metric away.
    assert_eq!(
        models(MIXED, flags(Some("psnr"), None)),
        [const { None }; 5]
    );
}

#[test]
fn what_serves_nothing_is_said() {
    insta::assert_snapshot!(refused("[[jobs]]\nquality = 'psnr'\nvmaf_model = 'neg'\ncommand = '-i a b'"), @"jobs.toml:3:1: job 1: the model `neg` serves no metric that is asked for (ask for one that has models, or leave it out)");
    insta::assert_snapshot!(refused("[[jobs]]\nquality = 'vmaf'\nvmaf_model = 'meg'\ncommand = '-i a b'"), @"jobs.toml:3:1: job 1: unknown model `meg` (known: neg)");
    insta::assert_snapshot!(refused("[defaults]\nvmaf_model = 'meg'\n[[jobs]]\nquality = 'vmaf'\ncommand = '-i a b'"), @"jobs.toml:3:1: job 1: unknown model `meg` (known: neg)");
}

#[test]
fn a_whole_job_keeps_its_own() {
    let text = r#"{"version": 1, "commands": [["-i", "a", "b"]], "quality": ["vmaf"], "vmaf_model": "n/m.json"}"#;
    let file = ndjson(text, "stdin").expect("it is read");
    let plan = expand(&file).expect("a plan");
    let job = &plan.jobs[0].jobs[0];
    assert_eq!(job.vmaf_model.as_deref(), Some("/d/n/m.json"));
}
