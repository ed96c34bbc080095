//! Which archive is said to hold which bytes, against what the archives hold.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;

use super::deletions::Gone;
use super::rows::differing;
use super::{Difference, kinds};
use crate::pipeline::fault::CommitFault;
use crate::store::{NewObject, OrgScope, Row, RowsOf, Store, row_saying};

/// Rows that are read at once.
const AT_ONCE: u64 = 2000;

/// What the archives of some commits hold.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Number, archive and end of each commit.
    commits: BTreeMap<u64, (String, u64)>,
    objects: BTreeMap<(Digest, u64), u64>,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Adds a commit that ends before leaf `end`.
    pub(super) fn add(&mut self, sequence: u64, archive: &str, end: u64, objects: &[NewObject]) {
        self.commits.insert(sequence, (archive.to_owned(), end));
        self.objects.extend(objects.iter().map(|object| ((object.sha256, sequence), object.size)));
    }

    /// Compares with the rows of these commits and forgets them.
    pub(super) async fn compare(
        &mut self,
        store: &Store,
        scope: &OrgScope,
        gone: &Gone,
    ) -> Result<Vec<Difference>, CommitFault> {
        let Self { commits, mut objects } = std::mem::take(self);
        let (Some(first), Some(last)) = (commits.keys().next(), commits.keys().next_back()) else {
            return Ok(Vec::new());
        };
        // What is said to have been stored before the first commit was stored by none.
        let first = (*first > countersign_seal::log::FIRST_SEQUENCE).then_some(*first);
        let mut found = Vec::new();
        let mut after: Option<(String, u64)> = None;
        loop {
            let from = after.as_ref().map(|(sha256, sequence)| (sha256.as_str(), *sequence));
            let which = RowsOf::Objects { first, last: Some(*last), after: from, many: AT_ONCE };
            let stored = store.rows_of(scope, which).await?;
            let Some(newest) = stored.last() else { break };
            after = Some((newest.get("sha256").to_owned(), newest.number("sequence").unwrap_or_default()));
            let mut told = Vec::new();
            let mut believed = Vec::new();
            for row in stored {
                let key = row.get("sha256").parse::<Digest>().ok().zip(row.number("sequence"));
                let size = key.and_then(|key| objects.remove(&key));
                let commit = key.and_then(|(_, sequence)| Some((sequence, commits.get(&sequence)?)));
                match (key, size, commit) {
                    (Some((sha256, sequence)), Some(size), Some((_, (archive, _)))) => {
                        told.push(row_told(&sha256, sequence, archive, size));
                    }
                    // Written before it was deleted.
                    (Some((sha256, _)), None, Some((_, (archive, end))))
                        if gone.is_deleted_after(&sha256, *end) && row.get("archive") == archive =>
                    {
                        continue;
                    }
                    _ => {}
                }
                believed.push(row);
            }
            found.extend(differing(&told, &believed, &kinds::OBJECT));
        }
        let missing: Vec<Row> = objects
            .into_iter()
            .filter_map(|((sha256, sequence), size)| {
                Some(row_told(&sha256, sequence, &commits.get(&sequence)?.0, size))
            })
            .collect();
        found.extend(differing(&missing, &[], &kinds::OBJECT));
        Ok(found)
    }
}

fn row_told(sha256: &Digest, sequence: u64, archive: &str, size: u64) -> Row {
    row_saying([
        ("sha256", sha256.to_string()),
        ("sequence", sequence.to_string()),
        ("archive", archive.to_owned()),
        ("size", size.to_string()),
    ])
}

/// Objects that commits beyond the newest are said to have stored.
pub(super) async fn beyond(store: &Store, scope: &OrgScope, sequence: u64) -> Result<Vec<Difference>, CommitFault> {
    let which = RowsOf::Objects { first: Some(sequence + 1), last: None, after: None, many: AT_ONCE };
    Ok(differing(&[], &store.rows_of(scope, which).await?, &kinds::OBJECT))
}
