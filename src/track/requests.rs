//! Requests: an undetermined control asks somebody to show something; it does not accuse.

use std::collections::{BTreeMap, BTreeSet};

use super::owner::Owners;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::gap::EvidenceRequest;
use crate::model::id::{ControlId, FrameworkId, RequestId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// Opens a request for every undetermined control and closes those that are shown; returns what changed. A parent that
/// only follows from its parts asks for nothing itself: its parts do. `statuses` are all of every framework that was
/// judged: a control of such a framework without one is no longer asked, as by a questionnaire chosen since, and its request
/// closes.
#[must_use]
pub fn follow_up(
    owners: &Owners<'_>,
    known: &[EvidenceRequest],
    statuses: &[ControlStatus],
    now: Timestamp,
) -> Vec<EvidenceRequest> {
    let mut open: BTreeMap<(&FrameworkId, &ControlId), &EvidenceRequest> = BTreeMap::new();
    for request in known.iter().filter(|request| request.closed_at.is_none()) {
        open.insert((&request.framework, &request.control), request);
    }
    let changed = statuses.iter().filter_map(|status| {
        let asked = open.get(&(&status.framework, &status.control)).copied();
        // What was left out on purpose is asked of nobody.
        let is_wanting = status.state == ControlState::Undetermined && !status.is_left_out_untested();
        let is_wanting = (!status.objectives.is_empty()).then_some(is_wanting);
        match (is_wanting, asked) {
            (Some(true), None) => Some(EvidenceRequest {
                id: RequestId::fresh(),
                framework: status.framework.clone(),
                control: status.control.clone(),
                party: owners.acting(&status.framework, &status.control).unwrap_or(Party::Internal),
                asks_for: status.because.clone(),
                opened_at: now,
                closed_at: None,
            }),
            (Some(true), Some(request)) if request.asks_for != status.because => {
                Some(EvidenceRequest { asks_for: status.because.clone(), ..request.clone() })
            }
            (Some(true), Some(_)) | (_, None) => None,
            (_, Some(request)) => Some(EvidenceRequest { closed_at: Some(now), ..request.clone() }),
        }
    });
    let judged: BTreeSet<&FrameworkId> = statuses.iter().map(|status| &status.framework).collect();
    let with_status: BTreeSet<_> = statuses.iter().map(|status| (&status.framework, &status.control)).collect();
    let no_longer_asked = open
        .iter()
        .filter(|(unit, _)| judged.contains(unit.0) && !with_status.contains(unit))
        .map(|(_, request)| *request);
    let closed = no_longer_asked.map(|request| EvidenceRequest { closed_at: Some(now), ..request.clone() });
    changed.chain(closed).collect()
}
