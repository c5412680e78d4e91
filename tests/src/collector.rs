//! A real OpenTelemetry collector on this machine: it takes OTLP over HTTP and forwards what it understood to a [`Sink`].
//!
//! It chooses its own port on an address of the loopback network that nothing else listens on, so two tests never fight for
//! one. It dies with its owner and with the thread that started it.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};

use crate::sandbox::until;
use crate::sink::{Received, Sink};
use crate::tools;

/// Where the collector takes OTLP over HTTP, as `/proc/net/tcp` writes it (`127.0.0.2`).
const HTTP: (&str, &str) = ("127.0.0.2", "0200007F");

/// Where it takes OTLP over gRPC, which nobody uses.
const GRPC: &str = "127.0.0.3:0";

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    program: Child,
    port: u16,
    sink: Sink,
}

impl Collector {
    /// Starts a collector and waits until it listens; `None`, said loudly, on a machine that can have none.
    #[track_caller]
    pub fn start() -> Option<Self> {
        let path = match tools::collector() {
            Ok(path) => path,
            Err(why) => {
                eprintln!("SKIPPED: there is no collector here: {why}");
                return None;
            }
        };
        let sink = Sink::start();
        let program = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(path)
            .args([
                "start",
                "--exporter",
                "otlp",
                "--otlp-exporter-protocol",
                "http",
            ])
            .args(["--otlp-exporter-endpoint", &sink.endpoint()])
            .args(["--otlp-grpc-endpoint", GRPC])
            .args(["--otlp-http-endpoint", &format!("{}:0", HTTP.0)])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("util-linux's setpriv starts");
        let mut port = None;
        until("the collector listens", || {
            port = listening(program.id());
            port.is_some()
        });
        Some(Self {
            program,
            port: port.expect("it was just found"),
            sink,
        })
    }

    /// What goes into `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", HTTP.0, self.port)
    }

    /// Waits until the collector has forwarded so many spans.
    #[track_caller]
    pub fn spans(&self, count: usize) -> Vec<Received> {
        self.sink.spans(count)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The port of the process's socket that listens at [`HTTP`].
fn listening(process: u32) -> Option<u16> {
    let handles = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
    let own: BTreeSet<String> = handles
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            let target = target.to_str()?.strip_prefix("socket:[")?;
            Some(target.strip_suffix(']')?.to_owned())
        })
        .collect();
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, port) = fields.get(1)?.split_once(':')?;
        // State 0A is LISTEN; field 9 is the inode (proc(5)).
        let ours = fields.get(3) == Some(&"0A") && own.contains(*fields.get(9)?);
        let port = u16::from_str_radix(port, 16).ok()?;
        (ours && address == HTTP.1).then_some(port)
    })
}
