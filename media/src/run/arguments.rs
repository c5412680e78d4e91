//! The arguments that every run gets, and those that a user's command loses.
//!
//! They stand in front, where no option that lacks its value can swallow them. A removed word could in theory be the value of
//! another option (`-metadata -n`); such a value has never been seen, and ffmpeg itself warns about it.

/// Options without a value that would fight with ours: `-n` beside `-y` fails, the others write to the log or read the
/// terminal.
const DROPPED: [&str; 5] = ["-n", "-y", "-stats", "-nostats", "-stdin"];

/// Options that are dropped with their value: the last `-progress` wins in ffmpeg, and ours has to.
const DROPPED_WITH_VALUE: [&str; 1] = ["-progress"];

/// The arguments to run: no questions, outputs replaced, levels marked in the log, no status line.
pub fn complete(args: &[String]) -> Vec<String> {
    let ours = ["-nostdin", "-y", "-nostats", "-loglevel", "+level"];
    let mut complete: Vec<String> = ours.map(str::to_owned).into();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if DROPPED_WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !DROPPED.contains(&word.as_str()) {
            complete.push(word.clone());
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &str, expected: &str) {
        let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        assert_eq!(complete(&args)[5..].join(" "), expected);
    }

    #[test]
    fn what_is_dropped() {
        check("-i a -n b.mp4", "-i a b.mp4");
        check("-y -stats -stdin -i a b", "-i a b");
        check("-progress /tmp/x -i a b", "-i a b");
        check("-i a b -progress", "-i a b");
        check("-i a -nv x b", "-i a -nv x b");
        check("-v quiet -i a b", "-v quiet -i a b");
    }
}
