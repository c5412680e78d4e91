//! What a person sees, on a terminal, in a pipe, and through a program that reads JSON.

use std::path::Path;
use std::process::Command;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::state::State;
use ffbatch_tests::clip::{LONG, SHORT};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::queue;
use ffbatch_tests::sandbox::{Sandbox, until};
use ffbatch_tests::tools;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// What begins every command to a terminal (ECMA-48).
const ESCAPE: char = '\u{1b}';

/// Runs `ffbatch WORDS` on a terminal of its own (util-linux's `script`); what it shows is the standard output.
#[track_caller]
fn on_terminal(sandbox: &Sandbox, columns: u16, variables: &[(&str, &str)], words: &str) -> Ended {
    let line = format!(
        "stty cols {columns} rows 24; exec {} {words}",
        tools::ffbatch().display()
    );
    let mut command = sandbox.command(Path::new("script"));
    command
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh");
    command.envs(variables.iter().copied());
    sandbox.end(command.args(["--quiet", "--return", "--command", &line, "/dev/null"]))
}

const ENCODE: &str = "run -- ffmpeg -i long.mp4 -c:v libx264 -preset medium out.mp4";

#[test]
fn a_terminal_shows_a_bar_with_speed_and_time_to_go() {
    let sandbox = Sandbox::with(LONG, "long.mp4");
    let shown = on_terminal(&sandbox, 80, &[], ENCODE);
    shown.ok();
    for part in ["transcode", "━", " %", "ETA 0:", "x  ", "frames"] {
        assert!(shown.stdout.contains(part), "`{part}` is missing\n{shown}");
    }
    assert!(
        shown.stdout.contains("\u{1b}[36m"),
        "the bar has no colour\n{shown}"
    );
}

#[test]
fn no_color_leaves_the_bar_and_takes_its_colours() {
    let sandbox = Sandbox::with(LONG, "long.mp4");
    let shown = on_terminal(&sandbox, 80, &[("NO_COLOR", "1")], ENCODE);
    shown.ok();
    assert!(shown.stdout.contains("ETA 0:"), "{shown}");
    assert!(
        !shown.stdout.contains("\u{1b}[3"),
        "there is a colour\n{shown}"
    );
}

#[test]
fn a_bar_fits_a_narrow_terminal() {
    let sandbox = Sandbox::with(LONG, "long.mp4");
    let shown = on_terminal(&sandbox, 40, &[("NO_COLOR", "1")], ENCODE);
    shown.ok();
    let bars = shown
        .stdout
        .split(['\r', '\n', ESCAPE])
        .filter(|line| line.contains('━'));
    let widest = bars
        .map(|line| line.trim_start_matches("[2K").trim_end().chars().count())
        .max();
    assert!(
        widest.is_some_and(|width| width <= 40),
        "{widest:?} columns\n{shown}"
    );
}

#[test]
fn a_dumb_terminal_shows_plain_lines() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let shown = on_terminal(
        &sandbox,
        80,
        &[("TERM", "dumb")],
        "run -- ffmpeg -i in.mp4 out.mp4",
    );
    shown.ok();
    assert!(shown.stdout.contains("transcode: done in"), "{shown}");
    assert!(!shown.stdout.contains(ESCAPE), "{shown}");
}

#[test]
fn a_pipe_gets_plain_lines_and_a_table() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let ended = sandbox.ffbatch("run -- ffmpeg -i in.mp4 -c:v libx264 out.mp4".split(' '));
    ended.ok();
    assert!(ended.stderr.starts_with("transcode: done in"), "{ended}");
    assert!(
        ended.stdout.starts_with("STAGE") && ended.stdout.contains("\nout.mp4"),
        "{ended}"
    );
    assert!(ended.stdout.contains("50 frames"), "{ended}");
    let both = ended.stdout.clone() + &ended.stderr;
    assert!(
        !both.contains([ESCAPE, '\r']) && !both.contains(" 0 B"),
        "{ended}"
    );
}

#[test]
fn ffmpegs_log_is_shown_when_asked_for_and_once() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let words = |verbose: &str| {
        let line = format!("{verbose} run -- ffmpeg -i in.mp4 -c:v nosuchencoder out.mp4");
        sandbox.ffbatch(line.split_whitespace())
    };
    let count = |ended: &Ended, text: &str| ended.stderr.matches(text).count();
    let (plain, verbose, twice) = (words(""), words("-v"), words("-vv"));
    for ended in [&plain, &verbose, &twice] {
        ended.fails(Exit::Ffmpeg, "nosuchencoder");
        // Once in ffmpeg's own line, once in the sentence.
        assert_eq!(
            count(ended, "Unknown encoder 'nosuchencoder'"),
            2,
            "{ended}"
        );
        assert_eq!(count(ended, "error: "), 1, "{ended}");
    }
    assert_eq!(count(&plain, "Stream #0"), 0);
    assert!(count(&verbose, "Stream #0") > 0, "{verbose}");
    assert_eq!(count(&verbose, "submitted"), 0);
    assert_eq!(count(&twice, "submitted"), 1, "{twice}");
}

#[test]
fn a_terminal_that_closed_at_once_took_the_runner_along() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let line = "submit -- ffmpeg -i in.mp4 -c copy out.mp4";
    on_terminal(&sandbox, 80, &[], line).ok();
    // Whoever waits would start another runner; whoever lists does not.
    until("the job has run", || {
        queue::list(&sandbox).counts.get(&State::Succeeded) == Some(&1)
    });
}

#[test]
fn a_program_that_submits_a_file_and_waits_reads_one_object() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let job = |name: &str, words: &str| {
        format!("[[jobs]]\nname = '{name}'\ncommand = 'ffmpeg -i in.mp4 {words}'\n")
    };
    let jobs = job("good", "-c copy good.mp4") + &job("bad", "-c:v none bad.mp4");
    sandbox.write("jobs.toml", &jobs);
    let dry = sandbox.ffbatch(["submit", "jobs.toml", "--dry-run", "--json"]);
    let shown: Value = serde_json::from_str(&dry.ok().stdout).expect("one JSON list");
    assert_eq!(shown[1]["name"], "bad");
    assert_eq!(queue::count(&sandbox), 0, "a dry run submitted something");
    let ended = sandbox.ffbatch(["submit", "jobs.toml", "--wait", "--json"]);
    assert_eq!(ended.code, Some(i32::from(Exit::Jobs.code())), "{ended}");
    let whole: Value = serde_json::from_str(&ended.stdout).expect("one JSON object");
    assert_eq!(whole["counts"], json!({ "SUCCEEDED": 1, "FAILED": 1 }));
}

/// Something that `ffbatch run --json` refuses: one JSON object with the reason, and nothing else on standard output.
#[track_caller]
fn check_refusal(words: &[&str], exit: Exit, part: &str) {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let mut all = vec!["run", "--json"];
    all.extend(words);
    let ended = sandbox.ffbatch(all);
    assert_eq!(ended.code, Some(i32::from(exit.code())), "{ended}");
    let whole: Value = match serde_json::from_str(&ended.stdout) {
        Ok(whole) => whole,
        Err(error) => panic!("it is not one JSON object: {error}\n{ended}"),
    };
    let mut keys: Vec<&str> = whole
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["code", "error", "exit", "job_id", "report", "report_at"]
    );
    assert_eq!(whole["code"].as_u64(), Some(u64::from(exit.code())));
    assert_eq!(whole["exit"], serde_json::to_value(exit).expect("a name"));
    assert!(
        whole["error"]
            .as_str()
            .is_some_and(|error| error.contains(part)),
        "{whole:#}"
    );
}

#[test]
fn every_refusal_is_json_too() {
    let rejected = Exit::Rejected;
    check_refusal(&["--", "ffmpeg", "-i", "in.mp4"], rejected, "no output");
    check_refusal(&[], rejected, "no command was given");
    check_refusal(
        &["--no-such-flag", "--", "ffmpeg"],
        rejected,
        "--no-such-flag",
    );
    check_refusal(
        &["--compute", "moon", "--", "ffmpeg", "-i", "in.mp4", "o.mp4"],
        rejected,
        "local",
    );
    check_refusal(
        &[
            "--config",
            "none.toml",
            "--",
            "ffmpeg",
            "-i",
            "in.mp4",
            "o.mp4",
        ],
        rejected,
        "none.toml",
    );
    check_refusal(
        &["--", "ffmpeg", "-i", "none.mp4", "o.mp4"],
        Exit::Input,
        "none.mp4",
    );
    check_refusal(
        &["--", "ffmpeg", "-i", "in.mp4", "-c:v", "none", "o.mp4"],
        Exit::Ffmpeg,
        "none",
    );
}

#[test]
fn a_worker_that_is_missing_is_json_too() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("FFBATCH_WORKER", "/none/ffbatch-worker");
    let ended = sandbox.job("-i in.mp4 out.mp4".split(' '));
    let whole: Value = serde_json::from_str(&ended.stdout).expect("one JSON object");
    assert_eq!(ended.code, Some(i32::from(Exit::Machine.code())), "{ended}");
    assert!(
        whole["error"]
            .as_str()
            .is_some_and(|error| error.contains("/none/")),
        "{whole:#}"
    );
}

#[test]
fn the_help_reads_well() {
    let sandbox = Sandbox::new();
    let shown = |words: &str| sandbox.ffbatch(words.split(' ')).ok().stdout.clone();
    assert_snapshot!("help", shown("--help"));
    assert_snapshot!("help-run", shown("run --help"));
    for verb in [
        "submit", "list", "status", "wait", "logs", "why", "cancel", "retry", "agent", "computes",
    ] {
        assert_snapshot!(format!("help-{verb}"), shown(&format!("{verb} --help")));
    }
    for verb in ["up", "down", "synth", "openapi"] {
        let words = format!("deploy {verb} --help");
        assert_snapshot!(format!("help-deploy-{verb}"), shown(&words));
    }
    assert_snapshot!("help-traces-export", shown("traces export --help"));
    assert_snapshot!("help-image-push", shown("image push --help"));
    assert_snapshot!("help-prices", shown("prices --help"));
    assert_snapshot!("help-prices-refresh", shown("prices refresh --help"));
}

#[test]
fn the_documented_exit_codes_are_the_real_ones() {
    let help = Sandbox::new().ffbatch(["--help"]).stdout;
    let readme = std::fs::read_to_string(tools::repository().join("README.md"));
    let readme = readme.expect("the checkout has a README");
    for exit in Exit::ALL {
        let (code, meaning) = (exit.code(), exit.meaning());
        let table = readme
            .lines()
            .find(|line| line.starts_with(&format!("| {code} | ")));
        let table = table.unwrap_or_else(|| panic!("the README lacks {code}"));
        let short = meaning.trim_end_matches(" was moved");
        assert!(
            table.contains(short),
            "the README says `{table}` where the code says `{meaning}`"
        );
        let retried = table
            .split('|')
            .nth(3)
            .is_some_and(|cell| cell.trim() == "yes");
        assert_eq!(retried, exit.retry(), "`{table}`");
        let words: String = meaning.replace(", nothing was moved", ", nothing moved");
        assert!(
            help.contains(&format!("{code:>2}  {words}")),
            "the help lacks `{code}  {words}`\n{help}"
        );
    }
}

#[test]
fn completions_load_in_the_shells_that_are_here() {
    let sandbox = Sandbox::new();
    let load = [
        ("bash", "source ./script && complete -p ffbatch"),
        (
            "zsh",
            "autoload -U compinit && compinit -u -d ./dump && source ./script && (( $+functions[_ffbatch] ))",
        ),
        (
            "fish",
            "source ./script && complete -C 'ffbatch ru' | string match -q 'run*'",
        ),
    ];
    let mut loaded = 0;
    for (shell, line) in load {
        let script = sandbox.ffbatch(["completions", shell]);
        sandbox.write("script", &script.ok().stdout);
        if Command::new(shell).arg("--version").output().is_err() {
            eprintln!("SKIPPED: there is no {shell} here to load its completions");
            continue;
        }
        let ended = sandbox.end(sandbox.command(Path::new(shell)).args(["-c", line]));
        ended.ok();
        assert_eq!(ended.stderr, "", "{shell} complains");
        loaded += 1;
    }
    assert!(loaded > 0, "there is not even bash here");
}
