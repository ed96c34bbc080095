//! Who owns what in one framework, with the versions of the split.

use serde::{Deserialize, Serialize};

use countersign_seal::digest::Digest;

use super::links::{Choice, link};
use super::{Place, StorePages};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::matrix::{MatrixHistory, MatrixStep};
use crate::model::moment::Moment;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::standing::Standing;
use crate::report::data::FrameworkHeading;
use crate::report::matrix::{MatrixInput, MatrixLine, MatrixReport, matrix};
use crate::web::SourceError;

/// Rows on one page.
const ROWS_SHOWN: usize = 1000;
/// Versions named, each with what happened to it.
const VERSIONS_SHOWN: usize = 10;

/// What a reader chose to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ResponsibilitiesQuery {
    /// Only rows in which this party is accountable or has something to do.
    pub party: Option<Party>,
    pub as_of: Option<Moment>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResponsibilitiesPage {
    pub place: Place,
    pub framework: FrameworkHeading,
    /// None: no template splits this framework under this model and nobody has begun a split.
    pub split: Option<MatrixReport>,
    pub by_party: Vec<Choice>,
    pub shown: usize,
    pub left_out: usize,
    pub beyond: usize,
    /// Newest first.
    pub versions: Vec<VersionLine>,
    pub has_older_versions: bool,
}

/// One version and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionLine {
    pub version: u32,
    pub state: &'static str,
    /// Somebody still has to act on it.
    pub is_pending: bool,
    pub digest: Digest,
    pub leaf: u64,
    pub created_at: Timestamp,
    pub events: Vec<VersionEvent>,
}

/// Something that happened to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionEvent {
    pub words: &'static str,
    /// Who did it, with their party; a template is no person.
    pub by: String,
    pub at: Timestamp,
    pub leaf: u64,
}

impl StorePages {
    /// The split of a framework that the organization uses.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn responsibilities(
        &self,
        slug: &OrgSlug,
        id: &FrameworkId,
        query: &ResponsibilitiesQuery,
    ) -> Result<Option<ResponsibilitiesPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let place = self.place(&organization, query.as_of);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let organization = &standing.organization;
        let Some(framework) = self.framework_in_use(organization, id) else { return Ok(None) };
        let known = standing.versions.get(id).map(Vec::as_slice).unwrap_or_default();
        let mut split = standing.matrices.get(id).map(|(of_framework, matrix_state)| {
            let sealed = known.iter().find(|one| one.version == of_framework.version);
            matrix(MatrixInput {
                organization,
                framework,
                catalog_digest: self.app.catalog.digest,
                matrix: of_framework,
                matrix_state: *matrix_state,
                matrix_digest: sealed.map(|version| version.digest),
                versions: known,
                people: &standing.decisions.people,
                checkpoint: None,
                as_of: place.as_of,
                generated_at: place.as_of,
            })
        });
        let by_party = split.as_ref().map(|split| by_party(split, &place, query)).unwrap_or_default();
        let (shown, left_out, beyond) = split.as_mut().map(|split| narrow(split, query.party)).unwrap_or_default();
        Ok(Some(ResponsibilitiesPage {
            framework: framework.into(),
            split,
            by_party,
            shown,
            left_out,
            beyond,
            versions: version_lines(known),
            has_older_versions: known.len() > VERSIONS_SHOWN,
            place,
        }))
    }
}

/// The newest versions, newest first.
fn version_lines(known: &[MatrixHistory]) -> Vec<VersionLine> {
    let line = |one: &MatrixHistory| VersionLine {
        version: one.version,
        state: one.state().for_people(),
        is_pending: one.is_pending(),
        digest: one.digest,
        leaf: one.leaf,
        created_at: one.created_at,
        events: one.steps.iter().map(event_line).collect(),
    };
    known.iter().rev().take(VERSIONS_SHOWN).map(line).collect()
}

fn event_line(step: &MatrixStep) -> VersionEvent {
    VersionEvent { words: step.state.for_people(), by: step.by.for_people(), at: step.at, leaf: step.leaf }
}

fn concerns(line: &MatrixLine, party: Option<Party>) -> bool {
    let Some(party) = party else { return true };
    line.owner.as_ref().is_some_and(|owner| {
        let tasks = match party {
            Party::Provider => owner.provider_tasks.as_str(),
            Party::Internal => owner.internal_tasks.as_str(),
            Party::Vendor => owner.vendor_tasks.as_deref().unwrap_or_default(),
        };
        owner.accountable == party || !tasks.is_empty()
    })
}

/// Leaves the rows that concern a party, as many as fit. Answers how many are shown, left out and beyond the end.
fn narrow(split: &mut MatrixReport, party: Option<Party>) -> (usize, usize, usize) {
    let (mut shown, mut left_out, mut beyond) = (0, 0, 0);
    for family in &mut split.families {
        family.lines.retain(|line| {
            if !concerns(line, party) {
                left_out += 1;
                false
            } else if shown == ROWS_SHOWN {
                beyond += 1;
                false
            } else {
                shown += 1;
                true
            }
        });
    }
    split.families.retain(|family| !family.lines.is_empty());
    (shown, left_out, beyond)
}

fn by_party(split: &MatrixReport, place: &Place, query: &ResponsibilitiesQuery) -> Vec<Choice> {
    let path = format!("/organizations/{}/responsibilities/{}", place.organization.slug, split.framework.id);
    let choice = |party: Option<Party>| Choice {
        words: party.map_or("All", Party::title).to_owned(),
        href: link(&path, &[("party", party.map(|party| party.as_str().to_owned())), place.parameter()]),
        count: Some(split.lines().filter(|(_, line)| concerns(line, party)).count()),
        is_current: party == query.party,
    };
    [None, Some(Party::Provider), Some(Party::Internal), Some(Party::Vendor)].into_iter().map(choice).collect()
}
