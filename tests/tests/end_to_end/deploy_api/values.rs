//! What is sent is what AWS Batch gets.

use ffbatch_tests::aws::{Api, Aws, Jobs, text};
use serde_json::{Map, Value, json};

use super::ground::{NASTY, OPTIONAL, deployed, least};

/// What the last submission gave as parameters: by name, or in the words of its command.
#[track_caller]
fn parameters(submitted: &Value) -> Map<String, Value> {
    if let Some(named) = submitted["parameters"].as_object() {
        return named.clone();
    }
    let node = &submitted["nodeOverrides"]["nodePropertyOverrides"][0]["containerOverrides"];
    let words = node["command"].as_array().expect("words");
    let pair = |pair: &[Value]| {
        let name = pair[0].as_str().and_then(|word| word.strip_prefix("--"));
        (name.expect("a flag").to_owned(), pair[1].clone())
    };
    words.chunks(2).map(pair).collect()
}

/// Submits on a compute, and checks that what arrived is what was given, whichever way was taken.
#[track_caller]
fn check_arrives(aws: &Aws, api: &Api<'_>, given: &Value, body: &str) {
    for path in ["/arm/ffmpeg", "/batch/execute/fargate"] {
        let (status, answer) = api.ask(path, body);
        assert_eq!(status, 200, "{given:#}: {answer:#}");
    }
    let pinned = body.replacen('{', r#"{"instance_type":"c7g.xlarge","#, 1);
    let (status, answer) = api.ask("/batch/execute/arm", &pinned);
    assert_eq!(status, 200, "{given:#}: {answer:#}");
    let mut expected = given.as_object().expect("an object").clone();
    expected.retain(|_, value| value != "");
    let all = aws.parameters("SubmitJob");
    for submitted in &all[all.len() - 3..] {
        assert_eq!(parameters(submitted), expected);
    }
}

#[test]
fn values_arrive_as_they_were_sent() {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    aws.set(&json!({ "submit_per_second": 0 }));
    let api = deployed(&aws);
    check_arrives(&aws, &api, &least(), &least().to_string());
    for nasty in NASTY {
        let mut given = json!({ "input_url": format!("s3://b/{nasty}"), "output_url": nasty });
        for name in OPTIONAL {
            given[name] = json!(nasty);
        }
        check_arrives(&aws, &api, &given, &given.to_string());
        // The same in other letters.
        let escaped: String = given.to_string().chars().map(escaped).collect();
        check_arrives(&aws, &api, &given, &escaped);
    }
    // Each alone, and nothing of the others.
    for name in OPTIONAL {
        let mut given = least();
        for empty in OPTIONAL {
            given[empty] = json!("");
        }
        given[name] = json!("-hide_banner");
        check_arrives(&aws, &api, &given, &given.to_string());
    }
    // Long, and many of them.
    let mut given = least();
    given["output_file_options"] = json!("😀'\"\\\n".repeat(1400));
    check_arrives(&aws, &api, &given, &given.to_string());
    let mut dice = 1_usize;
    for _ in 0..40 {
        let mut given = least();
        for name in OPTIONAL {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = |shift: u32| NASTY[(dice >> shift) % NASTY.len()];
            given[name] = json!([pick(16), pick(24), pick(32), pick(40)].concat());
        }
        check_arrives(&aws, &api, &given, &given.to_string());
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
    let all = aws.parameters("SubmitJob");
    let mut names: Vec<String> = all.iter().map(|one| text(one, "jobName")).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all.len(), "every job has a name of its own");
}

/// A letter as JSON may also write it.
fn escaped(letter: char) -> String {
    if letter.is_ascii() {
        return letter.to_string();
    }
    let units = letter.encode_utf16(&mut [0; 2]).to_vec();
    let units: Vec<String> = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
    units.concat()
}
