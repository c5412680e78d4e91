//! A real S3 API on this machine: the server of moto, one for each test that asks for one.
//!
//! The server chooses its own port, so two tests never fight for one. It dies with its owner, and, through `setpriv`, with the
//! thread that started it: a test that is killed leaves none behind.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::Builder;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::tools;

mod access;
mod call;

pub use access::Keys;
pub use call::Answer;

/// The longest that a server may take to clean up.
const LONGEST_END: Duration = Duration::from_secs(20);

/// How often it is looked whether it has ended.
const PAUSE: Duration = Duration::from_millis(10);

/// The Region that the server plays.
pub const REGION: &str = "us-east-1";

/// A running server and a client for it.
#[derive(Debug)]
pub struct Moto {
    server: Child,
    endpoint: String,
    runtime: Runtime,
    client: Client,
}

impl Moto {
    /// Starts a server and waits until it listens.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_in(&[])
    }

    /// Starts a server with these variables in its environment.
    #[track_caller]
    fn start_in(environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(tools::moto_server())
            .args(["--port", "0"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(environment.iter().copied());
        Self::of(&mut command)
    }

    /// Starts a server by a command of somebody's own, which says where it listens as moto's does.
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut server = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("util-linux's setpriv starts");
        let endpoint = announced(&mut server);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .endpoint_url(&endpoint)
            .force_path_style(true)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
            .build();
        Self {
            server,
            endpoint,
            runtime,
            client: Client::from_conf(config),
        }
    }

    /// Starts a server that has one bucket.
    #[track_caller]
    pub fn with(bucket: &str) -> Self {
        let moto = Self::start();
        moto.create(bucket);
        moto
    }

    /// What a program of ours needs in its environment to use this server.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// Asks the server to end, and waits for that: it may have something to clean up.
    pub(crate) fn end(&mut self) {
        let Ok(id) = i32::try_from(self.server.id()) else {
            return;
        };
        if let Some(process) = rustix::process::Pid::from_raw(id) {
            // A server that has died already is what is wanted here.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        for _ in 0..LONGEST_END.as_millis() / PAUSE.as_millis() {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Creates a bucket.
    #[track_caller]
    pub fn create(&self, bucket: &str) {
        let created = self
            .runtime
            .block_on(self.client.create_bucket().bucket(bucket).send());
        assert!(
            created.is_ok(),
            "the bucket `{bucket}` cannot be created: {created:?}"
        );
    }

    /// Stores an object.
    #[track_caller]
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        let body = ByteStream::from(bytes.into());
        let put = self.runtime.block_on(
            self.client
                .put_object()
                .bucket(bucket)
                .key(key)
                .body(body)
                .send(),
        );
        assert!(put.is_ok(), "`{key}` cannot be stored: {put:?}");
    }

    /// The bytes of an object.
    #[track_caller]
    pub fn get(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.get_all(bucket, [key.to_owned()])
            .remove(key)
            .expect("what was asked for came")
    }

    /// The bytes of several objects, asked for together, since the server takes its time over each.
    #[track_caller]
    pub fn get_all(
        &self,
        bucket: &str,
        keys: impl IntoIterator<Item = String>,
    ) -> BTreeMap<String, Vec<u8>> {
        let ask = |key: String| {
            let asked = self.client.get_object().bucket(bucket).key(&key).send();
            async move {
                match asked.await {
                    Ok(object) => {
                        let body = object.body.collect().await;
                        let body = body.expect("the server sends what it announced");
                        (key, body.to_vec())
                    }
                    Err(error) => panic!("`{key}` cannot be read: {error:?}"),
                }
            }
        };
        let asked: Vec<_> = keys.into_iter().map(ask).collect();
        let got = async { asked.into_iter().collect::<JoinSet<_>>().join_all().await };
        self.runtime.block_on(got).into_iter().collect()
    }

    /// Removes objects; one that is not there is as good.
    #[track_caller]
    pub fn delete_all(&self, bucket: &str, keys: impl IntoIterator<Item = String>) {
        let ask = |key: String| {
            let asked = self.client.delete_object().bucket(bucket).key(&key).send();
            async move {
                let deleted = asked.await;
                assert!(deleted.is_ok(), "`{key}` cannot be removed: {deleted:?}");
            }
        };
        let asked: Vec<_> = keys.into_iter().map(ask).collect();
        let gone = async { asked.into_iter().collect::<JoinSet<_>>().join_all().await };
        self.runtime.block_on(gone);
    }

    /// The names of all buckets.
    #[track_caller]
    pub fn buckets(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.client.list_buckets().send());
        let listed = listed.expect("the server lists its buckets");
        let names = listed.buckets().iter().filter_map(|bucket| bucket.name());
        names.map(str::to_owned).collect()
    }

    /// Every key of a bucket.
    #[track_caller]
    pub fn keys(&self, bucket: &str) -> BTreeSet<String> {
        self.runtime.block_on(async {
            let mut keys = BTreeSet::new();
            let mut pages = self
                .client
                .list_objects_v2()
                .bucket(bucket)
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let page = page.expect("the server lists a bucket that exists");
                keys.extend(
                    page.contents()
                        .iter()
                        .filter_map(|object| object.key().map(str::to_owned)),
                );
            }
            keys
        })
    }

    /// Copies every object under a prefix into a directory, by what follows the prefix.
    #[track_caller]
    pub fn download(&self, bucket: &str, prefix: &str, to: &Path) {
        let keys = self.keys(bucket).into_iter();
        for (key, bytes) in self.get_all(bucket, keys.filter(|key| key.starts_with(prefix))) {
            let path = to.join(&key[prefix.len()..]);
            let directory = path.parent().expect("a joined path has a parent");
            std::fs::create_dir_all(directory).expect("a sandbox is writable");
            std::fs::write(path, bytes).expect("a sandbox is writable");
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // A server that has died already is what is wanted here.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Reads where the server listens, and keeps reading so that its log never blocks it.
#[track_caller]
fn announced(server: &mut Child) -> String {
    let mut lines = BufReader::new(server.stderr.take().expect("it was piped")).lines();
    let mut said = Vec::new();
    loop {
        let Some(Ok(line)) = lines.next() else {
            panic!("the S3 server ended at its start: {said:?}")
        };
        if let Some((_, address)) = line.split_once("Running on ") {
            std::thread::spawn(move || lines.for_each(drop));
            return address.trim().to_owned();
        }
        said.push(line);
    }
}
