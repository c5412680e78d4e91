//! A job's log in CloudWatch Logs, read while it is written.

use aws_sdk_cloudwatchlogs::operation::get_log_events::{GetLogEventsError, GetLogEventsOutput};
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
    /// What the worker said last; absent before.
    pub last: Option<Last>,
}

/// What a worker says of its end.
#[derive(Debug, Clone)]
pub struct Last {
    /// The exit code.
    pub code: u8,
    /// The error in one sentence; absent on success.
    pub error: Option<String>,
    /// Where the report lies.
    pub report: Option<String>,
}

impl Last {
    fn of(event: &Event) -> Option<Self> {
        let Event::Finished {
            code,
            error,
            report,
        } = event
        else {
            return None;
        };
        Some(Self {
            code: *code,
            error: error.clone(),
            report: report.clone(),
        })
    }
}

impl Tail {
    /// The log of an attempt, from its beginning.
    pub fn new(group: &str, stream: &str) -> Self {
        Self {
            group: group.to_owned(),
            stream: stream.to_owned(),
            token: None,
            last: None,
        }
    }

    /// Tells what is new. A stream that is not there yet has nothing.
    pub async fn drain(
        &mut self,
        client: &Client,
        on: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ComputeError> {
        while let Some(page) = self.page(client, true).await? {
            for line in page.events() {
                let event = event(line.message().unwrap_or_default());
                self.last = Last::of(&event).or(self.last.take());
                on(event);
            }
            let next = page.next_forward_token().map(str::to_owned);
            let is_end = page.events().is_empty() || next == self.token;
            self.token = next.or(self.token.take());
            if is_end {
                break;
            }
        }
        Ok(())
    }

    /// What the worker said last, found from the end of the stream.
    pub async fn end(mut self, client: &Client) -> Result<Option<Last>, ComputeError> {
        while let Some(page) = self.page(client, false).await? {
            let mut newest = page.events().iter().rev();
            let last = newest.find_map(|line| Last::of(&event(line.message().unwrap_or_default())));
            let next = page.next_backward_token().map(str::to_owned);
            // A page may be empty though there are more.
            if last.is_some() || !page.events().is_empty() || next == self.token {
                return Ok(last);
            }
            self.token = next;
        }
        Ok(None)
    }

    /// The next page of the stream, from its head or from its end; `None` where there is no such stream. A page that gives back the
    /// token with which it was asked for is the last one.
    async fn page(
        &self,
        client: &Client,
        from_head: bool,
    ) -> Result<Option<GetLogEventsOutput>, ComputeError> {
        let call = client
            .logs
            .get_log_events()
            .log_group_name(&self.group)
            .log_stream_name(&self.stream)
            .start_from_head(from_head)
            .set_next_token(self.token.clone());
        match call.send().await {
            Ok(page) => Ok(Some(page)),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(GetLogEventsError::ResourceNotFoundException(_))
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(refused(
                "the log of the job cannot be read",
                &format!("the stream `{}` of `{}`", self.stream, self.group),
                &error,
            )),
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
