//! What parsing finds in a command, and the questions that can be asked of it.

use std::collections::BTreeMap;

use super::place::{Owner, Place, Role};

/// Options whose value lies beneath the directory of the output they belong to.
const BESIDE: [&str; 6] = [
    "hls_fmp4_init_filename",
    "hls_master_name",
    "init_seg_name",
    "master_pl_name",
    "media_seg_name",
    "single_file_name",
];

/// One use of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionUse {
    /// The name without dash, specifier, leading `no` of a boolean and leading `/` of a value read from a file.
    pub name: String,
    /// What follows the first `:`, such as `v:0`.
    pub specifier: Option<String>,
    /// The number of the option's word, from 0.
    pub word: usize,
    /// The number of the value's word; `None` for flags.
    pub value: Option<usize>,
    /// Whether it is a boolean switched off (`-noautorotate`).
    pub negated: bool,
    /// Whether the value is the name of a file that holds the value (`-/filter_complex graph.txt`).
    pub from_file: bool,
}

/// One input, output or loopback decoder with the options before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The number of the word that names it, from 0.
    pub word: usize,
    /// The options that apply to it, in order; global ones are not among them.
    pub options: Vec<OptionUse>,
    /// What the word names.
    pub target: Target,
}

/// What the word of an input or output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One file or pattern: an index into [`Parsed::places`].
    Place(usize),
    /// Several files read as one (`concat:a|b`): indexes into [`Parsed::places`].
    Joined(Vec<usize>),
    /// A filter graph that makes its own pictures or sound (`-f lavfi`); its files are places of role `Read`.
    Graph,
    /// The data itself (`data:` URLs).
    Inline,
    /// Nothing is written: the null muxer or `/dev/null`.
    Discard,
    /// An encoded stream of an output, such as `0:0` (`-dec`).
    Stream,
    /// Standard output or another descriptor.
    Pipe,
    /// The slaves of the tee muxer that write files: indexes into [`Parsed::places`].
    Tee(Vec<usize>),
}

impl Target {
    /// The places that the word itself names.
    pub fn places(&self) -> &[usize] {
        match self {
            Self::Place(place) => std::slice::from_ref(place),
            Self::Joined(places) | Self::Tee(places) => places,
            Self::Graph | Self::Inline | Self::Discard | Self::Stream | Self::Pipe => &[],
        }
    }
}

/// A file that ffmpeg reads or writes in its working directory though the command does not name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implicit {
    /// The name, or its beginning where the role is [`Role::Prefix`].
    pub name: String,
    /// What ffmpeg does with it.
    pub role: Role,
    /// Which part of the command brings it about.
    pub owner: Owner,
}

/// A command taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Options of the command as a whole, wherever they stand.
    pub globals: Vec<OptionUse>,
    /// The inputs in order.
    pub inputs: Vec<File>,
    /// The outputs in order.
    pub outputs: Vec<File>,
    /// The loopback decoders (`-dec`) in order.
    pub decoders: Vec<File>,
    /// All places: those of global options, then of each input and each output, options before the file itself.
    pub places: Vec<Place>,
    /// Files that ffmpeg reads or writes without being told their names.
    pub implicit: Vec<Implicit>,
    pub(super) words: Vec<String>,
}

impl Parsed {
    /// The command's words with each place replaced by what `replace` returns for it.
    ///
    /// The replacement is a path or a URL, unescaped; it is escaped here for where it stands. A path whose beginning
    /// ffmpeg would take for a protocol or an option (`12:30.mp4`, `-x.mp4`) gets `file:` in front. The replacement of a
    /// pattern is a pattern of the same kind.
    pub fn rewrite(&self, mut replace: impl FnMut(&Place) -> String) -> Vec<String> {
        let mut words = self.words.clone();
        let mut by_word: BTreeMap<usize, Vec<(&Place, String)>> = BTreeMap::new();
        for place in &self.places {
            let text = place.wrap(&replace(place));
            by_word.entry(place.word).or_default().push((place, text));
        }
        for (word, mut replacements) in by_word {
            replacements.sort_by_key(|(place, _)| std::cmp::Reverse(place.span.start));
            for (place, text) in replacements {
                words[word].replace_range(place.span.clone(), &text);
            }
        }
        words
    }

    /// Whether a global flag such as `n` or `y` is set.
    pub fn has_flag(&self, name: &str) -> bool {
        self.globals
            .iter()
            .rfind(|option| option.name == name)
            .is_some_and(|option| !option.negated)
    }

    /// The value word of an option; `None` for flags and where the value stands in a file.
    pub fn value(&self, option: &OptionUse) -> Option<&str> {
        let word = option.value.filter(|_| !option.from_file)?;
        self.words.get(word).map(String::as_str)
    }

    /// The value of the last of a file's options that has one of these names, as ffmpeg lets the last one win.
    ///
    /// A name is `t`, or `c:v` with its specifier; `c` alone means `-c` without a specifier.
    pub fn last(&self, file: &File, names: &[&str]) -> Option<&str> {
        let option = file
            .options
            .iter()
            .rfind(|option| names.iter().any(|name| option.is(name)))?;
        self.value(option)
    }

    /// The pass numbers of the outputs that are encoded in several passes (`-pass`), in their order.
    pub fn passes(&self) -> impl Iterator<Item = u8> + '_ {
        (0..self.outputs.len()).filter_map(|output| self.pass(output))
    }

    /// The pass number of an output's two-pass encoding (`-pass`), whatever stream it is for.
    pub(super) fn pass(&self, output: usize) -> Option<u8> {
        let options = &self.outputs.get(output)?.options;
        let option = options.iter().rfind(|option| option.name == "pass")?;
        self.value(option)?.parse().ok()
    }

    /// The names that an output's options give relative to the output's directory (`-hls_fmp4_init_filename`,
    /// `-media_seg_name`, ..); where one holds a `/`, somebody has to make its directory, since ffmpeg does not.
    pub fn beside(&self, output: usize) -> Vec<&str> {
        self.options_beside(output)
            .filter_map(|option| self.value(option))
            .collect()
    }

    /// The options that give these names.
    pub(super) fn options_beside(&self, output: usize) -> impl Iterator<Item = &OptionUse> {
        let file = self.outputs.get(output).into_iter();
        file.flat_map(|file| &file.options)
            .filter(|option| BESIDE.contains(&option.name.as_str()))
    }

    /// The words that this was parsed from.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

impl OptionUse {
    /// Whether the option is `name`, given as `t` or, with the specifier, as `c:v`.
    pub fn is(&self, name: &str) -> bool {
        match name.split_once(':') {
            Some((name, specifier)) => {
                self.name == name && self.specifier.as_deref() == Some(specifier)
            }
            None => self.name == name && self.specifier.is_none(),
        }
    }
}
