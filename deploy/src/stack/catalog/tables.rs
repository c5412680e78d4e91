//! The tables over documents. Each document is one line of JSON, and its names are read without regard to case.

use serde_json::{Map, Value, json};

use crate::stack::bucket::BUCKET;
use crate::template::sub;

/// The years that tables look into. The sample is of 2023; a query that names no year asks S3 for every day of these.
const YEARS: &str = "2023,2035";

/// What reads JSON (Amazon Athena User Guide, "JSON SerDe libraries").
const SERDE: &str = "org.openx.data.jsonserde.JsonSerDe";

/// A table.
pub struct Table {
    /// Its name behind the prefix.
    pub name: &'static str,
    description: &'static str,
    /// Where its documents lie in the bucket.
    location: &'static str,
    /// Its columns with their types, as Hive names them.
    columns: &'static [(&'static str, &'static str)],
}

/// Segments of X-Ray ("AWS X-Ray segment documents" in the AWS X-Ray Developer Guide), those of jobs and those that were exported.
const XRAY: Table = Table {
    name: "xray",
    description: "Segments of traces",
    location: "metrics/xray",
    columns: &[
        ("trace_id", "string"),
        ("id", "string"),
        ("parent_id", "string"),
        ("name", "string"),
        ("origin", "string"),
        ("start_time", "double"),
        ("end_time", "double"),
        ("fault", "boolean"),
        ("error", "boolean"),
        ("throttle", "boolean"),
        (
            "cause",
            "struct<exceptions:array<struct<id:string,message:string,type:string>>>",
        ),
        (
            "annotations",
            "struct<application:string,name:string,global_options:string,input_file_options:string,input_url:string,output_file_options:string,output_url:string,aws_batch_job_id:string,aws_batch_jq_name:string,aws_batch_ce_name:string,instance_type:string>",
        ),
        (
            "metadata",
            "struct<ffbatch:struct<attempt:int,exit:string,ffmpeg:string>>",
        ),
        (
            "aws",
            "struct<ec2:struct<instance_type:string,availability_zone:string>>",
        ),
        (
            "http",
            "struct<request:struct<method:string,url:string>,response:struct<status:int>>",
        ),
        (
            "subsegments",
            "array<struct<id:string,name:string,start_time:double,end_time:double,fault:boolean,error:boolean,cause:struct<exceptions:array<struct<id:string,message:string,type:string>>>>>",
        ),
    ],
};

/// The quality of every frame. What is identical is `"inf"` dB, so decibels are texts here; the views make numbers of them.
const FFQM: Table = Table {
    name: "ffqm",
    description: "Quality of every frame",
    location: "metrics/ffqm",
    columns: &[
        ("aws_batch_job_id", "string"),
        ("aws_batch_jq_name", "string"),
        ("aws_batch_ce_name", "string"),
        ("output", "string"),
        ("stream", "bigint"),
        (
            "psnr",
            "array<struct<n:bigint,mse_avg:double,mse_y:double,mse_u:double,mse_v:double,psnr_avg:string,psnr_y:string,psnr_u:string,psnr_v:string>>",
        ),
        (
            "ssim",
            "array<struct<n:bigint,ssim_y:double,ssim_u:double,ssim_v:double,ssim_avg:double>>",
        ),
        (
            "vmaf",
            "array<struct<n:bigint,integer_adm2:double,integer_adm_scale0:double,integer_adm_scale1:double,integer_adm_scale2:double,integer_adm_scale3:double,integer_motion:double,integer_motion2:double,integer_vif_scale0:double,integer_vif_scale1:double,integer_vif_scale2:double,integer_vif_scale3:double,vmaf:double>>",
        ),
    ],
};

/// Reports of jobs.
const JOBS: Table = Table {
    name: "jobs",
    description: "Reports of jobs, one for each attempt",
    location: "metrics/jobs",
    columns: &[
        ("version", "int"),
        ("job_id", "string"),
        ("name", "string"),
        ("attempt", "int"),
        ("exit", "string"),
        ("failure", "struct<stage:string,message:string>"),
        ("started", "string"),
        ("finished", "string"),
        (
            "commands",
            "array<struct<command:array<string>,argv:array<string>,exit_code:int,signal:int,seconds:double,cpu_seconds:double,peak_memory_bytes:bigint,frames:bigint,speed:double,out_time_secs:double>>",
        ),
        (
            "stages",
            "array<struct<stage:string,seconds:double,bytes:bigint,error:string>>",
        ),
        (
            "inputs",
            "array<struct<location:string,bytes:bigint,sha256:string,duration_secs:double>>",
        ),
        (
            "outputs",
            "array<struct<location:string,bytes:bigint,sha256:string,duration_secs:double>>",
        ),
        (
            "quality",
            "struct<asked:array<string>,outputs:array<struct<location:string,stream:int,domain:string,scores:array<struct<metric:string,mean:string,harmonic_mean:double,min:string,p1:string,frames:bigint,model:string>>>>,refused:string>",
        ),
        ("ffmpeg", "struct<version:string>"),
        (
            "machine",
            "struct<architecture:string,cpu_model:string,cpus:int,vcpus:int,memory_bytes:bigint,gpus:array<struct<name:string>>,instance_type:struct<name:string,source:string>,availability_zone:string,instance_life_cycle:string,job_queue:string,compute_environment:string>",
        ),
        ("trace_id", "string"),
        ("notes", "array<string>"),
    ],
};

/// Every table.
pub const fn all() -> [Table; 3] {
    [XRAY, FFQM, JOBS]
}

impl Table {
    /// What AWS Glue is told of it.
    pub fn input(&self, database: &str) -> Value {
        let location = format!("s3://${{{BUCKET}}}/{}", self.location);
        let days = "year=${!year}/month=${!month}/day=${!day}";
        let mut parameters = json!({
            "EXTERNAL": "TRUE",
            "classification": "json",
            "projection.enabled": "true",
            "storage.location.template": sub(&format!("{location}/{days}/")),
        });
        // Numbers with as many digits as the worker writes. What lies elsewhere, such as the sample's months by name, is not looked at.
        for (name, range, digits) in [
            ("year", YEARS, "4"),
            ("month", "1,12", "2"),
            ("day", "1,31", "2"),
        ] {
            for (key, value) in [("type", "integer"), ("range", range), ("digits", digits)] {
                parameters[format!("projection.{name}.{key}")] = json!(value);
            }
        }
        json!({
            "Name": format!("{database}_{}", self.name),
            "Description": self.description,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": columns(&[("year", "string"), ("month", "string"), ("day", "string")]),
            "StorageDescriptor": {
                "Location": sub(&format!("{location}/")),
                "Columns": columns(self.columns),
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": { "SerializationLibrary": SERDE, "Parameters": { "ignore.malformed.json": "true" } },
            },
        })
    }
}

/// Columns as AWS Glue is told of them.
pub fn columns(columns: &[(&str, &str)]) -> Value {
    let all = columns.iter().map(|(name, kind)| {
        let mut column = Map::new();
        column.insert("Name".to_owned(), json!(name));
        column.insert("Type".to_owned(), json!(kind));
        Value::from(column)
    });
    all.collect()
}
