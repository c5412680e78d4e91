//! Which jobs go out together. Many jobs on equal terms become array jobs: a thousand calls less, and the only way to submit 10,000
//! jobs in a second.

use std::collections::{BTreeMap, HashSet};

use ffbatch_dispatcher::compute::Request;
use ffbatch_dispatcher::terms::ARRAY_SIZES;

/// From so many jobs on equal terms on they become array jobs: with fewer each shows under its own name.
const MANY: usize = 100;

/// Jobs that become one job of AWS Batch.
pub struct Lot {
    /// Which of the requests, in their order.
    pub members: Vec<usize>,
    /// The job.
    pub request: Request,
}

/// Which requests go out together, in the order of the requests.
pub fn lots(requests: &[Request]) -> Vec<Lot> {
    let needed: HashSet<&str> = requests
        .iter()
        .flat_map(|request| &request.terms.depends_on)
        .map(|dependency| dependency.job.as_str())
        .collect();
    let joins = |request: &Request| {
        !request.is_array()
            && request.terms.instance_type.is_none()
            && request.terms.depends_on.is_empty()
            && !needed.contains(request.id.as_str())
    };
    let mut alike: Vec<(&Request, Vec<usize>)> = Vec::new();
    let mut lots: BTreeMap<usize, Lot> = BTreeMap::new();
    for (at, request) in requests.iter().enumerate() {
        let same = |(first, _): &&mut (&Request, Vec<usize>)| {
            first.terms == request.terms && first.environment == request.environment
        };
        if !joins(request) {
            lots.insert(at, single(at, request));
        } else if let Some((_, members)) = alike.iter_mut().find(same) {
            members.push(at);
        } else {
            alike.push((request, vec![at]));
        }
    }
    for (_, members) in alike {
        if members.len() < MANY {
            lots.extend(members.iter().map(|&at| (at, single(at, &requests[at]))));
            continue;
        }
        for part in parts(&members) {
            lots.insert(part[0], array(part, requests));
        }
    }
    lots.into_values().collect()
}

/// Parts of at most as many as an array job may have, none of a single one.
fn parts(members: &[usize]) -> Vec<&[usize]> {
    let most = *ARRAY_SIZES.end();
    let count = members.len().div_ceil(most);
    members.chunks(members.len().div_ceil(count)).collect()
}

fn single(at: usize, request: &Request) -> Lot {
    Lot {
        members: vec![at],
        request: request.clone(),
    }
}

fn array(members: &[usize], requests: &[Request]) -> Lot {
    let first = &requests[members[0]];
    Lot {
        members: members.to_vec(),
        request: Request {
            jobs: members
                .iter()
                .flat_map(|&at| requests[at].jobs.clone())
                .collect(),
            ..first.clone()
        },
    }
}

#[cfg(test)]
mod tests {
    use ffbatch_dispatcher::command::Command;
    use ffbatch_dispatcher::job::Job;
    use ffbatch_dispatcher::terms::{Dependency, DependencyKind};

    use super::*;

    fn request(id: usize) -> Request {
        let line = format!("ffmpeg -i s3://b/{id} s3://b/{id}.mp4");
        let job = Job::of(vec![Command::from_line(&line).expect("a command")]);
        Request::of(id.to_string(), job)
    }

    fn sizes(requests: &[Request]) -> Vec<usize> {
        lots(requests).iter().map(|lot| lot.members.len()).collect()
    }

    #[test]
    fn as_few_calls_as_there_can_be() {
        let all = |count: usize| (0..count).map(request).collect::<Vec<_>>();
        assert_eq!(sizes(&all(3)), [1, 1, 1]);
        assert_eq!(sizes(&all(MANY)), [MANY]);
        assert_eq!(sizes(&all(10_000)), [10_000]);
        assert_eq!(sizes(&all(10_001)), [5001, 5000]);
        assert_eq!(sizes(&all(25_000)), [8334, 8334, 8332]);
    }

    #[test]
    fn what_others_need_stays_a_job_of_its_own() {
        let mut all: Vec<Request> = (0..MANY + 2).map(request).collect();
        all[1].terms.depends_on = vec![Dependency {
            job: "0".to_owned(),
            kind: DependencyKind::Whole,
        }];
        assert_eq!(sizes(&all), [1, 1, MANY]);
        let lots = lots(&all);
        assert_eq!(lots[2].members[0], 2);
        assert_eq!(lots[2].request.jobs.len(), MANY);
    }
}
