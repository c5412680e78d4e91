//! VMAF: perceived quality from 0 to 100, by ffmpeg's `libvmaf` filter (<https://ffmpeg.org/ffmpeg-filters.html#libvmaf-1>).
//!
//! Unless somebody asks for another, the model is v0.6.1, the one that published numbers mean, and its 4K variant for pictures that
//! fill a 4K screen. Pooling is the arithmetic mean, libvmaf's default, and the harmonic mean beside it. Which features a log
//! carries differs between versions of libvmaf and between models, so that they are an open map.

mod model;

use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

use ffbatch_dispatcher::metric::{Branch, Frames, GraphPart, Log, Metric, MetricError, Split};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::format;

inventory::submit! {
    Metric {
        name: "vmaf",
        summary: "perceived quality from 0 to 100 by Netflix's models; about 6 points are a visible step",
        filter: "libvmaf",
        models: Some(model::parse),
        graph,
        parse,
        pool: Frames::mean,
        harmonic: true,
        headline: "vmaf",
        unit: "",
    }
}

/// The transfer characteristics of HDR, PQ and HLG, in ffmpeg's words.
const HDR: [&str; 2] = ["smpte2084", "arib-std-b67"];

/// How many threads one feeder keeps busy. It copies both pictures for libvmaf before its threads can take them
/// (`copy_picture_data` in `libavfilter/vf_libvmaf.c`): of 1080p by `vmaf_v0.6.1` that is 1.2 to 1.8 ms a frame, beside 24 ms of work for
/// libvmaf's threads and some 10 ms for the decoders'.
const FED: usize = 16;

fn graph(part: &GraphPart<'_>) -> Branch {
    let by_size = || model::by_size(part.width, part.height);
    let model = part.model.cloned().unwrap_or_else(by_size);
    let mut notes = Vec::new();
    if part
        .transfer
        .is_some_and(|transfer| HDR.contains(&transfer))
    {
        notes.push("no public HDR model".to_owned());
    }
    let from = part.pixel_format;
    let taken = taken(from);
    let filters = match ten_bits(&taken).filter(|_| model::wants_ten_bits(&model)) {
        Some(to) => {
            notes.push(format!("compared in {to}, as the model wants"));
            format::conversion(from, &to)
        }
        None if taken == from => String::new(),
        None => {
            notes.push(format::note("libvmaf", from, &taken));
            format::conversion(from, &taken)
        }
    };
    let (converted, distorted, reference) = part.through(&filters);
    let text = format!(
        "{converted}{distorted}{reference}libvmaf=model={}:n_threads={}:log_fmt=json:log_path={}",
        model::option(&model),
        part.threads,
        part.log
    );
    let (before, after) = model::looks_at(&model);
    let split = Some(Split {
        before,
        after,
        threads: FED,
    });
    Branch {
        text,
        split,
        model: Some(model.name),
        notes,
    }
}

/// The format that loses the least of this one among those that the filter takes: planar YUV of 8, 10, 12 or 16 bits, with chroma
/// for every sample, every second one, or one of four. Of gray nothing gets lost in any: the models look at luma alone.
fn taken(pixel_format: &str) -> String {
    let holds = |parts: &[&str]| parts.iter().any(|part| pixel_format.contains(part));
    let base = if holds(&["420p", "410p", "gray"]) {
        "yuv420p"
    } else if holds(&["422p", "411p"]) {
        "yuv422p"
    } else {
        "yuv444p"
    };
    let depth = pixel_format.trim_end_matches("le");
    let digits = depth.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let bits = match &depth[digits.len()..] {
        "" => "",
        "9" | "10" => "10le",
        "12" => "12le",
        _ => "16le",
    };
    format!("{base}{bits}")
}

/// The same of these with 10 bits; `None` when it has them.
fn ten_bits(taken: &str) -> Option<String> {
    let (base, bits) = taken.split_at(taken.find('p')? + 1);
    (bits != "10le").then(|| format!("{base}10le"))
}

/// Reads the JSON log frame by frame: `{"version": "3.2.0", "frames": [{"frameNum": 0, "metrics": {"vmaf": 83.8, ..}}, ..], ..}`.
fn parse(text: &mut dyn BufRead) -> Result<Log, MetricError> {
    let mut json = serde_json::Deserializer::from_reader(text);
    Whole
        .deserialize(&mut json)
        .and_then(|log| json.end().map(|()| log))
        .map_err(|error| MetricError {
            metric: "vmaf",
            line: error.line(),
            reason: error.to_string(),
        })
}

/// The document: everything but its `version` and its `frames` is passed by.
struct Whole;

/// The list of frames, each added as it is read, so that the list itself is never in memory.
struct List<'a>(&'a mut Frames);

/// One element of the list. What is no finite number is `null` in libvmaf's log.
#[derive(Deserialize)]
struct Element {
    metrics: HashMap<String, Option<f64>>,
}

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = Log;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Log, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole {
    type Value = Log;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the log of libvmaf")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Log, A::Error> {
        let (mut log, mut found) = (Log::default(), false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "frames" => {
                    map.next_value_seed(List(&mut log.frames))?;
                    found = true;
                }
                "version" => log.version = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found {
            Ok(log)
        } else {
            Err(A::Error::missing_field("frames"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(Element { metrics }) = list.next_element()? {
            let known = metrics.iter();
            self.0
                .push(known.filter_map(|(name, value)| Some((name.as_str(), (*value)?))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTORTED: &str = include_str!("../fixtures/vmaf.json");

    fn read(text: &str) -> Result<Log, MetricError> {
        parse(&mut text.as_bytes())
    }

    #[track_caller]
    fn check(field: &str, expected: &[f64]) {
        assert_eq!(
            read(DISTORTED).expect("real output").frames.column(field),
            expected
        );
    }

    #[test]
    fn real_output() {
        check("vmaf", &[83.856_284, 82.639_805, 81.196_591]);
        check("integer_motion2", &[0.0, 4.214_327, 4.214_327]);
        let log = read(DISTORTED).expect("real output");
        assert_eq!(log.version.as_deref(), Some("86da14d"));
        assert_eq!(log.frames.len(), 3);
    }

    /// What libvmaf itself writes at the end of this run, of every feature and of the score.
    #[test]
    fn both_means_are_those_of_libvmaf() {
        let frames = read(DISTORTED).expect("real output").frames;
        let log: serde_json::Value = serde_json::from_str(DISTORTED).expect("JSON");
        let pooled = log["pooled_metrics"].as_object().expect("an object");
        assert!(pooled.len() > 10 && pooled.contains_key("vmaf"));
        for (field, values) in pooled {
            for (name, got) in [
                ("mean", frames.mean(field)),
                ("harmonic_mean", frames.harmonic_mean(field)),
            ] {
                let (got, expected) = (got.expect("a mean"), values[name].as_f64());
                let expected = expected.expect("a number");
                // Frames and means are both rounded to six decimals.
                assert!(
                    (got - expected).abs() < 2e-6,
                    "{field} {name}: {got} is not {expected}"
                );
            }
        }
    }

    const PART: GraphPart<'static> = GraphPart {
        distorted: "[d]",
        reference: "[r]",
        log: "vmaf.log",
        threads: 2,
        width: 1920,
        height: 1080,
        pixel_format: "yuv420p",
        frame_rate: None,
        transfer: None,
        model: None,
    };

    /// The branch with a model of this kind.
    fn with(kind: &str, part: GraphPart<'_>) -> Branch {
        let model = model::parse(kind).expect("a model");
        graph(&GraphPart {
            model: Some(&model),
            ..part
        })
    }

    #[test]
    fn the_model_follows_the_picture() {
        let branch = graph(&PART);
        assert_eq!(
            branch.text,
            "[d][r]libvmaf=model=version=vmaf_v0.6.1:n_threads=2:log_fmt=json:log_path=vmaf.log"
        );
        assert_eq!(branch.model.as_deref(), Some("vmaf_v0.6.1"));
        assert!(branch.notes.is_empty());
        let large = GraphPart {
            width: 3840,
            height: 2160,
            ..PART
        };
        assert!(graph(&large).text.contains("version=vmaf_4k_v0.6.1:"));
        // One that is asked for wins.
        let branch = with("neg", large);
        assert_eq!(branch.model.as_deref(), Some("vmaf_v0.6.1neg"));
        assert!(
            branch
                .text
                .starts_with("[d][r]libvmaf=model=version=vmaf_v0.6.1neg:n_threads")
        );
    }

    #[test]
    fn the_models_of_2026_get_ten_bits() {
        let branch = |pixel_format| {
            let part = GraphPart {
                pixel_format,
                ..PART
            };
            with("v1", part)
        };
        let eight = branch("yuv420p");
        assert_eq!(
            eight.text,
            "[d]scale,format=yuv420p10le[dx];[r]scale,format=yuv420p10le[rx];[dx][rx]libvmaf=\
             model=version=vmaf_v1.0.16_3d0h:n_threads=2:log_fmt=json:log_path=vmaf.log"
        );
        assert_eq!(eight.notes, ["compared in yuv420p10le, as the model wants"]);
        assert!(
            branch("yuv422p")
                .text
                .starts_with("[d]scale,format=yuv422p10le[dx]")
        );
        assert!(
            branch("gbrp12le")
                .text
                .contains("accurate_rnd,format=yuv444p10le[dx]")
        );
        assert!(branch("yuv444p10le").notes.is_empty());
        assert!(branch("yuv444p10le").text.starts_with("[d][r]libvmaf"));
    }

    #[test]
    fn what_the_filter_does_not_take_is_converted_with_a_note() {
        #[track_caller]
        fn check(format: &str, expected: &str) {
            assert_eq!(taken(format), expected);
        }
        for same in ["yuv420p", "yuv422p10le", "yuv444p12le", "yuv420p16le"] {
            check(same, same);
        }
        check("yuva420p", "yuv420p");
        check("yuv422p9le", "yuv422p10le");
        check("yuv444p14le", "yuv444p16le");
        check("yuv440p", "yuv444p");
        check("yuv411p", "yuv422p");
        check("gbrp", "yuv444p");
        check("gbrap12le", "yuv444p12le");
        check("gray", "yuv420p");
        check("gray14le", "yuv420p16le");
        let branch = graph(&GraphPart {
            pixel_format: "gbrp",
            ..PART
        });
        assert_eq!(
            branch.notes,
            ["compared in yuv444p (BT.709): libvmaf takes no gbrp"]
        );
        assert!(branch.text.starts_with(
            "[d]scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd,format=yuv444p[dx];"
        ));
    }

    #[test]
    fn hdr_is_scored_with_a_note() {
        let notes = |transfer| {
            let part = GraphPart {
                transfer: Some(transfer),
                ..PART
            };
            graph(&part).notes
        };
        assert_eq!(notes("smpte2084"), ["no public HDR model"]);
        assert_eq!(notes("arib-std-b67"), ["no public HDR model"]);
        assert!(notes("bt709").is_empty());
    }

    #[test]
    fn what_is_no_number_is_absent() {
        let text = r#"{"version": "x", "frames": [{"metrics": {"vmaf": 1, "other": null}}, {"metrics": {"vmaf": null}}]}"#;
        let frames = read(text).expect("a log").frames;
        assert_eq!(frames.len(), 2);
        assert_eq!(frames.fields().collect::<Vec<_>>(), ["vmaf"]);
        assert_eq!(frames.mean("vmaf"), Some(1.0));
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        let half = &DISTORTED[..DISTORTED.len() / 2];
        let error = read(half).expect_err("half a log");
        assert!(error.line > 10, "{error}");
        assert!(read("{}").is_err());
        let nothing = read(r#"{"frames": []}"#).expect("nothing");
        assert!(nothing.frames.is_empty() && nothing.version.is_none());
    }
}
