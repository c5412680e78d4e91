//! What of the network ffmpeg may reach: nothing, unless an input is a live URL or a manifest behind `http(s)`. For a
//! manifest it is one proxy on this machine ([`ffbatch_storage::Gate`]), which knows where a stranger's playlist must not lead.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::location::Location;
use ffbatch_media::confine::Network;

use crate::failure::Failure;

/// Whether the location is a playlist or manifest, whose segments only ffmpeg can follow.
pub fn is_manifest(location: &Location) -> bool {
    matches!(location.extension().as_str(), "m3u8" | "mpd" | "ism")
}

/// Refuses a URL at which a cloud keeps the credentials of a machine.
pub fn check(url: &str) -> Result<(), Failure> {
    match ffbatch_storage::refusal(url) {
        Some(why) => Err(Failure::new(
            Exit::Input,
            format!("{why}, and is refused (give the address of a media server)"),
        )),
        None => Ok(()),
    }
}

/// Refuses a URL that leads to this machine itself.
pub fn outside(url: &str) -> Result<(), Failure> {
    if !ffbatch_storage::leads_here(url) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Rejected,
        format!("`{url}` leads to the machine that runs the job, of whose servers it may use none"),
    ))
}

/// The port of a URL: the one it names, else its protocol's own.
pub fn port(url: &str) -> Result<u16, Failure> {
    check(url)?;
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let given = host
        .rsplit_once(':')
        .filter(|(before, _)| !before.contains('[') || before.ends_with(']'));
    match given {
        Some((_, port)) => port.parse().map_err(|_| {
            Failure::new(
                Exit::Rejected,
                format!("`{port}` is no port number in `{url}` (1 to 65535)"),
            )
        }),
        None => match scheme.to_ascii_lowercase().as_str() {
            "http" => Ok(80),
            "https" | "rtmps" => Ok(443),
            "rtmp" | "rtmpt" | "rtmpe" | "rtmpte" | "rtmpts" => Ok(1935),
            "rtsp" => Ok(554),
            "rtsps" => Ok(322),
            _ => Err(Failure::new(
                Exit::Rejected,
                format!("`{url}` names no port (write {scheme}://HOST:PORT)"),
            )),
        },
    }
}

/// What these ports of inputs allow.
pub fn allowed(mut ports: Vec<u16>) -> Network {
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() {
        Network::None
    } else {
        Network::Ports(ports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: u16) {
        assert_eq!(port(url), Ok(expected), "{url}");
    }

    #[test]
    fn ports() {
        check("https://host/x.m3u8", 443);
        check("http://host:8080/x.m3u8?a:b", 8080);
        check("rtmp://user:secret@host/live", 1935);
        check("srt://[::1]:9000?mode=caller", 9000);
        check("https://[::1]/x.m3u8", 443);
        assert!(port("rtmp://host:port/x").is_err());
        assert!(
            port("udp://239.0.0.1").is_err(),
            "UDP has no port of its own"
        );
    }
}
