//! Gaps and requests as they stood at a moment: what the rules of `track/history.rs` need, read from the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::App;
use crate::assess::Judged;
use crate::model::finding::FindingOutcome;
use crate::model::gap::{EvidenceRequest, Gap, GapState};
use crate::model::id::{CheckId, FrameworkId, GapId};
use crate::model::time::Timestamp;
use crate::pipeline::outcome_lines::past_event;
use crate::store::{JudgedResult, OrgScope, StoreFault};
use crate::track::history::{self, Failure, PastEvent};

/// What happened to every gap until `as_of`, in order.
pub(super) async fn events(
    app: &App,
    scope: &OrgScope,
    as_of: Timestamp,
) -> Result<BTreeMap<GapId, Vec<PastEvent>>, StoreFault> {
    let all = app.store.gap_events_until(scope, as_of).await?;
    Ok(all.into_iter().map(|(gap, events)| (gap, events.iter().filter_map(past_event).collect())).collect())
}

/// Every gap as it stood at `as_of`. `results` are the newest that were known then.
pub(super) async fn gaps(
    app: &App,
    scope: &OrgScope,
    results: &[Judged],
    as_of: Timestamp,
) -> Result<Vec<Gap>, StoreFault> {
    let kept = app.store.gaps(scope).await?;
    let events = events(app, scope, as_of).await?;
    let newest: BTreeMap<(&CheckId, &str), &Judged> =
        results.iter().map(|judged| ((&judged.result.check, judged.result.target.as_str()), judged)).collect();
    let fails_now = |gap: &Gap| {
        let judged = newest.get(&(&gap.check, gap.target.as_str())).copied();
        judged.filter(|judged| judged.result.outcome == FindingOutcome::Fail)
    };
    let others = kept.iter().filter(|gap| events.contains_key(&gap.id) && fails_now(gap).is_none());
    let others: BTreeSet<CheckId> = others.map(|gap| gap.check.clone()).collect();
    let failed = app.store.last_failures(scope, &others, as_of).await?;
    let failed: BTreeMap<(&CheckId, &str), &JudgedResult> =
        failed.iter().map(|one| ((&one.result.check, one.result.target.as_str()), one)).collect();
    let mut gaps: Vec<Gap> = kept
        .iter()
        .filter_map(|gap| {
            let known = fails_now(gap).map(|one| Failure { result: &one.result, judged_at: one.judged_at });
            let last = failed.get(&(&gap.check, gap.target.as_str()));
            let last = last.map(|one| Failure { result: &one.result, judged_at: one.judged_at });
            history::gap_at(gap, events.get(&gap.id)?, known.or(last))
        })
        .collect();
    gaps.sort_by_key(|gap| gap.state == GapState::Closed);
    Ok(gaps)
}

/// Every request as it stood at `as_of`.
pub(super) async fn requests(
    app: &App,
    scope: &OrgScope,
    frameworks: &[FrameworkId],
    as_of: Timestamp,
) -> Result<Vec<EvidenceRequest>, StoreFault> {
    let mut statuses = Vec::new();
    for framework in frameworks {
        statuses.extend(app.store.statuses_as_of(scope, framework, as_of).await?);
    }
    let told = statuses.iter().map(|one| (&one.framework, &one.control, one.state, one.because.as_str()));
    let asked = history::asked_for(told);
    let kept = app.store.evidence_requests(scope).await?;
    Ok(kept.iter().filter_map(|request| history::request_at(request, &asked, as_of)).collect())
}
