//! A manifest: the jobs of an array, one a line, and an index beside it that tells where each line lies.
//!
//! A child of an array of 10,000 reads 16 bytes of the index and its own line, whatever the size of the whole. The index is an
//! unsigned 64-bit little-endian offset for the beginning of each line, and one more for the end of the last.
//!
//! The two are separate files, and one of them may be of another day than the other. So a line is read with the line break in
//! front of it, and only what is exactly one line counts.

use std::ops::Range;

use super::{Job, JobError};
use crate::location::Location;

/// What the name of an index has behind the name of its manifest.
pub const INDEX_SUFFIX: &str = ".idx";

/// Bytes of an offset.
const OFFSET_BYTES: u64 = 8;

/// A line that is not what the array's child with this index is to do. The text continues a sentence that names the manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The array has more children than the manifest has lines.
    #[error(
        "has no line {0} (give the array as many children as its manifest has lines, and upload both of its files)"
    )]
    Past(u64),
    /// The index is not of this manifest.
    #[error("and its index are not of one piece at line {0} (write both anew, and submit again)")]
    Changed(u64),
    /// The line is no job.
    #[error("has no job in line {0}: {1}")]
    Job(u64, JobError),
}

/// The bytes of a manifest, and of its index.
pub fn manifest<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> (Vec<u8>, Vec<u8>) {
    let (mut lines, mut index) = (Vec::new(), offset(0).to_vec());
    for job in jobs {
        lines.extend_from_slice(job.to_json().as_bytes());
        lines.push(b'\n');
        index.extend_from_slice(&offset(lines.len() as u64));
    }
    (lines, index)
}

fn offset(at: u64) -> [u8; 8] {
    at.to_le_bytes()
}

/// Where the index of a manifest lies. The query of a URL stays behind its path.
pub fn index_of(manifest: &Location) -> Location {
    let beside = |name: &str| format!("{name}{INDEX_SUFFIX}");
    match manifest {
        Location::Http(url) => {
            let (path, query) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
            Location::Http(beside(path) + query)
        }
        Location::S3 { bucket, key } => Location::S3 {
            bucket: bucket.clone(),
            key: beside(key),
        },
        Location::Path(path) => Location::Path(beside(path)),
        Location::Live(url) => Location::Live(beside(url)),
    }
}

/// The bytes of the index that tell of the child with this number, counted from 0.
pub fn entry(child: u64) -> Range<u64> {
    let first = child.saturating_mul(OFFSET_BYTES);
    first..first.saturating_add(2 * OFFSET_BYTES)
}

/// The bytes of the manifest that make the child's line, with the line break in front of it, from its entry of the index.
pub fn line(child: u64, entry: &[u8]) -> Result<Range<u64>, ManifestError> {
    let read = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
    let bounds = entry
        .split_at_checked(8)
        .and_then(|(first, end)| Some((read(first)?, read(end)?)));
    let (first, end) = bounds.ok_or(ManifestError::Past(child.saturating_add(1)))?;
    // Every line but the first has one in front of it.
    if first >= end || (first == 0) != (child == 0) {
        return Err(ManifestError::Changed(child.saturating_add(1)));
    }
    Ok(first.saturating_sub(1)..end)
}

/// The child's job, from the bytes that [`line()`] named.
pub fn job(child: u64, bytes: &[u8]) -> Result<Job, ManifestError> {
    let number = child.saturating_add(1);
    let line = if child == 0 {
        Some(bytes)
    } else {
        bytes.strip_prefix(b"\n")
    };
    let line = line
        .and_then(|line| line.strip_suffix(b"\n"))
        .filter(|line| !line.contains(&b'\n'))
        .and_then(|line| std::str::from_utf8(line).ok())
        .ok_or(ManifestError::Changed(number))?;
    Job::from_json(line).map_err(|error| ManifestError::Job(number, error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::Command;

    fn a_job(name: &str, words: &[String]) -> Job {
        Job {
            name: name.to_owned(),
            ..Job::of(vec![Command::new(words.to_vec())])
        }
    }

    fn part(whole: &[u8], range: &Range<u64>) -> Vec<u8> {
        let at =
            |offset: u64| usize::try_from(offset).map_or(whole.len(), |at| at.min(whole.len()));
        whole[at(range.start)..at(range.end)].to_vec()
    }

    fn read(child: u64, lines: &[u8], index: &[u8]) -> Result<Job, ManifestError> {
        let range = line(child, &part(index, &entry(child)))?;
        job(child, &part(lines, &range))
    }

    proptest! {
        #[test]
        fn every_child_finds_its_own_job(names in prop::collection::vec("\\PC{0,9}|[\n\"\\\\]{1,4}", 0..20)) {
            let jobs: Vec<Job> = names.iter().map(|name| a_job(name, std::slice::from_ref(name))).collect();
            let (lines, index) = manifest(&jobs);
            prop_assert_eq!(index.len(), 8 * (jobs.len() + 1));
            for (child, job) in jobs.iter().enumerate() {
                prop_assert_eq!(&read(child as u64, &lines, &index).expect("its line"), job);
            }
            let past = read(jobs.len() as u64, &lines, &index);
            prop_assert!(matches!(past, Err(ManifestError::Past(_))), "{past:?}");
        }

        #[test]
        fn an_index_of_another_manifest_led_a_child_to_the_job_of_another_one(
            names in prop::collection::vec("[a-z]{1,9}", 1..9),
            others in prop::collection::vec("[a-z]{1,9}", 1..9),
        ) {
            let jobs = |names: &[String]| -> Vec<Job> { names.iter().map(|name| a_job(name, &[])).collect() };
            let (jobs, others) = (jobs(&names), jobs(&others));
            let ((_, index), (lines, _)) = (manifest(&jobs), manifest(&others));
            for child in 0..jobs.len() {
                // The lines of an array are nearly of one length. Then offsets that fit by chance lead to the same line.
                if let Ok(found) = read(child as u64, &lines, &index) {
                    prop_assert_eq!(Some(&found), others.get(child));
                }
            }
        }

        #[test]
        fn nothing_makes_it_panic(child: u64, entry in prop::collection::vec(any::<u8>(), 0..20), bytes in ".*") {
            let _ = line(child, &entry);
            let _ = job(child, bytes.as_bytes());
            let _ = super::entry(child);
        }
    }

    #[track_caller]
    fn check_index(manifest: &str, expected: &str) {
        let at: Location = manifest.parse().expect("a location");
        assert_eq!(index_of(&at).to_string(), expected);
    }

    #[test]
    fn where_the_index_lies() {
        check_index("/d/jobs.ndjson", "/d/jobs.ndjson.idx");
        check_index("s3://b/what?.ndjson", "s3://b/what?.ndjson.idx");
        check_index("https://h/jobs?v=1", "https://h/jobs.idx?v=1");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let jobs = [a_job("a", &[]), a_job("b", &[])];
        let (mut lines, index) = manifest(&jobs);
        let said = |lines: &[u8], child| read(child, lines, &index).expect_err("wrong").to_string();
        assert!(said(&lines, 2).starts_with("has no line 3 ("));
        let at = lines.len() - 3;
        lines[at] = b'\n';
        assert!(said(&lines, 1).contains("not of one piece at line 2"));
        lines[at] = b'{';
        assert!(said(&lines, 1).starts_with("has no job in line 2: "));
        assert!(read(0, &lines, &index).is_ok());
    }
}
