//! What is refused, each with its one sentence.

use super::error;

/// The error, with its cause behind it as people see it.
#[track_caller]
fn check(line: &str, expected: &str) {
    let error = error(line);
    let cause = std::error::Error::source(&error);
    let text = match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    assert!(
        text.starts_with(expected),
        "`{line}`\n     got `{text}`\nexpected `{expected}`"
    );
    assert!(text.ends_with(')'), "the fix is missing in `{text}`");
}

#[test]
fn quoting() {
    check(
        "-i 'a o.mp4",
        "the quote ' at character 4 is never closed, in `'a o.mp4` (close it",
    );
    check(
        "-i a o.mp4\\",
        "the backslash at character 11 has nothing to escape",
    );
}

#[test]
fn missing_files() {
    check("", "the command is empty");
    check("ffmpeg", "the command is empty");
    check("-i a.mp4", "there is no output (end the command");
    check("-i a.mp4 -y", "there is no output (end the command");
    check("-i a.mp4 -crf 23", "there is no output (end the command");
    check(
        "-i a.mp4 -crf out.mp4",
        "there is no output: ffmpeg takes `out.mp4` for the value of `-crf`",
    );
    check(
        "-i a.mp4 -foo s3://b/o",
        "there is no output: ffmpeg takes `s3://b/o` for the value of `-foo`",
    );
    check("out.mp4", "there is no input (add -i INPUT)");
    check("-i", "`-i` lacks its value");
    check("-i a o -c:v", "`-c:v` lacks its value");
    check("-i a o -foo", "`-foo` lacks its value");
    check("-i '' o", "the input is an empty word");
    check("-i a ''", "the output is an empty word");
    check(
        "-i a -/vf '' o",
        "the value of an option with `/` is an empty word",
    );
}

#[test]
fn options_in_the_wrong_place() {
    check("-i a o.mp4 -crf 23", "`-crf` stands after the last output");
    check("-i a o.mp4 -an", "`-an` stands after the last output");
    check("-version", "`-version` makes ffmpeg print something");
    check("-i a -h full o", "`-h` makes ffmpeg print something");
    check("--help", "`--help` makes ffmpeg print something");
}

#[test]
fn the_same_file_twice() {
    check("-i a.mp4 a.mp4", "`a.mp4` is both read and written");
    check("-i ./a.mp4 a.mp4", "`a.mp4` is both read and written");
    check(
        "-i d//a.mp4 d/./a.mp4",
        "`d/./a.mp4` is both read and written",
    );
    check(
        "-i file:///d/a.mp4 /d/a.mp4",
        "`/d/a.mp4` is both read and written",
    );
    check(
        "-i s3://b/k s3://b/k",
        "`s3://b/k` is both read and written",
    );
    check(
        "-i a -vf subtitles=b.mkv b.mkv",
        "`b.mkv` is both read and written",
    );
    check("-i a -vstats_file a o", "`a` is both read and written");
    check("-i a o.mp4 ./o.mp4", "`./o.mp4` is written twice");
    check("-i a -f tee 'o.mp4|o.mp4'", "`o.mp4` is written twice");
    check("-progress o -i a o", "`o` is written twice");
}

#[test]
fn files_that_only_look_the_same() {
    for line in [
        "-i s3://b/a//k s3://b/a/k",
        "-i s3://b/a s3://c/a",
        "-i d/../a a",
        "-i a -i a o",
        "-i /a a",
    ] {
        super::parse(line);
    }
}

#[test]
fn locations() {
    check(
        "-i gopher://h/a o",
        "the input cannot be used: unknown scheme `gopher://`",
    );
    check(
        "-i s3://b o",
        "the input cannot be used: `s3://b` is not a whole S3 URL",
    );
    check(
        "-i a s3:///k",
        "the output cannot be used: `s3:///k` is not a whole S3 URL",
    );
    check(
        "-i a -attach ftp://h/f o",
        "the value of `-attach` cannot be used: unknown scheme `ftp://`",
    );
    check(
        "-i a https://h/o",
        "`https://h/o` cannot be written by a job (publish to",
    );
    check(
        "-i a -f flv rtmp://h/o",
        "`rtmp://h/o` cannot be written by a job",
    );
    check(
        "-progress http://h/p -i a o",
        "`http://h/p` cannot be written by a job",
    );
    check("-i a d/", "the output `d/` names a directory");
    check("-i a s3://b/d/", "the output `s3://b/d/` names a directory");
    check("-i a ..", "the output `..` names a directory");
    check(
        "-i ftp:h o",
        "the protocol of `ftp:h` is not offered in a job",
    );
    check(
        "-i a unix:o",
        "the protocol of `unix:o` is not offered in a job",
    );
    check(
        "-i concat: o",
        "`concat:` is not complete (write concat:FILE|FILE",
    );
    check("-i 'concat:a||b' o", "`concat:a||b` is not complete");
    check(
        "-i subfile,start,1:a o",
        "`subfile,start,1:a` is not complete",
    );
    check("-i cache: o", "`cache:` is not complete");
}

#[test]
fn what_a_job_does_not_have() {
    check("-i - o", "`-` reads from standard input");
    check(
        "-f rawvideo -i pipe:0 o",
        "`pipe:0` reads from standard input",
    );
    check("-i /dev/stdin o", "`/dev/stdin` reads from standard input");
    check("-f lavfi -i movie=- o", "`-` reads from standard input");
    check(
        "-f v4l2 -i /dev/video0 o",
        "`-f v4l2` is a device of one machine",
    );
    check("-f x11grab -i :0 o", "`-f x11grab` is a device");
    check("-i a -f sdl x", "`-f sdl` is a device");
}

#[test]
fn names_of_segments() {
    check(
        "-i a -f segment o.ts",
        "`o.ts` of the segment muxer has no number to count segments with",
    );
    check(
        "-i a -hls_segment_filename s.ts o.m3u8",
        "`s.ts` of -hls_segment_filename has no number",
    );
    check(
        "-i a -hls_fmp4_init_filename ../i.mp4 o.m3u8",
        "`../i.mp4` of `-hls_fmp4_init_filename` must lie beneath",
    );
    check(
        "-i a -master_pl_name /m.m3u8 o.m3u8",
        "`/m.m3u8` of `-master_pl_name` must lie beneath",
    );
}

#[test]
fn graphs() {
    check(
        "-i a -vf '[in]scale=2:2]' o",
        "the filter graph `[in]scale=2:2]` cannot be read at `]`",
    );
    check(
        "-i a -vf '[in scale' o",
        "the filter graph `[in scale` cannot be read at `[in scale` (close the label",
    );
    check("-i a -f tee '[f=mpegts' o", "`[f=mpegts` is not complete");
    check("-i a -f tee '[]x'", "`[]x` is not complete");
}

#[test]
fn a_nul_character_is_refused() {
    let command = crate::command::Command::new(["-i", "a\0b", "o"]);
    let error = command.parse().expect_err("the command is refused");
    assert_eq!(
        error.to_string(),
        "word 2 holds a NUL character (remove it)"
    );
}
