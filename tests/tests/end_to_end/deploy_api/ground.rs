//! What the tests of the API have in common.

use ffbatch_tests::aws::{Api, Aws};
use serde_json::{Value, json};

/// The parameters that a job may do without.
pub const OPTIONAL: [&str; 4] = [
    "global_options",
    "input_file_options",
    "output_file_options",
    "name",
];

/// What has broken one client of a template or another.
pub const NASTY: [&str; 18] = [
    "it's",
    r#"say "hi""#,
    r"C:\new\table",
    "two\nlines\r\tand a tab",
    "$input.json('$.name') ${name} $!x $$",
    "#if(true) #end ## #* *# #set($x = 1)",
    "drawtext=text='%{pts\\:hms}':x=(w-tw)/2",
    "ünïcödé 日本語 😀",
    "\u{1}\u{1f}\u{7f}\u{2028}\u{feff}",
    "\\\"\\'\\\\",
    "\\u0041 \\n \\/ </script>",
    "null",
    "{\"json\":[1,\"two\"]}",
    "[]",
    "''",
    "\"\"",
    " ",
    "Ref::input_url",
];

/// An API that has computes of every kind, over jobs that stay in line.
pub fn deployed(aws: &Aws) -> Api<'_> {
    let computes = "--compute arm --compute nvidia --compute fargate";
    aws.api(&aws.sandbox(), computes)
}

/// The least that a job needs.
pub fn least() -> Value {
    json!({ "input_url": "s3://b/a.mp4", "output_url": "s3://b/b.mp4" })
}

/// A body with one member changed.
pub fn with(name: &str, value: Value) -> Value {
    let mut body = least();
    body[name] = value;
    body
}
