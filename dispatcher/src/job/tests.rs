use super::*;

fn job(words: &[&str]) -> Job {
    Job::of(vec![Command::new(
        words.iter().map(|word| (*word).to_owned()),
    )])
}

#[test]
fn a_job_reads_back_and_stays_as_it_was() {
    let job = Job {
        name: "clip".into(),
        files: vec!["s3://b/a b.srt".parse().expect("a location")],
        quality: Some(vec!["vmaf".into()]),
        vmaf_model: Some("neg".into()),
        ..job(&["-i", "s3://b/in.mp4", "s3://b/out.mp4"])
    };
    insta::assert_snapshot!(job.to_json(), @r#"{"version":1,"name":"clip","commands":[["-i","s3://b/in.mp4","s3://b/out.mp4"]],"files":["s3://b/a b.srt"],"quality":["vmaf"],"vmaf_model":"neg"}"#);
    assert_eq!(Job::from_json(&job.to_json()).expect("our own JSON"), job);
}

#[test]
fn a_minimal_job_of_the_first_version_still_reads() {
    let read =
        Job::from_json(r#"{"version":1,"commands":[["-i","a","b.mp4"]]}"#).expect("version 1");
    assert_eq!(read, job(&["-i", "a", "b.mp4"]));
}

#[test]
fn a_job_that_measures_nothing_was_one_that_says_nothing_of_it() {
    for (quality, expected) in [("", None), (r#","quality":[]"#, Some(Vec::new()))] {
        let text = format!(r#"{{"version":1,"commands":[["-i","a","b.mp4"]]{quality}}}"#);
        let read = Job::from_json(&text).expect("version 1");
        assert_eq!(read.quality, expected);
        assert_eq!(read.to_json(), text);
    }
}

#[test]
fn a_model_that_is_a_file_is_one_of_the_directory_in_which_it_was_typed() {
    let anchored = |typed: &str| {
        let job = Job {
            vmaf_model: Some(typed.to_owned()),
            ..job(&["-i", "a", "b.mp4"])
        };
        let anchored = job.anchored("/here").expect("valid");
        anchored.vmaf_model.unwrap_or_default()
    };
    assert_eq!(anchored("m.json"), "/here/m.json");
    assert_eq!(anchored("./models/m"), "/here/models/m");
    for same in ["neg", "vmaf_v0.6.1", "/m.json", "s3://b/m.json"] {
        assert_eq!(anchored(same), same);
    }
}

#[track_caller]
fn check(error: Result<impl std::fmt::Debug, JobError>, part: &str) {
    let text = error.expect_err("it must be refused").to_string();
    assert!(text.contains(part), "`{text}` lacks `{part}`");
}

#[test]
fn what_is_wrong_is_said() {
    check(
        Job::from_json(r#"{"version":2,"commands":[],"colour":1}"#),
        "of version 2",
    );
    check(Job::from_json(r#"{"version":1,"comands":[]}"#), "comands");
    check(Job::of(vec![]).check(), "no command");
    check(
        job(&["-i", "a", "-pass", "2", "b.mp4"]).check(),
        "no first pass",
    );
    check(
        job(&["-i", "gopher://x", "b"]).check(),
        "unknown scheme `gopher://`",
    );
    check(
        Job {
            name: "x".repeat(129),
            ..job(&["-i", "a", "b"])
        }
        .check(),
        "129 characters",
    );
    let twice = vec![
        "a/x.srt".parse().expect("a path"),
        "b/x.srt".parse().expect("a path"),
    ];
    check(
        Job {
            files: twice,
            ..job(&["-i", "a", "b"])
        }
        .check(),
        "`x.srt`",
    );
    for output in ["x.srt", "/elsewhere/x.srt"] {
        let taken = Job {
            files: vec!["a/x.srt".parse().expect("a path")],
            ..job(&["-i", "a", output])
        };
        check(
            taken.check(),
            "`x.srt` is the name of a side file and of an output",
        );
    }
    let both = Parameters {
        job: Some("{}".into()),
        input_url: Some("a".into()),
        ..Parameters::default()
    };
    check(both.command_job(), "`input_url`");
}

#[test]
fn a_second_pass_is_fine_behind_a_first_or_with_its_log() {
    let second = ["-i", "a", "-pass", "2", "b.mp4"];
    let first = ["-i", "a", "-pass", "1", "-f", "null", "-"];
    let mut both = job(&first);
    both.commands.push(Command::new(second));
    both.check().expect("both passes");
    let log = "ffmpeg2pass-0.log".parse().expect("a path");
    let brought = Job {
        files: vec![log],
        ..job(&second)
    };
    brought.check().expect("the log is brought");
    job(&["-i", "a", "-passlogfile", "/x/log", "-pass", "2", "b.mp4"])
        .check()
        .expect("the log is named");
}

#[test]
fn side_files_of_a_job_without_an_output_belong_to_the_current_directory() {
    let anchored = job(&["-i", "a", "-vstats_file", "v.log", "-f", "null", "-"])
        .anchored("/here")
        .expect("valid");
    assert!(
        anchored.commands[0]
            .words()
            .contains(&"/here/v.log".to_owned())
    );
    let elsewhere = job(&["-i", "a", "-vstats_file", "v.log", "s3://b/out.mp4"])
        .anchored("/here")
        .expect("valid");
    assert!(
        elsewhere.commands[0].words().contains(&"v.log".to_owned()),
        "it belongs beside the output"
    );
}

#[test]
fn null_empty_and_absent_are_the_same() {
    for none in [None, Some(String::new()), Some("null".to_owned())] {
        let parameters = Parameters {
            global_options: none.clone(),
            input_file_options: none.clone(),
            input_url: Some("s3://b/in.mp4".into()),
            output_file_options: none.clone(),
            output_url: Some("s3://b/out.mp4".into()),
            name: none.clone(),
            job: none,
        };
        let read = parameters.command_job().expect("valid").expect("a command");
        assert_eq!(read, job(&["-i", "s3://b/in.mp4", "s3://b/out.mp4"]));
    }
}
