//! What ffbatch does differently from the ffmpeg that was typed, said once and kept in the report: never silently.

use ffbatch_dispatcher::command::{Parsed, Target};

/// One sentence for each thing that a person might miss.
pub(super) fn remarks(parsed: &[Parsed]) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut say = |sentence: String| {
        if !remarks.contains(&sentence) {
            remarks.push(sentence);
        }
    };
    for one in parsed {
        if one.has_flag("n") {
            say("`-n` has no effect: a job overwrites what stands at its outputs".to_owned());
        }
        for output in one
            .outputs
            .iter()
            .filter(|output| output.target == Target::Pipe)
        {
            say(format!(
                "what ffmpeg writes to `{}` is not kept: a job has no standard output (name a file)",
                one.words()[output.word]
            ));
        }
        if one.places.iter().any(|place| place.named_by == "-progress") {
            say("the file of `-progress` is not written: progress comes as JSON lines on the worker's standard output".to_owned());
        }
    }
    let pass = |wanted: u8| {
        parsed
            .iter()
            .flat_map(Parsed::passes)
            .any(|pass| pass == wanted)
    };
    let logged = parsed
        .iter()
        .flat_map(|one| &one.places)
        .any(|place| place.named_by == "-passlogfile");
    if pass(1) && !pass(2) && !logged {
        say("the log of `-pass 1` is not kept, and no second pass follows in this job (give both commands with `--then` between them)".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: &[&str]) {
        let parsed: Vec<Parsed> = lines
            .iter()
            .map(|line| {
                Command::from_line(line)
                    .and_then(|command| command.parse())
                    .expect("a command")
            })
            .collect();
        let got = remarks(&parsed);
        assert_eq!(got.len(), expected.len(), "{got:?}");
        for (got, part) in got.iter().zip(expected) {
            assert!(got.contains(part), "`{got}` lacks `{part}`");
        }
    }

    #[test]
    fn nothing_is_lost_in_silence() {
        check(&["-i a b.mp4"], &[]);
        check(&["-n -i a b.mp4"], &["`-n`"]);
        check(&["-i a -f md5 -"], &["to `-` is not kept"]);
        check(&["-i a -f null -"], &[]);
        check(
            &["-progress p.txt -i a b.mp4"],
            &["`-progress` is not written"],
        );
        check(&["-i a -pass 1 -f null -"], &["no second pass"]);
        check(&["-i a -pass 1 -f null -", "-i a -pass 2 b.mp4"], &[]);
        check(&["-i a -passlogfile /x/log -pass 1 -f null -"], &[]);
    }
}
