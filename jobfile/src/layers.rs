//! The layers of a job's settings; the later wins, key by key: built-in defaults, the configuration (`ffbatch.toml` and its
//! variables), the file's `[defaults]`, `FFBATCH_DEFAULTS__KEY` variables, the job's own keys, flags.
//!
//! Tables are laid over each other too: `retry = { attempts = 5 }` changes the attempts and keeps the rules.

use std::collections::HashMap;
use std::sync::Arc;

use ffbatch_dispatcher::job::{When, metrics_of};
use ffbatch_dispatcher::retry::RetryStrategy;
use ffbatch_dispatcher::terms::Terms;
use figment::Figment;
use figment::providers::Serialized;

use crate::deserialize::from_node;
use crate::error::At;
use crate::error::{FileError, Problem};
use crate::node::{Key, Node, Value};
use crate::settings::Settings;

/// What the variables of this layer begin with.
pub const PREFIX: &str = "FFBATCH_DEFAULTS__";

/// What holds for one job, after all layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub computes: Vec<String>,
    /// The metrics to measure; absent where no layer says anything of it.
    pub quality: Option<Vec<String>>,
    pub vmaf_model: Option<String>,
    pub measure: When,
    pub at_source_size: bool,
    pub require_confinement: bool,
    pub array: bool,
    pub files: Vec<String>,
    pub terms: Terms,
}

/// The layers around a job's own keys.
pub struct Layers {
    below: Figment,
    above: Settings,
    /// Most jobs of a file say the same: their own keys as JSON, and what came of them.
    settled: HashMap<String, Arc<Settled>>,
}

fn layer(settings: &Settings) -> Serialized<&Settings> {
    Serialized::defaults(settings)
}

impl Layers {
    /// Lays these over each other, the lowest first; `above` will come over a job's own keys.
    pub fn of<'a>(below: impl IntoIterator<Item = &'a Settings>, above: Settings) -> Self {
        let below = below.into_iter().fold(Figment::new(), |layers, settings| {
            layers.merge(layer(settings))
        });
        Self {
            below,
            above,
            settled: HashMap::new(),
        }
    }

    /// What holds for a job with these keys of its own.
    pub fn settle(&mut self, own: &Settings) -> Result<Arc<Settled>, Problem> {
        let key = serde_json::to_string(own).expect("settings are plain data with text keys");
        if let Some(settled) = self.settled.get(&key) {
            return Ok(Arc::clone(settled));
        }
        let layers = self
            .below
            .clone()
            .merge(layer(own))
            .merge(layer(&self.above));
        let all: Settings = layers
            .extract()
            .map_err(|error| Problem::Value(error.to_string()))?;
        let settled = Arc::new(Settled::of(all));
        self.settled.insert(key, Arc::clone(&settled));
        Ok(settled)
    }
}

impl Settled {
    fn of(all: Settings) -> Self {
        let usual = RetryStrategy::default();
        let retry = all.retry.unwrap_or_default();
        let mut computes = Vec::new();
        for compute in all.compute.unwrap_or_default().0 {
            if !computes.contains(&compute) {
                computes.push(compute);
            }
        }
        Self {
            computes,
            quality: all.quality.map(|names| metrics_of(names.0)),
            vmaf_model: all.vmaf_model,
            measure: all.measure.unwrap_or_default(),
            at_source_size: all.at_source_size.unwrap_or_default(),
            require_confinement: all.require_confinement.unwrap_or_default(),
            array: all.array.unwrap_or_default(),
            files: all.files.unwrap_or_default().0,
            terms: Terms {
                vcpus: all.vcpus,
                memory_mib: all.memory_mib,
                gpus: all.gpus,
                instance_type: all.instance_type,
                share: all.share,
                tags: all.tags.unwrap_or_default(),
                priority: all.priority.unwrap_or_default(),
                retry: RetryStrategy {
                    attempts: retry.attempts.unwrap_or(usual.attempts),
                    evaluate_on_exit: retry.evaluate_on_exit.unwrap_or(usual.evaluate_on_exit),
                },
                timeout_secs: all.timeout_secs,
                ..Terms::default()
            },
        }
    }
}

/// Reads the layer of variables, one layer for each; those of other names and empty ones are passed over.
pub fn variables(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Settings>, FileError> {
    let mut layers = Vec::new();
    for (name, text) in pairs {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if text.is_empty() {
            continue;
        }
        // The keys of tags are of whoever pays, and so are their values: a cost centre in digits is a text.
        let (path, mut tree) = if let Some(tag) = tag(path) {
            ("tags".to_owned(), table(tag, text_node(&text)))
        } else {
            // The syntax of values in variables is that of the configuration's.
            let Ok(value) = text.parse::<figment::value::Value>();
            (path.to_ascii_lowercase(), node(&value))
        };
        for key in path.rsplit("__") {
            tree = table(key, tree);
        }
        let settings = from_node(&tree).map_err(|wrong| {
            let problem = Problem::Value(wrong.message("`defaults`"));
            FileError::of(&name, None, problem)
        })?;
        layers.push(settings);
    }
    Ok(layers)
}

/// The key of a tag, where a variable names one: `TAGS__CostCenter`.
fn tag(path: &str) -> Option<&str> {
    let (first, key) = path.split_once("__")?;
    (first.eq_ignore_ascii_case("tags") && !key.is_empty()).then_some(key)
}

fn text_node(text: &str) -> Node {
    Node {
        at: NOWHERE,
        value: Value::Text(text.to_owned()),
    }
}

/// A variable has no lines.
const NOWHERE: At = At { line: 1, column: 1 };

fn table(key: &str, node: Node) -> Node {
    let key = Key {
        at: NOWHERE,
        text: key.to_owned(),
    };
    Node {
        at: NOWHERE,
        value: Value::Table(vec![(key, node)]),
    }
}

fn node(value: &figment::value::Value) -> Node {
    use figment::value::Value as From;
    let value = match value {
        From::String(_, text) => Value::Text(text.clone()),
        From::Char(_, letter) => Value::Text(letter.to_string()),
        From::Bool(_, value) => Value::Bool(*value),
        From::Num(_, number) => {
            let unsigned = || number.to_u128().and_then(|whole| whole.try_into().ok());
            let whole = number.to_i128().and_then(|whole| whole.try_into().ok());
            match whole.or_else(unsigned) {
                Some(whole) => Value::Whole(whole),
                None => Value::Real(number.to_f64().unwrap_or(f64::NAN)),
            }
        }
        From::Empty(..) => Value::Null,
        From::Array(_, values) => Value::List(values.iter().map(node).collect()),
        From::Dict(_, dict) => Value::Table(
            dict.iter()
                .map(|(key, value)| {
                    let key = Key {
                        at: NOWHERE,
                        text: key.clone(),
                    };
                    (key, node(value))
                })
                .collect(),
        ),
    };
    Node { at: NOWHERE, value }
}

#[cfg(test)]
mod tests;
