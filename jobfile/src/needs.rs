//! Which entry needs which: names found, cycles refused, and an order in which each comes after what it needs.

use std::collections::HashMap;

use ffbatch_dispatcher::terms::DependencyKind;

use crate::entry::Entry;
use crate::error::Problem;
use crate::nearest::nearest;

/// An entry by its index, and what is wrong with it.
pub type Fault = (usize, Problem);

/// One need, with the entry it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The needed entry, by its index; the entry's own where the kind is [`DependencyKind::Sequential`].
    pub on: usize,
    /// What of it has to succeed.
    pub kind: DependencyKind,
}

/// The needs of all entries.
#[derive(Debug)]
pub struct Graph {
    /// The needs of each entry.
    pub edges: Vec<Vec<Edge>>,
    /// The entries by index, each after those that it needs, otherwise in the order of the file.
    pub order: Vec<usize>,
}

impl Graph {
    /// Resolves the needs of entries.
    pub fn of(entries: &[Entry]) -> Result<Self, Fault> {
        let mut names: HashMap<&str, (usize, bool)> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if let Some(name) = entry.name() {
                names
                    .entry(name)
                    .and_modify(|(_, twice)| *twice = true)
                    .or_insert((index, false));
            }
        }
        let mut edges = Vec::with_capacity(entries.len());
        for (own, entry) in entries.iter().enumerate() {
            let mut of_one: Vec<Edge> = Vec::new();
            for need in entry.needs() {
                let edge = Edge {
                    on: find(&names, own, need.job.as_deref(), need.kind)
                        .map_err(|problem| (own, problem))?,
                    kind: need.kind,
                };
                if !of_one.contains(&edge) {
                    of_one.push(edge);
                }
            }
            edges.push(of_one);
        }
        let order = sort(&edges).map_err(|cycle| {
            let name = |index: &usize| match entries[*index].name() {
                Some(name) => name.to_owned(),
                None => entries[*index].label(),
            };
            let names: Vec<String> = cycle.iter().map(name).collect();
            (cycle[0], Problem::Cycle(names.join(" -> ")))
        })?;
        Ok(Self { edges, order })
    }
}

fn find(
    names: &HashMap<&str, (usize, bool)>,
    own: usize,
    name: Option<&str>,
    kind: DependencyKind,
) -> Result<usize, Problem> {
    let sequential = kind == DependencyKind::Sequential;
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return if sequential {
            Ok(own)
        } else {
            Err(Problem::Value(format!(
                "a need of the kind `{}` names no job (add `job = \"NAME\"`)",
                kind.name()
            )))
        };
    };
    match names.get(name) {
        Some((_, true)) => Err(Problem::Ambiguous(name.to_owned())),
        Some((on, false)) if sequential && *on != own => {
            Err(Problem::Sequential("leave `job` out, or use another kind"))
        }
        Some((on, false)) => Ok(*on),
        None => Err(Problem::NoNeed {
            name: name.to_owned(),
            hint: nearest(name, names.keys().copied())
                .map_or_else(String::new, |near| format!(" (did you mean `{near}`?)")),
        }),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Never,
    Open,
    Done,
}

/// An order of the entries, or a cycle. Without recursion: a chain may have as many links as there are lines.
fn sort(edges: &[Vec<Edge>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut seen = vec![Seen::Never; edges.len()];
    let mut order = Vec::with_capacity(edges.len());
    for start in 0..edges.len() {
        if seen[start] != Seen::Never {
            continue;
        }
        seen[start] = Seen::Open;
        let mut path = vec![(start, edges[start].iter())];
        while let Some((entry, rest)) = path.last_mut() {
            let entry = *entry;
            let mut others = rest.filter(|edge| edge.kind != DependencyKind::Sequential);
            match others.next().map(|edge| edge.on) {
                None => {
                    seen[entry] = Seen::Done;
                    order.push(entry);
                    path.pop();
                }
                Some(on) if seen[on] == Seen::Open => {
                    let open = path.iter().map(|(entry, _)| *entry);
                    let cycle = open.skip_while(|entry| *entry != on);
                    return Err(cycle.chain([on]).collect());
                }
                Some(on) if seen[on] == Seen::Never => {
                    seen[on] = Seen::Open;
                    path.push((on, edges[on].iter()));
                }
                Some(_) => {}
            }
        }
    }
    Ok(order)
}
