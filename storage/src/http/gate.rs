//! A door in the wall for programs that follow web addresses themselves: a proxy on the loopback that checks where they go.
//!
//! ffmpeg reads playlists behind `http(s)` segment by segment, so it needs the network, and a kernel that confines it knows
//! ports but no addresses. A playlist, or a redirect, could lead it to the credentials of the machine. So it may reach
//! nothing but this door, which resolves every name itself and refuses what a store would refuse, and this machine's own
//! servers unless the job names one. TLS passes through as it is (`CONNECT`, RFC 9110, section 9.3.6).

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::guard;

/// The longest head of a request, in bytes.
const HEAD_LIMIT: usize = 64 << 10;

/// An open door; it closes when this is dropped.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    keeper: JoinHandle<()>,
}

impl Gate {
    /// Opens a door. `local` tells whether servers of this machine may be reached through it.
    pub async fn open(local: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((IpAddr::from([127, 0, 0, 1]), 0)).await?;
        let port = listener.local_addr()?.port();
        let keeper = tokio::spawn(async move {
            // Dropped with the keeper, and every connection with it.
            let mut guests = JoinSet::new();
            while let Ok((guest, _)) = listener.accept().await {
                guests.spawn(async move {
                    if let Err(error) = lead(guest, local).await {
                        tracing::debug!("a connection of ffmpeg ended: {error}");
                    }
                });
                while guests.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, keeper })
    }

    /// The port on the loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value for the variable `http_proxy`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Whether a URL names this machine itself.
pub fn is_local(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| guard::names_own(&url))
}

/// Whether a URL leads to this machine itself, by its name or by what its name stands for; asks the system's resolver.
pub fn leads_here(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    guard::means_own(&url).unwrap_or_else(|| {
        let found = (url.host_str().unwrap_or_default(), 0).to_socket_addrs();
        found.is_ok_and(|mut found| found.any(|address| guard::is_own(address.ip())))
    })
}

/// Why a URL is never opened, if it names such an address itself.
pub fn refusal(url: &str) -> Option<String> {
    let refused = guard::check(&Url::parse(url).ok()?).err()?;
    Some(refused.to_string())
}

/// Leads one connection to where its first request wants to go.
async fn lead(mut guest: TcpStream, local: bool) -> io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(at) = head.windows(4).position(|part| part == b"\r\n\r\n") {
            break at + 4;
        }
        if head.len() > HEAD_LIMIT || guest.read_buf(&mut head).await? == 0 {
            return Err(io::Error::other("no whole request"));
        }
    };
    let request = String::from_utf8_lossy(&head[..end]).into_owned();
    let Some(wish) = Wish::of(&request) else {
        return answer(&mut guest, "400 Bad Request").await;
    };
    let found = match tokio::net::lookup_host((wish.host.as_str(), wish.port)).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!("`{}` has no address: {error}", wish.host);
            return answer(&mut guest, "502 Bad Gateway").await;
        }
    };
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found {
        if let Err(refused) = guard::allow(&wish.host, address.ip()) {
            tracing::warn!("ffmpeg may not go there: {refused}");
        } else if !local && guard::is_own(address.ip()) {
            tracing::warn!("ffmpeg may not go there: `{}` is this machine", wish.host);
        } else {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return answer(&mut guest, "403 Forbidden").await;
    }
    let Ok(mut host) = TcpStream::connect(&addresses[..]).await else {
        return answer(&mut guest, "502 Bad Gateway").await;
    };
    match wish.head {
        Some(head) => host.write_all(head.as_bytes()).await?,
        None => guest.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?,
    }
    host.write_all(&head[end..]).await?;
    copy_bidirectional(&mut guest, &mut host).await?;
    Ok(())
}

async fn answer(guest: &mut TcpStream, status: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    guest.write_all(text.as_bytes()).await
}

/// Where a request wants to go.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    host: String,
    port: u16,
    /// What the host is told instead; `None` for a tunnel.
    head: Option<String>,
}

impl Wish {
    fn of(request: &str) -> Option<Self> {
        let (first, rest) = request.split_once("\r\n")?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let is_tunnel = method == "CONNECT";
        let url = if is_tunnel {
            Url::parse(&format!("https://{target}/")).ok()?
        } else {
            Url::parse(target)
                .ok()
                .filter(|url| url.scheme() == "http")?
        };
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default()?;
        let head = (!is_tunnel).then(|| {
            let path = target.splitn(4, '/').nth(3).unwrap_or_default();
            // One request for one connection: the next one may want to go elsewhere.
            let kept = rest.split("\r\n").filter(|line| {
                let name = line.split(':').next().unwrap_or_default();
                let name = name.to_ascii_lowercase();
                !line.is_empty() && name != "connection" && !name.starts_with("proxy-")
            });
            let kept: String = kept.flat_map(|line| [line, "\r\n"]).collect();
            format!("{method} /{path} HTTP/1.1\r\n{kept}Connection: close\r\n\r\n")
        });
        Some(Self { host, port, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_understood() {
        let wish = Wish::of("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n").expect("a tunnel");
        assert_eq!(
            (wish.host.as_str(), wish.port, wish.head),
            ("::1", 443, None)
        );
        let request = "GET http://h:81/a%20b?x=/y HTTP/1.1\r\nHost: h:81\r\nConnection: keep-alive\r\nProxy-Authorization: no\r\n\r\n";
        let wish = Wish::of(request).expect("a request");
        assert_eq!((wish.host.as_str(), wish.port), ("h", 81));
        assert_eq!(
            wish.head.as_deref(),
            Some("GET /a%20b?x=/y HTTP/1.1\r\nHost: h:81\r\nConnection: close\r\n\r\n")
        );
        for wrong in [
            "GET /x HTTP/1.1\r\n\r\n",
            "GET ftp://h/x HTTP/1.1\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(Wish::of(wrong), None, "{wrong}");
        }
    }

    async fn ask(gate: &Gate, target: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", gate.port()))
            .await
            .expect("the door is open");
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .await
            .expect("somebody listens");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .await
            .expect("somebody answers");
        answer.lines().next().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn nobody_gets_to_metadata_or_to_this_machine() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = server.local_addr().expect("it is bound").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                answer(&mut stream, "204 No Content")
                    .await
                    .expect("somebody reads");
            }
        });
        let (outside, inside) = (
            Gate::open(false).await.expect("opens"),
            Gate::open(true).await.expect("opens"),
        );
        for own in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
            let own = format!("http://{own}/");
            assert_eq!(ask(&outside, &own).await, "HTTP/1.1 403 Forbidden", "{own}");
            assert_eq!(ask(&inside, &own).await, "HTTP/1.1 204 No Content", "{own}");
        }
        for gate in [outside, inside] {
            for metadata in ["169.254.169.254", "0xA9FEA9FE", "[::ffff:169.254.170.2]"] {
                let metadata = format!("http://{metadata}/");
                assert_eq!(ask(&gate, &metadata).await, "HTTP/1.1 403 Forbidden");
            }
        }
    }
}
