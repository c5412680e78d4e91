//! VMAF: perceived quality from 0 to 100, by ffmpeg's `libvmaf` filter (<https://ffmpeg.org/ffmpeg-filters.html#libvmaf>).
//!
//! The model is v0.6.1, the one that published numbers mean, and its 4K variant for pictures that fill a 4K screen
//! (<https://github.com/Netflix/vmaf/blob/master/resource/doc/models.md>). Pooling is the arithmetic mean, libvmaf's default.
//! Which features a log carries differs between versions of libvmaf, so that they are an open map.

use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;

use ffbatch_dispatcher::metric::{Frames, GraphPart, Metric, MetricError};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

inventory::submit! {
    Metric {
        name: "vmaf",
        summary: "perceived quality from 0 to 100 by Netflix's model v0.6.1; about 6 points are a visible step",
        filter: "libvmaf",
        graph,
        parse,
        pool: Frames::mean,
        headline: "vmaf",
        unit: "",
    }
}

/// Pictures larger than this in both directions get the 4K model: between 1440p, which the usual model still serves,
/// and 2160p, for which the other was made.
const LARGEST_HD: (u32, u32) = (2560, 1440);

fn graph(part: &GraphPart<'_>) -> String {
    let model = if part.width > LARGEST_HD.0 && part.height > LARGEST_HD.1 {
        "vmaf_4k_v0.6.1"
    } else {
        "vmaf_v0.6.1"
    };
    format!(
        "{}{}libvmaf=model=version={model}:n_threads={}:log_fmt=json:log_path={}",
        part.distorted, part.reference, part.threads, part.log
    )
}

/// Reads the JSON log frame by frame: `{"frames": [{"frameNum": 0, "metrics": {"vmaf": 83.8, ..}}, ..], ..}`.
fn parse(text: &mut dyn BufRead) -> Result<Frames, MetricError> {
    let mut frames = Frames::default();
    let mut json = serde_json::Deserializer::from_reader(text);
    Log(&mut frames)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| MetricError {
            metric: "vmaf",
            line: error.line(),
            reason: error.to_string(),
        })?;
    Ok(frames)
}

/// The document: everything but its `frames` is passed by.
struct Log<'a>(&'a mut Frames);

/// The list of frames, each added as it is read, so that the list itself is never in memory.
struct List<'a>(&'a mut Frames);

/// One element of the list.
#[derive(Deserialize)]
struct Element {
    metrics: HashMap<String, f64>,
}

impl<'de> DeserializeSeed<'de> for Log<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the log of libvmaf")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "frames" {
                map.next_value_seed(List(&mut *self.0))?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found {
            Ok(())
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
            self.0
                .push(metrics.iter().map(|(name, value)| (name.as_str(), *value)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, field: &str, expected: &[f64], pooled: f64) {
        let frames = parse(&mut text.as_bytes()).expect("real output");
        assert_eq!(frames.column(field), expected);
        let got = frames.mean(field).expect("a value");
        assert!((got - pooled).abs() < 1e-6, "{got} is not {pooled}");
    }

    const DISTORTED: &str = include_str!("../fixtures/vmaf.json");

    #[test]
    fn real_output() {
        // What libvmaf itself writes as its pooled values for this run.
        check(
            DISTORTED,
            "vmaf",
            &[83.856_284, 82.639_805, 81.196_591],
            82.564_227,
        );
        check(
            DISTORTED,
            "integer_motion2",
            &[0.0, 4.214_327, 4.214_327],
            2.809_551,
        );
    }

    #[test]
    fn the_model_follows_the_picture() {
        let graph_for = |width, height| {
            graph(&GraphPart {
                distorted: "[d]",
                reference: "[r]",
                log: "vmaf.log",
                threads: 2,
                width,
                height,
            })
        };
        assert_eq!(
            graph_for(1920, 1080),
            "[d][r]libvmaf=model=version=vmaf_v0.6.1:n_threads=2:log_fmt=json:log_path=vmaf.log"
        );
        assert!(graph_for(3840, 2160).contains("vmaf_4k_v0.6.1"));
        assert!(graph_for(2160, 3840).contains("version=vmaf_v0.6.1"));
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        let half = &DISTORTED[..DISTORTED.len() / 2];
        let error = parse(&mut half.as_bytes()).expect_err("half a log");
        assert!(error.line > 10, "{error}");
        assert!(parse(&mut "{}".as_bytes()).is_err());
        assert!(
            parse(&mut r#"{"frames": []}"#.as_bytes())
                .expect("nothing")
                .is_empty()
        );
    }
}
