use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;

use ffbatch_dispatcher::command::Command;
use tempfile::TempDir;

use super::*;

/// A directory with some files, in which a job is submitted.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().expect("a directory"));
        for name in ["in/a.mp4", "in/b.mp4", "out/old.mp4", "own/x"] {
            machine.write(name, "x");
        }
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        let root = self.0.path().canonicalize().expect("there");
        root.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("joined")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn of(&self, words: &str) -> Result<Vec<Mount>, String> {
        let root = self.at("");
        let root = root.to_string_lossy();
        let words = words.split(' ').map(|word| word.replace('@', &root));
        let environment = Environment {
            worker: "image:1".into(),
            directory: self.at("own"),
            variables: Vec::new(),
        };
        of(&Job::of(vec![Command::new(words)]), &environment, &[])
    }

    /// Asserts what a container sees: `rw TARGET` or `ro TARGET`, with ` = SOURCE` where that is another path.
    #[track_caller]
    fn check(&self, words: &str, expected: &[&str]) {
        let short = |path: &Path| match path.strip_prefix(self.at("")) {
            Ok(below) => format!("@{}", below.display()),
            Err(_) => path.display().to_string(),
        };
        let shown = self.of(words).expect("possible").into_iter().map(|mount| {
            let how = if mount.writable { "rw" } else { "ro" };
            let target = short(&mount.target);
            match mount.source {
                Some(source) if source == mount.target => format!("{how} {target}"),
                Some(source) => format!("{how} {target} = {}", short(&source)),
                None => format!("empty {target}"),
            }
        });
        let shown: Vec<String> = shown.collect();
        assert_eq!(shown, expected, "{words}");
    }
}

#[test]
fn inputs_are_files_and_outputs_are_directories() {
    let machine = Machine::new();
    machine.check("-i @in/a.mp4 @out/o.mp4", &["ro @in/a.mp4", "rw @out"]);
    machine.check("-i @in/a.mp4 @new/deep/o.mp4", &["rw @"]);
    machine.check("-i @out/old.mp4 @out/new.mp4", &["rw @out"]);
    machine.check("-i @in/missing.mp4 @out/o.mp4", &["rw @out"]);
    machine.check("-i s3://b/k.mp4 s3://b/o.mp4", &[]);
    machine.check("-i @in/a.mp4 -f null -", &["ro @in/a.mp4"]);
}

#[test]
fn what_belongs_to_one_output_shares_a_directory() {
    let machine = Machine::new();
    machine.write("hls/x", "x");
    machine.check(
        "-i @in/a.mp4 -f hls -hls_segment_filename @out/%d.ts @hls/i.m3u8",
        &["rw @"],
    );
    machine.check(
        "-i @in/a.mp4 @out/o.mp4 @hls/o.mp4",
        &["rw @hls", "ro @in/a.mp4", "rw @out"],
    );
    machine.check(
        "-i @in/a.mp4 -f hls -var_stream_map v:0 @out/v%v/i.m3u8",
        &["ro @in/a.mp4", "rw @out"],
    );
}

#[test]
fn lists_and_patterns_bring_what_they_name() {
    let machine = Machine::new();
    machine.write("lists/l.txt", "file ../in/a.mp4\nfile '../in/b.mp4'\n");
    machine.check(
        "-f concat -safe 0 -i @lists/l.txt @out/o.mp4",
        &["ro @in/a.mp4", "ro @in/b.mp4", "ro @lists/l.txt", "rw @out"],
    );
    for number in 1..=3 {
        machine.write(&format!("pictures/{number}.png"), "x");
    }
    machine.check(
        "-i @pictures/%d.png @out/o.mp4",
        &["rw @out", "ro @pictures"],
    );
}

#[test]
fn links_are_followed_here() {
    let machine = Machine::new();
    symlink(machine.at("in/a.mp4"), machine.at("link.mp4")).expect("linked");
    symlink(machine.at("in"), machine.at("linked")).expect("linked");
    symlink("../in/b.mp4", machine.at("out/inside.mp4")).expect("linked");
    machine.check(
        "-i @link.mp4 @out/o.mp4",
        &["ro @link.mp4 = @in/a.mp4", "rw @out"],
    );
    machine.check(
        "-i @linked/a.mp4 @out/o.mp4",
        &["ro @linked/a.mp4 = @in/a.mp4", "rw @out"],
    );
    // Seen through the directory it is a link, which has to lead somewhere.
    machine.check(
        "-i @out/inside.mp4 @out/o.mp4",
        &["ro @in/b.mp4", "rw @out"],
    );
}

#[test]
fn a_path_that_leads_around_is_made() {
    let machine = Machine::new();
    machine.write("hls/x", "x");
    machine.check("-i ../in/a.mp4 @out/o.mp4", &["ro @in/a.mp4", "rw @out"]);
    machine.check(
        "-i @own/../hls/../in/a.mp4 @out/o.mp4",
        &["empty @hls", "ro @in/a.mp4", "rw @out"],
    );
}

#[test]
fn nothing_is_laid_over_what_the_image_has() {
    let machine = Machine::new();
    for output in [
        "/o.mp4",
        "/usr/o.mp4",
        "/etc/new/o.mp4",
        "/nothing/o.mp4",
        "/proc/o.mp4",
        "/dev/o.mp4",
    ] {
        let error = machine.of(&format!("-i @in/a.mp4 {output}"));
        let error = error.expect_err(output);
        assert!(error.contains("files of its own"), "{error}");
    }
}

#[test]
fn many_files_come_with_their_directory() {
    let machine = Machine::new();
    let mut list = String::new();
    for number in 0..100 {
        machine.write(&format!("many/{number}.mp4"), "x");
        writeln!(list, "file ../many/{number}.mp4").expect("a text");
    }
    machine.write("lists/l.txt", &list);
    machine.check(
        "-f concat -safe 0 -i @lists/l.txt @out/o.mp4",
        &["ro @lists/l.txt", "ro @many", "rw @out"],
    );
}
