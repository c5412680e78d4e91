//! Media that points elsewhere: what a file tells ffmpeg to open is not opened unless the job names it.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::attack::{SECRET, bare, held, silent, with_secret, with_secret_text, words};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::site::Site;

/// Makes ffmpeg's HLS demuxer as trusting as it can be.
const TRUSTING: &str = "-allowed_extensions ALL -allowed_segment_extensions ALL -extension_picky 0 \
    -protocol_whitelist file,http,tcp,crypto,data,subfile,concat";

/// Takes the pictures of an input as they are.
const COPY: &str = "-map 0:v -c copy out.mkv";

/// Takes the bytes of an input as they are.
const COPY_BYTES: &str = "-map 0 -c copy -f data out.bin";

fn playlist(entry: &str) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{entry}\n#EXT-X-ENDLIST\n")
}

#[track_caller]
fn check_playlist(entry: impl Fn(&str) -> String) {
    let (sandbox, secret) = with_secret();
    sandbox.write("in.m3u8", playlist(&entry(&secret)));
    let attack = words(&format!("{TRUSTING} -i in.m3u8 {COPY}"));
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv");
}

#[test]
fn a_playlist_that_names_a_file_elsewhere() {
    check_playlist(str::to_owned);
    check_playlist(|secret| format!("file:{secret}"));
    check_playlist(|secret| format!("file://{secret}"));
    check_playlist(|_| "../home/secret.mp4".to_owned());
}

#[test]
fn a_playlist_whose_first_section_is_elsewhere() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    let make = "-i in.mp4 -map 0:v -c copy -f hls -hls_time 0.4 -hls_segment_type fmp4 out.m3u8";
    let playlist = bare(&sandbox, &words(make), "out.m3u8");
    let secret = sandbox.directory("home").join("init.mp4");
    std::fs::rename(sandbox.path("init.mp4"), &secret).expect("it was just written");
    let playlist =
        String::from_utf8_lossy(&playlist).replace("init.mp4", &secret.to_string_lossy());
    sandbox.write("in.m3u8", playlist);
    let attack = words(&format!("{TRUSTING} -i in.m3u8 {COPY}"));
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv").fails(Exit::Input, "init.mp4");
}

#[test]
fn a_link_among_the_segments() {
    let (sandbox, secret) = with_secret();
    std::os::unix::fs::symlink(&secret, sandbox.path("segment.mp4")).expect("a link");
    sandbox.write("in.m3u8", playlist("segment.mp4"));
    let attack = words(&format!("{TRUSTING} -i in.m3u8 {COPY}"));
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv");
}

#[test]
fn a_playlist_of_a_name_that_hides_it() {
    let (sandbox, secret) = with_secret();
    sandbox.write("in.dat", playlist(&secret));
    let attack = words(&format!("{TRUSTING} -f hls -i in.dat {COPY}"));
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv");
}

#[test]
fn texts_in_s3_that_name_files_of_the_worker() {
    let site = Site::s3();
    let secret = site.sandbox.directory("home").join("secret.mp4");
    std::fs::write(&secret, clip::bytes(SHORT)).expect("a sandbox is writable");
    let secret = secret.to_string_lossy().into_owned();
    let check = |input: &str, name: &str, text: &str| {
        // The attack is real: the same text on this machine, read by bare ffmpeg.
        site.sandbox.write(name, text);
        let real = words(&format!("{input} -i {name} {COPY}"));
        bare(&site.sandbox, &real, "out.mkv");
        std::fs::remove_file(site.sandbox.path(name)).expect("it was just written");
        site.put(name, text.as_bytes());
        let attack = words(&format!("{input} -i s3://media/{name} {COPY}"));
        let ended = held(&site.sandbox, &attack, "out.mkv");
        ended.fails(Exit::Input, "line ");
    };
    check(TRUSTING, "in.m3u8", &playlist(&secret));
    check(TRUSTING, "in.m3u8", &playlist(&format!("file://{secret}")));
    let list = "-protocol_whitelist file,subfile,concat -f concat -safe 0";
    check(list, "list.txt", &format!("file '{secret}'\n"));
    check(list, "list.txt", &format!("file 'file:{secret}'\n"));
    check(
        list,
        "list.txt",
        &format!("file 'subfile,,start,0,end,0,,:{secret}'\n"),
    );
}

#[test]
fn a_list_of_protocols_around_a_file() {
    // A plain path in a list of the user's own is an input like any other; what wraps one is not.
    let check = |entry: fn(&str) -> String| {
        let (sandbox, secret) = with_secret();
        sandbox.write("list.txt", format!("file '{}'\n", entry(&secret)));
        let attack = words(&format!(
            "-protocol_whitelist file,subfile,concat,cache,async -f concat -safe 0 -i list.txt {COPY}"
        ));
        bare(&sandbox, &attack, "out.mkv");
        held(&sandbox, &attack, "out.mkv");
    };
    check(|secret| format!("subfile,,start,0,end,0,,:{secret}"));
    check(|secret| format!("concat:{secret}"));
    check(|secret| format!("cache:{secret}"));
}

#[test]
fn the_environment_is_no_input() {
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("TOKEN", SECRET);
    let parent = format!("/proc/{}/environ", std::process::id());
    for secret in [
        "/proc/self/environ",
        parent.as_str(),
        "/proc/self/../self/environ",
        "file:/proc/self/environ",
        "file:///proc/self/environ",
        "concat:/proc/self/environ",
        "subfile,,start,0,end,0,,:/proc/self/environ",
        "async:/proc/self/environ",
        "cache:/proc/self/environ",
    ] {
        let attack = words(&format!("-f data -i {secret} {COPY_BYTES}"));
        bare(&sandbox, &attack, "out.bin");
        held(&sandbox, &attack, "out.bin");
    }
    std::os::unix::fs::symlink("/proc/self/environ", sandbox.path("in.bin")).expect("a link");
    sandbox.write("list.txt", "/proc/self/environ\n");
    for innocent in ["in.bin", "concatf:list.txt"] {
        let attack = words(&format!("-f data -i {innocent} {COPY_BYTES}"));
        let got = bare(&sandbox, &attack, "out.bin");
        assert!(String::from_utf8_lossy(&got).contains(SECRET));
        held(&sandbox, &attack, "out.bin");
    }
}

#[test]
fn a_graph_from_a_file_that_names_a_file() {
    // The graph stays unread, so that its files are not granted: they must be named in the command.
    let (sandbox, secret) = with_secret();
    sandbox.write("graph.txt", format!("movie={secret}[out]"));
    let attack = words("-/filter_complex graph.txt -map [out] -c:v ffv1 out.mkv");
    bare(&sandbox, &attack, "out.mkv");
    held(&sandbox, &attack, "out.mkv");
}

#[test]
fn a_movie_whose_data_is_another_file() {
    let (sandbox, secret) = with_secret();
    sandbox.write("in.mp4", with_reference(&clip::bytes(SHORT), &secret));
    let attack =
        words("-enable_drefs 1 -use_absolute_path 1 -i in.mp4 -map 0:v -c:v ffv1 -f nut out.mkv");
    let got = bare(&sandbox, &attack, "out.mkv");
    let ended = sandbox.job(&attack);
    let read = std::fs::read(sandbox.path("out.mkv")).unwrap_or_default();
    assert_ne!(
        read, got,
        "the pictures of the other file came out\n{ended}"
    );
    assert!(
        read.len() * 10 < got.len(),
        "{} bytes came out\n{ended}",
        read.len()
    );
}

/// The movie with its media data blanked, and a data reference (the manual of the `QuickTime` file format, "Data reference atoms") that says
/// that they are in another file.
fn with_reference(movie: &[u8], path: &str) -> Vec<u8> {
    let mut movie = movie.to_vec();
    let find = |movie: &[u8], kind: &[u8]| {
        movie
            .windows(4)
            .position(|part| part == kind)
            .expect("a movie has it")
    };
    let data = find(&movie, b"mdat");
    let end = find(&movie, b"moov") - 4;
    assert!(data < end, "the clip has its index behind its data");
    movie[data + 4..end].fill(0);
    // An alias record: 150 bytes that do not matter, then the absolute path as element 2.
    let mut alias = vec![0; 150];
    let even = path.len().next_multiple_of(2);
    alias.extend(2_u16.to_be_bytes());
    alias.extend(u16::try_from(even).expect("a short path").to_be_bytes());
    alias.extend(path.as_bytes());
    alias.resize(alias.len() + even - path.len(), 0);
    alias.extend([0xff, 0xff, 0, 0]);
    let mut entry = Vec::new();
    let size = u32::try_from(alias.len() + 12).expect("a short record");
    entry.extend(size.to_be_bytes());
    entry.extend(b"alis\0\0\0\0");
    entry.extend(alias);
    // The first `url ` entry, twelve bytes, makes way; everything around it grows.
    let at = find(&movie, b"url ") - 4;
    let grown = u32::try_from(entry.len() - 12).expect("a short record");
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"] {
        let size = find(&movie, kind) - 4;
        let old = u32::from_be_bytes(movie[size..size + 4].try_into().expect("four bytes"));
        movie[size..size + 4].copy_from_slice(&(old + grown).to_be_bytes());
    }
    movie.splice(at..at + 12, entry);
    movie
}

#[test]
fn pictures_and_subtitles_that_point_elsewhere() {
    // These decoders follow no reference in the builds that are known; a build that does is held all the same.
    let (sandbox, secret) = with_secret_text();
    sandbox.write(
        "in.svg",
        format!("<!DOCTYPE svg [<!ENTITY x SYSTEM \"file://{secret}\">]><svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='64' height='64'><text y='20'>&x;</text><image xlink:href='file://{secret}' width='9' height='9'/></svg>"),
    );
    sandbox.place(SHORT, "in.mp4");
    sandbox.write("in.ass", format!("[Script Info]\nScriptType: v4.00+\n[Fonts]\nfontname: {secret}\n[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.00,0:00:09.00,Default,{{\\fn{secret}}}x\n"));
    for attack in [
        "-i in.svg -frames:v 1 out.png",
        "-i in.mp4 -vf subtitles=in.ass -frames:v 1 -update 1 out.png",
    ] {
        let ended = sandbox.job(words(attack));
        silent(&sandbox, &ended);
    }
}
