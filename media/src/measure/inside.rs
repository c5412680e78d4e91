//! A comparison inside the process that encodes: the source is decoded once for both.
//!
//! Behind the command's own outputs stand those of its [`shadow`](crate::shadow), and loopback decoders give back what went into
//! the encoder and what came out of it. The command's words stay as they are, and so do the bytes that it writes. What could make
//! the measuring part fail, and with it the encode, is tried beforehand; what cannot be tried makes [`Inside::prepare`] an error,
//! and the comparison is made afterwards. Whoever runs this must run the command alone when it fails, and when
//! [`Inside::read`] finds that not every frame was seen on both sides.

use std::collections::BTreeMap;
use std::path::Path;

use super::graph::{self, Planned};
use super::{Domain, Measure, MeasureError, Measured, Reference, filters, rehearse, results};
use crate::shadow::{OutputStream, Shadow};

/// A comparison that a command can carry with it.
#[derive(Debug)]
pub struct Inside<'a> {
    asked: &'a Measure,
    shadow: &'a Shadow,
    plan: Vec<Planned>,
    domain: Domain,
}

impl<'a> Inside<'a> {
    /// Tries everything that can be tried. The reference must be a shadow; the distorted file is the one that will be written.
    pub async fn prepare(asked: &'a Measure) -> Result<Self, MeasureError> {
        let Reference::Shadow(shadow) = &asked.reference else {
            return Err(MeasureError::Failed("there is no encoder".to_owned()));
        };
        if !is_plain(&asked.workplace.room) {
            return Err(MeasureError::Failed(format!(
                "the name of `{}` means something in a filter graph",
                asked.workplace.room.display()
            )));
        }
        let pictures = &shadow.pictures;
        // What an encoder makes has the form of what it was given.
        let domain = Domain::of(pictures, pictures, (pictures.width, pictures.height));
        let known = filters(asked).await?;
        for metric in &asked.metrics {
            if !known.iter().any(|filter| filter == metric.filter) {
                let filter = metric.filter;
                return Err(MeasureError::Failed(format!(
                    "there is no filter `{filter}`"
                )));
            }
            if let Some(cause) = rehearse(asked, metric, &domain).await? {
                return Err(MeasureError::Failed(cause));
            }
        }
        let room = format!("{}/", asked.workplace.room.display());
        // The encoder has the other processors, so that one graph keeps up.
        let plan = graph::plan(asked, &asked.metrics, &domain, &room, false);
        Ok(Self {
            asked,
            shadow,
            plan,
            domain,
        })
    }

    /// A command of one output with the comparison behind it. Its log and progress stay those of the command.
    pub fn arguments(&self, command: &[String], encoded: OutputStream) -> Vec<String> {
        let room = format!("{}/", self.asked.workplace.room.display());
        let mut args = command.to_vec();
        graph::beside(
            self.shadow,
            encoded,
            &self.plan,
            &self.domain,
            &room,
            &mut args,
        );
        args
    }

    /// What was found, once the command has ended well.
    pub fn read(&self) -> Result<Measured, MeasureError> {
        let mut measured = Measured::nothing(self.domain.clone());
        measured.frames = results::aligned(self.asked)?;
        results::fill(&mut measured, self.asked, &self.plan, BTreeMap::new())?;
        Ok(measured)
    }
}

/// Whether a path needs no escaping in a filter's argument.
fn is_plain(path: &Path) -> bool {
    path.to_str().is_some_and(|path| {
        path.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter))
    })
}
