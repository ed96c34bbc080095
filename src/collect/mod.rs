//! Fetching: one folder per kind of source, one trait. A collector judges nothing and saves nothing.
//!
//! Whatever happens, [`Target::collect`] answers with [`RawEvidence`]: an error of the source is an outcome with a
//! reason, because "we could not look" is evidence too. [`redact`] is the only place that may change collected bytes.

use std::path::Path;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{RawEvidence, Source};
use crate::model::time::Clock;

pub mod graph;
pub mod host;
pub mod import;
pub mod redact;

/// What a collector is given to work with, besides its definition.
#[derive(Clone, Copy)]
pub struct Workplace<'a> {
    pub clock: &'a dyn Clock,
    /// Private folder for answers that should not be held in memory. Whoever made it removes it when they are sealed.
    pub folder: &'a Path,
    /// Cancelled when the run is to end early: what was read until then is handed over, the rest is not asked for.
    pub stop: &'a CancellationToken,
}

/// A workplace for tests of targets.
#[cfg(test)]
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) stop: CancellationToken,
}

#[cfg(test)]
impl Default for Place {
    fn default() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), stop: CancellationToken::new() }
    }
}

#[cfg(test)]
impl Place {
    pub(crate) fn at<'a>(&'a self, clock: &'a dyn Clock) -> Workplace<'a> {
        Workplace { clock, folder: self.folder.path(), stop: &self.stop }
    }
}

/// One tenant, host or file drop that collectors are run against.
#[async_trait]
pub trait Target: Send + Sync {
    /// Tenant id or host name; unique within the organization and source.
    fn name(&self) -> &str;

    fn source(&self) -> Source;

    /// Runs one collector. Keeps to the definition's limits on time and size; never fails, never panics.
    async fn collect(&self, definition: &CollectorDefinition, place: Workplace<'_>) -> RawEvidence;
}
