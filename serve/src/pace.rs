//! How fast a client may ask: so many requests a second, and as many at once after a pause.
//!
//! A client is its address (of IPv6, its network). Requests count before anybody looks at who made them, so that tokens cannot be guessed any faster.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::answer::Refusal;

/// From how many clients on those are forgotten that have been quiet.
const CLIENTS: usize = 10_000;

/// How often, at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How fast each client has asked.
#[derive(Debug, Clone)]
pub struct Pace {
    limiter: Option<Arc<Limiter>>,
    swept: Arc<Mutex<Instant>>,
}

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

impl Pace {
    /// So many requests a second for each client; as many as they like where it is 0.
    pub fn new(requests_per_second: u32) -> Self {
        let limit = NonZeroU32::new(requests_per_second);
        Self {
            limiter: limit.map(|limit| Arc::new(RateLimiter::hashmap(Quota::per_second(limit)))),
            swept: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Counts a request, and refuses it where its client has made too many.
    pub fn admits(&self, peer: SocketAddr) -> Result<(), Fast> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if limiter.len() > CLIENTS && swept.elapsed() > SWEEP_EVERY {
            limiter.retain_recent();
            *swept = Instant::now();
        }
        drop(swept);
        let client = client(peer.ip());
        limiter.check_key(&client).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            Fast {
                // Whole seconds, and never none.
                wait_secs: wait.as_secs() + 1,
            }
        })
    }
}

/// What counts as one client: an address, and of IPv6 the network of one customer (RFC 6177).
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A client that asks too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fast {
    /// When it may ask again, in seconds from now.
    pub wait_secs: u64,
}

impl IntoResponse for Fast {
    fn into_response(self) -> Response {
        let refusal = Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            message: format!("too many requests (try again in {} s)", self.wait_secs),
        };
        let mut response = refusal.into_response();
        let wait = HeaderValue::from(self.wait_secs);
        response.headers_mut().insert(header::RETRY_AFTER, wait);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_pace_of_its_own() {
        let [one, other]: [SocketAddr; 2] =
            ["192.0.2.1:1", "192.0.2.2:1"].map(|text| text.parse().expect("an address"));
        let pace = Pace::new(3);
        let taken = (0..10).filter(|_| pace.admits(one).is_ok()).count();
        assert!((3..10).contains(&taken), "{taken}");
        assert_eq!(pace.admits(one), Err(Fast { wait_secs: 1 }));
        // The port does not make it another one.
        let again = SocketAddr::new(one.ip(), 2);
        assert!(pace.admits(again).is_err());
        assert!(pace.admits(other).is_ok());
        let [near, far, next]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2:0:0:1", "2001:db8:0:1::1"]
                .map(|text| text.parse().expect("an address"));
        assert_eq!(client(near), client(far));
        assert_ne!(client(near), client(next));
        let free = Pace::new(0);
        assert!((0..1000).all(|_| free.admits(one).is_ok()));
    }
}
