//! What the overview shows. Made by [`super::source`], printed by `templates/pages/overview.html`.

use countersign_seal::digest::Digest;
use serde::Serialize;

use crate::model::evidence::CollectionOutcome;
use crate::model::gap::GapState;
use crate::model::id::{DatasetId, GapId, OrgSlug, RunId};
use crate::model::responsibility::{EngagementModel, Party};
use crate::model::time::Timestamp;
use crate::report::data::{FrameworkHeading, LedgerHead, MatrixHeading};
use crate::report::tally::Totals;
use crate::report::unseen::Advice;

/// Where everything stands at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    pub as_of: Timestamp,
    pub catalog_digest: Digest,
    pub organizations: Vec<OrganizationOverview>,
}

/// One organization.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrganizationOverview {
    pub slug: OrgSlug,
    pub name: String,
    pub model: EngagementModel,
    pub frameworks: Vec<FrameworkOverview>,
    /// Provider and internal IT always, a vendor only with work.
    pub parties: Vec<PartyOverview>,
    pub freshness: Freshness,
    /// One sentence each: a collector that fell silent, a ledger that does not fit.
    pub alarms: Vec<String>,
    /// Newest first.
    pub runs: Vec<RunOverview>,
    /// None while nothing has been sealed.
    pub ledger: Option<LedgerHead>,
    /// None when nothing is scheduled.
    pub next_run: Option<Timestamp>,
}

/// Where one framework stands. Make `totals` with [`crate::report::tally::totals`], so that all figures agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameworkOverview {
    pub heading: FrameworkHeading,
    pub totals: Totals,
    pub matrix: MatrixHeading,
    /// What the framework's own law makes of it, in one line; none where it has none.
    pub verdict: Option<String>,
    /// The commonest reasons first.
    pub why_undetermined: Vec<Reason>,
}

/// Why something is undetermined, and for how many controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub words: String,
    pub count: usize,
}

/// What is open for one party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyOverview {
    pub party: Party,
    pub title: &'static str,
    pub open_gaps: usize,
    pub open_requests: usize,
    /// Most severe first; at most as many as fit on a page.
    pub gaps: Vec<GapOverview>,
    pub more_gaps: usize,
}

impl PartyOverview {
    /// Gaps named per party.
    pub const SHOWN: usize = 8;

    /// `gaps` are all open gaps of the party, in the order to be shown.
    #[must_use]
    pub fn new(party: Party, mut gaps: Vec<GapOverview>, open_requests: usize) -> Self {
        let open_gaps = gaps.len();
        gaps.truncate(Self::SHOWN);
        Self { party, title: party.title(), open_gaps, open_requests, more_gaps: open_gaps - gaps.len(), gaps }
    }
}

/// One open gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapOverview {
    pub id: GapId,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub target: String,
    pub opened_at: Timestamp,
    /// How many controls of all frameworks it holds back.
    pub controls: usize,
}

/// How new the evidence is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// None before the first collection.
    pub newest: Option<Timestamp>,
    /// Datasets with evidence.
    pub datasets: usize,
    /// Of those, how many are older than their collector allows.
    pub stale: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunOverview {
    pub id: RunId,
    pub started_at: Timestamp,
    /// None while it runs, or when it was cut off.
    pub finished_at: Option<Timestamp>,
    pub seconds: u64,
    /// Datasets seen whole.
    pub seen: usize,
    pub not_collected: Vec<NotCollected>,
    /// What helps, cause by cause.
    pub advice: Vec<Advice>,
}

impl RunOverview {
    /// The duration is taken from the two times.
    #[must_use]
    pub fn new(
        id: RunId,
        started_at: Timestamp,
        finished_at: Option<Timestamp>,
        seen: usize,
        not_collected: Vec<NotCollected>,
    ) -> Self {
        let seconds = finished_at.map_or(0, |end| end.since(started_at).num_seconds());
        Self { id, started_at, finished_at, seconds: seconds.unsigned_abs(), seen, not_collected, advice: Vec::new() }
    }

    /// The same with what helps.
    #[must_use]
    pub fn with_advice(self, advice: Vec<Advice>) -> Self {
        Self { advice, ..self }
    }
}

/// A dataset that a run did not see whole, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCollected {
    pub dataset: DatasetId,
    pub title: String,
    pub target: String,
    pub outcome: CollectionOutcome,
    pub reason: String,
}
