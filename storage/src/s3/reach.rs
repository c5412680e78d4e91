//! When to stop knocking at a door behind which nobody was ever seen.
//!
//! A network that drops a packet deserves a few attempts. An endpoint that never answered at all is mostly a wrong address or a
//! missing route, and five attempts of many seconds each would look like a hang. So until the first answer, a request fails for
//! good at the second failure.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};

/// How many attempts an endpoint gets that was never seen.
const BLIND_ATTEMPTS: u32 = 2;

/// Whether the endpoint of a client has ever answered.
#[derive(Debug, Default)]
pub(super) struct Reach {
    seen: AtomicBool,
    failures: AtomicU32,
}

impl ClassifyRetry for Reach {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some() {
            self.seen.store(true, Ordering::Relaxed);
            return RetryAction::NoActionIndicated;
        }
        let failed = context
            .output_or_error()
            .and_then(Result::err)
            .is_some_and(|error| {
                error.is_timeout_error()
                    || error
                        .as_connector_error()
                        .is_some_and(|error| error.is_io() || error.is_timeout())
            });
        if failed
            && !self.seen.load(Ordering::Relaxed)
            && self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= BLIND_ATTEMPTS
        {
            return RetryAction::RetryForbidden;
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "never reached"
    }
}
