//! A change of the organization or its connections read back: what its row and its connections say from then on, and the
//! gaps and requests that followed.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use countersign_seal::record::{Artifact, Change, Record};

use super::reading::Reader;
use super::{Replayed, judgement, read_time};
use crate::pipeline::decisions;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::outcome_lines::{GAPS, REQUESTS};
use crate::pipeline::records::SETTINGS;
use crate::store::{DecisionRow, Disconnected, OrganizationUpdate};

/// The artifacts of such a change that are read back.
pub(in crate::pipeline) fn artifacts(record: &Record, change: &Change) -> Vec<Artifact> {
    let read = |one: &&Artifact| [SETTINGS, GAPS, REQUESTS].contains(&one.name.as_str());
    if decisions::tells_more(change) { record.artifacts().iter().filter(read).cloned().collect() } else { Vec::new() }
}

/// Adds what a change says beside its row to what was found. `changes` are the change records of the same commit.
pub(super) async fn read(
    reader: &Reader<'_>,
    record: &Record,
    change: &Change,
    row: &DecisionRow,
    changes: &[(u64, &Change)],
    found: &mut Replayed,
) -> Result<(), CommitFault> {
    if !decisions::tells_more(change) {
        return Ok(());
    }
    let told = decisions::changes_in(row.clone())?;
    for one in told.organization {
        found.rows.organization.push(OrganizationUpdate {
            name: one.name.map(|name| name.now),
            time_zone: one.time_zone.map(|zone| zone.now),
            frameworks: one.frameworks.map(|frameworks| frameworks.now),
            settings: None,
        });
    }
    for one in told.settings {
        let bytes = reader.object(one.settings.sha256).await?;
        let settings = serde_json::from_slice(&bytes)
            .map_err(|source| CommitFault::Line { artifact: SETTINGS.to_owned(), source })?;
        let update = OrganizationUpdate { settings: Some(settings), ..OrganizationUpdate::default() };
        found.rows.organization.push(update);
    }
    for one in told.disconnections {
        found.rows.disconnected.push(Disconnected { source: one.source, target: one.target, at: one.at });
    }
    let named: BTreeMap<&str, Digest> =
        record.artifacts().iter().map(|artifact| (artifact.name.as_str(), artifact.sha256)).collect();
    judgement::followed(reader, row.leaf, &named, changes, read_time(&change.at)?, found).await
}
