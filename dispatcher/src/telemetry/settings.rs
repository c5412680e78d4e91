//! What the environment says about traces: whether they are sent, where to, for how long, and under which name.
//!
//! Headers, the path behind an endpoint and resource attributes are read by the SDK itself.

use std::time::Duration;

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;

use super::TelemetryError;

/// The longest that sending spans may take when nobody says otherwise.
const LIMIT: Duration = Duration::from_secs(1);

/// The longest that it may take whatever is said: the default of the specification. AWS Batch kills a container 30 seconds
/// after SIGTERM.
const LONGEST: Duration = Duration::from_secs(10);

/// The only protocol that is spoken: `http/protobuf`, the specification's default.
const PROTOCOL: &str = "http/protobuf";

/// Where spans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// As it was given, for messages.
    pub(super) endpoint: String,
    /// The longest that sending may take.
    pub(super) limit: Duration,
}

/// A variable of the environment; an empty one is not set, as the specification asks.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where spans go; `None` where no endpoint is set or sending is switched off.
///
/// Without an endpoint nothing is sent, although the specification has one by default: a job must not look for a collector
/// that nobody mentioned.
pub(super) fn destination(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Destination>, TelemetryError> {
    // The variable of the signal wins over the general one.
    let set = |name: &str| {
        variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
            .or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    let Some(endpoint) = set("ENDPOINT") else {
        return Ok(None);
    };
    let disabled =
        variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let elsewhere = variable("OTEL_TRACES_EXPORTER")
        .is_some_and(|list| list.split(',').all(|name| name.trim() != "otlp"));
    if disabled || elsewhere {
        return Ok(None);
    }
    if let Some(protocol) = set("PROTOCOL").filter(|protocol| protocol != PROTOCOL) {
        return Err(TelemetryError::new(
            &endpoint,
            format!("the protocol is `{protocol}`, and only `{PROTOCOL}` is spoken here"),
        ));
    }
    let limit = set("TIMEOUT")
        .and_then(|millis| millis.trim().parse().ok())
        .map_or(LIMIT, Duration::from_millis);
    Ok(Some(Destination {
        endpoint,
        limit: limit.min(LONGEST),
    }))
}

/// What the spans are of: `OTEL_SERVICE_NAME`, else `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else `service`.
pub(super) fn resource(service: &'static str) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let said = Resource::builder().build();
    let named = said
        .get(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let builder = Resource::builder().with_attribute(version);
    if named {
        builder.build()
    } else {
        builder.with_service_name(service).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: Option<(&str, u64)>) {
        let found = destination(|name| {
            let pair = variables.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        });
        let found = found.expect("no error");
        let found = found.map(|to| (to.endpoint, to.limit.as_millis()));
        assert_eq!(
            found,
            expected.map(|(endpoint, millis)| (endpoint.to_owned(), u128::from(millis)))
        );
    }

    #[test]
    fn nothing_is_sent_unless_an_endpoint_is_named() {
        check(&[], None);
        check(&[ENDPOINT], Some(("http://collector:4318", 1000)));
        check(
            &[
                ENDPOINT,
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/in"),
            ],
            Some(("http://traces/in", 1000)),
        );
    }

    #[test]
    fn sending_is_switched_off_as_the_specification_says() {
        for value in ["true", "TRUE", "True"] {
            check(&[ENDPOINT, ("OTEL_SDK_DISABLED", value)], None);
        }
        for value in ["false", "1", "yes"] {
            let sent = Some(("http://collector:4318", 1000));
            check(&[ENDPOINT, ("OTEL_SDK_DISABLED", value)], sent);
        }
        check(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")], None);
        let sent = Some(("http://collector:4318", 1000));
        check(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "console, otlp")], sent);
    }

    #[test]
    fn the_time_is_bounded_whatever_is_asked_for() {
        for (asked, limit) in [("250", 250), ("60000", 10_000), ("soon", 1000)] {
            let timeout = ("OTEL_EXPORTER_OTLP_TIMEOUT", asked);
            check(&[ENDPOINT, timeout], Some(("http://collector:4318", limit)));
        }
    }

    #[test]
    fn a_protocol_that_is_not_spoken_is_said() {
        let error = destination(|name| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://collector:4317".to_owned()),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => Some("grpc".to_owned()),
            _ => None,
        });
        let text = error.expect_err("gRPC is not spoken").to_string();
        assert!(text.contains("`grpc`"), "{text}");
    }
}
