//! What must have been seen before a rule is asked at all, and the words for what was not.
//!
//! Decides from collection outcomes and ages alone, never from rows. Start with [`readiness`].

use crate::catalog::check::{CheckMetadata, Requirement, UnlicensedMeaning};
use crate::model::evidence::CollectionOutcome;
use crate::model::finding::{FindingOutcome, ResourceFinding};
use crate::model::id::DatasetId;

use super::inputs::{Inputs, Seen};

/// Whether a rule can be asked.
pub(super) enum Readiness<'a> {
    /// Every requirement can be read; those in `partial` only partly.
    Ready { partial: Vec<&'a DatasetId> },
    /// This cloud or edition has no such thing.
    NotOffered(Vec<ResourceFinding>),
    /// Something the check cannot do without was not seen.
    NotSeen(Vec<ResourceFinding>),
}

/// Compares what the check requires with what was seen. Not knowing outweighs not being offered.
pub(super) fn readiness<'a>(metadata: &'a CheckMetadata, inputs: &Inputs) -> Readiness<'a> {
    let mut partial = Vec::new();
    let mut missing = Vec::new();
    for requirement in &metadata.requires {
        let members = members(requirement);
        let readable: Vec<_> = members.iter().filter(|id| is_readable(metadata, inputs, id)).collect();
        if readable.is_empty() {
            missing.extend(members.iter().map(|id| not_seen(inputs, id)));
        }
        partial.extend(readable.into_iter().filter(|id| is_partial(inputs, id)));
    }
    if missing.is_empty() {
        return Readiness::Ready { partial };
    }
    if missing.iter().all(|finding| finding.outcome == FindingOutcome::NotApplicable) {
        Readiness::NotOffered(missing)
    } else {
        missing.retain(|finding| finding.outcome == FindingOutcome::Unknown);
        Readiness::NotSeen(missing)
    }
}

/// True when the requirements would hold had the datasets in `hidden` not been collected.
pub(super) fn hold_without(metadata: &CheckMetadata, inputs: &Inputs, hidden: &[&DatasetId]) -> bool {
    metadata.requires.iter().all(|requirement| {
        members(requirement).iter().any(|id| !hidden.contains(&id) && is_readable(metadata, inputs, id))
    })
}

/// The finding that keeps partly read data from passing.
pub(super) fn partly_read(inputs: &Inputs, id: &DatasetId) -> ResourceFinding {
    let reason = inputs.get(id).map_or("", |seen| seen.reason.as_str());
    let because = with_reason(format!("`{id}` was read only in part, so the rest is not known"), reason);
    ResourceFinding { resource: id.to_string(), outcome: FindingOutcome::Unknown, because }
}

fn members(requirement: &Requirement) -> &[DatasetId] {
    match requirement {
        Requirement::One(id) => std::slice::from_ref(id),
        Requirement::AnyOf { any_of } => any_of,
    }
}

fn is_readable(metadata: &CheckMetadata, inputs: &Inputs, id: &DatasetId) -> bool {
    inputs.get(id).is_some_and(|seen| {
        let absent = metadata.unlicensed.get(id) == Some(&UnlicensedMeaning::FeatureAbsent);
        seen.has_rows() || (seen.too_old.is_none() && absent && seen.outcome == CollectionOutcome::Unlicensed)
    })
}

fn is_partial(inputs: &Inputs, id: &DatasetId) -> bool {
    inputs.get(id).is_some_and(|seen| seen.outcome == CollectionOutcome::Partial)
}

fn not_seen(inputs: &Inputs, id: &DatasetId) -> ResourceFinding {
    let (outcome, because) = match inputs.get(id) {
        None => (FindingOutcome::Unknown, format!("`{id}` was not collected")),
        Some(Seen { too_old: Some(hours), collected_at, .. }) => {
            let because = format!(
                "`{id}` is too old to be judged: it was collected on {} and counts for {hours} hours",
                collected_at.for_people()
            );
            (FindingOutcome::Unknown, because)
        }
        Some(seen) if seen.outcome == CollectionOutcome::NotOffered => {
            let because = with_reason(format!("`{id}` does not exist in this cloud or edition"), &seen.reason);
            (FindingOutcome::NotApplicable, because)
        }
        Some(seen) => {
            let what = match seen.outcome {
                CollectionOutcome::Denied => "could not be read: access was refused",
                CollectionOutcome::Unlicensed => "could not be read: the feature is not licensed",
                CollectionOutcome::Unreachable => "could not be read: the source did not answer",
                CollectionOutcome::Throttled => "could not be read: the source asked to slow down until time ran out",
                _ => "could not be read",
            };
            (FindingOutcome::Unknown, with_reason(format!("`{id}` {what}"), &seen.reason))
        }
    };
    ResourceFinding { resource: id.to_string(), outcome, because }
}

fn with_reason(text: String, reason: &str) -> String {
    let reason = reason.trim();
    if reason.is_empty() { text } else { format!("{text} ({reason})") }
}
