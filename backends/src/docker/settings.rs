//! What `[backends.docker]` says besides what every queue has: the image, and the network of jobs that need one.

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;

use super::NAME;

/// The keys.
pub const KEYS: [&str; 2] = ["image", "network"];

/// The variable by which the network travels with a job: that of the configuration.
pub const NETWORK: &str = "FFBATCH_BACKENDS__DOCKER__NETWORK";

/// What the section says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The image with the worker.
    pub image: String,
    /// The network of jobs that name a URL; else the engine's own.
    pub network: Option<String>,
}

impl Settings {
    /// Reads the section.
    pub fn of(config: &Config) -> Result<Self, ComputeError> {
        let text = |key: &str| {
            let value = config
                .backends
                .get(NAME)
                .and_then(|section| section.get(key));
            value
                .map(|value| match value.as_str() {
                    Some(text) if !text.is_empty() => Ok(text.to_owned()),
                    _ => Err(ComputeError::rejected(format!(
                        "`{key}` in the section `backends.{NAME}` is no name"
                    ))),
                })
                .transpose()
        };
        Ok(Self {
            image: text("image")?
                .or_else(|| super::infra().local_image())
                .unwrap_or_default(),
            network: text("network")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_names_an_image() {
        let mut config = Config::default();
        let usual = Settings::of(&config).expect("nothing is wrong with nothing");
        assert!(usual.image.starts_with("ffbatch:cpu-"), "{usual:?}");
        let section = config.backends.entry(NAME.to_owned()).or_default();
        section.insert("image".to_owned(), "own:1".into());
        let own = Settings::of(&config).expect("a name");
        assert_eq!((&*own.image, own.network), ("own:1", None));
        let section = config.backends.entry(NAME.to_owned()).or_default();
        section.insert("network".to_owned(), 3.into());
        let error = Settings::of(&config).expect_err("a number is no name");
        insta::assert_snapshot!(error, @"`network` in the section `backends.docker` is no name");
    }
}
