//! Copies a file from one location to another and tells how fast that was and how much memory it took.
//!
//! `cargo run --release -p ffbatch-storage --example transfer -- s3://bucket/key /tmp/copy`; one of the two must be a path.
//! S3 is reached as everywhere: by the environment and the AWS profile.

#![expect(clippy::print_stdout, reason = "a program that prints its measurement")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use ffbatch_dispatcher::location::Location;
use ffbatch_storage::{Meter, Stores};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(from), Some(to)) = (words.next(), words.next()) else {
        return Err("name a source and a target".into());
    };
    let (from, to): (Location, Location) = (from.parse()?, to.parse()?);
    let (stores, meter) = (Stores::default(), Meter::default());
    let start = Instant::now();
    match (&from, &to) {
        (_, Location::Path(path)) => {
            let target = PathBuf::from(path);
            stores.of(&from)?.get(&from, &target, &meter).await?;
        }
        (Location::Path(path), _) => {
            stores
                .of(&to)?
                .put(&PathBuf::from(path), &to, &meter)
                .await?;
        }
        _ => return Err("one of the two must be a path".into()),
    }
    let seconds = start.elapsed().as_secs_f64();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate needs no more than 52 bits"
    )]
    let rate = meter.bytes() as f64 / 1e6 / seconds;
    // `VmHWM` is the peak resident set (proc_pid_status(5)).
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("VmHWM: unknown");
    println!(
        "{} bytes in {seconds:.2} s, {rate:.0} MB/s, {peak}",
        meter.bytes()
    );
    Ok(())
}
