//! Where an organization stands as of a moment: what was known then, put together from the store.

use std::collections::{BTreeMap, BTreeSet};

use super::{RunFault, decisions, targets};
use crate::app::App;
use crate::assess::rollup::framework_statuses;
use crate::assess::{Judged, Matrices, Results, Situation, Targets};
use crate::catalog::Catalog;
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::finding::CheckResult;
use crate::model::gap::{EvidenceRequest, Gap, GapState};
use crate::model::id::FrameworkId;
use crate::model::organization::Organization;
use crate::model::responsibility::MatrixState;
use crate::model::time::Timestamp;
use crate::store::OrgScope;

/// Everything known about an organization at a moment.
pub struct Standing {
    catalog: std::sync::Arc<Catalog>,
    frameworks: Vec<FrameworkId>,
    pub targets: Targets,
    pub results: Vec<Judged>,
    pub matrices: Matrices,
    pub gaps: Vec<Gap>,
    pub requests: Vec<EvidenceRequest>,
    /// What people decided.
    pub decisions: Decisions,
}

impl Standing {
    /// What was known at `as_of`.
    pub async fn known(app: &App, organization: &Organization, as_of: Timestamp) -> Result<Self, RunFault> {
        let scope = OrgScope::of(organization);
        let results = app.store.latest_results(&scope, as_of).await?;
        let leaves: BTreeSet<u64> = results.iter().flat_map(|judged| judged.result.evidence.iter().copied()).collect();
        let leaves: Vec<u64> = leaves.into_iter().collect();
        let seen = app.store.evidence_at(&scope, &leaves).await?;
        let seen: BTreeMap<u64, Timestamp> =
            seen.into_iter().map(|row| (row.sealed.leaf, row.sealed.collected_at)).collect();
        let mut matrices = Matrices::new();
        for framework in &organization.frameworks {
            if let Some((version, state)) = app.store.matrix_as_of(&scope, framework, as_of).await? {
                matrices.insert(framework.clone(), (version.matrix, state));
            } else if let Some(matrix) = app.catalog.matrix(framework, organization.model) {
                matrices.insert(framework.clone(), (matrix, MatrixState::ProposedByTemplate));
            }
        }
        Ok(Self {
            decisions: decisions::known(app, &scope, as_of).await?,
            catalog: app.catalog.clone(),
            frameworks: organization.frameworks.clone(),
            targets: targets::in_scope(app, &scope).await?,
            results: results.into_iter().map(|judged| judged_with(judged.result, judged.judged_at, &seen)).collect(),
            matrices,
            gaps: app.store.gaps(&scope).await?.into_iter().filter_map(|gap| gap_as_of(gap, as_of)).collect(),
            requests: app
                .store
                .evidence_requests(&scope)
                .await?
                .into_iter()
                .filter_map(|request| request_as_of(request, as_of))
                .collect(),
        })
    }

    /// The status of every control of every framework in use.
    #[must_use]
    pub fn statuses(&self, results: &Results, now: Timestamp) -> Vec<ControlStatus> {
        let situation = Situation {
            catalog: &self.catalog,
            targets: &self.targets,
            results,
            decisions: &self.decisions,
            matrices: &self.matrices,
            now,
        };
        self.frameworks
            .iter()
            .filter_map(|id| self.catalog.frameworks.get(id))
            .flat_map(|framework| framework_statuses(&situation, framework))
            .collect()
    }

    /// The same with what was known.
    #[must_use]
    pub fn statuses_now(&self, now: Timestamp) -> Vec<ControlStatus> {
        self.statuses(&Results::new(self.results.iter().cloned()), now)
    }
}

/// A result with the moment the oldest data behind it was collected; one that read nothing is as old as its judgement.
#[must_use]
pub(super) fn judged_with(result: CheckResult, judged_at: Timestamp, seen: &BTreeMap<u64, Timestamp>) -> Judged {
    let seen_at = result.evidence.iter().filter_map(|leaf| seen.get(leaf)).min().copied().unwrap_or(judged_at);
    Judged { result, judged_at, seen_at }
}

/// A gap as it stood at a moment; none when it was not known then.
fn gap_as_of(gap: Gap, as_of: Timestamp) -> Option<Gap> {
    if gap.opened_at > as_of {
        return None;
    }
    let closed_later = gap.closed_at.is_some_and(|closed| closed > as_of);
    Some(if closed_later { Gap { state: GapState::Open, closed_at: None, ..gap } } else { gap })
}

/// A request as it stood at a moment; none when nobody had asked then.
fn request_as_of(request: EvidenceRequest, as_of: Timestamp) -> Option<EvidenceRequest> {
    if request.opened_at > as_of {
        return None;
    }
    let closed_at = request.closed_at.filter(|closed| *closed <= as_of);
    Some(EvidenceRequest { closed_at, ..request })
}
