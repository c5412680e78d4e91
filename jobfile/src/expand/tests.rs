//! Plans, and the sentences where there can be none.

use std::collections::{BTreeMap, BTreeSet};

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::metric::{Branch, Log, Metric, Model, ModelError};
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_dispatcher::terms::DependencyKind;

use super::Context;
use crate::format::Format;
use crate::plan::Plan;
use crate::{JobFile, ndjson, read};

mod models;

const DISK: [&str; 5] = [
    "in/b.mov",
    "in/a.mov",
    "in/deep/a.mov",
    "in/-x y.mov",
    "odd:name.mov",
];
const BUCKET: [&str; 4] = [
    "s3://b/in/",
    "s3://b/in/1,2.mov",
    "s3://b/in/deep/2.mov",
    "s3://b/in/what?.mov",
];

const PSNR: Metric = Metric {
    name: "psnr",
    summary: "",
    filter: "psnr",
    models: None,
    graph: |_| Branch::default(),
    parse: |_| Ok(Log::default()),
    pool: |_, _| None,
    harmonic: false,
    headline: "psnr_avg",
    unit: "dB",
};

/// A metric with the models that begin with `n`.
const VMAF: Metric = Metric {
    name: "vmaf",
    models: Some(|typed| match typed.strip_prefix('n') {
        Some(_) => Ok(Model {
            name: typed.to_owned(),
            file: None,
        }),
        None => Err(ModelError {
            reason: format!("unknown model `{typed}` (known: neg)"),
        }),
    }),
    ..PSNR
};

fn expand(file: &JobFile) -> Result<Plan, String> {
    let all: Vec<String> = DISK
        .iter()
        .chain(&BUCKET)
        .map(|path| (*path).to_owned())
        .collect();
    let listed: BTreeMap<_, _> = file
        .patterns()
        .into_iter()
        .map(|pattern| (pattern, all.clone()))
        .collect();
    let names = |names: [&str; 2]| {
        names
            .map(str::to_owned)
            .into_iter()
            .collect::<BTreeSet<_>>()
    };
    let context = Context {
        config: &Config::default(),
        computes: &names(["local", "arm"]),
        metrics: &Metrics::of(vec![&PSNR, &VMAF]).expect("two names"),
        listed: &listed,
        directory: "/d",
    };
    file.expand(&context).map_err(|error| error.to_string())
}

/// One line for each job and child.
fn lines(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for (index, one) in plan.jobs.iter().enumerate() {
        let needs: Vec<String> = one
            .needs
            .iter()
            .map(|(on, kind)| format!("{on} {}", kind.name()))
            .collect();
        lines.push(format!(
            "{index} {} `{}` [{}]",
            one.compute,
            one.name,
            needs.join(", ")
        ));
        for job in &one.jobs {
            for command in &job.commands {
                lines.push(format!("  `{}` {}", job.name, command.to_line()));
            }
        }
    }
    lines.join("\n")
}

#[track_caller]
fn plan(toml: &str) -> String {
    let file = read(toml, Format::Toml, "jobs.toml").expect("it is read");
    lines(&expand(&file).expect("a plan"))
}

#[track_caller]
fn refused(toml: &str) -> String {
    let file = read(toml, Format::Toml, "jobs.toml").expect("it is read");
    expand(&file).expect_err("it is refused")
}

#[test]
fn one_job_for_each_input_and_compute() {
    insta::assert_snapshot!(plan("
        [[jobs]]
        name = 'encode'
        inputs = ['in/*.mov', 'in/a.mov', 'https://h/x.mov?sig=1']
        compute = ['local', 'arm']
        output = 'out/{stem}-{compute}.mp4'
        command = 'ffmpeg -i {input} -c:v libx264 -crf 23 {output}'
    "), @"
    0 local `encode` []
      `encode` -i '/d/in/-x y.mov' -c:v libx264 -crf 23 '/d/out/-x y-local.mp4'
    1 local `encode` []
      `encode` -i /d/in/a.mov -c:v libx264 -crf 23 /d/out/a-local.mp4
    2 local `encode` []
      `encode` -i /d/in/b.mov -c:v libx264 -crf 23 /d/out/b-local.mp4
    3 local `encode` []
      `encode` -i 'https://h/x.mov?sig=1' -c:v libx264 -crf 23 /d/out/x-local.mp4
    4 arm `encode` []
      `encode` -i '/d/in/-x y.mov' -c:v libx264 -crf 23 '/d/out/-x y-arm.mp4'
    5 arm `encode` []
      `encode` -i /d/in/a.mov -c:v libx264 -crf 23 /d/out/a-arm.mp4
    6 arm `encode` []
      `encode` -i /d/in/b.mov -c:v libx264 -crf 23 /d/out/b-arm.mp4
    7 arm `encode` []
      `encode` -i 'https://h/x.mov?sig=1' -c:v libx264 -crf 23 /d/out/x-arm.mp4
    ");
    insta::assert_snapshot!(plan("
        [[jobs]]
        inputs = ['in/', 'odd*']
        command = ['-i {input} -pass 1 -f null -', '-i {input} -pass 2 \"out dir/{dir}{index}-{stem}.{ext}\"']
    "), @"
    0 local `-x y` []
      `-x y` -i '/d/in/-x y.mov' -pass 1 -f null -
      `-x y` -i '/d/in/-x y.mov' -pass 2 '/d/out dir/0--x y.mov'
    1 local `a` []
      `a` -i /d/in/a.mov -pass 1 -f null -
      `a` -i /d/in/a.mov -pass 2 '/d/out dir/1-a.mov'
    2 local `b` []
      `b` -i /d/in/b.mov -pass 1 -f null -
      `b` -i /d/in/b.mov -pass 2 '/d/out dir/2-b.mov'
    3 local `a` []
      `a` -i /d/in/deep/a.mov -pass 1 -f null -
      `a` -i /d/in/deep/a.mov -pass 2 '/d/out dir/deep/3-a.mov'
    4 local `odd:name` []
      `odd:name` -i /d/odd:name.mov -pass 1 -f null -
      `odd:name` -i /d/odd:name.mov -pass 2 '/d/out dir/4-odd:name.mov'
    ");
    insta::assert_snapshot!(plan("
        [[jobs]]
        inputs = 's3://b/in/'
        command = '-i {input} s3://c/{name}.mp4'
        files = 'subs/{stem}.srt'
        [[jobs]]
        inputs = 's3://b/in/*.mov'
        output = 's3://c/{stem}.mp4'
        input_url = '{input},s3://b/logo, 1.png'
        output_url = '{output}'
        output_file_options = '-metadata title={{{stem}}}'
        name = '{stem}'
    "), @"
    0 local `1,2` []
      `1,2` -i s3://b/in/1,2.mov s3://c/1,2.mp4
    1 local `2` []
      `2` -i s3://b/in/deep/2.mov s3://c/2.mp4
    2 local `what?` []
      `what?` -i 's3://b/in/what?.mov' 's3://c/what?.mp4'
    3 local `1,2` []
      `1,2` -i s3://b/in/1,2.mov -i 's3://b/logo, 1.png' -metadata 'title={1,2}' s3://c/1,2.mp4
    4 local `what?` []
      `what?` -i 's3://b/in/what?.mov' -i 's3://b/logo, 1.png' -metadata 'title={what?}' 's3://c/what?.mp4'
    ");
}

#[test]
fn arrays() {
    insta::assert_snapshot!(plan("
        [[jobs]]
        name = 'encode on {compute}'
        inputs = 'in/*.mov'
        compute = ['local', 'arm']
        array = true
        command = '-i {input} {stem}-{compute}.mp4'
        needs = { kind = 'SEQUENTIAL' }
        [[jobs]]
        name = 'one'
        inputs = 'in/a.mov'
        array = true
        command = '-i {input} one.mp4'
        needs = [{ kind = 'SEQUENTIAL' }]
    "), @"
    0 local `encode on local` [0 SEQUENTIAL]
      `encode on local` -i '/d/in/-x y.mov' '/d/-x y-local.mp4'
      `encode on local` -i /d/in/a.mov /d/a-local.mp4
      `encode on local` -i /d/in/b.mov /d/b-local.mp4
    1 arm `encode on arm` [1 SEQUENTIAL]
      `encode on arm` -i '/d/in/-x y.mov' '/d/-x y-arm.mp4'
      `encode on arm` -i /d/in/a.mov /d/a-arm.mp4
      `encode on arm` -i /d/in/b.mov /d/b-arm.mp4
    2 local `one` []
      `one` -i /d/in/a.mov /d/one.mp4
    ");
}

#[test]
fn a_job_comes_after_what_it_needs() {
    insta::assert_snapshot!(plan("
        [[jobs]]
        name = 'last'
        command = '-i y.mp4 z.mp4'
        needs = ['middle', 'first']
        [[jobs]]
        name = 'middle'
        inputs = ['1.mov', '2.mov']
        array = true
        command = '-i {input} y{index}.mp4'
        needs = { job = 'first', kind = 'N_TO_N' }
        [[jobs]]
        name = 'first'
        inputs = ['1.mov', '2.mov']
        array = true
        command = '-i {input} x{index}.mp4'
        [[jobs]]
        name = 'singles'
        inputs = ['1.mov', '2.mov']
        command = '-i {input} s{index}.mp4'
        [[jobs]]
        command = '-i s0.mp4 t.mp4'
        needs = 'singles'
    "), @"
    0 local `first` []
      `first` -i /d/1.mov /d/x0.mp4
      `first` -i /d/2.mov /d/x1.mp4
    1 local `middle` [0 N_TO_N]
      `middle` -i /d/1.mov /d/y0.mp4
      `middle` -i /d/2.mov /d/y1.mp4
    2 local `last` [1 WHOLE, 0 WHOLE]
      `last` -i /d/y.mp4 /d/z.mp4
    3 local `singles` []
      `singles` -i /d/1.mov /d/s0.mp4
    4 local `singles` []
      `singles` -i /d/2.mov /d/s1.mp4
    5 local `` [3 WHOLE, 4 WHOLE]
      `` -i /d/s0.mp4 /d/t.mp4
    ");
}

#[test]
fn requests_name_each_other() {
    let file = "
        [[jobs]]
        name = 'b'
        command = '-i y z'
        needs = 'a'
        [[jobs]]
        name = 'a'
        command = '-i x y'
    ";
    let file = read(file, Format::Toml, "jobs.toml").expect("it is read");
    let mut next = 0;
    let requests = expand(&file).expect("a plan").requests(|| {
        next += 1;
        format!("id{next}")
    });
    let [(_, a), (compute, b)] = requests.as_slice() else {
        panic!("two requests");
    };
    assert_eq!(
        (a.id.as_str(), b.name.as_str(), compute.as_str()),
        ("id1", "b", "local")
    );
    assert_eq!(b.terms.depends_on[0].job, "id1");
    assert_eq!(b.terms.depends_on[0].kind, DependencyKind::Whole);
    // `b` reads what `a` writes, which is in order only where it waits.
    let requests: Vec<_> = requests.into_iter().map(|(_, request)| request).collect();
    ffbatch_dispatcher::dispatch::check(&requests).expect("nothing is in the way");
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!(plan(r#"
        [defaults]
        compute = "local"
        quality = ["vmaf"]
        vcpus = 2
        memory_mib = 4096
        priority = 0
        timeout_secs = 3600
        retry = { attempts = 3, evaluate_on_exit = [{ on_exit_code = "3", action = "RETRY" }] }

        [[jobs]]
        name = "encode"
        inputs = "in/*.mov"
        output = "out/{stem}-{compute}.mp4"
        command = "ffmpeg -i {input} -c:v libx264 -crf 23 -vf subtitles=subs.srt {output}"
        files = ["subs.srt"]
        array = true
        needs = ["logo"]

        [[jobs]]
        name = "logo"
        command = "ffmpeg -i logo.svg -frames:v 1 logo.png"
        quality = "none"
        priority = 10
    "#), @"
    0 local `logo` []
      `logo` -i /d/logo.svg -frames:v 1 /d/logo.png
    1 local `encode` [0 WHOLE]
      `encode` -i '/d/in/-x y.mov' -c:v libx264 -crf 23 -vf subtitles=subs.srt '/d/out/-x y-local.mp4'
      `encode` -i /d/in/a.mov -c:v libx264 -crf 23 -vf subtitles=subs.srt /d/out/a-local.mp4
      `encode` -i /d/in/b.mov -c:v libx264 -crf 23 -vf subtitles=subs.srt /d/out/b-local.mp4
    ");
}

#[test]
fn templates_that_do_not_fit() {
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'e'\ninputs = 'a'\ncommand = '-i {inptu} b'"), @"jobs.toml:4:1: job `e`: `command`: unknown placeholder `{inptu}` (did you mean `input`?; braces themselves are written `{{` and `}}`)");
    insta::assert_snapshot!(refused("[[jobs]]\ncommand = '-i {input} b'"), @"jobs.toml:2:1: job 1: `{input}` is used, but the job has no `inputs` (add it)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = 'a'\ncommand = '-i {input} {output}'"), @"jobs.toml:3:1: job 1: `{output}` is used, but the job has no `output` (add it)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = 'a'\ncommand = '-i a b'"), @"jobs.toml:2:1: job 1: `inputs` is given, but the command does not use `{input}` (write `-i {input}`)");
    insta::assert_snapshot!(refused("[[jobs]]\noutput = 'b'\ncommand = '-i a b'"), @"jobs.toml:2:1: job 1: `output` is given, but the command does not use `{output}` (write it where the file's name belongs)");
    insta::assert_snapshot!(refused("[[jobs]]\nname = '{name}'\ncommand = '-i a b'"), @"jobs.toml:2:1: job `{name}`: `name`: `{name}` has no value yet there (leave it out)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = ['a', 'b']\narray = true\nname = '{stem}'\ncommand = '-i {input} b'"), @"jobs.toml:4:1: job `{stem}`: an array job has one name (leave `{stem}` out of `name`)");
    insta::assert_snapshot!(refused("[[jobs]]\nfiles = '{stem}.srt'\ncommand = '-i a b'"), @"jobs.toml:2:1: job 1: `{stem}` is used, but the job has no `inputs` (add it)");
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'a'\ncommand = \"-i 'a b\""), @r"jobs.toml:3:1: job `a`: the quote ' at character 4 is never closed, in `'a b` (close it, or write \' for the character itself)");
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'a'\ncommand = ['-i a -f null -', '-i a']"), @"jobs.toml:3:1: job `a`: command 2 of 2: there is no output (end the command with the file to write)");
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'a'\ninputs = 'in/*.mov'\ncommand = '-i {input} {input}'"), @"jobs.toml:4:1: job `a`: with the input `in/-x y.mov`: `in/-x y.mov` is both read and written (give the output another name)");
    insta::assert_snapshot!(refused("[[jobs]]\noutput_url = 'x'"), @"jobs.toml:1:1: job 1: `input_url` is missing (give the URL or path)");
}

#[test]
fn inputs_that_are_not_there() {
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'e'\ninputs = 'masters/*.mov'\ncommand = '-i {input} b'"), @"jobs.toml:3:1: job `e`: `masters/*.mov` matches no file in `/d` (check the name; `*` stays within a directory, `**` does not)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = ['a', '/masters/']\ncommand = '-i {input} b'"), @"jobs.toml:2:1: job 1: `/masters/` matches no file in `/masters` (check the name)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = 's3://b/x/'\ncommand = '-i {input} b'"), @"jobs.toml:2:1: job 1: `s3://b/x/` matches no object in the bucket `b` (check the name)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = 'in/[a.mov'\ncommand = '-i {input} b'"), @"jobs.toml:2:1: job 1: `in/[a.mov` is no pattern: a `[` without its `]` at character 4 (a file that is called so is written `file:in/[a.mov`)");
    insta::assert_snapshot!(refused("[[jobs]]\ninputs = 'gopher://x'\ncommand = '-i {input} b'"), @"jobs.toml:2:1: job 1: `inputs`: unknown scheme `gopher://` in `gopher://x` (known: a path, file://, s3://, https://, http://, and rtmp://, rtsp://, srt:// or udp:// as live inputs)");
}

#[test]
fn names_that_nobody_has() {
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'e'\ncompute = 'locla'\ncommand = '-i a b'"), @"jobs.toml:3:1: job `e`: unknown compute `locla` (did you mean `local`?)");
    insta::assert_snapshot!(refused("[[jobs]]\nquality = 'mos'\ncommand = '-i a b'"), @"jobs.toml:2:1: job 1: unknown metric `mos` (known: psnr, vmaf)");
    insta::assert_snapshot!(refused("[[jobs]]\nname = 'e'\nvcpus = 0\ncommand = '-i a b'"), @"jobs.toml:3:1: job `e`: `vcpus` is 0 (1 is the least)");
}

#[test]
fn needs_that_cannot_be() {
    let two = |first: &str, second: &str| {
        format!(
            "[[jobs]]\nname = 'one'\ncommand = '-i {{input}} x{{index}}'\n{first}\n[[jobs]]\nname = 'two'\ncommand = '-i {{input}} y{{index}}'\n{second}"
        )
    };
    let many: Vec<String> = (0..21).map(|number| format!("'{number}.mov'")).collect();
    let many = format!("inputs = [{}]", many.join(", "));
    let few = "inputs = ['1', '2']";
    let n_to_n = "needs = { job = 'one', kind = 'N_TO_N' }";
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\nneeds = 'oen'"))), @"jobs.toml:9:1: job `two`: it needs `oen`, and no job of the file has that name (did you mean `one`?)");
    insta::assert_snapshot!(refused(&two(&format!("{few}\nneeds = 'two'"), &format!("{few}\nneeds = 'one'"))), @"jobs.toml:5:1: job `one`: jobs that need each other would wait for ever: one -> two -> one (remove one of the needs)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\nneeds = 'two'"))), @"jobs.toml:9:1: job `two`: jobs that need each other would wait for ever: two -> two (remove one of the needs)");
    insta::assert_snapshot!(refused(&two(&many, &format!("{few}\nneeds = 'one'"))), @"jobs.toml:9:1: job `two`: on `local` it needs 21 jobs of `one`, 20 are the most (set `array = true` on `one`)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\ncompute = ['local', 'arm']\nneeds = 'one'"))), @"jobs.toml:10:1: job `two`: on `arm` it needs `one`, which does not run there (add `arm` to the `compute` of `one`: jobs wait only for jobs of their own compute)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\narray = true\n{n_to_n}"))), @"jobs.toml:10:1: job `two`: `N_TO_N` asks for arrays of one size, but job `one` is no array (set `array = true` on both)");
    insta::assert_snapshot!(refused(&two(&format!("{few}\narray = true"), &format!("{few}\n{n_to_n}"))), @"jobs.toml:10:1: job `two`: `N_TO_N` asks for arrays of one size, but this job is no array (set `array = true` on both)");
    insta::assert_snapshot!(refused(&two(&format!("{many}\narray = true"), &format!("{few}\narray = true\n{n_to_n}"))), @"jobs.toml:11:1: job `two`: `N_TO_N` asks for arrays of one size, but on `local` this one has 2 and job `one` has 21 (give both the same inputs)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\nneeds = {{ kind = 'SEQUENTIAL' }}"))), @"jobs.toml:9:1: job `two`: `SEQUENTIAL` orders the children of one array job (set `array = true`)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\nneeds = {{ job = 'one', kind = 'SEQUENTIAL' }}"))), @"jobs.toml:9:1: job `two`: `SEQUENTIAL` orders the children of one array job (leave `job` out, or use another kind)");
    insta::assert_snapshot!(refused(&two(few, &format!("{few}\nneeds = {{ kind = 'N_TO_N' }}"))), @r#"jobs.toml:9:1: job `two`: a need of the kind `N_TO_N` names no job (add `job = "NAME"`)"#);
}

/// An array of so many inputs, with further keys.
fn array(name: &str, inputs: usize, more: &str) -> String {
    let inputs: Vec<String> = (0..inputs).map(|number| format!("'{number}'")).collect();
    format!(
        "[[jobs]]\nname = '{name}'\ninputs = [{}]\narray = true\ncommand = '-i {{input}} {name}{{index}}'\n{more}\n",
        inputs.join(",")
    )
}

/// `name: children [needs]` of each array.
fn sizes(toml: &str) -> String {
    let file = read(toml, Format::Toml, "jobs.toml").expect("it is read");
    let plan = expand(&file).expect("a plan");
    let line = |one: &crate::plan::Planned| {
        let needs: Vec<String> = one
            .needs
            .iter()
            .map(|(on, kind)| format!("{on} {}", kind.name()))
            .collect();
        format!("{}: {} [{}]", one.name, one.jobs.len(), needs.join(", "))
    };
    plan.jobs.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_array_larger_than_aws_allows_was_refused() {
    insta::assert_snapshot!(sizes(&array("all", 10_000, "")), @"all: 10000 []");
    insta::assert_snapshot!(sizes(&array("all", 10_001, "needs = { kind = 'SEQUENTIAL' }")), @"
    all-1: 5001 [0 SEQUENTIAL]
    all-2: 5000 [0 WHOLE, 1 SEQUENTIAL]
    ");
    let three = array("encode", 20_002, "")
        + &array(
            "pack",
            20_002,
            "needs = { job = 'encode', kind = 'N_TO_N' }",
        )
        + "[[jobs]]\nname = 'join'\ncommand = '-i a b'\nneeds = ['pack']";
    insta::assert_snapshot!(sizes(&three), @"
    encode-1: 6668 []
    encode-2: 6667 []
    encode-3: 6667 []
    pack-1: 6668 [0 N_TO_N]
    pack-2: 6667 [1 N_TO_N]
    pack-3: 6667 [2 N_TO_N]
    join: 1 [3 WHOLE, 4 WHOLE, 5 WHOLE]
    ");
    let unlike =
        array("a", 10_001, "") + &array("b", 10_002, "needs = { job = 'a', kind = 'N_TO_N' }");
    let said = refused(&unlike);
    assert!(said.ends_with("`N_TO_N` asks for arrays of one size, but on `local` this one has 10002 and job `a` has 10001 (give both the same inputs)"), "{said}");
    let names: Vec<String> = (0..21).map(|number| format!("'a{number}'")).collect();
    let arrays: String = (0..21).map(|n| array(&format!("a{n}"), 2, "")).collect();
    let last = format!(
        "[[jobs]]\ncommand = '-i a b'\nneeds = [{}]",
        names.join(",")
    );
    let said = refused(&(arrays + &last));
    assert!(
        said.ends_with("on `local` it needs 21 jobs, 20 are the most (leave some of them out)"),
        "{said}"
    );
}

#[test]
fn the_children_of_several_arrays_keep_their_numbers() {
    let file = array("x", 10_001, "");
    let file = read(&file, Format::Toml, "jobs.toml").expect("it is read");
    let plan = expand(&file).expect("a plan");
    let line = plan.jobs[1].jobs[0].commands[0].to_line();
    assert!(line.ends_with("x5001"), "{line}");
}

#[test]
fn a_long_chain_of_lines_filled_the_stack() {
    let line = |number: u32| {
        format!(
            "{{\"name\": \"{number}\", \"command\": \"-i a b{number}\", \"needs\": \"{}\"}}\n",
            number + 1
        )
    };
    let mut text: String = (0..20_000).map(line).collect();
    text.push_str("{\"name\": \"20000\", \"command\": \"-i a b\"}");
    let plan = expand(&ndjson(&text, "stdin").expect("it is read")).expect("a plan");
    assert_eq!(plan.jobs.len(), 20_001);
    assert_eq!(plan.jobs[20_000].name, "0");
    assert_eq!(plan.jobs[20_000].needs, [(19_999, DependencyKind::Whole)]);
}

#[test]
fn lines_of_both_kinds() {
    let text = "{\"version\": 1, \"name\": \"x\", \"commands\": [[\"-i\", \"a\", \"b\"]], \"quality\": [\"vmaf\"]}\n{\"command\": \"-i b c\", \"needs\": [\"x\"]}";
    let file = ndjson(text, "stdin").expect("it is read");
    let plan = expand(&file).expect("a plan");
    insta::assert_snapshot!(lines(&plan), @"
    0 local `x` []
      `x` -i /d/a /d/b
    1 local `` [0 WHOLE]
      `` -i /d/b /d/c
    ");
    assert_eq!(plan.jobs[0].jobs[0].metrics(), ["vmaf"]);
    assert_eq!(plan.jobs[1].jobs[0].quality, None);
    let twice = ndjson(&format!("{text}\n{text}"), "stdin").expect("it is read");
    insta::assert_snapshot!(expand(&twice).expect_err("it is refused"), @"stdin:2:23: job 2: it needs `x`, and several jobs have that name (give the one that is meant its own name)");
}
