//! Splits a command into options, inputs and outputs, as `split_commandline` in ffmpeg's `fftools/cmdutils.c` does.

use super::error::CommandError;
use super::escape::Token;
use super::finder::{Finder, Settings};
use super::options::{self, Kind};
use super::parsed::{File, OptionUse, Parsed, Target};
use super::place::{Owner, Pattern, Role};
use super::{dictionary, files, filter, finder, target};

/// Options whose value is a filter graph.
const GRAPHS: [&str; 5] = ["filter", "vf", "af", "filter_complex", "lavfi"];

/// Reads the words into groups and finds the places in them.
pub(super) fn parse(words: &[String]) -> Result<Parsed, CommandError> {
    if words.is_empty() {
        return Err(CommandError::Empty);
    }
    if let Some(at) = words.iter().position(|word| word.contains('\0')) {
        return Err(CommandError::Nul(at + 1));
    }
    let mut groups = Groups::default();
    groups.read(words)?;
    if groups.outputs.is_empty() {
        return Err(no_output(words, &groups));
    }
    if let Some(option) = groups.pending.first() {
        return Err(CommandError::Trailing(words[option.word].clone()));
    }
    let mut parsed = Parsed {
        globals: groups.globals,
        inputs: groups.inputs,
        outputs: groups.outputs,
        decoders: groups.decoders,
        places: Vec::new(),
        implicit: Vec::new(),
        words: words.to_vec(),
    };
    find_places(&mut parsed)?;
    Ok(parsed)
}

/// The files read so far, and the options that wait for theirs.
#[derive(Debug, Default)]
struct Groups {
    globals: Vec<OptionUse>,
    pending: Vec<OptionUse>,
    inputs: Vec<File>,
    outputs: Vec<File>,
    decoders: Vec<File>,
}

impl Groups {
    fn read(&mut self, words: &[String]) -> Result<(), CommandError> {
        let mut at = 0;
        let mut literal = false;
        while let Some(word) = words.get(at) {
            match word.strip_prefix('-') {
                // After `--` one word is an output whatever it looks like.
                Some("-") if !literal => literal = true,
                Some(option) if !option.is_empty() && !literal => {
                    at = self.read_option(words, at, option)?;
                }
                _ => {
                    let output = self.finish(at);
                    self.outputs.push(output);
                    literal = false;
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Reads the option at a word and returns the number of its last word.
    fn read_option(
        &mut self,
        words: &[String],
        at: usize,
        option: &str,
    ) -> Result<usize, CommandError> {
        let value = || match words.get(at + 1) {
            Some(_) => Ok(at + 1),
            None => Err(CommandError::NoValue(words[at].clone())),
        };
        if option == "i" || option == "dec" {
            let file = self.finish(value()?);
            if option == "i" {
                self.inputs.push(file);
            } else {
                self.decoders.push(file);
            }
            return Ok(at + 1);
        }
        let from_file = option.starts_with('/');
        let full = option.strip_prefix('/').unwrap_or(option);
        let (name, specifier) = match full.split_once(':') {
            Some((name, specifier)) => (name, Some(specifier.to_owned())),
            None => (full, None),
        };
        let mut found = OptionUse {
            name: name.to_owned(),
            specifier,
            word: at,
            value: None,
            negated: false,
            from_file,
        };
        let negated = name.strip_prefix("no").and_then(|name| {
            let known = options::find(name).filter(|known| known.kind == Kind::Bool);
            known.map(|known| (name, known))
        });
        let global = match (options::find(name), negated) {
            (Some(known), _) => {
                match known.kind {
                    Kind::Exit => return Err(CommandError::Ends(words[at].clone())),
                    Kind::Value => found.value = Some(value()?),
                    Kind::Flag | Kind::Bool => {}
                }
                known.global
            }
            (None, Some((name, known))) => {
                name.clone_into(&mut found.name);
                found.negated = true;
                known.global
            }
            (None, None) => {
                found.value = Some(value()?);
                false
            }
        };
        let last = found.value.unwrap_or(at);
        if global {
            self.globals.push(found);
        } else {
            self.pending.push(found);
        }
        Ok(last)
    }

    /// Ends the group of options that belongs to the file at a word.
    fn finish(&mut self, word: usize) -> File {
        File {
            word,
            options: std::mem::take(&mut self.pending),
            target: Target::Stream,
        }
    }
}

/// Says why there is no output, and names the option that took its place where one did.
fn no_output(words: &[String], groups: &Groups) -> CommandError {
    let options = groups.pending.iter().chain(&groups.globals);
    let last = words.len() - 1;
    let taken = options.max_by_key(|option| option.word);
    let taken =
        taken.filter(|option| option.value == Some(last) && looks_like_a_file(&words[last]));
    match taken {
        Some(option) => CommandError::OutputTaken {
            option: words[option.word].clone(),
            value: words[last].clone(),
        },
        None => CommandError::NoOutput,
    }
}

/// Whether a word has an extension with a letter, as a file has and `23` or `1.5` have not.
fn looks_like_a_file(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let letters = |text: &str| text.contains(|c: char| c.is_ascii_alphabetic());
    word.contains("://")
        || name
            .rsplit_once('.')
            .is_some_and(|(_, extension)| letters(extension))
}

/// Finds the places of all groups: each group's options in order, then its file.
fn find_places(parsed: &mut Parsed) -> Result<(), CommandError> {
    let mut finder = Finder::default();
    let words = &parsed.words;
    let none = Settings::default();
    for option in &parsed.globals {
        find_in_option(&mut finder, words, option, &none, Owner::Command)?;
    }
    for decoder in &parsed.decoders {
        for option in &decoder.options {
            find_in_option(&mut finder, words, option, &none, Owner::Command)?;
        }
    }
    for (number, file) in parsed.inputs.iter_mut().enumerate() {
        let owner = Owner::Input(number);
        let settings = settings(words, &file.options);
        for option in &file.options {
            find_in_option(&mut finder, words, option, &settings, owner)?;
        }
        finder.word = file.word;
        let text = Token::word(&words[file.word]);
        file.target = target::input(&mut finder, &text, &settings, owner)?;
    }
    for (number, file) in parsed.outputs.iter_mut().enumerate() {
        let owner = Owner::Output(number);
        let settings = settings(words, &file.options);
        for option in &file.options {
            find_in_option(&mut finder, words, option, &settings, owner)?;
        }
        let logs = file
            .options
            .iter()
            .any(|option| option.name == "passlogfile");
        if settings.get("pass").is_some() && !logs {
            // `DEFAULT_PASS_LOGFILENAME_PREFIX` in FFmpeg's `fftools/ffmpeg_mux_init.c`.
            finder.add_implicit("ffmpeg2pass", Role::Prefix, owner);
        }
        finder.word = file.word;
        let text = Token::word(&words[file.word]);
        file.target = target::output(&mut finder, &text, 0, &settings, owner)?;
    }
    parsed.places = finder.places;
    parsed.implicit = finder.implicit;
    Ok(())
}

fn find_in_option(
    finder: &mut Finder,
    words: &[String],
    option: &OptionUse,
    settings: &Settings,
    owner: Owner,
) -> Result<(), CommandError> {
    let Some(word) = option.value else {
        match option.name.as_str() {
            // `init_report` in `fftools/opt_common.c`, `vstats_file` in `fftools/ffmpeg_opt.c`.
            "report" => finder.add_implicit("ffmpeg-", Role::Prefix, owner),
            "vstats" => finder.add_implicit("vstats_", Role::Prefix, owner),
            _ => {}
        }
        return Ok(());
    };
    finder.word = word;
    let value = Token::word(&words[word]);
    if option.from_file {
        let found = finder::Found {
            role: Role::Read,
            owner,
            pattern: Pattern::Literal,
            named_by: words[option.word].clone(),
            url: true,
        };
        if value.text.is_empty() {
            return Err(CommandError::EmptyFile("the value of an option with `/`"));
        }
        finder.add(&value, 0..value.text.len(), found)?;
        return Ok(());
    }
    if GRAPHS.contains(&option.name.as_str()) {
        return filter::find(finder, &value, owner);
    }
    files::find(finder, &option.name, &value, settings, owner)?;
    dictionary::find(finder, &option.name, &value, owner)
}

fn settings(words: &[String], options: &[OptionUse]) -> Settings {
    let mut settings = Settings::default();
    for option in options.iter().filter(|option| !option.from_file) {
        match option.value {
            Some(word) => settings.set(&option.name, &words[word]),
            None => settings.set(&option.name, if option.negated { "0" } else { "1" }),
        }
    }
    settings
}
