//! A job's log in CloudWatch Logs, read while it is written.

use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsError;
use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::event::Event;

use super::client::Client;
use super::refusal::refused;

/// One stream, as far as it was read.
#[derive(Debug)]
pub struct Tail {
    group: String,
    /// Its name.
    pub stream: String,
    token: Option<String>,
    /// Whether the worker said that it is done.
    pub finished: bool,
}

impl Tail {
    /// The log of an attempt, from its beginning.
    pub fn new(group: &str, stream: &str) -> Self {
        Self {
            group: group.to_owned(),
            stream: stream.to_owned(),
            token: None,
            finished: false,
        }
    }

    /// Tells what is new; whether there was anything. A stream that is not there yet has nothing.
    pub async fn drain(
        &mut self,
        client: &Client,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<bool, ComputeError> {
        let mut any = false;
        loop {
            let answer = client
                .logs
                .get_log_events()
                .log_group_name(&self.group)
                .log_stream_name(&self.stream)
                .start_from_head(true)
                .set_next_token(self.token.clone())
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error)
                    if matches!(
                        error.as_service_error(),
                        Some(GetLogEventsError::ResourceNotFoundException(_))
                    ) =>
                {
                    return Ok(any);
                }
                Err(error) => {
                    return Err(refused(
                        "the log of the job cannot be read",
                        &format!("the stream `{}` of `{}`", self.stream, self.group),
                        &error,
                    ));
                }
            };
            for line in answer.events() {
                let event = event(line.message().unwrap_or_default());
                self.finished |= matches!(event, Event::Finished { .. });
                on(event);
            }
            // The end of a stream gives back the token that was sent.
            let next = answer.next_forward_token().map(str::to_owned);
            let is_end = answer.events().is_empty() || next == self.token;
            any |= !answer.events().is_empty();
            self.token = next.or(self.token.take());
            if is_end {
                return Ok(any);
            }
        }
    }
}

/// A line of the log: an event of the worker's standard output, or a line of its standard error.
fn event(line: &str) -> Event {
    let line = line.trim_end_matches(['\n', '\r']);
    serde_json::from_str(line).unwrap_or_else(|_| Event::Log {
        line: line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_again() {
        let hello = r#"{"event":"hello","protocol":1,"version":"0.1.0"}"#;
        assert!(matches!(event(hello), Event::Hello { .. }));
        let log = Event::Log {
            line: "{not one".to_owned(),
        };
        assert_eq!(event("{not one\r\n"), log);
    }
}
