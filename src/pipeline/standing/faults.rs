//! What each gap was found to be wrong in, thing by thing: a gap keeps only one sentence over all.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::model::finding::FindingOutcome;
use crate::model::gap::{Fault, Gap, GapState};
use crate::model::id::{CheckId, GapId};
use crate::model::time::Timestamp;
use crate::store::{JudgedResult, OrgScope, StoreFault};

/// The faults of every gap that is not closed, as they were last seen at `as_of`.
///
/// # Errors
/// When the database cannot be asked.
pub async fn faults(
    app: &App,
    scope: &OrgScope,
    gaps: impl IntoIterator<Item = &Gap>,
    as_of: Timestamp,
) -> Result<BTreeMap<GapId, Vec<Fault>>, StoreFault> {
    let open: Vec<&Gap> = gaps.into_iter().filter(|gap| gap.state != GapState::Closed).collect();
    let checks: BTreeSet<CheckId> = open.iter().map(|gap| gap.check.clone()).collect();
    let failed = app.store.last_failures(scope, &checks, as_of).await?;
    let failed: BTreeMap<(&CheckId, &str), &JudgedResult> =
        failed.iter().map(|one| ((&one.result.check, one.result.target.as_str()), one)).collect();
    let of_gap = |gap: &Gap| {
        let failing = failed.get(&(&gap.check, gap.target.as_str()))?.result.resources.iter();
        let failing = failing.filter(|one| one.outcome == FindingOutcome::Fail);
        let fault = failing.map(|one| Fault { resource: one.resource.clone(), because: one.because.clone() });
        Some((gap.id, fault.collect()))
    };
    Ok(open.into_iter().filter_map(of_gap).collect())
}
