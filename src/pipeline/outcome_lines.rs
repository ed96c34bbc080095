//! What a judgement seals beside its findings, one canonical JSON line a thing: statuses that changed, gaps with what
//! happened to them, requests. Written and read here, so that both sides mean the same.
//!
//! A line says nothing that its record says already: the run and the moment are the judgement's. The event of a gap is
//! told by its kind; its leaf is the `change/1` record of that gap in the same commit. Start with [`artifacts`].

use countersign_seal::canonical;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault::CommitFault;
use crate::model::control::ControlState;
use crate::model::evidence::RawArtifact;
use crate::model::gap::{EvidenceRequest, Gap, GapState};
use crate::model::id::{ControlId, FrameworkId, RunId};
use crate::model::time::Timestamp;
use crate::store::{GapEvent, StatusChange};
use crate::track::gaps::{GapChange, TrackedGap};
use crate::track::history::PastEvent;

/// The artifact with the statuses that a judgement changed.
pub(super) const STATUSES: &str = "statuses.jsonl";
/// The artifact with the gaps that a judgement wrote.
pub(super) const GAPS: &str = "gaps.jsonl";
/// The artifact with the requests that a judgement wrote.
pub(super) const REQUESTS: &str = "requests.jsonl";

/// A control's new status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StatusLine {
    framework: FrameworkId,
    control: ControlId,
    state: ControlState,
    because: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<Timestamp>,
}

/// A gap as it is now, and the kind of event if something happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GapLine {
    pub(super) gap: Gap,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<String>,
}

impl StatusLine {
    /// The change as the database keeps it, with what the judgement says for all of them.
    pub(super) fn change(self, run: RunId, at: Timestamp) -> StatusChange {
        StatusChange {
            framework: self.framework,
            control: self.control,
            run,
            state: self.state,
            because: self.because,
            valid_from: self.valid_from,
            recorded_at: at,
        }
    }
}

/// The three artifacts of a judgement.
pub(super) fn artifacts(
    statuses: &[StatusChange],
    gaps: &[TrackedGap],
    requests: &[EvidenceRequest],
) -> Result<Vec<RawArtifact>, CommitFault> {
    let statuses = statuses.iter().map(|change| StatusLine {
        framework: change.framework.clone(),
        control: change.control.clone(),
        state: change.state,
        because: change.because.clone(),
        valid_from: change.valid_from,
    });
    let gaps = gaps.iter().map(|tracked| GapLine {
        gap: tracked.gap.clone(),
        event: tracked.change.map(|change| change.as_str().to_owned()),
    });
    Ok(vec![written(STATUSES, statuses)?, written(GAPS, gaps)?, written(REQUESTS, requests.iter())?])
}

/// What followed from a change of the organization or its connections; nothing is written where nothing followed.
pub(super) fn followed(gaps: &[TrackedGap], requests: &[EvidenceRequest]) -> Result<Vec<RawArtifact>, CommitFault> {
    let mut written = artifacts(&[], gaps, requests)?;
    written.retain(|one| (one.name == GAPS && !gaps.is_empty()) || (one.name == REQUESTS && !requests.is_empty()));
    Ok(written)
}

fn written(name: &str, lines: impl Iterator<Item = impl Serialize>) -> Result<RawArtifact, CommitFault> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend(canonical::to_bytes(&line)?);
        bytes.push(b'\n');
    }
    Ok(RawArtifact::in_memory(name, "application/x-ndjson", bytes))
}

/// Reads the lines of an artifact back. A line that cannot be read was written by a newer version and stops everything:
/// half of a judgement is worse than none.
pub(super) fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<Vec<T>, CommitFault> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|source| CommitFault::Line { artifact: name.to_owned(), source })
        })
        .collect()
}

/// What an event tells about its gap at that moment.
pub(super) fn event_body(gap: &Gap) -> Value {
    json!({ "because": gap.because, "evidence": gap.evidence, "closed": gap.state == GapState::Closed })
}

/// What an event told, read back; none for a word or a body of a newer version.
pub(super) fn past_event(event: &GapEvent) -> Option<PastEvent> {
    let because = event.body.get("because")?.as_str()?.to_owned();
    let evidence = serde_json::from_value(event.body.get("evidence")?.clone()).ok()?;
    Some(PastEvent { change: GapChange::of_word(&event.kind)?, at: event.at, because, evidence, leaf: event.leaf })
}
