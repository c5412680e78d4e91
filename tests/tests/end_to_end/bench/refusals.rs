//! What makes no sense, what always fails, what nobody knows.

use ffbatch_dispatcher::exit::Exit;

use super::place::{ONE, bench, place, runs, summary};

#[track_caller]
fn refused(text: &str, flags: &str, part: &str) {
    let sandbox = place(text);
    bench(&sandbox, flags).fails(Exit::Rejected, part);
    assert!(!sandbox.path("out").exists(), "nothing was begun");
}

#[test]
fn a_file_that_makes_no_sense() {
    refused(
        &ONE.replace("warmup", "warmupp"),
        "",
        "unknown field: found `warmupp`",
    );
    refused(
        &format!("{ONE}presets = ['fast']\n"),
        "",
        "unknown field: found `presets`",
    );
    refused(
        &format!("{ONE}values = {{ crf = [20] }}\n"),
        "",
        "never uses `crf`",
    );
    refused(
        &format!("{ONE}values = {{ crf = [] }}\n"),
        "",
        "has no value for `crf`",
    );
    refused(
        &ONE.replace("in.mp4", "no.mp4"),
        "",
        "there is no file `[sandbox]/files/no.mp4`",
    );
    refused(
        &ONE.replace("'psnr'", "'beauty'"),
        "",
        "unknown metric `beauty`",
    );
    refused(
        &format!("{ONE}[[computes]]\ncompute = 'moon'\n"),
        "",
        "`moon`",
    );
    refused(
        &ONE.replace("-preset ultrafast", "-preset"),
        "",
        "the variant `x264` cannot run",
    );
    refused("quality = [", "", "is no benchmark that can be run");
    refused(
        &ONE.replace("url = 'in.mp4'", "url = 'in.mp4'\nduration_secs = -5"),
        "",
        "is no positive number",
    );
    refused(
        &ONE.replace("name = 'x264'", "name = ' '"),
        "",
        "a variant has no name",
    );
    refused(
        ONE,
        "--baseline nope.json --fail-if vmaf<-1",
        "the baseline `nope.json` cannot be read",
    );
    refused(ONE, "--rank-by beauty", "nothing is ranked by `beauty`");
    refused(ONE, "--repeats 0", "`repeats` is 0");
    refused(ONE, "--baseline old.json --fail-if cost>5", "is no limit");
}

#[test]
fn a_file_that_is_not_there() {
    let sandbox = place(ONE);
    let ended = sandbox.ffbatch(["bench", "other.toml"]);
    ended.fails(Exit::Rejected, "there is no such file");
    sandbox
        .ffbatch(["report", "out"])
        .fails(Exit::Rejected, "no results and no reports of jobs");
}

#[test]
fn a_variant_that_always_fails_leaves_the_others_their_answer() {
    let broken = "[[variants]]\nname = 'broken'\ncommand = 'ffmpeg -i {input} -an -c:v libx264 -preset no-such {output}.mp4'\n";
    let sandbox = place(&format!("{ONE}{broken}"));
    let ended = bench(&sandbox, "");
    assert_eq!(ended.code, Some(i32::from(Exit::Jobs.code())), "{ended}");
    assert!(ended.stdout.contains("x264, local stands alone"), "{ended}");
    // Tried once, and not again in this go.
    let all = runs(&sandbox);
    let failed = all.iter().filter(|run| run.succeeded().is_none()).count();
    assert_eq!((all.len(), failed), (3, 1));
    let summary = summary(&sandbox);
    let cell = summary
        .cells
        .iter()
        .find(|cell| cell.cell.variant == "broken")
        .expect("it is shown");
    let failure = cell.failure.as_ref().expect("it says why");
    assert!(failure.contains("no-such"), "{failure}");
}

#[test]
fn nothing_succeeded() {
    let sandbox = place(&ONE.replace("ultrafast", "no-such"));
    let ended = bench(&sandbox, "");
    assert_eq!(ended.code, Some(i32::from(Exit::Jobs.code())), "{ended}");
    assert!(
        ended
            .stdout
            .contains("No run succeeded, so there is no answer"),
        "{ended}"
    );
    assert!(sandbox.path("out/report.html").is_file());
}

#[test]
fn a_run_that_is_damaged_is_named() {
    let sandbox = place(ONE);
    bench(&sandbox, "").ok();
    let run = &runs(&sandbox)[0];
    let name = format!("out/runs/{}", run.file_name());
    sandbox.write(&name, "{\"version\": 1, \"cell\"");
    bench(&sandbox, "").fails(Exit::Rejected, "is damaged");
    sandbox.write(&name, "{\"version\": 99}");
    bench(&sandbox, "").fails(Exit::Rejected, "is of version 99");
}

#[test]
fn what_nobody_can_price_is_asked_about() {
    let text = format!("{ONE}[[computes]]\ncompute = 'arm'\ninstance_types = ['c9g.xlarge']\n");
    let mut sandbox = place(&text);
    sandbox.set("AWS_REGION", "eu-west-1");
    let ended = bench(&sandbox, "");
    ended.fails(Exit::Rejected, "nobody knows what it will cost");
    assert!(ended.error().contains("--yes"), "{ended}");
    let plan = bench(&sandbox, "--plan");
    assert!(plan.ok().stdout.contains("unknown USD"), "{plan}");
}

#[test]
fn who_shares_the_machine_is_told() {
    let sandbox = place(ONE);
    let words = "submit -- ffmpeg -readrate 1 -i in.mp4 -c copy other.mp4";
    sandbox.ffbatch(words.split(' ')).ok();
    let ended = bench(&sandbox, "");
    assert!(
        ended
            .ok()
            .stderr
            .contains("note: 1 jobs of others run or wait"),
        "{ended}"
    );
}

#[test]
fn a_compute_that_refuses_a_job_leaves_the_others_their_answer() {
    let text = format!(
        "{ONE}[[computes]]\ncompute = 'local'\n[[computes]]\ncompute = 'local'\nvcpus = 4000\n"
    );
    let sandbox = place(&text);
    let ended = bench(&sandbox, "");
    assert_eq!(ended.code, Some(i32::from(Exit::Jobs.code())), "{ended}");
    assert!(ended.stdout.contains("x264, local stands alone"), "{ended}");
    assert!(ended.stdout.contains("asks for 4000 vCPUs"), "{ended}");
}

#[test]
fn two_benchmarks_do_not_write_to_one_place() {
    let sandbox = place(&ONE.replace("-i {input}", "-readrate 1 -i {input}"));
    let mut first = sandbox
        .command(&ffbatch_tests::tools::ffbatch())
        .args(["bench", "bench.toml", "--results", "out"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    ffbatch_tests::sandbox::until("it measures", || sandbox.path("out/runs").is_dir());
    bench(&sandbox, "").fails(Exit::Machine, "another benchmark writes its results to");
    assert!(first.wait().expect("it ends").success());
}
