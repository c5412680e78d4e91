//! How to reach S3, and in what pieces.

use std::fmt;

/// Settings of the S3 store. What is `None` comes from the environment and the AWS profile, when the first S3 location is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// The endpoint, for stores other than AWS; else `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or the profile's. With an
    /// endpoint the bucket goes into the path of a request, not into its host name.
    pub endpoint: Option<String>,
    /// The Region; else `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, or the instance's.
    pub region: Option<String>,
    /// The profile of `~/.aws/config`; else `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// Fixed credentials; else the default chain of the AWS SDK.
    pub keys: Option<Keys>,
    /// Size of a part, in bytes, of at least 5 MiB on AWS. Larger objects get larger parts, so that 10,000 suffice.
    pub part_bytes: u64,
    /// The largest object, in bytes, that moves in one request.
    pub single_bytes: u64,
    /// How many requests move data at once, over all files; 1 to 64.
    pub parallel: usize,
}

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The key's id.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Default for S3Settings {
    /// Parts of 8 MiB, eight at once: what Amazon's own performance guidance recommends ("Performance guidelines for Amazon S3":
    /// ranges of 8 to 16 MB), and few enough buffers to stay under 30 MB of memory.
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            profile: None,
            keys: None,
            part_bytes: 8 << 20,
            single_bytes: 16 << 20,
            parallel: 8,
        }
    }
}
