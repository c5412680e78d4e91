//! The page.

use std::process::Command;

use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;
use ffbatch_tests::server::Server;
use ffbatch_tests::tools;

use super::ground::room;

#[test]
fn the_page_needs_nobody_else() {
    let (_sandbox, server) = room();
    let (_, _, html) = server.send("GET / HTTP/1.0\r\n\r\n");
    let mut pending = vec!["/".to_owned(), "/assets/style.css".to_owned()];
    pending.extend(
        html.split('"')
            .filter(|part| part.starts_with("/assets/"))
            .map(str::to_owned),
    );
    let mut seen = Vec::new();
    while let Some(path) = pending.pop() {
        if seen.contains(&path) {
            continue;
        }
        let (status, head, body) = server.send(&format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!(status, 200, "{path}");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-security-policy: default-src 'none'"),
            "{head}"
        );
        for foreign in ["https://", "@import", "eval(", "innerHTML", "onclick="] {
            assert!(!body.contains(foreign), "{path} has `{foreign}`");
        }
        let named = body.split('"').filter(|part| part.starts_with("./"));
        pending.extend(named.map(|name| format!("/assets/{}", &name[2..])));
        seen.push(path);
    }
    assert!(seen.len() > 6, "{seen:?}");
}

/// A person's way through the page, in a real browser: see the client.
#[test]
fn a_person_goes_through_the_page() {
    let driver = match tools::chromedriver() {
        Ok(driver) => driver,
        Err(why) => {
            eprintln!("SKIPPED: there is no browser: {why}");
            return;
        }
    };
    let mut sandbox = Sandbox::with(SHORT, "in.mp4");
    sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    for directory in ["out", "none"] {
        sandbox.directory(directory);
    }
    sandbox.write(
        "bench.toml",
        "name = 'codecs'\nrepeats = 2\nmax_repeats = 2\n[[inputs]]\nurl = 'in.mp4'\n[[variants]]\nname = 'x264'\n\
         command = 'ffmpeg -i {input} -an -c:v libx264 -preset {preset} {output}.mp4'\nvalues = { preset = ['ultrafast', 'veryslow'] }\n",
    );
    sandbox
        .ffbatch(["bench", "bench.toml", "--results", "codecs", "--yes"])
        .ok();
    // What the benchmark ran is none of what a person sees here.
    sandbox.set("FFBATCH_STATE_DIR", sandbox.path("state-of-page"));
    let at = |name: &str| sandbox.path(name).display().to_string();
    let section = format!(
        "[serve]\ntokens = ['0123456789abcdef0123']\nroots = ['{}']\nbenches = {{ codecs = '{}', none = '{}' }}\n",
        at(""),
        at("codecs"),
        at("none")
    );
    sandbox.write("ffbatch.toml", section);
    let server = Server::start(&sandbox, &[]);
    let went = Command::new(tools::client("python"))
        .arg(tools::repository().join("tests/fixtures/clients/page.py"))
        .arg(server.url())
        .arg(driver)
        .args([at("in.mp4"), at("out")])
        .output()
        .expect("Python starts");
    let (said, wrong) = (
        String::from_utf8_lossy(&went.stdout),
        String::from_utf8_lossy(&went.stderr),
    );
    assert!(went.status.success(), "{said}\n{wrong}");
    for picture in ["job", "compared", "videos", "dark", "narrow"] {
        let file = sandbox.path(format!("out/{picture}.png"));
        let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
        assert!(bytes > 10_000, "{picture}: {bytes} bytes");
    }
}
