use super::*;

const LEAST: &str = "[[inputs]]\nurl = 'a.mp4'\n[[variants]]\nname = 'v'\ncommand = 'ffmpeg -i {input} {output}.mp4'\n";

fn read(toml: &str) -> Result<BenchFile, String> {
    let layers = Figment::from(Toml::string(toml));
    let read = BenchFile::of(Path::new("dir/codecs.toml"), &layers, Dict::new());
    read.map_err(|error| error.to_string())
}

#[track_caller]
fn refused(before: &str, after: &str, part: &str) {
    let said = read(&format!("{before}\n{LEAST}{after}")).expect_err("it must be refused");
    assert!(said.contains(part), "`{said}` lacks `{part}`");
    assert!(
        said.starts_with("`dir/codecs.toml` is no benchmark"),
        "{said}"
    );
}

#[test]
fn the_least_that_is_a_benchmark() {
    let bench = read(LEAST).expect("it is one");
    assert_eq!(bench.name, "codecs");
    assert_eq!(bench.quality, ["vmaf", "psnr", "ssim"]);
    assert_eq!((bench.repeats, bench.max_repeats), (3, 10));
    assert!(bench.warmup && bench.computes.is_empty());
}

#[test]
fn values_of_every_kind() {
    let bench = read(&format!("{LEAST}values = {{ a = [1, 2.5, 'x', \"-1\"] }}"));
    let bench = bench.expect("they are values");
    let texts: Vec<&str> = bench.variants[0].values["a"]
        .iter()
        .map(|one| &one.0[..])
        .collect();
    assert_eq!(texts, ["1", "2.5", "x", "-1"]);
}

#[test]
fn flags_win() {
    let layers = Figment::from(Toml::string("repeats = 5")).merge(Toml::string(LEAST));
    let flags = Dict::from([("repeats".to_owned(), 4.into())]);
    let bench = BenchFile::of(Path::new("a.toml"), &layers, flags).expect("it reads");
    assert_eq!(bench.repeats, 4);
}

#[test]
fn what_makes_no_sense() {
    refused("repeet = 3", "", "unknown field");
    refused("", "presett = 'fast'", "unknown field: found `presett`");
    refused("repeats = 0", "", "`repeats` is 0");
    refused(
        "repeats = 5\nmax_repeats = 4",
        "",
        "1 <= repeats <= max_repeats",
    );
    refused(
        "precision_percent = 0",
        "",
        "`precision_percent` is no positive number",
    );
    refused("max_usd = -1", "", "`max_usd` is no number from 0 on");
    refused("min_vmaf = 101", "", "VMAF goes from 0 to 100");
    refused("quality = ['psnr']\nmin_vmaf = 90", "", "add \"vmaf\"");
    refused("rank_by = 'beauty'", "", "unknown variant");
    refused(
        "",
        "[[computes]]\ncompute = 'local'\nwatts_idle = 3",
        "needs both",
    );
    refused(
        "",
        "[[computes]]\ncompute = 'local'\nthreads = [0]",
        "0 threads",
    );
    let none = read("name = 'x'").expect_err("no inputs");
    assert!(none.contains("it has no inputs"), "{none}");
}

#[test]
fn a_file_that_is_not_there() {
    let error = BenchFile::read(Path::new("/nowhere.toml"), Dict::new()).expect_err("no file");
    assert!(error.to_string().contains("no such file"), "{error}");
}
