//! The records of one commit, some at a time: those the database holds, or, where these do not lead to the root that was
//! signed, those of the archive.

use std::sync::Arc;

use countersign_seal::digest::Digest;
use countersign_seal::log::Entry;
use countersign_seal::record::{Record, RecordError, Statement};
use countersign_seal::tiles::Edge;

use super::rows::differing;
use super::{Difference, kinds, tiles};
use crate::app::App;
use crate::model::time::Timestamp;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::pipeline::replay::{Reader, Said, read_archive, read_evidence, time_of};
use crate::store::{ByLeaf, EvidenceRow, IndexRows, NewLeaf, OrgScope, RowsOf, StoredLeaf, rows_told};

/// Records that are read at once.
const AT_ONCE: u64 = 1000;

/// What going through a commit's records came to.
pub(super) struct Through {
    pub(super) edge: Edge,
    pub(super) others: Vec<Said>,
    pub(super) latest: Timestamp,
    pub(super) differences: Vec<Difference>,
}

/// Where records are taken from.
enum From<'a> {
    Database,
    Archive(&'a [(Record, NewLeaf)]),
}

/// One commit whose records are gone through.
pub(super) struct Commit<'a> {
    pub(super) app: &'a App,
    pub(super) scope: &'a OrgScope,
    pub(super) entry: &'a Entry,
    /// What the checkpoint signs.
    pub(super) root: Digest,
    /// None where the vault has no archive of it.
    pub(super) archive: Option<&'a Arc<FetchedArchive>>,
    pub(super) reader: Option<&'a Reader<'a>>,
}

impl Commit<'_> {
    /// Goes through the records; `before` is the tree they are appended to.
    pub(super) async fn go_through(&self, before: &Edge, latest: Timestamp) -> Result<Through, CommitFault> {
        let (held, is_whole) = self.go(&From::Database, before, latest).await?;
        if is_whole && held.edge.root() == self.root {
            return Ok(held);
        }
        let Some(archive) = self.archive else { return Ok(held) };
        let archive = Arc::clone(archive);
        let (records, _) = blocking(move || read_archive(&archive)).await?;
        Ok(self.go(&From::Archive(&records), before, latest).await?.0)
    }

    /// The same, and whether every record could be read.
    async fn go(&self, from: &From<'_>, before: &Edge, latest: Timestamp) -> Result<(Through, bool), CommitFault> {
        let mut through = Through { edge: before.clone(), others: Vec::new(), latest, differences: Vec::new() };
        let mut first = self.entry.first_leaf;
        while first < self.entry.size_after() {
            let end = self.entry.size_after().min(first + AT_ONCE);
            let mut stored = self.app.store.leaves(self.scope, first, end - first).await?;
            stored.retain(|leaf| leaf.leaf < end);
            let records: Vec<Read> = match from {
                From::Database => {
                    let some: Vec<_> = stored.into_iter().filter_map(believable).collect();
                    if !(first..end).eq(some.iter().map(|one| one.stored.leaf)) {
                        return Ok((through, false));
                    }
                    some
                }
                From::Archive(all) => {
                    let some = (self.entry.first_leaf..).zip(*all).filter(|(leaf, _)| (first..end).contains(leaf));
                    some.map(|(leaf, (record, sealed))| {
                        let stored = stored.iter().find(|stored| stored.leaf == leaf);
                        through.differences.extend(altered(leaf, sealed, stored));
                        let NewLeaf { kind, hash, body } = sealed.clone();
                        let stored = StoredLeaf { leaf, kind, hash, body };
                        Read { record: record.clone(), statement: record.statement(), stored }
                    })
                    .collect()
                }
            };
            self.take(records, &mut through, first, end).await?;
            first = end;
        }
        Ok((through, true))
    }

    /// Takes in records from leaf `first` on and below `end`, and compares the evidence among them.
    async fn take(&self, records: Vec<Read>, through: &mut Through, first: u64, end: u64) -> Result<(), CommitFault> {
        let mut completed = Vec::new();
        let mut evidence: Vec<EvidenceRow> = Vec::new();
        for Read { record, statement, stored } in records {
            let leaf = stored.leaf;
            through.edge.push(stored.hash, &mut completed);
            if record.kind().to_string() != stored.kind {
                through.differences.push(Difference {
                    place: format!("record {leaf}"),
                    sealed: record.kind().to_string(),
                    in_database: stored.kind,
                });
            }
            let Some(statement) = statement? else { continue };
            through.latest = time_of(&statement).map_or(through.latest, |at| at.max(through.latest));
            match statement {
                Statement::Evidence(said) => {
                    if let Some(reader) = self.reader {
                        let seen = read_evidence(reader, leaf, &record, stored.hash, &said).await?;
                        evidence.extend(seen.map(|seen| seen.row));
                    }
                }
                statement => through.others.push(Said { leaf, record, statement }),
            }
        }
        through.differences.extend(tiles::compare(&self.app.store, self.scope, &completed).await?);
        let lower = (first > 0).then_some(first);
        let stored = self.app.store.rows_of(self.scope, RowsOf::Leaves(ByLeaf::Evidence, lower, Some(end))).await?;
        let rows = IndexRows { evidence, ..IndexRows::default() };
        let told = rows_told(self.scope, self.entry.sequence, &rows, ByLeaf::Evidence, |_| 0)?;
        through.differences.extend(differing(&told, &stored, kinds::by_leaf(ByLeaf::Evidence)));
        Ok(())
    }
}

/// A record with what it says, and its leaf.
struct Read {
    record: Record,
    statement: Result<Option<Statement>, RecordError>,
    stored: StoredLeaf,
}

/// A leaf's record, if its text still has the leaf's hash.
fn believable(stored: StoredLeaf) -> Option<Read> {
    let (record, statement) = Record::parse_with_statement(stored.body.as_bytes()).ok()?;
    (record.leaf_hash() == stored.hash).then_some(Read { record, statement, stored })
}

/// How the database's leaf differs from the archive's.
fn altered(leaf: u64, sealed: &NewLeaf, stored: Option<&StoredLeaf>) -> Option<Difference> {
    let in_database = match stored {
        None => "no such record",
        Some(stored) if stored.hash != sealed.hash => "another record",
        Some(stored) if stored.body != sealed.body => "a text that is not the record's",
        Some(stored) if stored.kind != sealed.kind => "a record of another type",
        Some(_) => return None,
    };
    Some(Difference {
        place: format!("record {leaf}"),
        sealed: format!("{} with leaf hash {}", sealed.kind, sealed.hash),
        in_database: in_database.to_owned(),
    })
}
