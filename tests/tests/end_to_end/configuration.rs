//! Where settings come from: built-in defaults, `ffbatch.toml`, the environment, flags; the later wins, and nothing that
//! nobody reads is accepted.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::Value;

/// A sandbox with `in.mp4` and this configuration file.
fn sandbox(toml: &str) -> Sandbox {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.write("ffbatch.toml", toml);
    sandbox
}

#[track_caller]
fn check_refused(toml: &str, part: &str) {
    let sandbox = sandbox(toml);
    sandbox
        .job(["-i", "in.mp4", "out.mp4"])
        .fails(Exit::Rejected, part);
    assert!(!sandbox.path("out.mp4").exists());
}

#[test]
fn what_nobody_reads_is_refused() {
    check_refused("computee = 'local'", "computee");
    check_refused("compute = 3", "invalid type");
    check_refused(
        "compute = 'mars'",
        "unknown compute `mars` (known: amd, arm",
    );
    check_refused("[backends.locale]\nx = 1", "unknown compute `locale`");
    check_refused("[backends.local]\nvcpu = 1", "unknown key `vcpu`");
    check_refused("[backends.local]\nvcpus = 0", "at least 1");
    check_refused("compute = ", "ffbatch.toml");
}

#[test]
fn a_compute_is_shown_as_the_configuration_has_it() {
    let mut sandbox =
        sandbox("[aws]\nregion = 'eu-west-1'\n[backends.arm]\nvcpus = 4\nbucket = 'mine'");
    sandbox.set("FFBATCH_BACKENDS__ARM__JOB_QUEUE", "encode-arm");
    let shown = |words: &str| sandbox.ffbatch(words.split(' '));
    insta::assert_snapshot!(shown("computes arm").ok().stdout, @r"
    arm: AWS Graviton processors: C6g, C7g, C8g, M7g, M8g on EC2 Spot
      runs on      Spot: c6g c7g c8g m7g m8g, ARM64
      a job gets   4 vCPU, 8 GiB
      scratch      100 GiB for the jobs of an instance
      queue        encode-arm
      definition   batch-ffmpeg-job-definition-arm
      image        cpu
      region       eu-west-1
      bucket       mine
    ");
    let table = shown("computes");
    for row in ["encode-arm", "batch-ffmpeg-job-queue-amd", "4 vCPU, 8 GiB"] {
        assert!(
            table.ok().stdout.contains(row),
            "`{row}` is missing\n{table}"
        );
    }
    let list: Value =
        serde_json::from_str(&shown("computes arm --json").ok().stdout).expect("JSON");
    assert_eq!(list[0]["infra"]["batch"]["job_queue"], "encode-arm");
    assert_eq!(list[0]["infra"]["batch"]["vcpus"], 4);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    shown("computes amr").fails(Exit::Rejected, "unknown compute `amr`");
    sandbox.set("FFBATCH_BACKENDS__ARM__VCPU", "2");
    let wrong = sandbox.ffbatch(["computes"]);
    wrong.fails(
        Exit::Rejected,
        "unknown key `vcpu` in the section `backends.arm`",
    );
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let mut sandbox = sandbox("quality = ['ssim']");
    let measured = |sandbox: &Sandbox, flags: &[&str]| {
        let command = ["--", "ffmpeg", "-i", "in.mp4", "out.mp4"];
        let ended = sandbox.ffbatch(["run", "--json"].iter().chain(flags).chain(&command));
        let quality = ended.ok().report().quality.expect("quality was asked for");
        quality.asked.join(" ")
    };
    assert_eq!(measured(&sandbox, &[]), "ssim");
    sandbox.set("FFBATCH_QUALITY", "[psnr]");
    assert_eq!(measured(&sandbox, &[]), "psnr");
    assert_eq!(measured(&sandbox, &["--quality", "ssim,psnr"]), "ssim psnr");
}

/// The models of the jobs that these words would submit, in this configuration.
#[track_caller]
fn models(toml: &str, words: &str) -> Vec<Value> {
    let sandbox = sandbox(toml);
    sandbox.write("media/in.mp4", "");
    sandbox.write("media/jobs.toml", JOBS);
    let words = format!("submit --dry-run --json {words}");
    let ended = sandbox.ffbatch(words.split(' '));
    let plan: Value = serde_json::from_str(&ended.ok().stdout).expect("a plan");
    let requests = plan.as_array().expect("a list").iter();
    let file = |model: &Value| match model.as_str() {
        Some(path) => path.replace("[sandbox]/files/", "").into(),
        None => Value::Null,
    };
    requests
        .map(|request| file(&request["jobs"][0]["vmaf_model"]))
        .collect()
}

const JOBS: &str = "
[[jobs]]
command = 'ffmpeg -i in.mp4 a.mp4'
quality = 'vmaf'
[[jobs]]
command = 'ffmpeg -i in.mp4 b.mp4'
quality = 'psnr'
";

const COMMAND: &str = "-- ffmpeg -i in.mp4 out.mp4";

#[test]
fn a_model_is_for_the_jobs_that_have_a_use_for_it() {
    let typed = |toml: &str, flags: &str| {
        let mut models = models(toml, &format!("{flags} {COMMAND}"));
        models.pop().expect("a job")
    };
    assert_eq!(typed("", "--quality vmaf --vmaf-model neg"), "neg");
    assert_eq!(typed("", "--quality vmaf --vmaf-model m.json"), "m.json");
    let configured = "vmaf_model = 'phone'";
    assert_eq!(typed(configured, "--quality psnr,vmaf"), "phone");
    assert_eq!(typed(configured, "--quality vmaf --vmaf-model hd"), "hd");
    assert_eq!(typed(configured, "--quality psnr"), Value::Null);
    assert_eq!(typed(configured, "--quality none"), Value::Null);
    let vmaf = "quality = ['vmaf']\nvmaf_model = 'm.json'";
    assert_eq!(typed(vmaf, "--name x"), "m.json");
}

#[test]
fn a_models_file_is_where_it_was_typed_and_not_where_the_job_file_is() {
    let file = |toml: &str, flags: &str| models(toml, &format!("media/jobs.toml{flags}"));
    let jobs = |first: &str| vec![Value::from(first), Value::Null];
    assert_eq!(file("", " --vmaf-model m.json"), jobs("m.json"));
    assert_eq!(file("vmaf_model = 'c.json'", ""), jobs("c.json"));
    assert_eq!(file("vmaf_model = 'v1'", ""), jobs("v1"));
}

#[test]
fn a_model_that_cannot_be_used_is_refused_before_anything_is_submitted() {
    let refused = |toml: &str, words: &str| {
        let sandbox = sandbox(toml);
        sandbox.write("jobs.toml", JOBS);
        let ended = sandbox.ffbatch(words.split(' '));
        assert_eq!(sandbox.files().len(), 3, "{ended}");
        ended.said()
    };
    let run = |toml: &str, flags: &str| refused(toml, &format!("run {flags} {COMMAND}"));
    insta::assert_snapshot!(run("", "--vmaf-model neg"), @"2: --vmaf-model is for jobs that measure vmaf (add `--quality vmaf`, or leave it out)");
    insta::assert_snapshot!(run("", "--quality psnr --vmaf-model neg"), @"2: --vmaf-model is for jobs that measure vmaf (add `--quality vmaf`, or leave it out)");
    insta::assert_snapshot!(run("", "--quality vmaf --vmaf-model ngg"), @"2: unknown VMAF model `ngg` (known: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, a name that libvmaf knows such as `vmaf_v0.6.1`, or the path of a .json file)");
    insta::assert_snapshot!(run("vmaf_model = 'ngg'", "--quality vmaf"), @"2: unknown VMAF model `ngg` (known: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, a name that libvmaf knows such as `vmaf_v0.6.1`, or the path of a .json file)");
    insta::assert_snapshot!(refused("", "submit jobs.toml --vmaf-model ngg"), @"2: jobs.toml:2:1: job 1: unknown VMAF model `ngg` (known: hd, 4k, neg, 4k-neg, phone, v1, v1-4k, v1-phone, a name that libvmaf knows such as `vmaf_v0.6.1`, or the path of a .json file)");
    insta::assert_snapshot!(refused("", "submit jobs.toml --quality psnr --vmaf-model neg"), @"2: --vmaf-model is for jobs that measure vmaf (add `--quality vmaf`, or leave it out)");
}

#[test]
fn the_file_is_found_in_a_directory_above() {
    let sandbox = sandbox("compute = 'mars'");
    sandbox.write("a/b/x.mp4", "");
    let mut command = sandbox.command(&ffbatch_tests::tools::ffbatch());
    command
        .current_dir(sandbox.path("a/b"))
        .args(["run", "--", "ffmpeg", "-i", "x.mp4", "y.mp4"]);
    sandbox.end(&mut command).fails(Exit::Rejected, "`mars`");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox
        .ffbatch([
            "--config",
            "none.toml",
            "run",
            "--",
            "ffmpeg",
            "-i",
            "in.mp4",
            "out.mp4",
        ])
        .fails(Exit::Rejected, "no configuration file `none.toml`");
}
