//! Job files, from the text to what they leave on disk and in S3.

use std::fs;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::job::Job;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::{OTHER, SHORT};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::media::frames;
use ffbatch_tests::queue;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::site::Site;
use serde_json::{Value, json};

/// What a file may say, all in one.
const FILE: &str = r#"
[defaults]
priority = 3

[[jobs]]
name = "encode"
inputs = "in/*.mp4"
output = "out/{stem}.mkv"
command = "ffmpeg -i {input} -c:v libx264 -preset ultrafast -an {output}"
array = true

[[jobs]]
name = "passes"
inputs = "in/a.mp4"
output = "out/{stem}-{index}-{compute}.mp4"
command = [
    "ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 1 -an -f null -",
    "ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 2 -an {output}",
]

[[jobs]]
name = "fields"
input_url = "in/a.mp4"
output_file_options = "-frames:v 3 -c:v libx264"
output_url = "out/fields.mp4"

[[jobs]]
name = "join"
needs = ["encode", "passes"]
files = ["list.txt"]
command = "ffmpeg -f concat -safe 0 -i out/list.txt -c copy out/all.mkv"
"#;

/// Names that a shell would take apart.
const NAMES: [&str; 3] = ["a.mp4", "b c 'd\" %20 $HOME.mp4", "ü#;&.mp4"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in NAMES {
        sandbox.place(SHORT, &format!("media/in/{name}"));
    }
    sandbox.write("media/list.txt", "nobody reads it");
    sandbox.write("media/out/list.txt", "file 'a.mkv'\nfile 'a.mkv'\n");
    sandbox.write("media/jobs.toml", FILE);
    sandbox
}

#[track_caller]
fn planned(sandbox: &Sandbox, words: &str) -> Value {
    let ended = sandbox.ffbatch(words.split(' '));
    let mut plan: Value = serde_json::from_str(&ended.ok().stdout).expect("a plan");
    // Each plan has ids of its own.
    for job in plan.as_array_mut().expect("a list") {
        if let Some(terms) = job["terms"].as_object_mut() {
            terms.remove("depends_on");
        }
    }
    plan
}

#[test]
fn a_file_runs_from_whatever_directory_it_is_named_in() {
    let sandbox = sandbox();
    sandbox
        .ffbatch(["submit", "media/jobs.toml", "--wait"])
        .ok();
    for name in NAMES {
        let output = format!("media/out/{}.mkv", name.trim_end_matches(".mp4"));
        assert_eq!(frames(&sandbox.path(output)), 50);
    }
    for (name, expected) in [("a-0-local.mp4", 50), ("fields.mp4", 3), ("all.mkv", 100)] {
        assert_eq!(
            frames(&sandbox.path(format!("media/out/{name}"))),
            expected,
            "{name}"
        );
    }
    let states = queue::states(&sandbox);
    assert_eq!(states.len(), 4);
    assert!(
        states.values().all(|state| *state == State::Succeeded),
        "{states:?}"
    );
    // A child knows its place, and its report is named by it.
    let encode = queue::list(&sandbox)
        .jobs
        .into_iter()
        .find(|job| job.name == "encode");
    let child = queue::detail(&sandbox, &format!("{}:1", encode.expect("it is listed").id));
    let report = child.attempts[0]
        .report_at
        .clone()
        .expect("it was recorded");
    assert!(report.ends_with("-1_1.json"), "{report}");
    sandbox.assert_clean();
}

#[test]
fn the_formats_say_the_same() {
    let sandbox = sandbox();
    let toml = planned(&sandbox, "submit media/jobs.toml --dry-run --json");
    let command = "ffmpeg -i {input} -c:v libx264 -preset ultrafast -an {output}";
    let passes = [
        "ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 1 -an -f null -",
        "ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 2 -an {output}",
    ];
    let same = json!({
        "defaults": { "priority": 3 },
        "jobs": [
            { "name": "encode", "inputs": "in/*.mp4", "output": "out/{stem}.mkv", "command": command, "array": true },
            { "name": "passes", "inputs": ["in/a.mp4"], "output": "out/{stem}-{index}-{compute}.mp4", "command": passes },
            { "name": "fields", "input_url": "in/a.mp4", "output_file_options": "-frames:v 3 -c:v libx264", "output_url": "out/fields.mp4" },
            { "name": "join", "needs": ["encode", "passes"], "files": ["list.txt"],
              "command": "ffmpeg -f concat -safe 0 -i out/list.txt -c copy out/all.mkv" },
        ]
    });
    let yaml = "\
defaults:
  priority: 3
jobs:
  - name: encode
    inputs: in/*.mp4
    output: out/{stem}.mkv
    command: ffmpeg -i {input} -c:v libx264 -preset ultrafast -an {output}
    array: true
  - name: passes
    inputs: [in/a.mp4]
    output: out/{stem}-{index}-{compute}.mp4
    command:
      - ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 1 -an -f null -
      - ffmpeg -i {input} -c:v libx264 -b:v 200k -pass 2 -an {output}
  - name: fields
    input_url: in/a.mp4
    output_file_options: -frames:v 3 -c:v libx264
    output_url: out/fields.mp4
  - name: join
    needs: [encode, passes]
    files: [list.txt]
    command: ffmpeg -f concat -safe 0 -i out/list.txt -c copy out/all.mkv
";
    for (name, text) in [
        ("jobs.json", same.to_string()),
        ("jobs.yaml", yaml.to_owned()),
    ] {
        sandbox.write(&format!("media/{name}"), text);
        let plan = planned(&sandbox, &format!("submit media/{name} --dry-run --json"));
        assert_eq!(plan, toml, "{name}");
    }
    assert!(
        queue::list(&sandbox).jobs.is_empty(),
        "nothing was to be submitted"
    );
    assert_eq!(toml.as_array().map(Vec::len), Some(4));
}

#[test]
fn the_later_layer_wins() {
    let mut sandbox = sandbox();
    let priority = |sandbox: &Sandbox, flags: &str| {
        let plan = planned(
            sandbox,
            &format!("submit media/jobs.toml --dry-run --json{flags}"),
        );
        plan[0]["terms"]["priority"].clone()
    };
    assert_eq!(priority(&sandbox, ""), json!(3));
    sandbox.set("FFBATCH_DEFAULTS__PRIORITY", "5");
    assert_eq!(priority(&sandbox, ""), json!(5));
    assert_eq!(priority(&sandbox, " --priority 7"), json!(7));
}

#[test]
fn terms_of_aws_come_from_the_file_from_variables_and_from_flags() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("FFBATCH_DEFAULTS__TAGS__CostCenter", "4711");
    let text = "
        [defaults]
        compute = 'nvidia'
        tags = { team = 'video', show = 'a' }
        [[jobs]]
        command = 'ffmpeg -i s3://b/in.mp4 s3://b/out.mp4'
        gpus = 2
        share = 'night'
        tags = { show = 'b' }
    ";
    sandbox.write("media/jobs.toml", text);
    let terms = |flags: &str| {
        let words = format!("submit media/jobs.toml --dry-run --json{flags}");
        let mut terms = planned(&sandbox, &words)[0]["terms"].clone();
        let rest = ["priority", "retry"];
        terms
            .as_object_mut()
            .expect("an object")
            .retain(|key, _| !rest.contains(&key.as_str()));
        terms
    };
    let tags = json!({ "CostCenter": "4711", "show": "b", "team": "video" });
    assert_eq!(
        terms(""),
        json!({ "gpus": 2, "share": "night", "tags": tags })
    );
    let tags = json!({ "CostCenter": "4711", "show": "c=d", "team": "video" });
    let flags = " --gpus 1 --share day --instance-type g6.xlarge --tag show=c=d";
    assert_eq!(
        terms(flags),
        json!({ "gpus": 1, "share": "day", "instance_type": "g6.xlarge", "tags": tags })
    );
    let words = "submit media/jobs.toml --dry-run --tag team";
    sandbox
        .ffbatch(words.split(' '))
        .fails(Exit::Rejected, "write KEY=VALUE");
    let words = "submit media/jobs.toml --dry-run --tag aws:x=1";
    sandbox
        .ffbatch(words.split(' '))
        .fails(Exit::Rejected, "the tag `aws:x` is not possible");
    check_refused(
        "j.toml",
        &text.replace("gpus", "gpu"),
        "unknown key `gpu` in a job (did you mean `gpus`?)",
    );
}

#[test]
fn more_inputs_than_an_array_holds_are_several_arrays() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let inputs: Vec<String> = (0..10_001)
        .map(|number| format!("'{number}.mp4'"))
        .collect();
    let inputs = inputs.join(",");
    let text = format!(
        "[defaults]\narray = true\n[[jobs]]\nname = 'cut'\ninputs = [{inputs}]\ncommand = 'ffmpeg -i {{input}} a/{{stem}}.mkv'\n\
         [[jobs]]\nname = 'pack'\ninputs = [{inputs}]\ncommand = 'ffmpeg -i a/{{stem}}.mkv b/{{stem}}.mp4'\nneeds = {{ job = 'cut', kind = 'N_TO_N' }}\n\
         [[jobs]]\nname = 'all'\ncommand = 'ffmpeg -i in.mp4 all.mp4'\nneeds = ['pack']\n"
    );
    sandbox.write("jobs.toml", text);
    let submitted = sandbox.ffbatch(["submit", "jobs.toml", "--json"]);
    submitted.ok();
    sandbox.ffbatch(["cancel", "--all", "--yes"]).ok();
    let mut arrays: Vec<(String, u32, Vec<String>)> = queue::list(&sandbox)
        .jobs
        .into_iter()
        .map(|job| {
            let children = job
                .array
                .as_ref()
                .map_or(1, |children| children.values().sum());
            // What pairs children is told by each of them.
            let asked = if job.array.is_some() { ":4999" } else { "" };
            let needs = queue::detail(&sandbox, &format!("{}{asked}", job.id)).depends_on;
            let needs = needs
                .into_iter()
                .map(|need| format!("{} {}", need.name, need.kind.name()));
            (job.name, children, needs.collect())
        })
        .collect();
    arrays.sort();
    let expected = [
        ("all", 1, vec!["pack-1 WHOLE", "pack-2 WHOLE"]),
        ("cut-1", 5001, vec![]),
        ("cut-2", 5000, vec![]),
        ("pack-1", 5001, vec!["cut-1 N_TO_N"]),
        ("pack-2", 5000, vec!["cut-2 N_TO_N"]),
    ];
    let expected = expected.map(|(name, children, needs)| {
        let needs = needs.into_iter().map(str::to_owned).collect();
        (name.to_owned(), children, needs)
    });
    assert_eq!(arrays, expected);
}

#[test]
fn a_prefix_in_s3_is_a_list_of_inputs() {
    let site = Site::s3();
    for name in ["in/x y.mp4", "in/deep/z.mp4", "other.mp4"] {
        site.place(OTHER, name);
    }
    let job = json!({ "inputs": "s3://media/in/", "output": "s3://media/out/{dir}{stem}.mkv",
        "command": "ffmpeg -i {input} -c copy {output}" });
    let ended = queue::submit_with(&site.sandbox, &[job.to_string()], &["--wait"]);
    ended.ok();
    site.assert_names([
        "in/x y.mp4",
        "in/deep/z.mp4",
        "other.mp4",
        "out/x y.mkv",
        "out/deep/z.mkv",
    ]);
}

#[test]
fn whole_jobs_come_as_lines() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let command =
        ffbatch_dispatcher::command::Command::new(["-i", "in.mp4", "-c", "copy", "whole.mp4"]);
    let whole = Job {
        name: "whole".into(),
        ..Job::of(vec![command])
    };
    let lines = [
        whole.to_json(),
        queue::line("line", "-i in.mp4 -c copy line.mp4"),
    ];
    queue::submit_with(&sandbox, &lines, &["--wait"]).ok();
    for name in ["whole.mp4", "line.mp4"] {
        assert_eq!(frames(&sandbox.path(name)), 50);
    }
}

/// A file that is refused with this sentence, before anything is submitted.
#[track_caller]
fn check_refused(name: &str, text: &str, expected: &str) {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.write(name, text);
    let said: Ended = sandbox.ffbatch(["submit", name]);
    said.fails(Exit::Rejected, expected);
    assert!(
        queue::list(&sandbox).jobs.is_empty(),
        "something was submitted"
    );
    assert!(!fs::exists(sandbox.path("a.mp4")).expect("it can be asked"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let job = |rest: &str| {
        format!("[[jobs]]\nname = \"a\"\ncommand = \"ffmpeg -i in.mp4 a.mp4\"\n{rest}")
    };
    check_refused(
        "j.toml",
        &job("vcpus = \"two\""),
        "j.toml:4:9: `vcpus`: expected a whole number",
    );
    check_refused(
        "j.toml",
        &job("comand = 1"),
        "j.toml:4:1: unknown key `comand` in a job (did you mean `command`?)",
    );
    check_refused(
        "j.toml",
        &job("name = \"b\""),
        "j.toml:4:1: the file is no TOML: duplicate key",
    );
    check_refused(
        "j.json",
        "{\n  \"jobs\": [",
        "j.json:2:11: the file is no JSON: it ends within a list",
    );
    check_refused("j.yaml", "jobs:\n- a: [", "j.yaml:");
    check_refused("j.txt", "", "`j.txt` does not tell how it is written");
    let glob = "[[jobs]]\ninputs = \"*.mov\"\ncommand = \"ffmpeg -i {input} a.mp4\"";
    check_refused("j.toml", glob, "`*.mov` matches no file");
    let placeholder = "[[jobs]]\ninputs = \"in.mp4\"\ncommand = \"ffmpeg -i {inptu} a.mp4\"";
    check_refused(
        "j.toml",
        placeholder,
        "unknown placeholder `{inptu}` (did you mean `input`?",
    );
    let quote = "[[jobs]]\ncommand = \"ffmpeg -i 'in.mp4 a.mp4\"";
    check_refused("j.toml", quote, "is never closed");
    check_refused(
        "j.toml",
        &job("compute = \"locla\""),
        "did you mean `local`?",
    );
    check_refused("j.toml", &job("quality = [\"vmfa\"]"), "vmaf");
    check_refused(
        "j.toml",
        &job("needs = [\"b\"]"),
        "it needs `b`, and no job of the file has that name",
    );
}

#[test]
fn jobs_that_get_into_each_others_way_are_refused() {
    let two = |needs: [&str; 2], lines: [&str; 2]| {
        let job = |name: &str, needs: &str, line: &str| {
            format!("[[jobs]]\nname = \"{name}\"\ncommand = \"ffmpeg {line}\"\nneeds = [{needs}]\n")
        };
        job("one", needs[0], lines[0]) + &job("two", needs[1], lines[1])
    };
    check_refused(
        "j.toml",
        &two(["", ""], ["-i in.mp4 a.mp4", "-i in.mp4 ./a.mp4"]),
        "job `one` and job `two` both write",
    );
    check_refused(
        "j.toml",
        &two(["", ""], ["-i in.mp4 a.mp4", "-i a.mp4 b.mp4"]),
        "job `two` reads",
    );
    check_refused(
        "j.toml",
        &two(
            ["\"two\"", "\"one\""],
            ["-i in.mp4 a.mp4", "-i in.mp4 b.mp4"],
        ),
        "one -> two -> one",
    );
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let all: Vec<String> = (0..21)
        .map(|n| queue::line(&format!("n{n}"), &format!("-i in.mp4 a{n}.mp4")))
        .collect();
    let needs: Vec<String> = (0..21).map(|n| format!("n{n}")).collect();
    let last = json!({ "command": "ffmpeg -i in.mp4 z.mp4", "needs": needs }).to_string();
    let said = queue::submit_with(&sandbox, &[all, vec![last]].concat(), &[]);
    said.fails(Exit::Rejected, "20 are the most");
    assert!(queue::list(&sandbox).jobs.is_empty());
}

#[test]
fn what_belongs_to_a_typed_job_is_refused_beside_a_file() {
    let sandbox = sandbox();
    for flags in ["--name x", "--file x", "--report x"] {
        let words = format!("submit media/jobs.toml {flags}");
        let said = sandbox.ffbatch(words.split(' '));
        assert_eq!(said.code, Some(2), "{said}");
    }
    let said = sandbox.ffbatch(["submit", "none.toml"]);
    assert_ne!(said.code, Some(0), "{said}");
    queue::submit_with(&sandbox, &[], &[]).fails(Exit::Rejected, "no job");
}
