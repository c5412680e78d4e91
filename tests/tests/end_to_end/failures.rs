//! What goes wrong, and the one sentence and exit code that say it. The sentences are written out here: this is what people read.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::clip::SHORT;
use ffbatch_tests::sandbox::Sandbox;

/// A sandbox with `in.mp4`.
fn sandbox() -> Sandbox {
    Sandbox::with(SHORT, "in.mp4")
}

#[track_caller]
fn local(words: &str) -> String {
    let sandbox = sandbox();
    let ended = sandbox.ffbatch(words.split_ascii_whitespace());
    sandbox.assert_clean();
    assert_eq!(
        sandbox.files().len(),
        1,
        "a failed job left something\n{ended}"
    );
    ended.said()
}

/// Asserts that the sentence carries ffmpeg's own words, which differ from version to version.
#[track_caller]
fn ffmpeg_says(sentence: &str, part: &str) {
    assert!(
        sentence.starts_with("4: ffmpeg failed with exit code ") && sentence.contains(part),
        "{sentence}"
    );
}

#[test]
fn wrong_commands() {
    insta::assert_snapshot!(local("run"), @"2: no command was given (write `-- ffmpeg -i in.mp4 out.mp4`)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4"), @"2: there is no output (end the command with the file to write)");
    insta::assert_snapshot!(local("run -- ffmpeg -c copy out.mp4"), @"2: there is no input (add -i INPUT)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy in.mp4"), @"2: `in.mp4` is both read and written (give the output another name)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy ./in.mp4"), @"2: `./in.mp4` is both read and written (give the output another name)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy gopher://x/out.mp4"), @"2: the output cannot be used: unknown scheme `gopher://` in `gopher://x/out.mp4` (known: a path, file://, s3://, https://, http://, and rtmp://, rtsp://, srt:// or udp:// as live inputs)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c copy https://example.com/out.mp4"), @"2: `https://example.com/out.mp4` cannot be written by a job (publish to a path, file:// or s3://)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 out.mp4 -c copy"), @"2: `-c` stands after the last output, where ffmpeg ignores it (move it before the output)");
    insta::assert_snapshot!(local("run -- ffmpeg -i in.mp4 -c:v"), @"2: `-c:v` lacks its value (add it after the option)");
    insta::assert_snapshot!(local("run --input_url in.mp4 --output_file_options -vf\u{a0}'scale --output_url out.mp4"), @r#"2: `output_file_options` cannot be split into words: the quote ' at character 5 is never closed, in `'scale` (close it, or write \' for the character itself)"#);
    insta::assert_snapshot!(local("run --compute mainframe -- ffmpeg -i in.mp4 out.mp4"), @"2: unknown compute `mainframe` (known: amd, arm, docker, fargate, fargate-arm, intel, local, nvidia, xilinx)");
    insta::assert_snapshot!(local("run --quality beauty -- ffmpeg -i in.mp4 out.mp4"), @"2: unknown metric `beauty` (known: psnr, ssim, vmaf, xpsnr)");
    insta::assert_snapshot!(local(&format!("run --name {} -- ffmpeg -i in.mp4 out.mp4", "n".repeat(129))), @"2: the name has 129 characters, AWS Batch allows 128 (shorten it)");
    insta::assert_snapshot!(local("run --config no.toml -- ffmpeg -i in.mp4 out.mp4"), @"2: the job is wrong, nothing was moved: there is no configuration file `no.toml` (leave --config out to use the defaults)");
}

#[test]
fn wrong_inputs() {
    insta::assert_snapshot!(local("run -- ffmpeg -i no.mp4 out.mp4"), @"3: there is no file `[sandbox]/files/no.mp4` (check the path)");
    insta::assert_snapshot!(local("run -- ffmpeg -i . out.mp4"), @"3: `[sandbox]/files/.` is a directory (name a file in it)");
    insta::assert_snapshot!(local("run -- ffmpeg -i /dev/zero out.mp4"), @"3: `/dev/zero` belongs to the kernel and is no media file (copy what you need into a file)");
    ffmpeg_says(
        &local("run -- ffmpeg -i in.mp4 -c:v nosuchencoder out.mp4"),
        "nosuchencoder",
    );
    ffmpeg_says(
        &local("run -- ffmpeg -i in.mp4 out.nosuchformat"),
        "out.nosuchformat",
    );
    let sandbox = sandbox();
    sandbox.write("empty.mp4", "");
    insta::assert_snapshot!(sandbox.job(["-i", "empty.mp4", "out.mp4"]).said(), @"3: `[sandbox]/files/empty.mp4` is empty (0 bytes)");
    sandbox.write("garbage.mp4", vec![7; 4096]);
    ffmpeg_says(
        &sandbox.job(["-i", "garbage.mp4", "out.mp4"]).said(),
        "garbage.mp4",
    );
    sandbox.assert_clean();
}

#[test]
fn a_failed_job_leaves_a_report_that_says_why() {
    let sandbox = sandbox();
    let ended = sandbox.job(["-i", "in.mp4", "-c:v", "nosuchencoder", "out.mp4"]);
    let report = ended.fails(Exit::Ffmpeg, "nosuchencoder").report();
    assert_eq!(report.exit, Exit::Ffmpeg);
    let command = &report.commands[0];
    assert!(
        command.exit_code.is_some_and(|code| code != 0),
        "ffmpeg's own code is there: {command:?}"
    );
    assert!(
        command
            .stderr_tail
            .iter()
            .any(|line| line.contains("nosuchencoder")),
        "{command:?}"
    );
    assert!(
        report
            .failure
            .is_some_and(|failure| failure.message.contains("nosuchencoder"))
    );
}
