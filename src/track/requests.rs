//! Requests: an undetermined control asks somebody to show something; it does not accuse.

use std::collections::BTreeMap;

use super::owner::Owners;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::gap::EvidenceRequest;
use crate::model::id::{ControlId, FrameworkId, RequestId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// Opens a request for every undetermined control and closes those that are shown; returns what changed. A parent that
/// only follows from its parts asks for nothing itself: its parts do.
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
    statuses
        .iter()
        .filter_map(|status| {
            let asked = open.get(&(&status.framework, &status.control)).copied();
            let state = if status.objectives.is_empty() { None } else { Some(status.state) };
            match (state, asked) {
                (Some(ControlState::Undetermined), None) => Some(EvidenceRequest {
                    id: RequestId::fresh(),
                    framework: status.framework.clone(),
                    control: status.control.clone(),
                    party: owners.acting(&status.framework, &status.control).unwrap_or(Party::Internal),
                    asks_for: status.because.clone(),
                    opened_at: now,
                    closed_at: None,
                }),
                (Some(ControlState::Undetermined), Some(request)) if request.asks_for != status.because => {
                    Some(EvidenceRequest { asks_for: status.because.clone(), ..request.clone() })
                }
                (Some(ControlState::Undetermined), Some(_)) | (_, None) => None,
                (_, Some(request)) => Some(EvidenceRequest { closed_at: Some(now), ..request.clone() }),
            }
        })
        .collect()
}
