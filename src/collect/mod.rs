//! Fetching: one folder per kind of source, one trait. A collector judges nothing and saves nothing.
//!
//! Whatever happens, [`Target::collect`] answers with [`RawEvidence`]: an error of the source is an outcome with a
//! reason, because "we could not look" is evidence too. [`redact`] is the only place that may change collected bytes.

use async_trait::async_trait;

use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{RawEvidence, Source};
use crate::model::time::Clock;

pub mod graph;
pub mod host;
pub mod import;
pub mod redact;

/// One tenant, host or file drop that collectors are run against.
#[async_trait]
pub trait Target: Send + Sync {
    /// Tenant id or host name; unique within the organization and source.
    fn name(&self) -> &str;

    fn source(&self) -> Source;

    /// Runs one collector. Keeps to the definition's limits on time and size; never fails, never panics.
    async fn collect(&self, definition: &CollectorDefinition, clock: &dyn Clock) -> RawEvidence;
}
