//! The whole stack: each room adds its resources to one template. Plain data from the registered families; no AWS call is made.

use std::collections::BTreeMap;

use ffbatch_dispatcher::config::Config;
use ffbatch_dispatcher::infra::{self, Architecture};
use ffbatch_dispatcher::registry::Families;
use ffbatch_dispatcher::settings::Settings;
use serde_json::{Value, json};

use crate::options::{Network, Options};
use crate::template::Template;
use crate::validate;

mod api;
mod bucket;
mod bulk;
mod catalog;
mod computes;
mod export;
mod images;
mod logs;
mod network;
mod roles;
mod shared;
mod switch;
mod watch;

pub use bucket::{BUCKET, POLICY as BUCKET_POLICY};

/// What CloudFormation shows of the stack.
const DESCRIPTION: &str = "ffbatch: ffmpeg commands as managed jobs on AWS Batch";

/// What is to be deployed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the stack shall be.
    pub options: Options,
    /// What the names begin with.
    pub prefix: String,
    /// The Region that it is for.
    pub region: String,
    /// The computes that it gets.
    pub computes: Vec<Settings>,
    /// The computes that it does not get, and why.
    pub left_out: Vec<(String, String)>,
}

/// Who needs an image on each architecture.
pub type Needs = BTreeMap<Architecture, Vec<String>>;

/// What the rooms have added so far and others refer to.
struct Site<'a> {
    plan: &'a Plan,
    template: Template,
}

impl Plan {
    /// Reads what the configuration says of the stack and of each family.
    pub fn of(
        families: &Families,
        config: &Config,
        options: Options,
        region: &str,
    ) -> Result<Self, String> {
        let prefix = config.aws.prefix().to_owned();
        options.check(&prefix)?;
        for name in &options.computes {
            families.find(name).map_err(|error| error.to_string())?;
        }
        let mut plan = Self {
            prefix,
            region: region.to_owned(),
            computes: Vec::new(),
            left_out: Vec::new(),
            options,
        };
        if let Some(why) = shared::why_not(region).filter(|_| plan.options.shared_files) {
            return Err(why);
        }
        for family in families.iter() {
            if (family.infra)().batch.is_none() {
                continue;
            }
            let named = plan.options.computes.iter().any(|name| name == family.name);
            if !plan.options.computes.is_empty() && !named {
                continue;
            }
            let settings = Settings::of(family, config).map_err(|error| error.to_string())?;
            match computes::why_not(&settings, region) {
                None => plan.computes.push(settings),
                Some(why) if named => {
                    return Err(format!("`{}` cannot be deployed: {why}", family.name));
                }
                Some(why) => plan.left_out.push((family.name.to_owned(), why)),
            }
        }
        if plan.computes.is_empty() {
            return Err(format!(
                "no compute can be deployed in `{region}` (choose another Region)"
            ));
        }
        match validate::check(&plan.template(), region).into_iter().next() {
            Some(why) => Err(why),
            None => Ok(plan),
        }
    }

    /// The template.
    pub fn template(&self) -> Template {
        let mut site = Site {
            plan: self,
            template: Template::new(DESCRIPTION, &self.region),
        };
        bucket::add(&mut site);
        images::add(&mut site);
        logs::add(&mut site);
        switch::add(&mut site);
        roles::add(&mut site);
        let mut network = network::add(&mut site);
        shared::add(&mut site, &mut network);
        computes::add(&mut site, &network);
        bulk::add(&mut site);
        export::add(&mut site, &network);
        catalog::add(&mut site);
        api::add(&mut site);
        watch::add(&mut site);
        site.template
    }

    /// The OpenAPI document of its REST API.
    pub fn openapi(&self) -> Value {
        api::read(self)
    }

    /// The images that its jobs need in the repository, by their tags: on which architectures, and for whom.
    pub fn images(&self) -> BTreeMap<String, Needs> {
        let mut needed: BTreeMap<String, Needs> = BTreeMap::new();
        let mut need = |flavour: &str, architecture: Architecture, who: &str| {
            if !images::is_own(flavour) {
                let needs = needed.entry(infra::tag(flavour)).or_default();
                let whom = needs.entry(architecture).or_default();
                whom.push(who.to_owned());
            }
        };
        for one in &self.computes {
            if let Some(flavour) = &one.family.image {
                need(flavour, one.family.architecture, &one.compute);
            }
        }
        if self.options.traces_export {
            need(
                export::FLAVOUR,
                export::ARCHITECTURE,
                "the export of traces",
            );
        }
        needed
    }

    /// Whether jobs have no public address.
    fn is_private(&self) -> bool {
        self.options.network != Network::Public
    }
}

impl Site<'_> {
    /// A name with the prefix.
    fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.plan.prefix)
    }

    /// The partition of its Region, for what takes no reference ("AWS partitions" in the AWS documentation).
    fn partition(&self) -> &'static str {
        match self.plan.region.split('-').next() {
            Some("cn") => "aws-cn",
            _ if self.plan.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn tags(&self) -> Value {
        json!([{ "Key": "application", "Value": self.plan.prefix }])
    }
}

#[cfg(test)]
mod tests;
