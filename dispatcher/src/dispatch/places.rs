//! Whether jobs that are submitted together get into each other's way: two that write one file, one that reads what another
//! writes without waiting for it.

use std::collections::{HashMap, HashSet};

use crate::command::{Parsed, Role};
use crate::compute::Request;
use crate::terms::DependencyKind;

/// Jobs that get into each other's way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    /// Two jobs write one file.
    #[error(
        "{first} and {second} both write `{place}` (give each its own name, for example with `{{stem}}` or `{{index}}` in it)"
    )]
    Twice {
        /// One of them.
        first: String,
        /// The other.
        second: String,
        /// The file.
        place: String,
    },
    /// A job reads what another one writes.
    #[error(
        "{reader} reads `{place}`, which {writer} writes, and does not wait for it (let it need that job)"
    )]
    Early {
        /// The job that reads.
        reader: String,
        /// The job that writes.
        writer: String,
        /// The file.
        place: String,
    },
}

/// A job by its request and its index in it.
type Number = (usize, usize);

/// What jobs read and write, collected one job after the other.
#[derive(Debug, Default)]
pub struct Places {
    writers: HashMap<String, Number>,
    twice: Option<(Number, Number, String)>,
    reads: Vec<(Number, String)>,
}

impl Places {
    /// Adds what the commands of one job name: of the job with this index in the request of this number.
    pub fn add(&mut self, request: usize, index: usize, commands: &[Parsed]) {
        let number = (request, index);
        for place in commands.iter().flat_map(|command| &command.places) {
            if place.role == Role::Output {
                let text = place.location.plain();
                let first = self.writers.insert(text.clone(), number);
                if let Some(first) = first.filter(|first| *first != number) {
                    self.twice.get_or_insert((first, number, text));
                }
            } else if place.role.is_read() {
                self.reads.push((number, place.location.plain()));
            }
        }
    }

    /// Refuses jobs that get into each other's way.
    pub fn check(self, requests: &[Request]) -> Result<(), PlacesError> {
        if let Some((first, second, place)) = self.twice {
            return Err(PlacesError::Twice {
                first: name(requests, first),
                second: name(requests, second),
                place,
            });
        }
        let waits = Waits::of(requests);
        for (reader, place) in self.reads {
            if let Some(&writer) = self.writers.get(&place)
                && writer != reader
                && !waits.waits(reader, writer)
            {
                return Err(PlacesError::Early {
                    reader: name(requests, reader),
                    writer: name(requests, writer),
                    place,
                });
            }
        }
        Ok(())
    }
}

fn name(requests: &[Request], (request, index): Number) -> String {
    let one = &requests[request];
    let name = if one.name.is_empty() {
        &one.id
    } else {
        &one.name
    };
    if one.is_array() {
        format!("child {index} of job `{name}`")
    } else {
        format!("job `{name}`")
    }
}

/// Which request waits for which, directly.
struct Waits {
    on: Vec<Vec<(usize, DependencyKind)>>,
}

impl Waits {
    fn of(requests: &[Request]) -> Self {
        let numbers: HashMap<&str, usize> = requests
            .iter()
            .enumerate()
            .map(|(number, request)| (request.id.as_str(), number))
            .collect();
        let on = requests
            .iter()
            .enumerate()
            .map(|(own, request)| {
                let needs = request.terms.depends_on.iter();
                needs
                    .filter_map(|one| match one.kind {
                        DependencyKind::Sequential => Some((own, one.kind)),
                        kind => Some((*numbers.get(one.job.as_str())?, kind)),
                    })
                    .collect()
            })
            .collect();
        Self { on }
    }

    /// Whether `reader` starts only after `writer` has ended, be it over other jobs.
    fn waits(&self, reader: Number, writer: Number) -> bool {
        // A child of a request, or all of them.
        let first: (usize, Option<usize>) = (reader.0, Some(reader.1));
        let mut seen = HashSet::from([first]);
        let mut next = vec![first];
        while let Some((request, index)) = next.pop() {
            for &(needed, kind) in &self.on[request] {
                let before = match kind {
                    DependencyKind::Whole => Some((needed, None)),
                    DependencyKind::NToN => Some((needed, index)),
                    DependencyKind::Sequential => index
                        .and_then(|index| index.checked_sub(1))
                        .map(|index| (needed, Some(index))),
                };
                let Some(before) = before else { continue };
                if before.0 == writer.0 && before.1.is_none_or(|index| index == writer.1) {
                    return true;
                }
                if seen.insert(before) {
                    next.push(before);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::job::Job;
    use crate::terms::Dependency;

    fn request(id: &str, lines: &[&str], needs: &[(&str, DependencyKind)]) -> Request {
        let job = |line: &&str| Job::of(vec![Command::from_line(line).expect("words")]);
        let mut request = Request::of(id.to_owned(), job(&lines[0]));
        request.jobs = lines.iter().map(job).collect();
        request.terms.depends_on = needs
            .iter()
            .map(|(job, kind)| Dependency {
                job: (*job).to_owned(),
                kind: *kind,
            })
            .collect();
        request
    }

    #[track_caller]
    fn refusal(requests: &[Request]) -> Option<String> {
        let mut places = Places::default();
        for (number, one) in requests.iter().enumerate() {
            for (index, job) in one.jobs.iter().enumerate() {
                places.add(number, index, &job.check().expect("a job"));
            }
        }
        places.check(requests).err().map(|error| error.to_string())
    }

    const WHOLE: DependencyKind = DependencyKind::Whole;
    const EACH: DependencyKind = DependencyKind::NToN;

    #[test]
    fn two_jobs_that_write_one_file() {
        let both = [
            request("a", &["-i 1.mp4 /o/x.mp4"], &[]),
            request("b", &["-i 2.mp4 /o/./x.mp4"], &[]),
        ];
        insta::assert_snapshot!(refusal(&both).unwrap_or_default(), @"job `a` and job `b` both write `/o/x.mp4` (give each its own name, for example with `{stem}` or `{index}` in it)");
        let children = [request("a", &["-i 1.mp4 o.mp4", "-i 2.mp4 o.mp4"], &[])];
        insta::assert_snapshot!(refusal(&children).unwrap_or_default(), @"child 0 of job `a` and child 1 of job `a` both write `o.mp4` (give each its own name, for example with `{stem}` or `{index}` in it)");
        let passes = [
            request("a", &["-i 1.mp4 -f null -"], &[]),
            request("b", &["-i 1.mp4 -f null -"], &[]),
        ];
        assert_eq!(refusal(&passes), None);
    }

    #[test]
    fn a_job_that_reads_too_early() {
        let read = |needs: &[(&str, DependencyKind)]| {
            [
                request("a", &["-i 1.mp4 x.mp4"], &[]),
                request("m", &["-i 3.mp4 z.mp4"], &[("a", WHOLE)]),
                request("b", &["-i x.mp4 y.mp4"], needs),
            ]
        };
        insta::assert_snapshot!(refusal(&read(&[])).unwrap_or_default(), @"job `b` reads `x.mp4`, which job `a` writes, and does not wait for it (let it need that job)");
        assert_eq!(refusal(&read(&[("a", WHOLE)])), None);
        assert_eq!(refusal(&read(&[("m", WHOLE)])), None);
    }

    #[test]
    fn children_that_read_what_their_own_number_wrote() {
        let of = |second: [&str; 2]| {
            [
                request("a", &["-i 1.mp4 x1.mp4", "-i 2.mp4 x2.mp4"], &[]),
                request("b", &second, &[("a", EACH)]),
            ]
        };
        assert_eq!(refusal(&of(["-i x1.mp4 y1.mp4", "-i x2.mp4 y2.mp4"])), None);
        let crossed = refusal(&of(["-i x2.mp4 y1.mp4", "-i x1.mp4 y2.mp4"]));
        insta::assert_snapshot!(crossed.unwrap_or_default(), @"child 0 of job `b` reads `x2.mp4`, which child 1 of job `a` writes, and does not wait for it (let it need that job)");
        let chain = |needs: &[(&str, DependencyKind)]| {
            [request(
                "a",
                &["-i 1.mp4 x1.mp4", "-i x1.mp4 x2.mp4"],
                needs,
            )]
        };
        assert_eq!(refusal(&chain(&[("", DependencyKind::Sequential)])), None);
        assert!(refusal(&chain(&[])).is_some());
    }

    #[test]
    fn waiting_over_arrays_was_not_seen() {
        let first = || request("a", &["-i 1.mp4 x1.mp4", "-i 2.mp4 x2.mp4"], &[]);
        let between = request("m", &["-i 3.mp4 y1.mp4", "-i 4.mp4 y2.mp4"], &[("a", EACH)]);
        let last = request("r", &["-i x2.mp4 z.mp4"], &[("m", WHOLE)]);
        assert_eq!(refusal(&[first(), between, last]), None);
        // The second child follows the first one of its own array, which follows the first one of the other.
        let lines = ["-i 3.mp4 y1.mp4", "-i x1.mp4 y2.mp4"];
        let both = [("a", EACH), ("", DependencyKind::Sequential)];
        assert_eq!(refusal(&[first(), request("m", &lines, &both)]), None);
    }
}
