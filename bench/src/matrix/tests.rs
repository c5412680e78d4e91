use figment::Figment;
use figment::providers::{Format, Toml};

use super::*;

fn expand(toml: &str) -> Result<Vec<Cell>, String> {
    let mut bench: BenchFile = Figment::from(Toml::string(toml))
        .extract()
        .expect("it reads");
    bench.directory = "/videos".into();
    cells(&bench, Path::new("/videos/codecs.toml"), "local").map_err(|error| error.to_string())
}

fn variant(rest: &str) -> String {
    format!("[[inputs]]\nurl = 'my clip.mp4'\n[[variants]]\nname = 'x264'\n{rest}")
}

#[track_caller]
fn refused(rest: &str, part: &str) {
    let said = expand(&variant(rest)).expect_err("it must be refused");
    assert!(said.contains(part), "`{said}` lacks `{part}`");
}

#[test]
fn every_combination() {
    let toml = variant(
        "command = \"ffmpeg -i {input} -preset {preset} -crf {crf} {output}.mp4\"\n\
         values = { preset = ['fast', 'slow'], crf = [20, 30] }\n\
         [[computes]]\ncompute = 'local'\nthreads = [1, 2]\n\
         [[computes]]\ncompute = 'arm'\ninstance_types = ['c7g.xlarge', 'c8g.xlarge']",
    );
    let cells = expand(&toml).expect("it is a matrix");
    let labels: Vec<String> = cells.iter().map(Cell::label).collect();
    insta::assert_snapshot!(labels.join("\n"), @r"
    x264 preset=fast crf=20, local 1 thread, my clip
    x264 preset=fast crf=20, local 2 threads, my clip
    x264 preset=fast crf=20, arm c7g.xlarge, my clip
    x264 preset=fast crf=20, arm c8g.xlarge, my clip
    x264 preset=fast crf=30, local 1 thread, my clip
    x264 preset=fast crf=30, local 2 threads, my clip
    x264 preset=fast crf=30, arm c7g.xlarge, my clip
    x264 preset=fast crf=30, arm c8g.xlarge, my clip
    x264 preset=slow crf=20, local 1 thread, my clip
    x264 preset=slow crf=20, local 2 threads, my clip
    x264 preset=slow crf=20, arm c7g.xlarge, my clip
    x264 preset=slow crf=20, arm c8g.xlarge, my clip
    x264 preset=slow crf=30, local 1 thread, my clip
    x264 preset=slow crf=30, local 2 threads, my clip
    x264 preset=slow crf=30, arm c7g.xlarge, my clip
    x264 preset=slow crf=30, arm c8g.xlarge, my clip
    ");
    // A space in a name stays in its word.
    let words = cells[0].commands_to("/out/x");
    let expected = [
        "-i",
        "/videos/my clip.mp4",
        "-preset",
        "fast",
        "-crf",
        "20",
        "/out/x.mp4",
    ];
    assert_eq!(words, [expected]);
}

#[test]
fn a_cell_is_named_by_what_it_does() {
    let with = |name: &str, crf: u32| {
        let toml = variant(&format!(
            "command = 'ffmpeg -i {{input}} -crf {crf} {{output}}.mp4'"
        ));
        let cells = expand(&toml.replace("x264", name)).expect("a matrix");
        cells[0].id.clone()
    };
    assert_eq!(with("x264", 20), with("other", 20));
    assert_ne!(with("x264", 20), with("x264", 21));
    assert_eq!(with("x264", 20).len(), 12);
}

#[test]
fn ladders() {
    let rungs = |rest: &str| -> Vec<String> {
        let cells = expand(&variant(rest)).expect("a matrix");
        let rung = |cell: Cell| {
            cell.rung
                .map_or_else(|| "-".into(), |rung| format!("{}={}", rung.key, rung.value))
        };
        cells.into_iter().map(rung).collect()
    };
    let command = "command = 'ffmpeg -i {input} -b:v {b} -g {gop} {output}.mp4'\n";
    let values = "values = { b = ['1M', '2M'], gop = [25, 50] }\n";
    assert_eq!(rungs(&format!("{command}{values}")), ["-"; 4]);
    let named = rungs(&format!("{command}{values}ladder = 'b'"));
    assert_eq!(named, ["b=1M", "b=2M", "b=1M", "b=2M"]);
    let single = "command = 'ffmpeg -i {input} -crf {crf} {output}.mp4'\nvalues = { crf = [20] }";
    assert_eq!(rungs(single), ["-"]);
}

#[test]
fn two_passes_are_one_job() {
    let cells = expand(&variant(
        "command = 'ffmpeg -i {input} -b:v 1M -pass 1 -f null -'\nthen = ['ffmpeg -i {input} -b:v 1M -pass 2 {output}.mp4']",
    ));
    assert_eq!(cells.expect("a matrix")[0].commands.len(), 2);
}

#[test]
fn what_makes_no_sense() {
    let command = "command = 'ffmpeg -i {input} -crf {crf} {output}.mp4'\n";
    refused(
        command,
        "the variant `x264` has an unknown placeholder `{crf}`",
    );
    refused(
        &format!("{command}values = {{ crf = [] }}"),
        "has no value for `crf`",
    );
    refused(
        &format!("{command}values = {{ crf = [20], preset = ['fast'] }}"),
        "never uses `preset`",
    );
    refused(
        &format!("{command}values = {{ crf = [20], input = ['b'] }}"),
        "a meaning of its own",
    );
    refused(
        &format!("{command}values = {{ crf = [20] }}\nladder = 'qp'"),
        "no values for its ladder `qp`",
    );
    refused(
        &format!("{command}values = {{ crf = [20, 20] }}"),
        "are the same",
    );
    refused("command = 'ffmpeg -i {input} a.mp4'", "never uses `output`");
    refused("command = 'ffmpeg {output}.mp4'", "never uses `input`");
    refused(
        "command = 'x264 {input} {output}.mp4'",
        "is no ffmpeg command",
    );
    refused(
        "command = \"ffmpeg -i {input} 'a {output}.mp4\"",
        "cannot be read",
    );
    let two = "command = 'ffmpeg -i {input} {output}.mp4'\n[[inputs]]\nurl = 'b/my clip.mov'";
    refused(two, "two inputs are called `my clip`");
    refused(&two.replace("b/my clip.mov", "rtmp://a/b"), "is live");
}
