//! What SQL can be asked of the documents that jobs leave in the bucket: a Glue database with tables over them, views for Amazon
//! Athena, and a workgroup.
//!
//! The tables declare their columns and know where the days lie (partition projection), so no crawler runs, and a document can be
//! asked for as soon as it is there. The views have the names and columns of AWS's sample, with more of them behind.

use serde_json::{Value, json};

use super::Site;
use super::bucket::BUCKET;
use crate::template::{id, reference, sub};

mod tables;
mod view;
mod views;

/// The logical id of the database.
const DATABASE: &str = "Database";

/// Where the results of queries go.
pub const QUERIES: &str = "athena/queries/";

/// The most bytes that one query may read: 100 GB, half a US dollar ("Amazon Athena pricing").
const QUERY_BYTES: u64 = 100_000_000_000;

pub fn add(site: &mut Site<'_>) {
    let name = name(&site.plan.prefix);
    let database = json!({
        "CatalogId": reference("AWS::AccountId"),
        "DatabaseInput": { "Name": name, "Description": "Documents of ffmpeg jobs" },
    });
    site.template.add(DATABASE, "AWS::Glue::Database", database);
    for table in tables::all() {
        add_table(site, table.name, &table.input(&name));
    }
    for view in views::all() {
        add_table(site, view.name, &view.input(&name));
    }
    workgroup(site);
}

/// A prefix as names of databases and tables have it.
fn name(prefix: &str) -> String {
    prefix.replace('-', "_")
}

fn add_table(site: &mut Site<'_>, what: &str, input: &Value) {
    let properties = json!({
        "CatalogId": reference("AWS::AccountId"),
        "DatabaseName": reference(DATABASE),
        "TableInput": input,
    });
    let id = id(&[what, "table"]);
    site.template.add(&id, "AWS::Glue::Table", properties);
}

fn workgroup(site: &mut Site<'_>) {
    let properties = json!({
        "Name": site.plan.prefix,
        "Description": "Queries of documents of ffmpeg jobs",
        "RecursiveDeleteOption": true,
        "WorkGroupConfiguration": {
            "EnforceWorkGroupConfiguration": true,
            "BytesScannedCutoffPerQuery": QUERY_BYTES,
            "PublishCloudWatchMetricsEnabled": true,
            "EngineVersion": { "SelectedEngineVersion": "Athena engine version 3" },
            "ResultConfiguration": {
                "OutputLocation": sub(&format!("s3://${{{BUCKET}}}/{QUERIES}")),
                "EncryptionConfiguration": { "EncryptionOption": "SSE_S3" },
            },
        },
        "Tags": site.tags(),
    });
    site.template
        .add("Workgroup", "AWS::Athena::WorkGroup", properties);
}
