//! One change of an organization or its connections, sealed with all that follows from it at once: first splits of
//! frameworks that were added, gaps that wait, requests that open and close. So nothing has to wait for the next run, and
//! nothing is told that no record says.

use countersign_seal::record::Statement;

use super::{Draft, entrant, row, with_artifacts};
use crate::model::gap::EvidenceRequest;
use crate::model::responsibility::ResponsibilityMatrix;
use crate::model::time::Timestamp;
use crate::pipeline::commit::{Committed, Entrant, commit_on};
use crate::pipeline::fault::CommitFault;
use crate::pipeline::lease::Lease;
use crate::pipeline::{enrol, judging, outcome_lines, records};
use crate::store::{Disconnected, IndexRows, OrganizationUpdate};
use crate::track::gaps::TrackedGap;

/// A change and what follows from it.
pub(super) struct Moved {
    /// The change itself.
    pub draft: Draft,
    /// Decisions that go with it.
    pub further: Vec<Draft>,
    /// First versions of splits.
    pub matrices: Vec<ResponsibilityMatrix>,
    pub gaps: Vec<TrackedGap>,
    pub requests: Vec<EvidenceRequest>,
    pub organization: Option<OrganizationUpdate>,
    pub disconnected: Option<Disconnected>,
}

impl Moved {
    pub fn by(draft: Draft) -> Self {
        Self {
            draft,
            further: Vec::new(),
            matrices: Vec::new(),
            gaps: Vec::new(),
            requests: Vec::new(),
            organization: None,
            disconnected: None,
        }
    }

    /// Seals it on a ledger of exactly `size` leaves; returns the leaf of the change.
    pub async fn seal(self, lease: &Lease<'_>, size: u64, now: Timestamp) -> Result<Option<u64>, CommitFault> {
        let Self { mut draft, further, matrices, gaps, requests, organization, disconnected } = self;
        draft.artifacts.extend(outcome_lines::followed(&gaps, &requests)?);
        let drafts: Vec<Draft> = std::iter::once(draft).chain(further).collect();
        let statements: Vec<Statement> = drafts.iter().map(|draft| draft.statement.clone()).collect();
        let mut entrants: Vec<Entrant> = drafts.into_iter().map(entrant).collect();
        let mut proposed = Vec::with_capacity(matrices.len());
        for matrix in matrices {
            let (entrant, digest) = enrol::proposal(lease.scope(), &matrix, now)?;
            entrants.push(entrant);
            proposed.push((matrix, digest));
        }
        for one in &gaps {
            if let Some(change) = one.change {
                entrants.push(records::gap_change(lease.scope(), &one.gap, change.as_str(), now)?);
            }
        }
        let index = |committed: &Committed| {
            let told = committed.admitted.iter().zip(&statements).filter_map(|(admitted, statement)| {
                let named = admitted.artifacts.iter().map(records::named).collect();
                row(admitted.leaf, &with_artifacts(statement.clone(), named)).ok().flatten()
            });
            let mut leaves = committed.admitted.iter().skip(statements.len()).map(|admitted| admitted.leaf);
            let (versions, events) = enrol::first_versions(&proposed, leaves.by_ref(), now);
            IndexRows {
                decisions: told.collect(),
                matrices: versions,
                matrix_events: events,
                gaps: judging::gap_writes(&gaps, leaves, now),
                requests: requests.clone(),
                organization: organization.iter().cloned().collect(),
                disconnected: disconnected.iter().cloned().collect(),
                ..IndexRows::default()
            }
        };
        let committed = commit_on(lease, size, entrants, index).await?;
        Ok(committed.and_then(|committed| committed.admitted.first().map(|admitted| admitted.leaf)))
    }
}
