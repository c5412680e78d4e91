//! Whether a command gives the same pictures when it runs again, and whether its output can be read, as far as its words tell.

use ffbatch_dispatcher::command::{Role, Target};
use ffbatch_dispatcher::location::Location;

use crate::check::Planned;

/// Filters that draw lots unless they are given a seed (their `seed` option is -1), and what asks the clock.
const BY_CHANCE: [&str; 11] = [
    "cellauto",
    "gradients",
    "life",
    "perlin",
    "random",
    "sierpinski",
    "gmtime",
    "localtime",
    "RTCSTART",
    "RTCTIME",
    "use_wallclock_as_timestamps",
];

/// Refuses an output that ffmpeg cannot read like any other file.
pub fn output(planned: &Planned, number: usize) -> Result<(), String> {
    let parsed = &planned.parsed;
    let output = &parsed.outputs[number];
    // Images, or the pieces of the segment muxer: no playlist names them.
    let mut places = output.target.places().iter();
    if places.any(|place| parsed.places[*place].is_pattern()) {
        return Err("sequences of files without a playlist are not measured".to_owned());
    }
    for option in &output.options {
        let value = parsed.value(option).unwrap_or_default();
        if option.name == "hls_flags" && has(value, "omit_endlist") {
            return Err(
                "a playlist without an end (omit_endlist) is not measured: ffmpeg would wait for more"
                    .to_owned(),
            );
        }
        if option.name == "encryption_scheme" && value != "none" {
            return Err("an encrypted output (-encryption_scheme) is not measured".to_owned());
        }
    }
    Ok(())
}

/// Refuses a command whose inputs cannot be read twice.
pub fn inputs(planned: &Planned) -> Result<(), String> {
    for place in planned
        .parsed
        .places
        .iter()
        .filter(|place| place.role == Role::Input)
    {
        match &place.location {
            Location::Live(url) => {
                return Err(format!("`{url}` is live and cannot be read again"));
            }
            Location::Http(url) if planned.names.contains(url) => {
                return Err(format!(
                    "`{url}` is read over the network, and what it gives a second time is not certain"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a command whose inputs cannot be read twice, or that makes other pictures each time.
pub fn pictures(planned: &Planned) -> Result<(), String> {
    inputs(planned)?;
    let parsed = &planned.parsed;
    let words = || {
        let options = parsed
            .globals
            .iter()
            .chain(parsed.inputs.iter().flat_map(|input| &input.options))
            .chain(parsed.outputs.iter().flat_map(|output| &output.options));
        let values = options.flat_map(|option| {
            let value = parsed.value(option);
            [Some(option.name.as_str()), value]
        });
        let graphs = parsed.inputs.iter();
        let graphs = graphs.filter(|input| input.target == Target::Graph);
        let graphs = graphs.map(|input| parsed.words().get(input.word).map(String::as_str));
        values.chain(graphs).flatten()
    };
    let chance = words().find_map(|word| BY_CHANCE.into_iter().find(|name| has(word, name)));
    match chance {
        Some(name) => Err(format!(
            "with `{name}` a command makes other pictures each time it runs"
        )),
        None => Ok(()),
    }
}

/// Whether a text has this word.
fn has(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;

    use super::*;

    #[track_caller]
    fn check_line(line: &str, refusal: Option<&str>) {
        let parsed = Command::from_line(line)
            .and_then(|command| command.parse())
            .expect("a command");
        let names = parsed
            .places
            .iter()
            .map(|place| place.text.clone())
            .collect();
        match (pictures(&Planned { parsed, names }), refusal) {
            (Ok(()), None) => {}
            (Err(why), Some(part)) => assert!(why.contains(part), "{line}: {why}"),
            (got, _) => panic!("{line}: {got:?}"),
        }
    }

    #[test]
    fn what_cannot_be_had_twice() {
        check_line("-i a.mp4 -vf scale=2:2,randomness=1 b.mp4", None);
        check_line("-f lavfi -i testsrc2 -vf noise=alls=20 b.mp4", None);
        check_line("-f lavfi -i life=s=300x200 b.mp4", Some("`life`"));
        check_line("-i a.mp4 -vf hflip,random=frames=4 b.mp4", Some("`random`"));
        check_line(
            "-i a.mp4 -vf drawtext=text='%{localtime}':fontfile=x.ttf b.mp4",
            Some("`localtime`"),
        );
        check_line(
            "-use_wallclock_as_timestamps 1 -i a.mp4 b.mp4",
            Some("wallclock"),
        );
        check_line("-i rtmp://h/app b.mp4", Some("is live"));
        check_line("-i https://h/a.m3u8 b.mp4", Some("over the network"));
    }
}
