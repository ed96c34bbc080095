//! What pages say, as the store knows it. Each page is one value, put together afresh for each request by the method of
//! [`StorePages`] in the file of its name.
//!
//! Nothing here decides where a control stands or counts it: statuses come from [`Standing`], figures from
//! [`tally`](crate::report::tally), times and alarms from the schedule, so that pages, reports and commands say the same.
//! Every list has an end and says what it left out. Start with [`StorePages`].

mod attested;
mod control;
mod evidence;
mod forms;
mod framework;
mod gap;
mod gaps;
mod links;
mod overview;
mod reasons;
mod record;
mod responsibilities;
mod runs;
mod verification;

use std::sync::Arc;

use serde::Serialize;

pub use evidence::EvidenceQuery;
pub use framework::FrameworkQuery;
pub use gaps::GapsQuery;
pub use responsibilities::ResponsibilitiesQuery;
pub use runs::RunsQuery;

use super::SourceError;
use crate::app::App;
use crate::catalog::framework::Framework;
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::responsibility::MatrixState;
use crate::model::time::Timestamp;
use crate::pipeline::standing::Standing;
use crate::report::data::{MatrixHeading, OrganizationHeading};
use crate::store::{InstanceScope, StoreFault};

/// Answers pages from the database of an installation. Every method answers none when there is no such thing in the
/// organization named, also when another organization has it.
pub struct StorePages {
    app: Arc<App>,
    /// Pages are for whoever may see the whole installation.
    installation: InstanceScope,
    is_scheduled: bool,
}

/// What a page about one organization says at its top.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    pub organization: OrganizationHeading,
    /// What the page says was known at this moment.
    pub as_of: Timestamp,
    /// True when the reader asked for a moment in the past.
    pub is_past: bool,
    /// What links to pages of the same moment end with: nothing, or `?as_of=…`.
    pub carry: String,
}

impl Place {
    fn new(organization: &Organization, asked: Option<Moment>, now: Timestamp) -> Self {
        // Nothing is known yet of a moment that is still to come.
        let past = asked.map(|asked| asked.end(organization, now)).filter(|asked| *asked < now);
        Self {
            organization: organization.into(),
            as_of: past.unwrap_or(now),
            is_past: past.is_some(),
            carry: links::link("", &[("as_of", past.map(|past| past.to_string()))]),
        }
    }

    /// The moment as a parameter of a link.
    fn parameter(&self) -> (&'static str, Option<String>) {
        ("as_of", self.is_past.then(|| self.as_of.to_string()))
    }
}

impl StorePages {
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app, installation: InstanceScope::of_this_installation(), is_scheduled: true }
    }

    /// For pages that are shown while no schedule runs: no next run is promised.
    #[must_use]
    pub fn without_schedule(self) -> Self {
        Self { is_scheduled: false, ..self }
    }

    async fn organization(&self, slug: &OrgSlug) -> Result<Option<Organization>, SourceError> {
        match self.app.store.organization(self.installation, slug).await {
            Ok(organization) => Ok(Some(organization)),
            Err(StoreFault::NoSuchOrganization(_)) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// A framework that the organization has chosen and the catalog holds.
    fn framework_in_use(&self, organization: &Organization, id: &FrameworkId) -> Option<&Framework> {
        organization.frameworks.contains(id).then(|| self.app.catalog.frameworks.get(id))?
    }

    fn place(&self, organization: &Organization, asked: Option<Moment>) -> Place {
        Place::new(organization, asked, self.app.clock.now())
    }
}

/// How far the split of a framework has come. Where no template splits it and nobody has begun one it is a draft.
fn matrix_heading(organization: &Organization, standing: &Standing, framework: &FrameworkId) -> MatrixHeading {
    standing.matrices.get(framework).map_or_else(
        || MatrixHeading::new(0, organization.model, MatrixState::Draft),
        |(matrix, state)| MatrixHeading::new(matrix.version, matrix.model, *state),
    )
}

#[cfg(test)]
mod tests;
