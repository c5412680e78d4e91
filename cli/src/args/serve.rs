//! Flags of `serve`.

/// Flags of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVE)]
pub struct Serve {
    /// Where to listen [default: `listen` of the section `serve`, else 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// A compute to serve; may be given several times [default: `computes` of the section `serve`, else the configured one]
    #[arg(long, value_name = "NAME")]
    pub compute: Vec<String>,
}

const SERVE: &str = "\
The routes of the stack's API on AWS, over any compute: POST /COMPUTE/ffmpeg, /batch/execute/COMPUTE, /batch/describe, /state/execute, /state/describe, \
GET /metrics/export; and GET /jobs, /jobs/ID, its log, report, results and events, cancel and retry, /benches, /metrics for Prometheus, /health, \
/openapi.json. All of it below /prod too. A browser finds a page at /.

Programs of this machine need no credentials on the loopback. Anything else has to show a token of the section `serve`, or sign with a key of it (SigV4, as on AWS):
  [serve]
  listen = \"0.0.0.0:8080\"
  tokens = [\"...\"]            # openssl rand -hex 32; or FFBATCH_SERVE__TOKENS='[\"...\"]'
  keys = { AKIA... = \"...\" }
  tls = { certificate = \"/etc/ffbatch/fullchain.pem\", key = \"/etc/ffbatch/key.pem\" }
  computes = [\"local\", \"arm\"]
  roots = [\"/media\"]         # what jobs may then name of this machine

Examples:
  ffbatch serve
  ffbatch serve --listen 127.0.0.1:9000 --compute local --compute docker
  curl --json '{\"input_url\": \"/media/in.mp4\", \"output_url\": \"/media/out.mp4\"}' http://127.0.0.1:8080/local/ffmpeg

Jobs go on when it ends, and are there when it starts again.";
