//! The bucket for media, documents, reports and metrics. It outlives the stack.

use serde_json::json;

use super::Site;
use super::catalog::QUERIES;
use crate::deployment::BUCKET_OUTPUT;
use crate::stacks::MADE_BY;
use crate::template::{attribute, sub};

/// The logical id of the bucket.
pub const BUCKET: &str = "Bucket";
/// The logical id of its policy.
pub const POLICY: &str = "BucketPolicy";

/// Days after which the parts of an upload go that nobody finished.
const ABANDONED_DAYS: u32 = 7;

/// Days after which a version goes that was overwritten or deleted.
const OLD_VERSION_DAYS: u32 = 30;

/// Days after which the result of a query goes.
const QUERY_DAYS: u32 = 30;

/// Days after which the claim of a submission goes: AWS Batch itself forgets a job within a week of its end.
const CLAIM_DAYS: u32 = 30;

pub fn add(site: &mut Site<'_>) {
    // It outlives the stack, and is deleted by none but who has made it.
    let mut tags = site.tags();
    if let Some(tags) = tags.as_array_mut() {
        tags.push(json!({ "Key": MADE_BY.0, "Value": MADE_BY.1 }));
    }
    let properties = json!({
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [{ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }] },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": { "Status": "Enabled" },
        "LifecycleConfiguration": { "Rules": [
            {
                "Id": "abandoned-uploads", "Status": "Enabled",
                "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": ABANDONED_DAYS },
            },
            {
                "Id": "old-versions", "Status": "Enabled",
                "NoncurrentVersionExpiration": { "NoncurrentDays": OLD_VERSION_DAYS },
            },
            { "Id": "delete-markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": true },
            { "Id": "queries", "Status": "Enabled", "Prefix": QUERIES, "ExpirationInDays": QUERY_DAYS },
            { "Id": "claims", "Status": "Enabled", "Prefix": "claims/", "ExpirationInDays": CLAIM_DAYS },
        ] },
        "Tags": tags,
    });
    let kept = json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" });
    let bucket = site
        .template
        .add_with(BUCKET, "AWS::S3::Bucket", properties, kept);
    site.template.except(
        BUCKET,
        "AwsSolutions-S1",
        "access logs need a bucket of their own that grows for ever; CloudTrail tells who touched what, where that is wanted",
    );
    // Rules of AWS Guard want the condition as JSON's `false`.
    let deny = json!({
        "Sid": "OnlyEncryptedConnections", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [attribute(BUCKET, "Arn"), sub("${Bucket.Arn}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": false } },
    });
    let policy = json!({ "Bucket": bucket, "PolicyDocument": { "Version": "2012-10-17", "Statement": [deny] } });
    let kept = json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" });
    site.template
        .add_with(POLICY, "AWS::S3::BucketPolicy", policy, kept);
    let description =
        "The bucket for media, job documents, reports and metrics; it outlives the stack";
    site.template.output(BUCKET_OUTPUT, description, bucket);
}
