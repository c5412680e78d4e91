//! Which addresses are never fetched: those at which a cloud keeps the credentials of a machine.
//!
//! A URL is data from somebody else. On an EC2 instance `http://169.254.169.254/` answers with the instance's credentials, and
//! in a container of ECS `169.254.170.2` with the task's. So link-local addresses are refused, whether they stand in the URL,
//! come out of a name, or come by a redirect. The name is checked where it is resolved for the connection itself, so that a
//! second answer of the name server cannot slip by. Behind a proxy the proxy resolves; these addresses are not ours there.
//!
//! This machine's own servers are another matter: who names one in a job means it. But a stranger's redirect has no business
//! there, where services trust whoever can reach them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};

/// How many redirects are followed.
const REDIRECT_LIMIT: usize = 10;

/// An address that is never fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is {what}")]
pub(super) struct Refused {
    host: String,
    what: String,
}

/// A chain of redirects without an end.
#[derive(Debug, thiserror::Error)]
#[error("more than {REDIRECT_LIMIT} redirects")]
pub(super) struct TooMany;

/// The system's resolver, with the check between it and the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    /// Whether a name may lead to this machine itself.
    pub(super) own: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        // `localhost` is refused where a redirect names it. Here it may also be a proxy.
        let own = self.own || is_localhost(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                allow(name.as_str(), address.ip())?;
                if !own && is_own(address.ip()) {
                    return Err(led_here(name.as_str()).into());
                }
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses a URL that names such an address itself. URL parsing has brought `0xA9FEA9FE` and the like into one form before.
pub(super) fn check(url: &Url) -> Result<(), Refused> {
    address(url).map_or(Ok(()), |address| {
        allow(url.host_str().unwrap_or_default(), address)
    })
}

/// Follows a few redirects, each checked like the first URL; to this machine itself only where `own` says so.
pub(super) fn redirects(own: bool) -> Policy {
    Policy::custom(move |attempt: Attempt| {
        if attempt.previous().len() > REDIRECT_LIMIT {
            return attempt.error(TooMany);
        }
        match check_redirect(attempt.url(), own) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    })
}

fn check_redirect(url: &Url, own: bool) -> Result<(), Refused> {
    check(url)?;
    if own { Ok(()) } else { check_elsewhere(url) }
}

/// Refuses a URL that names this machine itself.
pub(super) fn check_elsewhere(url: &Url) -> Result<(), Refused> {
    if names_own(url) {
        return Err(led_here(url.host_str().unwrap_or_default()));
    }
    Ok(())
}

fn led_here(host: &str) -> Refused {
    Refused {
        host: host.to_owned(),
        what: "this machine, to which nothing from elsewhere may lead".to_owned(),
    }
}

/// Whether a URL says by itself that it means this machine.
pub(super) fn names_own(url: &Url) -> bool {
    is_localhost(url.host_str().unwrap_or_default()) || address(url).is_some_and(is_own)
}

/// Whether a URL means this machine, where it says so by itself; `None` where its name has to be asked for.
pub(super) fn means_own(url: &Url) -> Option<bool> {
    let is_own = names_own(url);
    (is_own || address(url).is_some()).then_some(is_own)
}

/// Whether a URL means this machine, also by a name that leads here.
pub(super) async fn leads_here(url: &Url) -> bool {
    if let Some(is_own) = means_own(url) {
        return is_own;
    }
    let found = tokio::net::lookup_host((url.host_str().unwrap_or_default(), 0)).await;
    // A name without an address is said where the connection is made, or belongs to a proxy.
    found.is_ok_and(|mut found| found.any(|address| is_own(address.ip())))
}

fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host == "localhost" || host.ends_with(".localhost")
}

pub(super) fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_matches(['[', ']']).parse().ok()
}

pub(super) fn allow(host: &str, address: IpAddr) -> Result<(), Refused> {
    match reason(address) {
        None => Ok(()),
        Some(reason) => Err(Refused {
            host: host.to_owned(),
            what: format!("{address}, {reason}"),
        }),
    }
}

fn reason(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => (address.is_link_local())
            .then_some("a link-local address, where clouds keep credentials"),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => reason(IpAddr::V4(inner)),
            None if address.is_unicast_link_local() => Some("a link-local address"),
            // The instance metadata service over IPv6 is `fd00:ec2::254`, the Pod Identity agent of EKS `fd00:ec2::23`
            // (Amazon EC2 User Guide, "Access instance metadata"; Amazon EKS User Guide, "EKS Pod Identity").
            None if address.segments()[..2] == [0xfd00, 0x0ec2] => {
                Some("where AWS keeps the credentials of a machine")
            }
            None => None,
        },
    }
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, or behind NAT64 (RFC 4291, RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return Ipv6Addr::from([0, 0, 0, 0, 0, 0, segments[6], segments[7]]).to_ipv4();
    }
    address.to_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(url: &str, allowed: bool) {
        let url = Url::parse(url).expect("a URL");
        assert_eq!(check(&url).is_ok(), allowed, "{url}");
    }

    #[test]
    fn metadata_addresses_are_refused_however_they_are_written() {
        check_url("http://169.254.169.254/latest/meta-data/", false);
        check_url("http://169.254.170.2/v2/credentials", false);
        check_url("http://2852039166/", false);
        check_url("http://0xA9FEA9FE/", false);
        check_url("http://0251.0376.0251.0376/", false);
        check_url("http://[::ffff:169.254.169.254]/", false);
        check_url("http://[::169.254.169.254]/", false);
        check_url("http://[64:ff9b::169.254.169.254]/", false);
        check_url("http://[fe80::1]/", false);
        check_url("http://[febf::1]/", false);
        check_url("http://[fd00:ec2::254]/", false);
        check_url("http://[fd00:ec2::23]/v1/credentials", false);
    }

    #[test]
    fn other_addresses_are_allowed() {
        check_url("http://127.0.0.1:8000/x.mp4", true);
        check_url("http://[::1]:8000/x.mp4", true);
        check_url("http://10.0.0.1/x.mp4", true);
        check_url("http://[fd00:ec3::254]/", true);
        check_url("https://example.com/169.254.169.254", true);
    }

    #[track_caller]
    fn check_led(url: &str, allowed: bool) {
        let url = Url::parse(url).expect("a URL");
        assert_eq!(check_redirect(&url, false).is_ok(), allowed, "{url}");
        assert!(check_redirect(&url, true).is_ok(), "{url}");
    }

    /// A server elsewhere could have the services of this machine fetched by redirecting to them.
    #[test]
    fn a_redirect_from_elsewhere_does_not_lead_to_this_machine() {
        check_led("http://127.0.0.1:2375/x", false);
        check_led("http://127.1/x", false);
        check_led("http://0.0.0.0/x", false);
        check_led("http://[::1]/x", false);
        check_led("http://[::ffff:127.0.0.1]/x", false);
        check_led("http://LocalHost./x", false);
        check_led("http://x.localhost/x", false);
        check_led("http://10.0.0.1/x", true);
        check_led("http://localhost.example.com/x", true);
    }

    #[tokio::test]
    async fn who_means_this_machine_is_known() {
        for (url, own) in [
            ("http://127.0.0.1:1/", true),
            ("http://localhost:1/", true),
            ("http://192.0.2.1/", false),
            ("http://no-such-host.invalid/", false),
        ] {
            assert_eq!(
                leads_here(&Url::parse(url).expect("a URL")).await,
                own,
                "{url}"
            );
        }
    }
}
