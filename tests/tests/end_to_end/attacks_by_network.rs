//! Addresses that nobody meant: the metadata of a cloud machine, and servers of the machine itself.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::attack::{Server, bare, held, words};
use ffbatch_tests::clip::{self, SHORT};
use ffbatch_tests::media::frames;
use ffbatch_tests::sandbox::Sandbox;

const TRUSTING: &str = "-allowed_extensions ALL -allowed_segment_extensions ALL -extension_picky 0 \
    -protocol_whitelist file,http,tcp,crypto,data,httpproxy";

fn playlist(entry: &str) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{entry}\n#EXT-X-ENDLIST\n")
}

fn clips() -> Server {
    Server::start(|_| ("200 OK".to_owned(), clip::bytes(SHORT)))
}

#[test]
fn texts_that_name_a_server_of_this_machine() {
    let server = clips();
    let sandbox = Sandbox::new();
    let check = |input: &str| {
        let attack = words(&format!("{input} -map 0:v -c copy out.mkv"));
        bare(&sandbox, &attack, "out.mkv");
        let before = server.seen();
        assert!(before > 0, "bare ffmpeg asks the server");
        held(&sandbox, &attack, "out.mkv");
        assert_eq!(server.seen(), before, "the server was asked");
    };
    sandbox.write("in.m3u8", playlist(&server.url("secret.mp4")));
    check(&format!("{TRUSTING} -i in.m3u8"));
}

#[test]
fn the_addresses_of_cloud_metadata_are_no_input() {
    let sandbox = Sandbox::new();
    for host in ["169.254.169.254", "169.254.170.2", "[fd00:ec2::254]"] {
        for url in [
            format!("http://{host}/latest/meta-data/x.mp4"),
            format!("http://{host}/latest/meta-data/x.m3u8"),
            format!("rtmp://{host}:80/latest"),
        ] {
            let ended = sandbox.job(["-i", &url, "out.mp4"]);
            ended.fails(Exit::Input, "is refused");
        }
    }
}

#[test]
fn a_redirect_to_the_metadata() {
    let server = Server::start(|path| {
        let to = format!("http://169.254.169.254{path}");
        (format!("302 Found\r\nLocation: {to}"), Vec::new())
    });
    let sandbox = Sandbox::new();
    sandbox
        .job(["-i", &server.url("x.mp4"), "out.mp4"])
        .fails(Exit::Input, "169.254.169.254");
    let attack = words(&format!("-i {} out.mp4", server.url("x.m3u8")));
    let ended = held(&sandbox, &attack, "out.mp4");
    ended.fails(Exit::Ffmpeg, "403");
    assert!(
        ended
            .stderr
            .contains("`169.254.169.254` is 169.254.169.254, a link-local address"),
        "{ended}"
    );
    assert!(server.seen() >= 2);
    assert!(sandbox.files().is_empty(), "{:?}", sandbox.files());
}

#[test]
fn a_playlist_behind_a_url_that_leads_to_the_metadata() {
    let server = Server::start(|_| {
        let body = playlist("http://169.254.170.2/v2/credentials/secret.ts");
        ("200 OK".to_owned(), body.into_bytes())
    });
    let sandbox = Sandbox::new();
    let ended = held(
        &sandbox,
        &words(&format!("-i {} -c copy out.mkv", server.url("in.m3u8"))),
        "out.mkv",
    );
    assert!(
        ended
            .stderr
            .contains("`169.254.170.2` is 169.254.170.2, a link-local address"),
        "{ended}"
    );
}

#[test]
fn a_playlist_behind_a_url_still_plays() {
    let sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox
        .job(words(
            "-i in.mp4 -c copy -f hls -hls_time 0.4 hls/index.m3u8",
        ))
        .ok();
    let server = Server::of(sandbox.path("hls"));
    sandbox
        .job(words(&format!(
            "-i {} -c copy out.mp4",
            server.url("index.m3u8")
        )))
        .ok();
    assert_eq!(frames(&sandbox.path("out.mp4")), 50);
    // An entry of a list is fetched like an input.
    sandbox.place(SHORT, "hls/clip.mp4");
    sandbox.write("list.txt", format!("file '{}'\n", server.url("clip.mp4")));
    sandbox
        .job(words("-f concat -safe 0 -i list.txt -c copy listed.mp4"))
        .ok();
    assert_eq!(frames(&sandbox.path("listed.mp4")), 50);
}
