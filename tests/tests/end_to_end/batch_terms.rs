//! The terms of jobs on AWS Batch: as they are typed, as they go out, as they come back.

use ffbatch_tests::aws::installed;
use serde_json::{Value, json};

#[test]
fn tags_and_resources_go_out_and_are_shown() {
    let (aws, sandbox) = installed("nvidia");
    let words = "submit --compute nvidia --name clip --gpus 1 --vcpus 8 --memory-mib 30000 --tag team=video --tag x= -- ffmpeg -i s3://media/a.mp4 s3://media/b.mp4";
    sandbox.ffbatch(words.split(' ')).ok();
    let asked = aws.parameters("SubmitJob");
    assert_eq!(asked[0]["tags"], json!({ "team": "video", "x": "" }));
    let resources = &asked[0]["containerOverrides"]["resourceRequirements"];
    assert_eq!(
        resources,
        &json!([
            { "type": "VCPU", "value": "8" },
            { "type": "MEMORY", "value": "30000" },
            { "type": "GPU", "value": "1" },
        ])
    );
    assert_eq!(asked[0]["shareIdentifier"], Value::Null);
    let shown = sandbox.ffbatch("status --compute nvidia clip".split(' '));
    for part in ["8 vCPUs", "30000 MiB", "1 GPU", "team=video"] {
        assert!(
            shown.ok().stdout.contains(part),
            "`{part}` is missing\n{shown}"
        );
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn more_inputs_than_an_array_holds_are_several_arrays() {
    let (aws, sandbox) = installed("arm");
    let inputs: Vec<String> = (0..10_001)
        .map(|number| format!("'s3://media/{number}.mp4'"))
        .collect();
    let inputs = inputs.join(",");
    let text = format!(
        "[defaults]\ncompute = 'arm'\narray = true\n\
         [[jobs]]\nname = 'cut'\ninputs = [{inputs}]\ncommand = 'ffmpeg -i {{input}} s3://media/a/{{stem}}.mkv'\n\
         [[jobs]]\nname = 'pack'\ninputs = [{inputs}]\ncommand = 'ffmpeg -i s3://media/a/{{stem}}.mkv s3://media/b/{{stem}}.mp4'\n\
         needs = {{ job = 'cut', kind = 'N_TO_N' }}\n"
    );
    sandbox.write("jobs.toml", text);
    let submitted = sandbox.ffbatch(["submit", "jobs.toml"]);
    let ids: Vec<&str> = submitted.ok().stdout.lines().collect();
    let sent: Vec<(String, Value, Value)> = aws
        .parameters("SubmitJob")
        .into_iter()
        .map(|asked| {
            let name = asked["jobName"].as_str().unwrap_or_default().to_owned();
            let size = asked["arrayProperties"]["size"].clone();
            (name, size, asked["dependsOn"].clone())
        })
        .collect();
    let on = |id: &str| json!([{ "jobId": id, "type": "N_TO_N" }]);
    let expected = [
        ("cut-1", 5001, Value::Null),
        ("cut-2", 5000, Value::Null),
        ("pack-1", 5001, on(ids[0])),
        ("pack-2", 5000, on(ids[1])),
    ];
    let expected = expected.map(|(name, size, needs)| (name.to_owned(), json!(size), needs));
    assert_eq!(sent, expected);
    assert_eq!(aws.violations(), Vec::<String>::new());
}
