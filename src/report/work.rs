//! What is open and whose turn it is: gaps and requests, grouped by party.

use std::collections::HashMap;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::gap::{EvidenceRequest, Gap, GapState};
use crate::model::id::{CheckId, ControlId, GapId, RequestId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// Resources named per gap; the rest is given as a number.
pub const RESOURCES_SHOWN: usize = 12;

/// Everything open that is one party's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyWork {
    pub party: Party,
    pub title: &'static str,
    /// Most severe first, then oldest first.
    pub gaps: Vec<GapLine>,
    pub requests: Vec<RequestLine>,
    /// The same requests, those that ask for the same thing together.
    pub asks: Vec<AskLine>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapLine {
    pub id: GapId,
    pub check: CheckId,
    pub check_title: String,
    pub target: String,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub party: Party,
    pub because: String,
    pub remediation: String,
    /// At most [`RESOURCES_SHOWN`].
    pub resources: Vec<String>,
    pub more_resources: usize,
    /// Controls of this framework that it holds back, in the framework's order.
    pub controls: Vec<ControlId>,
    /// Controls of other frameworks that it also holds back.
    pub controls_elsewhere: usize,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub reopened: u32,
    pub evidence: Vec<u64>,
}

impl GapLine {
    pub(super) fn new(gap: &Gap, framework: &Framework, catalog: &Catalog) -> Self {
        let here = gap.controls.iter().filter(|held| held.framework == framework.id);
        let controls: Vec<_> = here.map(|held| held.control.clone()).collect();
        Self {
            id: gap.id,
            check: gap.check.clone(),
            check_title: catalog
                .checks
                .get(&gap.check)
                .map_or_else(|| gap.check.to_string(), |check| check.title.clone()),
            target: gap.target.clone(),
            title: gap.title.clone(),
            severity: gap.severity.clone(),
            state: gap.state,
            party: gap.party,
            because: gap.because.clone(),
            remediation: gap.remediation.clone(),
            resources: gap.resources.iter().take(RESOURCES_SHOWN).cloned().collect(),
            more_resources: gap.resources.len().saturating_sub(RESOURCES_SHOWN),
            controls_elsewhere: gap.controls.len() - controls.len(),
            controls,
            opened_at: gap.opened_at,
            last_seen_at: gap.last_seen_at,
            reopened: gap.reopened,
            evidence: gap.evidence.clone(),
        }
    }
}

/// One thing somebody still has to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestLine {
    pub id: RequestId,
    pub control: ControlId,
    pub party: Party,
    pub asks_for: String,
    pub opened_at: Timestamp,
}

impl From<&EvidenceRequest> for RequestLine {
    fn from(request: &EvidenceRequest) -> Self {
        Self {
            id: request.id,
            control: request.control.clone(),
            party: request.party,
            asks_for: request.asks_for.clone(),
            opened_at: request.opened_at,
        }
    }
}

/// Several requests for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskLine {
    pub asks_for: String,
    pub controls: Vec<ControlId>,
}

fn open_gaps<'a>(framework: &'a Framework, gaps: &'a [Gap]) -> impl Iterator<Item = &'a Gap> {
    gaps.iter()
        .filter(|gap| gap.state != GapState::Closed && gap.controls.iter().any(|held| held.framework == framework.id))
}

fn open_requests<'a>(
    framework: &'a Framework,
    requests: &'a [EvidenceRequest],
) -> impl Iterator<Item = &'a EvidenceRequest> {
    requests.iter().filter(|request| request.framework == framework.id && request.closed_at.is_none())
}

/// Open gaps of this framework by each control they hold back.
pub(super) fn gaps_by_control<'a>(framework: &'a Framework, gaps: &'a [Gap]) -> HashMap<&'a ControlId, Vec<&'a Gap>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for gap in open_gaps(framework, gaps) {
        for held in gap.controls.iter().filter(|held| held.framework == framework.id) {
            found.entry(&held.control).or_default().push(gap);
        }
    }
    found
}

/// Open requests of this framework by control.
pub(super) fn requests_by_control<'a>(
    framework: &'a Framework,
    requests: &'a [EvidenceRequest],
) -> HashMap<&'a ControlId, Vec<&'a EvidenceRequest>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for request in open_requests(framework, requests) {
        found.entry(&request.control).or_default().push(request);
    }
    found
}

/// What is open in this framework, party by party. Provider and internal IT always come; a vendor only with work.
pub(super) fn by_party(
    framework: &Framework,
    catalog: &Catalog,
    gaps: &[Gap],
    requests: &[EvidenceRequest],
) -> Vec<PartyWork> {
    let work = [Party::Provider, Party::Internal, Party::Vendor].map(|party| {
        let own = open_gaps(framework, gaps).filter(|gap| gap.party == party);
        let mut gaps: Vec<_> = own.map(|gap| GapLine::new(gap, framework, catalog)).collect();
        gaps.sort_by_key(|gap| (std::cmp::Reverse(severity_rank(&gap.severity)), gap.opened_at, gap.id));
        let own = open_requests(framework, requests).filter(|request| request.party == party);
        let requests: Vec<RequestLine> = own.map(Into::into).collect();
        PartyWork { party, title: party.title(), asks: together(&requests), gaps, requests }
    });
    let shown = |work: &PartyWork| work.party != Party::Vendor || !(work.gaps.is_empty() && work.requests.is_empty());
    work.into_iter().filter(shown).collect()
}

fn together(requests: &[RequestLine]) -> Vec<AskLine> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut asks: Vec<AskLine> = Vec::new();
    for request in requests {
        let place = *places.entry(&request.asks_for).or_insert_with(|| {
            asks.push(AskLine { asks_for: request.asks_for.clone(), controls: Vec::new() });
            asks.len() - 1
        });
        if let Some(ask) = asks.get_mut(place) {
            ask.controls.push(request.control.clone());
        }
    }
    asks
}

/// Higher is worse. A severity nobody knows sorts last and is shown as it is.
#[must_use]
pub fn severity_rank(severity: &str) -> u8 {
    match severity {
        "critical" => 4,
        "high" => 3,
        "medium" => 2,
        "low" => 1,
        _ => 0,
    }
}
