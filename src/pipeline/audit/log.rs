//! Committed archives in the database against the log objects of the vault, and when they were committed.

use countersign_seal::log::Entry;
use countersign_seal::note::claimed_checkpoint;

use super::rows::differing;
use super::{Difference, kinds};
use crate::model::time::Timestamp;
use crate::pipeline::fault::CommitFault;
use crate::store::{Row, row_saying};

/// Archive, digest, leaves, root and checkpoint of each.
pub(super) fn compare(entries: &[Entry], stored: &[Row]) -> Result<Vec<Difference>, CommitFault> {
    let told = entries.iter().map(told).collect::<Result<Vec<_>, _>>()?;
    Ok(differing(&told, stored, &kinds::LOG))
}

fn told(entry: &Entry) -> Result<Row, CommitFault> {
    Ok(row_saying([
        ("sequence", entry.sequence.to_string()),
        ("archive", entry.archive.name.clone()),
        ("archive_digest", entry.archive.sha256.to_string()),
        ("first_leaf", entry.first_leaf.to_string()),
        ("leaf_count", entry.leaf_count.to_string()),
        ("root", claimed_checkpoint(&entry.checkpoint)?.root.to_string()),
        ("checkpoint", entry.checkpoint.clone()),
    ]))
}

/// When a commit was made is told by its archive's name, to the second; records and earlier commits may be a little
/// younger. `latest` is the youngest of them all.
pub(super) fn committed_at(entry: &Entry, latest: Timestamp, stored: &[Row]) -> Option<Difference> {
    let named = entry.archive.name.split('-').next().and_then(Timestamp::of_file_name)?;
    let number = entry.sequence.to_string();
    let row = stored.iter().find(|row| row.get("sequence") == number)?;
    let said: Timestamp = row.get("committed_at").parse().ok()?;
    let end = latest.max(named).plus(chrono::Duration::seconds(1));
    (said < named || said > end).then(|| Difference {
        place: format!("log object {number}"),
        sealed: format!("committed at {named}"),
        in_database: format!("committed at {said}"),
    })
}
