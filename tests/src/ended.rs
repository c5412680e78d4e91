//! A program of ours that has ended: what it said and how it ended.

use std::fmt;
use std::process::Output;

use ffbatch_dispatcher::exit::Exit;
use ffbatch_dispatcher::report::Report;

/// What a finished program left behind.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with the sandbox's path written as `[sandbox]`.
    pub stdout: String,
    /// Standard error, the same way.
    pub stderr: String,
    /// Standard output as it was.
    raw: String,
}

impl Ended {
    /// Takes a finished program's output; `root` is the path that is written as `[sandbox]`.
    pub fn of(output: &Output, root: &str) -> Self {
        let raw = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code(),
            stdout: raw.replace(root, "[sandbox]"),
            stderr: String::from_utf8_lossy(&output.stderr).replace(root, "[sandbox]"),
            raw,
        }
    }

    /// Asserts success.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert_eq!(self.code, Some(0), "it should have succeeded\n{self}");
        self
    }

    /// Asserts a failure with this exit whose sentence contains `part`.
    #[track_caller]
    pub fn fails(&self, exit: Exit, part: &str) -> &Self {
        assert_eq!(
            self.code,
            Some(i32::from(exit.code())),
            "it should have ended with {exit:?}\n{self}"
        );
        assert!(
            self.error().contains(part),
            "its error lacks `{part}`\n{self}"
        );
        self
    }

    /// The sentence that says what went wrong: after `error: ` on standard error, else `error` in the JSON.
    pub fn error(&self) -> String {
        let line = self
            .stderr
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("error: "));
        let json = || {
            serde_json::from_str::<serde_json::Value>(&self.stdout).ok()?["error"]
                .as_str()
                .map(str::to_owned)
        };
        line.map(str::to_owned)
            .or_else(json)
            .unwrap_or_else(|| "no error was said".to_owned())
    }

    /// A failure as `CODE: SENTENCE`, without what S3 calls the request, which is another one every time.
    #[track_caller]
    pub fn said(&self) -> String {
        let code = self.code.expect("no signal ended it");
        let known = Exit::from_code(code).is_some_and(|exit| exit != Exit::Succeeded);
        assert!(
            known,
            "{code} is none of the documented codes of a failure\n{self}"
        );
        let error = self.error();
        let Some((before, rest)) = error.split_once("(request ") else {
            return format!("{code}: {error}");
        };
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        format!("{code}: {before}(request [id]){after}")
    }

    /// The report inside the JSON that `ffbatch run --json` prints.
    #[track_caller]
    pub fn report(&self) -> Report {
        let whole: serde_json::Value = match serde_json::from_str(&self.raw) {
            Ok(whole) => whole,
            Err(error) => panic!("standard output is not JSON: {error}\n{self}"),
        };
        match serde_json::from_value(whole["report"].clone()) {
            Ok(report) => report,
            Err(error) => panic!("there is no report in the JSON: {error}\n{self}"),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        write!(
            formatter,
            "exit: {code}\nstdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        )
    }
}
