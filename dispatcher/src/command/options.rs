//! Which options ffmpeg itself has, and which of them take an argument.
//!
//! The table is probed, not copied from the help, whose word on arguments is wrong for more than twenty options (see
//! `scripts/probe-options`). Every option that is not in it is an `AVOption` of a codec, format, protocol or filter, and
//! those always take exactly one argument, booleans included (`opt_default` in ffmpeg's `fftools/cmdutils.c`).

use std::collections::HashMap;
use std::sync::LazyLock;

/// The probed table: name, kind, scope, newest version that has the option.
const TABLE: &str = include_str!("options.tsv");

static OPTIONS: LazyLock<HashMap<&str, Known>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.map(row).collect()
});

/// What an option of ffmpeg itself takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, and it cannot be negated.
    Flag,
    /// Nothing; `-noNAME` switches it off.
    Bool,
    /// One argument.
    Value,
    /// It prints something and ends ffmpeg.
    Exit,
}

/// One option of ffmpeg itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// Whether it applies to the command as a whole, wherever it stands.
    pub(super) global: bool,
}

/// Looks an option up by its name without dash and specifier; `None` for `AVOption`s.
pub(super) fn find(name: &str) -> Option<Known> {
    OPTIONS.get(name).copied()
}

fn row(line: &'static str) -> (&'static str, Known) {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().expect("the committed table has four columns");
    let (name, kind, scope) = (cell(), cell(), cell());
    let kind = match kind {
        "flag" => Kind::Flag,
        "bool" => Kind::Bool,
        "value" => Kind::Value,
        _ => Kind::Exit,
    };
    let global = scope == "global";
    (name, Known { kind, global })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, kind: Kind, global: bool) {
        assert_eq!(find(name), Some(Known { kind, global }), "{name}");
    }

    #[test]
    fn options_that_the_help_is_wrong_about() {
        check("fps_mode", Kind::Value, false);
        check("thread_queue_size", Kind::Value, false);
        check("filter_threads", Kind::Value, true);
        check("stats_enc_post", Kind::Value, false);
        check("re", Kind::Bool, false);
        check("xerror", Kind::Bool, true);
        check("hide_banner", Kind::Bool, true);
    }

    #[test]
    fn options_of_older_versions_and_of_none() {
        check("vsync", Kind::Value, true);
        check("map_channel", Kind::Value, false);
        check("psnr", Kind::Bool, true);
        check("filter_script", Kind::Value, false);
        check("version", Kind::Exit, true);
        check("report", Kind::Flag, true);
        assert_eq!(find("crf"), None);
    }

    #[test]
    fn every_row_is_well_formed() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 4, "{line}");
            assert!(
                ["flag", "bool", "value", "exit"].contains(&cells[1]),
                "{line}"
            );
            assert!(["global", "file"].contains(&cells[2]), "{line}");
        }
    }
}
