//! What people read when a file is malformed.

use super::read;
use crate::format::Format;

#[track_caller]
fn refused(format: Format, text: &str) -> String {
    let name = match format {
        Format::Toml => "jobs.toml",
        Format::Json => "jobs.json",
        Format::Yaml => "jobs.yaml",
    };
    let error = read(text, format, name).expect_err("it is refused");
    error.to_string()
}

#[track_caller]
fn toml(text: &str) -> String {
    refused(Format::Toml, text)
}

#[track_caller]
fn json(text: &str) -> String {
    refused(Format::Json, text)
}

#[track_caller]
fn yaml(text: &str) -> String {
    refused(Format::Yaml, text)
}

#[test]
fn the_syntax_is_wrong() {
    insta::assert_snapshot!(toml("[[jobs]]\nname = \"a\ncommand = 'x'"), @"jobs.toml:2:10: the file is no TOML: invalid basic string");
    insta::assert_snapshot!(toml("[[jobs]]\nname = a"), @r#"jobs.toml:2:8: the file is no TOML: invalid string, expected `"`, `'`"#);
    insta::assert_snapshot!(toml("[[jobs]\n"), @"jobs.toml:1:7: the file is no TOML: invalid table header, expected `.`, `]]`");
    insta::assert_snapshot!(toml("[[jobs]]\nname = 'a'\nname = 'b'"), @"jobs.toml:3:1: the file is no TOML: duplicate key `name` in table `jobs`");
    insta::assert_snapshot!(json("{\"jobs\": [\n  {\"name\": \"a\",}\n]}"), @"jobs.json:2:16: the file is no JSON: expected a key in double quotes");
    insta::assert_snapshot!(json("{\"jobs\": ["), @"jobs.json:1:10: the file is no JSON: it ends within a list");
    insta::assert_snapshot!(json(""), @"jobs.json:1:1: the file is no JSON: it ends within a value");
    insta::assert_snapshot!(yaml("jobs:\n  - name: a\n   command: b"), @"jobs.yaml:3:4: the file is no YAML: while parsing a block collection, did not find expected '-' indicator");
    insta::assert_snapshot!(yaml("jobs:\n  - name: \"a"), @"jobs.yaml:2:11: the file is no YAML: while scanning a quoted scalar, found unexpected end of stream");
    insta::assert_snapshot!(yaml("jobs: []\n---\njobs: []"), @"jobs.yaml:3:1: the file is no YAML: a second document (a job file is one, remove the `---`)");
}

#[test]
fn a_key_is_not_known() {
    insta::assert_snapshot!(toml("[[jobs]]\nname = 'a'\ncomand = 'x'"), @"jobs.toml:3:1: unknown key `comand` in a job (did you mean `command`?)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\ninput = 'x'"), @"jobs.toml:3:1: unknown key `input` in a job (did you mean `inputs`?)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\ncodec = 'x'"), @"jobs.toml:3:1: unknown key `codec` in a job (known: name, inputs, output, command, global_options, input_file_options, input_url, output_file_options, output_url, needs, compute, quality, vmaf_model, measure, at_source_size, vcpus, memory_mib, gpus, instance_type, share, tags, priority, timeout_secs, retry, require_confinement, array, files)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nretry = { attempts = 1, evaluate = [] }"), @"jobs.toml:3:25: unknown key `evaluate` in `retry` (did you mean `evaluate_on_exit`?)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\n[[jobs.retry.evaluate_on_exit]]\non_exit = '1'"), @"jobs.toml:4:1: unknown key `on_exit` in `retry.evaluate_on_exit` (did you mean `on_exit_code`?)");
    insta::assert_snapshot!(toml("[[job]]\ncommand = 'x'"), @"jobs.toml:1:3: unknown key `job` in the file (did you mean `jobs`?)");
    insta::assert_snapshot!(toml("[default]\nvcpus = 2"), @"jobs.toml:1:2: unknown key `default` in the file (did you mean `defaults`?)");
    insta::assert_snapshot!(toml("[defaults]\nvcpu = 2"), @"jobs.toml:2:1: unknown key `vcpu` in `defaults` (did you mean `vcpus`?)");
    insta::assert_snapshot!(toml("[defaults]\ncommand = 'x'"), @"jobs.toml:2:1: `command` belongs to a job, not to `defaults` (move it there)");
    insta::assert_snapshot!(toml("compute = 'arm'\n[[jobs]]\ncommand = 'x'"), @"jobs.toml:1:1: `compute` stands at the top of the file (put it under `defaults`, or in a job)");
    insta::assert_snapshot!(toml("command = 'ffmpeg -i a b'"), @"jobs.toml:1:1: `command` stands at the top of the file (put it in a job, under `jobs`)");
    insta::assert_snapshot!(json("{\"jobs\": [\n  {\"comand\": \"a\"}\n]}"), @"jobs.json:2:4: unknown key `comand` in a job (did you mean `command`?)");
    insta::assert_snapshot!(yaml("jobs:\n  - name: a\n    comand: b"), @"jobs.yaml:3:5: unknown key `comand` in a job (did you mean `command`?)");
}

#[test]
fn a_value_is_of_the_wrong_kind() {
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nvcpus = \"two\""), @"jobs.toml:3:9: `vcpus`: expected a whole number from 0 to 4294967295, found the text `two`");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nvcpus = -1"), @"jobs.toml:3:9: `vcpus`: expected a whole number from 0 to 4294967295, found the number -1");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nvcpus = 1.5"), @"jobs.toml:3:9: `vcpus`: expected a whole number from 0 to 4294967295, found the number 1.5");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\npriority = 70000"), @"jobs.toml:3:12: `priority`: expected a whole number from 0 to 65535, found the number 70000");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\narray = 'yes'"), @"jobs.toml:3:9: `array`: expected `true` or `false`, found the text `yes`");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 3"), @"jobs.toml:2:11: `command`: expected a text or a list of texts, found the number 3 (put it in quotes)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = ['x', 3]"), @"jobs.toml:2:17: `command`: expected a text, found the number 3 (put it in quotes)");
    insta::assert_snapshot!(toml("[[jobs]]\nname = 3\ncommand = 'x'"), @"jobs.toml:2:8: `name`: expected a text, found the number 3 (put it in quotes)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nretry = 3"), @"jobs.toml:3:9: `retry`: expected a table, found the number 3");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\n[[jobs.retry.evaluate_on_exit]]\non_exit_code = '1'"), @"jobs.toml:3:1: `retry.evaluate_on_exit`: `action` is missing (add it)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nneeds = 3"), @r#"jobs.toml:3:9: `needs`: expected a job's name, a table such as `{ job = "name", kind = "N_TO_N" }`, or a list of them, found the number 3"#);
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\nneeds = ['a', { job = 'b', kind = 'N_TO_1' }]"), @"jobs.toml:3:35: `needs.kind`: unknown value `N_TO_1` (did you mean `N_TO_N`?)");
    insta::assert_snapshot!(toml("[jobs]\ncommand = 'x'"), @"jobs.toml:1:1: `jobs`: expected a list of jobs (in TOML each begins with `[[jobs]]`), found a table");
    insta::assert_snapshot!(toml("jobs = ['x']"), @"jobs.toml:1:9: expected a table, found the text `x`");
    insta::assert_snapshot!(toml("defaults = 3"), @"jobs.toml:1:12: expected a table, found the number 3");
    insta::assert_snapshot!(json("{\"jobs\": [\n  {\"command\": \"a\",\n   \"vcpus\": \"two\"}\n]}"), @"jobs.json:3:13: `vcpus`: expected a whole number from 0 to 4294967295, found the text `two`");
    insta::assert_snapshot!(json("[]"), @"jobs.json:1:1: expected a table with `jobs` in it, found a list");
    insta::assert_snapshot!(json("{\"jobs\": [{\"command\": \"a\", \"command\": \"b\"}]}"), @"jobs.json:1:11: `command` is given twice (keep one of them)");
    insta::assert_snapshot!(yaml("jobs:\n  - command: a\n    vcpus: two"), @"jobs.yaml:3:12: `vcpus`: expected a whole number from 0 to 4294967295, found the text `two`");
    insta::assert_snapshot!(yaml("jobs:\n  - command: a\n    name: 12"), @"jobs.yaml:3:11: `name`: expected a text, found the number 12 (put it in quotes)");
}

#[test]
fn an_entry_alone_is_wrong() {
    insta::assert_snapshot!(toml(""), @"jobs.toml: there is no job in it (begin each with `[[jobs]]`)");
    insta::assert_snapshot!(yaml("jobs:\n"), @"jobs.yaml: there is no job in it (list them under `jobs`)");
    insta::assert_snapshot!(toml("[[jobs]]\nname = 'a'"), @r#"jobs.toml:1:1: job `a`: there is no command (add `command = "ffmpeg -i in.mp4 out.mp4"`)"#);
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = 'x'\noutput_url = 'x'"), @"jobs.toml:3:1: job 1: `command` and `output_url` exclude each other (give the whole command, or its parts)");
    insta::assert_snapshot!(toml("[[jobs]]\ncommand = []"), @"jobs.toml:2:1: job 1: `command` is empty (leave it out, or fill it)");
    insta::assert_snapshot!(toml("[[jobs]]\nname = 'a'\ncommand = 'x'\n\n[[jobs]]\ncommand = 'x'\nname = 'a'"), @"jobs.toml:7:1: job `a`: a job of this name begins in line 1 already (rename one of them)");
}

#[test]
fn the_three_formats_say_the_same() {
    let toml = "[defaults]\nvcpus = 2\n[[jobs]]\nname = 'a'\ninputs = ['x', 'y']\ncommand = '-i {input} {stem}.mp4'\nretry.attempts = 2\n\
                [[jobs]]\ncommand = '-i a b'\nneeds = ['a', { job = 'a', kind = 'N_TO_N' }]";
    let json = r#"{"defaults": {"vcpus": 2}, "jobs": [
        {"name": "a", "inputs": ["x", "\u0079"], "command": "-i {input} {stem}.mp4", "retry": {"attempts": 2}, "output": null},
        {"command": "-i a b", "needs": ["a", {"job": "a", "kind": "N_TO_N"}]}]}"#;
    let yaml = "defaults: &d\n  vcpus: 2\njobs:\n  - name: a\n    inputs: [x, y]\n    command: -i {input} {stem}.mp4\n    retry: {attempts: 2}\n  \
                - command: >-\n      -i a\n      b\n    needs:\n      - a\n      - {job: a, kind: N_TO_N}";
    let said = |text: &str, format| {
        let file = read(text, format, "jobs").expect("it is read");
        let entries: Vec<String> = file
            .entries
            .iter()
            .map(|one| format!("{:?}", one.body))
            .collect();
        (file.defaults, entries)
    };
    let expected = said(toml, Format::Toml);
    assert_eq!(said(json, Format::Json), expected);
    assert_eq!(said(yaml, Format::Yaml), expected);
}
