//! `ffbatch image push`: from archives and registries into a real registry, and into the repository of a stack.

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, Jobs};
use ffbatch_tests::docker;
use ffbatch_tests::ended::Ended;
use ffbatch_tests::registry::Registry;
use ffbatch_tests::sandbox::Sandbox;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The tag that jobs of this version start from.
const TAG: &str = concat!("cpu-", env!("CARGO_PKG_VERSION"));

/// Writes an archive of an image as `docker save` does, with one layer that holds one file.
#[track_caller]
fn save(sandbox: &Sandbox, architecture: &str, tag: &str, text: &str) -> String {
    let mut layer = tar::Builder::new(Vec::new());
    add(&mut layer, "about.txt", text.as_bytes());
    let layer = layer.into_inner().expect("it is in memory");
    let mut sum = "sha256:".to_owned();
    for byte in Sha256::digest(&layer) {
        write!(sum, "{byte:02x}").expect("a text takes everything");
    }
    let config = json!({
        "architecture": architecture, "os": "linux", "config": { "Cmd": ["/none"] },
        "rootfs": { "type": "layers", "diff_ids": [sum] },
    });
    let listed = json!([{ "Config": "c.json", "RepoTags": [format!("ffbatch:{tag}")], "Layers": ["layer.tar"] }]);
    let name = format!("{architecture}.tar");
    let mut archive = tar::Builder::new(File::create(sandbox.path(&name)).expect("a new file"));
    add(&mut archive, "layer.tar", &layer);
    add(&mut archive, "c.json", config.to_string().as_bytes());
    add(&mut archive, "manifest.json", listed.to_string().as_bytes());
    archive.finish().expect("written");
    name
}

#[track_caller]
fn add<W: std::io::Write>(archive: &mut tar::Builder<W>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, Path::new(name), bytes)
        .expect("written");
}

/// Runs `ffbatch image push --json` with these words; what it says it pushed.
#[track_caller]
fn push(sandbox: &Sandbox, words: &str) -> Vec<Value> {
    let pushed = tried(sandbox, &format!("--json {words}"));
    serde_json::from_str(&pushed.ok().stdout).expect("JSON")
}

fn tried(sandbox: &Sandbox, words: &str) -> Ended {
    sandbox.ffbatch(format!("image push {words}").split_whitespace())
}

/// Two archives, of two architectures, as flags.
fn both(sandbox: &Sandbox) -> String {
    let names = ["arm64", "amd64"].map(|one| save(sandbox, one, TAG, one));
    format!("--archive {} --archive {}", names[0], names[1])
}

#[test]
fn two_architectures_become_one_image() {
    let Some(registry) = Registry::open() else {
        return;
    };
    let sandbox = Sandbox::new();
    let to = format!("--to {}/team/ffbatch", registry.host());
    let flags = format!("{} {to}", both(&sandbox));
    let [first] = &push(&sandbox, &flags)[..] else {
        panic!("there is one image")
    };
    assert_eq!(
        first["image"],
        format!("{}/team/ffbatch:{TAG}", registry.host())
    );
    assert_eq!(first["platforms"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(first["pushed"], true);
    // Once more, which changes nothing.
    let again = &push(&sandbox, &flags)[0];
    assert_eq!(
        (&again["digest"], &again["pushed"]),
        (&first["digest"], &json!(false))
    );
    // To another repository from this one: the same image to the byte.
    let from = format!("--from {}/team/ffbatch --tag {TAG}", registry.host());
    let copy = &push(&sandbox, &format!("{from} --to {}/copy", registry.host()))[0];
    assert_eq!(
        (&copy["digest"], &copy["pushed"]),
        (&first["digest"], &json!(true))
    );
    // Each architecture has a tag of its own, which is an image as well.
    let part = format!("--from {}/team/ffbatch --tag {TAG}-arm64", registry.host());
    let part = &push(&sandbox, &format!("{part} --to {}/part", registry.host()))[0];
    assert_eq!(part["platforms"], json!(["linux/arm64"]));
    let said = tried(&sandbox, &flags);
    insta::assert_snapshot!(said.ok().to_string().replace(registry.host(), "HOST"));
}

#[test]
fn docker_pulls_what_was_pushed() {
    let Some(registry) = Registry::open() else {
        return;
    };
    if !docker::present() {
        return;
    }
    let sandbox = Sandbox::new();
    let flags = both(&sandbox);
    let pushed = &push(
        &sandbox,
        &format!("{flags} --to {}/pulled", registry.host()),
    )[0];
    let image = pushed["image"].as_str().expect("a name");
    docker::done(["pull", "--quiet", image]);
    let digests = docker::done([
        "image",
        "inspect",
        "--format",
        "{{.RepoDigests}} {{.Architecture}}",
        image,
    ]);
    docker::done(["rmi", image]);
    let digest = pushed["digest"].as_str().expect("a digest");
    assert!(digests.contains(digest), "{digests}");
    assert!(
        digests.contains("amd64") || digests.contains("arm64"),
        "{digests}"
    );
}

#[test]
fn a_tag_never_changes() {
    let Some(registry) = Registry::open() else {
        return;
    };
    let sandbox = Sandbox::new();
    let to = format!("--to {}/ffbatch", registry.host());
    let one = save(&sandbox, "amd64", "cpu-1", "one");
    let first = &push(&sandbox, &format!("--archive {one} {to}"))[0];
    save(&sandbox, "amd64", "cpu-1", "other");
    let other = tried(&sandbox, &format!("--archive {one} {to}"));
    other.fails(Exit::Rejected, "is another image there, sha256:");
    // Nor does another architecture come to it later.
    let arm = save(&sandbox, "arm64", "cpu-1", "arm");
    tried(&sandbox, &format!("--archive {arm} {to}")).fails(Exit::Rejected, "never changes");
    save(&sandbox, "amd64", "cpu-1", "one");
    let again = &push(&sandbox, &format!("--archive {one} {to}"))[0];
    assert_eq!(
        (&again["digest"], &again["pushed"]),
        (&first["digest"], &json!(false))
    );
}

#[test]
fn images_come_into_the_repository_of_a_stack() {
    let Some(registry) = Registry::closed() else {
        return;
    };
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.images_in(&registry);
    let sandbox = aws.sandbox();
    let flags = both(&sandbox);
    let none = tried(&sandbox, &flags);
    none.fails(Exit::Rejected, "there is no repository `batch-ffmpeg`");
    let up = "deploy up --yes --compute intel --compute arm";
    let up = sandbox.ffbatch(up.split(' '));
    let told = "\n  ffbatch image push --region us-east-1\n";
    assert!(up.ok().stderr.contains(told), "{up}");
    let compute = "--compute intel --compute arm";
    let lacking = tried(&sandbox, &format!("--archive amd64.tar {compute}"));
    lacking.fails(Exit::Rejected, "not for ARM64, which arm needs");
    let pushed = &push(&sandbox, &format!("{flags} {compute}"))[0];
    let image = format!("{}/batch-ffmpeg:{TAG}", registry.host());
    assert_eq!(pushed["image"], image);
    let doctor = sandbox.ffbatch(format!("deploy doctor {compute}").split(' '));
    let good = format!("none of {TAG} is missing");
    assert!(doctor.stdout.contains(&good), "{doctor}");
    // Without the login of Amazon ECR nobody gets in.
    let stranger = tried(
        &sandbox,
        &format!("{flags} --to {}/batch-ffmpeg", registry.host()),
    );
    stranger.fails(Exit::Rejected, "docker login");
}

#[test]
fn a_stack_with_one_architecture_takes_an_image_for_it() {
    let Some(registry) = Registry::closed() else {
        return;
    };
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.images_in(&registry);
    let sandbox = aws.sandbox();
    sandbox
        .ffbatch("deploy up --yes --compute intel".split(' '))
        .ok();
    let archive = save(&sandbox, "amd64", TAG, "amd64");
    let [pushed] = &push(&sandbox, &format!("--archive {archive} --compute intel"))[..] else {
        panic!("there is one image")
    };
    assert_eq!(pushed["platforms"], json!(["linux/amd64"]));
    // An image that no job starts from may go there as well, and that is said.
    let own = save(&sandbox, "amd64", "mine-1", "mine");
    let own = tried(&sandbox, &format!("--archive {own} --compute intel"));
    assert!(
        own.ok()
            .stderr
            .contains("note: no job starts from `mine-1`"),
        "{own}"
    );
    let forced = save(&sandbox, "arm64", "cpu-0.0.1", "arm");
    let flags = format!("--archive {forced} --incomplete --compute intel");
    tried(&sandbox, &flags).ok();
}

#[test]
fn logins_that_cannot_be_read() {
    let Some(registry) = Registry::open() else {
        return;
    };
    let mut sandbox = Sandbox::new();
    let docker = sandbox.directory("docker");
    std::fs::create_dir_all(&docker).expect("made");
    sandbox.set("DOCKER_CONFIG", &docker);
    let archive = save(&sandbox, "amd64", TAG, "x");
    let words = format!("--archive {archive} --to {}/x", registry.host());
    for (config, said) in [
        ("{ no JSON", "config.json"),
        (r#"{ "credsStore": "nobody-has-this" }"#, "is missing"),
    ] {
        std::fs::write(docker.join("config.json"), config).expect("written");
        tried(&sandbox, &words).fails(Exit::Rejected, said);
    }
    std::fs::write(docker.join("config.json"), "{}").expect("written");
    tried(&sandbox, &words).ok();
}

#[test]
fn what_cannot_be_pushed() {
    let Some(registry) = Registry::open() else {
        return;
    };
    let sandbox = Sandbox::new();
    sandbox.write("text.tar", "no archive".repeat(99));
    let archive = save(&sandbox, "amd64", TAG, "x");
    let there = format!("{}/x", registry.host());
    for (words, said) in [
        (
            format!("--archive none.tar --to {there}"),
            "`none.tar` cannot be unpacked: No such file",
        ),
        (
            format!("--archive text.tar --to {there}"),
            "`text.tar` cannot be unpacked",
        ),
        (
            format!("--archive {archive} --to ffbatch"),
            "names no registry",
        ),
        (
            format!("--archive {archive} --to {there}:tag"),
            "without a tag",
        ),
        (
            format!("--archive {archive} --to 127.0.0.1:9/x"),
            "`127.0.0.1:9` cannot be reached",
        ),
        (
            format!("--from {there} --tag cpu-9 --to {there}"),
            "there is no",
        ),
        (
            format!("--archive {archive} --from {there} --to {there}"),
            "cannot be used with",
        ),
    ] {
        tried(&sandbox, &words).fails(Exit::Rejected, said);
    }
}
