//! In which form a job travels: as the six parameters of the original where these can say it, as one JSON text where it is short,
//! else as a document in the bucket with its URL as the parameter.

use std::collections::HashMap;

use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::job::{NAME_LIMIT, Parameters, manifest};

/// The longest text of parameters and variables that a job carries itself, in bytes of JSON. Container overrides of more than 8,192
/// characters are accepted and then fail the job (AWS Batch User Guide, "Service quotas"); the names of parameters and the
/// definition's own words need their part.
pub const INLINE: usize = 6000;

/// How a job's document and an array's manifest are called in the bucket.
const DOCUMENTS: &str = "jobs";

/// What the name of a job without one begins with, before its submission's id.
const UNNAMED: &str = "ffbatch-";

/// What stands before a name that begins with neither a letter nor a digit.
const FRONT: char = 'x';

/// What a job carries itself, and what has to lie in the bucket before.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// The job parameters.
    pub parameters: HashMap<String, String>,
    /// Documents by their keys in the bucket; the first is the one that `job` must name.
    pub documents: Vec<(String, Vec<u8>)>,
}

/// The form of a request; `carried` is how many bytes it carries besides.
pub fn of(request: &Request, carried: usize) -> Form {
    let named = |parameters: HashMap<String, String>| {
        let mut parameters = parameters;
        if !request.name.is_empty() {
            parameters.insert("name".to_owned(), request.name.clone());
        }
        parameters
    };
    if let [job] = &request.jobs[..] {
        if let Some(parameters) = Parameters::of(job).map(texts)
            && size(&parameters) + carried <= INLINE
        {
            return Form {
                parameters: named(parameters),
                documents: Vec::new(),
            };
        }
        let text = job.to_json();
        if written(&text) + carried <= INLINE {
            return Form {
                parameters: named([("job".to_owned(), text)].into()),
                documents: Vec::new(),
            };
        }
        let key = format!("{DOCUMENTS}/{}.json", request.id);
        return Form {
            parameters: named(HashMap::new()),
            documents: vec![(key, text.into_bytes())],
        };
    }
    // The children have names of their own.
    let (lines, index) = manifest::manifest(&request.jobs);
    let key = format!("{DOCUMENTS}/{}.ndjson", request.id);
    let beside = format!("{key}{}", manifest::INDEX_SUFFIX);
    Form {
        parameters: HashMap::new(),
        documents: vec![(key, lines), (beside, index)],
    }
}

/// The parameters that are given.
fn texts(parameters: Parameters) -> HashMap<String, String> {
    [
        ("global_options", parameters.global_options),
        ("input_file_options", parameters.input_file_options),
        ("input_url", parameters.input_url),
        ("output_file_options", parameters.output_file_options),
        ("output_url", parameters.output_url),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name.to_owned(), text?)))
    .collect()
}

fn size(parameters: &HashMap<String, String>) -> usize {
    parameters.values().map(|text| written(text)).sum()
}

/// How many bytes of JSON a text is: a quotation mark is two of them, a control character six.
fn written(text: &str) -> usize {
    serde_json::to_string(text).map_or(text.len(), |json| json.len())
}

/// The name of a job as AWS Batch takes it.
pub fn job_name(request: &Request) -> String {
    if request.name.is_empty() {
        format!("{UNNAMED}{}", request.id)
    } else {
        fitting_name(&request.name)
    }
}

/// A name as AWS Batch takes it: letters, digits, hyphens and underscores, and in front a letter or a digit (AWS Batch API Reference,
/// `SubmitJob`, `jobName`).
pub fn fitting_name(name: &str) -> String {
    let text = fitting(name);
    if text.starts_with(['-', '_']) {
        format!("{FRONT}{}", &text[..text.len().min(NAME_LIMIT - 1)])
    } else {
        text
    }
}

/// A text with an underscore for every character that a name may not have.
pub fn fitting(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let chars = text.chars().map(|c| if fits(c) { c } else { '_' });
    chars.collect()
}

/// What people call a job of this name on AWS Batch; nothing where the name is only there because there must be one.
pub fn name_of(job_name: &str) -> &str {
    match job_name.strip_prefix(UNNAMED) {
        Some(id) if uuid::Uuid::try_parse(id).is_ok() => "",
        _ => job_name,
    }
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;
    use ffbatch_dispatcher::job::Job;

    use super::*;

    fn request(lines: &[&str]) -> Request {
        let job = |line: &&str| Job::of(vec![Command::from_line(line).expect("a command")]);
        let jobs: Vec<Job> = lines.iter().map(job).collect();
        Request {
            jobs: jobs.clone(),
            ..Request::of("id".to_owned(), jobs[0].clone())
        }
    }

    #[test]
    fn a_plain_job_travels_as_the_sample_has_it() {
        let form = of(
            &request(&["ffmpeg -i s3://b/a.mp4 -c copy s3://b/b.mkv"]),
            0,
        );
        assert_eq!(form.documents, []);
        let mut names: Vec<_> = form.parameters.keys().collect();
        names.sort();
        assert_eq!(names, ["input_url", "output_file_options", "output_url"]);
    }

    #[test]
    fn a_long_command_was_accepted_and_then_failed() {
        let long = format!(
            "ffmpeg -i s3://b/a.mp4 -metadata title={} s3://b/b.mkv",
            "x".repeat(7000)
        );
        let form = of(&request(&[&long]), 0);
        assert_eq!(form.parameters, HashMap::new());
        assert_eq!(form.documents[0].0, "jobs/id.json");
        let rich = of(
            &request(&["ffmpeg -i s3://b/a.mp4 s3://b/b.mkv s3://b/c.mkv"]),
            0,
        );
        assert!(rich.parameters["job"].starts_with("{\"version\""));
        let carrying = of(&request(&["ffmpeg -i s3://b/a.mp4 s3://b/b.mkv"]), INLINE);
        assert_eq!(carrying.documents.len(), 1);
    }

    #[test]
    fn an_array_has_a_manifest_with_its_index() {
        let form = of(&request(&["ffmpeg -i a b", "ffmpeg -i c d"]), 0);
        let keys: Vec<_> = form.documents.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["jobs/id.ndjson", "jobs/id.ndjson.idx"]);
    }

    #[test]
    fn names_that_batch_takes() {
        for (name, expected) in [
            ("", "ffbatch-id"),
            ("a b/ü", "a_b__"),
            ("-y", "x-y"),
            ("_y", "x_y"),
            ("日本", "x__"),
        ] {
            let named = Request {
                name: name.to_owned(),
                ..request(&["ffmpeg -i a b"])
            };
            assert_eq!(job_name(&named), expected);
        }
        let id = "3f2a91c0-58a5-4f0a-9d5d-6f3e1f0c7a11";
        assert_eq!(name_of(&format!("ffbatch-{id}")), "");
        assert_eq!(name_of("ffbatch-night"), "ffbatch-night");
    }
}
