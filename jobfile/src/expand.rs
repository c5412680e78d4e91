//! From a job file to a plan: every entry with every input on every compute, tied together by their needs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::job::{Job, When};
use ffbatch_dispatcher::metric::{Model, ModelError};
use ffbatch_dispatcher::registry::Metrics;
use ffbatch_dispatcher::terms::{DependencyKind, MOST_DEPENDENCIES, TermsError};

use crate::entry::{Body, Entry, Written};
use crate::error::{FileError, Problem};
use crate::file::JobFile;
use crate::input::inputs;
use crate::layers::{Layers, Settled};
use crate::nearest::hint;
use crate::needs::{Edge, Graph};
use crate::parts::parts;
use crate::pattern::Pattern;
use crate::plan::{Plan, Planned};
use crate::recipe::{Fault, Ingredients, Recipe};
use crate::settings::Settings;
use crate::texts::Names;

/// What surrounds a job file.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The configuration below the file.
    pub config: &'a Config,
    /// The names of the computes that are linked.
    pub computes: &'a BTreeSet<String>,
    /// The metrics that are linked.
    pub metrics: &'a Metrics,
    /// What lies below the base of each of [`JobFile::patterns`]; more than what matches does not harm.
    pub listed: &'a BTreeMap<Pattern, Vec<String>>,
    /// The absolute directory that relative paths count from: the file's own, and of lines the current one.
    pub directory: &'a str,
}

/// The jobs of one entry on one compute, as a range of the plan.
struct Placed {
    compute: String,
    range: Range<usize>,
    array: bool,
}

impl JobFile {
    /// Makes the plan. Nothing is read and nothing is submitted.
    pub fn expand(&self, context: &Context<'_>) -> Result<Plan, FileError> {
        let graph = Graph::of(&self.entries)
            .map_err(|(entry, problem)| self.entries[entry].fault(&self.file, "needs", problem))?;
        let lowest = Settings::lowest(context.config);
        let below = [&lowest, &self.defaults].into_iter().chain(&self.variables);
        let mut expansion = Expansion {
            context,
            entries: &self.entries,
            flags: &self.flags,
            layers: Layers::of(below, self.flags.clone()),
            plan: Plan::default(),
            placed: self.entries.iter().map(|_| Vec::new()).collect(),
        };
        for index in graph.order {
            let entry = &self.entries[index];
            let wrong = |(key, problem)| entry.fault(&self.file, key, problem);
            expansion.add(index).map_err(wrong)?;
            expansion
                .tie(index, &graph.edges[index])
                .map_err(|problem| wrong(("needs", problem)))?;
        }
        Ok(expansion.plan)
    }
}

struct Expansion<'a> {
    context: &'a Context<'a>,
    entries: &'a [Entry],
    flags: &'a Settings,
    layers: Layers,
    plan: Plan,
    placed: Vec<Vec<Placed>>,
}

impl Expansion<'_> {
    /// Adds the jobs of an entry to the plan.
    fn add(&mut self, index: usize) -> Result<(), Fault> {
        match &self.entries[index].body {
            Body::Written(written) => self.add_written(index, written),
            Body::Whole(job) => self.add_whole(index, job),
        }
    }

    fn add_written(&mut self, index: usize, written: &Written) -> Result<(), Fault> {
        let settled = self.settle(&written.settings())?;
        let recipe = Recipe::of(written, &settled)?;
        let directory = self.context.directory;
        let found = match &written.inputs {
            Some(texts) => inputs(&texts.0, self.context.listed, directory)
                .map_err(|problem| ("inputs", problem))?,
            None => Vec::new(),
        };
        for compute in &settled.computes {
            let from = |index, input| Ingredients {
                input,
                index,
                compute,
                directory,
            };
            let mut jobs = Vec::with_capacity(found.len().max(1));
            if written.inputs.is_none() {
                jobs.push(recipe.job(from(0, None), &settled)?);
            }
            for (number, input) in found.iter().enumerate() {
                jobs.push(recipe.job(from(number, Some(input)), &settled)?);
            }
            let name = settled.array.then(|| recipe.array_name(compute));
            self.place(index, compute, &settled, jobs, name)?;
        }
        Ok(())
    }

    /// A whole job keeps what it says; only flags overrule it.
    fn add_whole(&mut self, index: usize, job: &Job) -> Result<(), Fault> {
        let own = Settings {
            quality: job.quality.clone().map(Names),
            vmaf_model: job.vmaf_model.clone(),
            measure: (job.measure != When::default()).then_some(job.measure),
            at_source_size: job.at_source_size.then_some(true),
            require_confinement: job.require_confinement.then_some(true),
            ..Settings::default()
        };
        let settled = self.settle(&own)?;
        let mut job = job.clone();
        job.quality.clone_from(&settled.quality);
        job.vmaf_model.clone_from(&settled.vmaf_model);
        job.measure = settled.measure;
        job.at_source_size = settled.at_source_size;
        job.require_confinement = settled.require_confinement;
        let job = job.anchored(self.context.directory).map_err(|error| {
            let (input, error) = (None, Box::new(error));
            ("commands", Problem::Job { input, error })
        })?;
        for compute in &settled.computes {
            self.place(index, compute, &settled, vec![job.clone()], None)?;
        }
        Ok(())
    }

    /// Lays the layers around an entry's own keys, and looks the names up.
    fn settle(&mut self, own: &Settings) -> Result<Arc<Settled>, Fault> {
        let mut settled = self.layers.settle(own).map_err(|problem| ("", problem))?;
        let unknown = |kind, names: &[String], known: &BTreeSet<String>| {
            let name = names.iter().find(|name| !known.contains(*name))?;
            let hint = hint(name, known.iter().map(String::as_str));
            let name = name.clone();
            Some(Problem::Unknown { kind, name, hint })
        };
        if let Some(problem) = unknown("compute", &settled.computes, self.context.computes) {
            return Err(("compute", problem));
        }
        let metrics = self.context.metrics.iter();
        let metrics = metrics.map(|metric| metric.name.to_owned()).collect();
        let asked = settled.quality.as_deref().unwrap_or_default();
        if let Some(problem) = unknown("metric", asked, &metrics) {
            return Err(("quality", problem));
        }
        if settled.computes.is_empty() {
            return Err(("compute", Problem::Hollow("compute")));
        }
        let model = self.model(own, &settled);
        let model = model.map_err(|error| ("vmaf_model", Problem::Model(error)))?;
        if model != settled.vmaf_model {
            Arc::make_mut(&mut settled).vmaf_model = model;
        }
        Ok(settled)
    }

    /// The model of a job: one that is inherited falls away where nothing has a use for it, and so does any where a flag says what
    /// is measured.
    fn model(&self, own: &Settings, settled: &Settled) -> Result<Option<String>, ModelError> {
        let Some(typed) = &settled.vmaf_model else {
            return Ok(None);
        };
        let asked = |name| {
            let names = settled.quality.as_ref();
            names.is_none_or(|names| names.iter().any(|one| one == name))
        };
        let metrics = self.context.metrics.iter();
        let metrics: Vec<_> = metrics.filter(|metric| asked(metric.name)).collect();
        if own.vmaf_model.is_some()
            && self.flags.quality.is_none()
            && self.flags.vmaf_model.is_none()
        {
            Model::read(typed, &metrics)?;
            return Ok(Some(typed.clone()));
        }
        Ok(Model::suits(typed, &metrics)?.then(|| typed.clone()))
    }

    /// Puts the jobs of an entry on one compute into the plan; `array` is the name of the array job that they become, or of the
    /// several ones that too many for one become.
    fn place(
        &mut self,
        index: usize,
        compute: &str,
        settled: &Settled,
        jobs: Vec<Job>,
        array: Option<String>,
    ) -> Result<(), Fault> {
        let groups = match array {
            Some(name) if jobs.len() > 1 => parts(&name, jobs),
            _ => jobs
                .into_iter()
                .map(|job| (job.name.clone(), vec![job]))
                .collect(),
        };
        let first = self.plan.jobs.len();
        for (name, jobs) in groups {
            let checked = settled.terms.check(jobs.len());
            checked.map_err(|error| (key(&error), Problem::Terms(error)))?;
            self.plan.jobs.push(Planned {
                compute: compute.to_owned(),
                name,
                jobs,
                terms: settled.terms.clone(),
                needs: Vec::new(),
            });
        }
        self.placed[index].push(Placed {
            compute: compute.to_owned(),
            range: first..self.plan.jobs.len(),
            array: settled.array,
        });
        Ok(())
    }

    /// Ties the jobs of an entry to those that they need.
    fn tie(&mut self, index: usize, edges: &[Edge]) -> Result<(), Problem> {
        if edges.is_empty() {
            return Ok(());
        }
        for own in &self.placed[index] {
            for job in own.range.clone() {
                let mut needs = Vec::new();
                for edge in edges {
                    needs.extend(self.needed(own, job, *edge)?);
                }
                if needs.len() > MOST_DEPENDENCIES {
                    return Err(self.too_many(own, edges, needs.len()));
                }
                self.plan.jobs[job].needs = needs;
            }
        }
        Ok(())
    }

    /// What one job of an entry on one compute needs because of one need.
    fn needed(
        &self,
        own: &Placed,
        job: usize,
        edge: Edge,
    ) -> Result<Vec<(usize, DependencyKind)>, Problem> {
        let size = |one: &Placed| -> usize {
            let jobs = &self.plan.jobs[one.range.clone()];
            jobs.iter().map(|planned| planned.jobs.len()).sum()
        };
        if edge.kind == DependencyKind::Sequential {
            return match (own.array, size(own)) {
                (false, _) => Err(Problem::Sequential("set `array = true`")),
                // A single child has nobody to wait for.
                (true, 1) => Ok(Vec::new()),
                (true, _) => {
                    // The first child of a part waits for the last of the part before it.
                    let before = (job > own.range.start).then(|| (job - 1, DependencyKind::Whole));
                    Ok(before.into_iter().chain([(job, edge.kind)]).collect())
                }
            };
        }
        let on = &self.placed[edge.on];
        let Some(other) = on.iter().find(|one| one.compute == own.compute) else {
            return Err(Problem::Elsewhere {
                compute: own.compute.clone(),
                name: self.entries[edge.on].name().unwrap_or_default().to_owned(),
            });
        };
        if edge.kind == DependencyKind::Whole {
            return Ok(other.range.clone().map(|job| (job, edge.kind)).collect());
        }
        let label = self.entries[edge.on].label();
        if !own.array || !other.array {
            let whom = if other.array {
                "this job".to_owned()
            } else {
                label
            };
            return Err(Problem::Sizes(format!(
                "{whom} is no array (set `array = true` on both)"
            )));
        }
        match (size(own), size(other)) {
            (1, 1) => Ok(vec![(other.range.start, DependencyKind::Whole)]),
            // Arrays of one size have the same parts.
            (a, b) if a == b => {
                let part = job - own.range.start;
                Ok(vec![(other.range.start + part, edge.kind)])
            }
            (a, b) => Err(Problem::Sizes(format!(
                "on `{}` this one has {a} and {label} has {b} (give both the same inputs)",
                own.compute
            ))),
        }
    }

    fn too_many(&self, own: &Placed, edges: &[Edge], count: usize) -> Problem {
        let jobs = |edge: &&Edge| {
            let on = self.placed[edge.on].iter();
            on.filter(|one| one.compute == own.compute)
                .map(|one| one.range.len())
                .sum::<usize>()
        };
        let most = edges.iter().max_by_key(jobs);
        let parts = most.map_or(0, |edge| jobs(&edge));
        let is_array = most.is_some_and(|edge| self.placed[edge.on].iter().any(|one| one.array));
        let most = most.map(|edge| &self.entries[edge.on]);
        let name = most.and_then(Entry::name).unwrap_or_default();
        Problem::TooMany {
            compute: own.compute.clone(),
            count,
            of: if edges.len() == 1 {
                format!(" of `{name}`")
            } else {
                String::new()
            },
            most: MOST_DEPENDENCIES,
            fix: match (is_array, parts) {
                (false, _) => format!("set `array = true` on `{name}`"),
                (true, 1) => "leave some of them out".to_owned(),
                (true, _) => format!("give `{name}` fewer `inputs`"),
            },
        }
    }
}

/// The key that terms are wrong because of.
const fn key(error: &TermsError) -> &'static str {
    match error {
        TermsError::Zero(key) => key,
        TermsError::Priority(_) => "priority",
        TermsError::Retry(_) => "retry",
        TermsError::Array(_) => "array",
        TermsError::Tags(_) | TermsError::Tag(_) => "tags",
        TermsError::Dependencies(_) | TermsError::NoArray(_) => "needs",
    }
}

#[cfg(test)]
mod tests;
