//! What is changed in place, or told by change only: gaps and requests as they stand now, and statuses.

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::record::{Change, Statement};

use super::rows::differing;
use super::{Difference, kinds};
use crate::model::gap::{EvidenceRequest, Gap};
use crate::model::id::{GapId, RequestId, RunId};
use crate::pipeline::fault::CommitFault;
use crate::pipeline::outcome_lines::{GAPS, STATUSES};
use crate::pipeline::replay::Said;
use crate::store::{GapEvent, IndexRows, OrgScope, Row, RowsOf, Store, gap_told, request_told, row_saying};

/// What all judgements so far came to.
#[derive(Debug, Default)]
pub(super) struct Standing {
    gaps: BTreeMap<GapId, Gap>,
    requests: BTreeMap<RequestId, EvidenceRequest>,
    events: BTreeMap<GapId, u64>,
    judged: BTreeSet<RunId>,
    /// Runs of versions that sealed findings only, and what their changes say of gaps.
    older_runs: BTreeSet<RunId>,
    older_gaps: BTreeMap<String, Row>,
}

impl Standing {
    /// How manieth event of its gap this is.
    pub(super) fn position(&mut self, event: &GapEvent) -> u64 {
        let next = self.events.entry(event.gap).or_default();
        let position = *next;
        *next += 1;
        position
    }

    /// Takes in what a commit told; returns the runs whose statuses it says.
    pub(super) fn take(
        &mut self,
        told: &IndexRows,
        said: &[Said],
        names: &BTreeMap<u64, BTreeSet<String>>,
    ) -> Vec<RunId> {
        let mut runs = Vec::new();
        let mut is_older = false;
        for one in said {
            if let Statement::Judgement(judged) = &one.statement
                && let Ok(run) = judged.run.as_str().parse::<RunId>()
            {
                let has = |name: &str| names.get(&one.leaf).is_some_and(|names| names.contains(name));
                is_older |= !has(GAPS);
                if has(STATUSES) {
                    self.judged.insert(run);
                    runs.push(run);
                } else {
                    self.older_runs.insert(run);
                }
            }
        }
        if is_older {
            let changes = said.iter().filter_map(|one| match &one.statement {
                Statement::Change(change) if change.subject.kind == "gap" => Some(change),
                _ => None,
            });
            self.older_gaps.extend(changes.map(|change| (change.subject.id.clone(), gap_changed(change))));
        }
        self.gaps.extend(told.gaps.iter().map(|write| (write.gap.id, write.gap.clone())));
        self.requests.extend(told.requests.iter().map(|request| (request.id, request.clone())));
        runs
    }

    /// Whether events of gaps can be compared: older judgements did not seal them as they are kept.
    pub(super) fn knows_events(&self) -> bool {
        self.older_runs.is_empty()
    }

    /// Gaps and requests as they stand, and statuses that no judgement brought.
    pub(super) async fn compare(&self, store: &Store, scope: &OrgScope) -> Result<Vec<Difference>, CommitFault> {
        let mut gaps = self.gaps.values().map(|gap| gap_told(scope, gap)).collect::<Result<Vec<_>, _>>()?;
        let newer: BTreeSet<String> = gaps.iter().map(|row| row.get("id").to_owned()).collect();
        gaps.extend(self.older_gaps.iter().filter(|(id, _)| !newer.contains(*id)).map(|(_, row)| row.clone()));
        let requests =
            self.requests.values().map(|request| request_told(scope, request)).collect::<Result<Vec<_>, _>>()?;
        let mut stored = store.rows_of(scope, RowsOf::Requests).await?;
        if !self.older_runs.is_empty() {
            stored.retain(|row| requests.iter().any(|told| told.get("id") == row.get("id")));
        }
        let as_told = |row: Row| {
            if self.older_gaps.contains_key(row.get("id")) && !newer.contains(row.get("id")) {
                body_only(&row)
            } else {
                row
            }
        };
        let stored_gaps: Vec<Row> = store.rows_of(scope, RowsOf::Gaps).await?.into_iter().map(as_told).collect();
        let mut found = differing(&gaps, &stored_gaps, &kinds::GAP);
        found.extend(differing(&requests, &stored, &kinds::REQUEST));
        let strange: Vec<RunId> = store
            .runs_with_statuses(scope)
            .await?
            .into_iter()
            .filter(|run| !self.judged.contains(run) && !self.older_runs.contains(run))
            .collect();
        for some in strange.chunks(100) {
            found.extend(differing(&[], &store.rows_of(scope, RowsOf::Statuses(some)).await?, &kinds::STATUS));
        }
        Ok(found)
    }
}

/// A gap as its body, which pages read, says it; no more than a change tells.
fn body_only(row: &Row) -> Row {
    let body: serde_json::Value = serde_json::from_str(row.get("body")).unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    row_saying([
        ("id", row.get("id").to_owned()),
        ("check_id", member("check")),
        ("target", member("target")),
        ("state", member("state")),
        ("party", member("party")),
    ])
}

/// A gap as far as a change of it says.
fn gap_changed(change: &Change) -> Row {
    let member =
        |name: &str| change.change.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    row_saying([
        ("id", change.subject.id.clone()),
        ("check_id", member("check")),
        ("target", member("target")),
        ("state", member("state")),
        ("party", member("party")),
    ])
}
