//! Work that is open: gaps (something is wrong) and requests (something is not shown).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::id::{CheckId, ControlId, FrameworkId, GapId, PersonHandle, RequestId};
use super::person::Signatory;
use super::responsibility::Party;
use super::time::Timestamp;

words! {
    /// Where a gap stands. It closes only on evidence or a signed exception.
    GapState, "gap state":
        Open = "open",
        /// The check can no longer be seen; the last known failure stands.
        AwaitingEvidence = "awaiting_evidence",
        Closed = "closed",
}

/// A control that a gap holds back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ControlRef {
    pub framework: FrameworkId,
    pub control: ControlId,
}

/// One fault: one check failing on one target, with every control of every framework it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub id: GapId,
    pub check: CheckId,
    pub target: String,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    /// Whose turn it is.
    pub party: Party,
    /// What is wrong, as last seen.
    pub because: String,
    /// What this party should do.
    pub remediation: String,
    pub resources: Vec<String>,
    pub controls: Vec<ControlRef>,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// How often it came back after having been closed.
    pub reopened: u32,
    /// Ledger leaves of the evidence that shows the fault (or its end).
    pub evidence: Vec<u64>,
}

/// One thing that a gap was found to be wrong in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub resource: String,
    pub because: String,
}

/// One thing not shown yet: an `undetermined` control asks, it does not accuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRequest {
    pub id: RequestId,
    pub framework: FrameworkId,
    pub control: ControlId,
    pub party: Party,
    pub asks_for: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// Who has to close a gap and by when, as somebody decided it. The newest decision counts, also after the gap came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    pub gap: GapId,
    /// The party it was handed to; none: the one that follows from the responsibilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonHandle>,
    /// The last day on which it is in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    pub by: Signatory,
    pub at: Timestamp,
}

/// Something a person wrote about a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapNote {
    /// Leaf of its `change/1` record.
    pub leaf: u64,
    pub gap: GapId,
    pub text: String,
    pub by: Signatory,
    pub at: Timestamp,
}

/// One step in the history of a gap, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    pub at: Timestamp,
    /// `first seen`, `handed to the provider`, `note`.
    pub what: String,
    /// What somebody wrote, or what was wrong then.
    pub text: String,
    /// Who did it; none for what evidence showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Signatory>,
    /// Leaf of the record that says so.
    pub leaf: u64,
}
