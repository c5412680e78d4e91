//! Which addresses are never fetched: those at which a cloud keeps the credentials of a machine.
//!
//! A URL is data from somebody else. On an EC2 instance `http://169.254.169.254/` answers with the instance's credentials, and
//! in a container of ECS `169.254.170.2` with the task's. So link-local addresses are refused, whether they stand in the URL,
//! come out of a name, or come by a redirect. The name is checked where it is resolved for the connection itself, so that a
//! second answer of the name server cannot slip by. Behind a proxy the proxy resolves; these addresses are not ours there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};

/// How many redirects are followed.
const REDIRECT_LIMIT: usize = 10;

/// An address that is never fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is {address}, {reason}")]
pub(super) struct Refused {
    host: String,
    address: IpAddr,
    reason: &'static str,
}

/// A chain of redirects without an end.
#[derive(Debug, thiserror::Error)]
#[error("more than {REDIRECT_LIMIT} redirects")]
pub(super) struct TooMany;

/// The system's resolver, with the check between it and the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                allow(name.as_str(), address.ip())?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses a URL that names such an address itself. URL parsing has brought `0xA9FEA9FE` and the like into one form before.
pub(super) fn check(url: &Url) -> Result<(), Refused> {
    let host = url.host_str().unwrap_or_default();
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(address) => allow(host, address),
        Err(_) => Ok(()),
    }
}

/// Follows a few redirects, each checked like the first URL.
pub(super) fn redirects() -> Policy {
    Policy::custom(|attempt: Attempt| {
        if attempt.previous().len() > REDIRECT_LIMIT {
            return attempt.error(TooMany);
        }
        match check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    })
}

pub(super) fn allow(host: &str, address: IpAddr) -> Result<(), Refused> {
    match reason(address) {
        None => Ok(()),
        Some(reason) => Err(Refused {
            host: host.to_owned(),
            address,
            reason,
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
}
