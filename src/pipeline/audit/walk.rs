//! Walks through the ledger commit by commit and compares what each commit told with the rows there are. Everything is
//! loaded here and in `records.rs`; what is compared with what is decided in the other files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_seal::digest::Digest;
use countersign_seal::log::{Entry, FIRST_SEQUENCE};
use countersign_seal::note::claimed_checkpoint;
use countersign_seal::record::{Artifact, Key, Statement};
use countersign_seal::tiles::Edge;

use super::deletions::Gone;
use super::objects::{self, Held};
use super::records::{Commit, Through};
use super::rows::differing;
use super::standing::Standing;
use super::{Difference, FINDINGS, identity, kinds, log, tiles};
use crate::app::App;
use crate::model::id::RunId;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::{FetchedArchive, read_from};
use crate::pipeline::outcome_lines::{GAPS, REQUESTS, STATUSES};
use crate::pipeline::replay::{
    History, KnownReports, Reader, Replayed, Said, artifacts_of_change, objects_in, tell_others,
};
use crate::store::{
    ByLeaf, Head, IndexRows, NewObject, OrgScope, OrganizationUpdate, Row, RowsOf, rows_told, statuses_told,
};

/// Rows of some commits are asked for together: until they are this many leaves, objects or judgements.
const LEAVES: u64 = 2000;
const OBJECTS: usize = 4000;
const JUDGEMENTS: usize = 50;
const COMMITS: usize = 250;

/// What differs, up to the newest commit the database knows.
pub(super) async fn compare(
    app: &App,
    organization: &Organization,
    head: Option<&Head>,
) -> Result<Vec<Difference>, CommitFault> {
    let scope = &OrgScope::of(organization);
    let newest = head.map_or(0, |head| head.sequence);
    let vault = app.vault.log_from(scope.id(), FIRST_SEQUENCE).await?;
    let known = vault.iter().filter(|(sequence, _)| *sequence <= newest);
    let entries = known.map(|(_, bytes)| Entry::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
    let rows = app.store.rows_of(scope, RowsOf::Log).await?;
    let differences = log::compare(&entries, &rows)?;
    if entries.last().is_none_or(|last| last.sequence != newest) && newest > 0 {
        // The vault was rolled back: there is nothing to compare the rest with.
        return Ok(differences);
    }
    let gone = Gone::read(app, scope, &entries).await?;
    let mut walk = Walk {
        app,
        organization,
        scope,
        log: rows,
        gone,
        edge: Edge::new(),
        latest: Timestamp::EARLIEST,
        places: BTreeMap::new(),
        history: History::new(),
        standing: Standing::default(),
        keys: Vec::new(),
        changed: Vec::new(),
        batch: Batch::default(),
        differences,
    };
    for entry in &entries {
        walk.commit(entry).await?;
    }
    walk.end(newest).await
}

struct Walk<'a> {
    app: &'a App,
    organization: &'a Organization,
    scope: &'a OrgScope,
    log: Vec<Row>,
    gone: Gone,
    edge: Edge,
    latest: Timestamp,
    /// Archives by the objects they hold that judgements and matrices name.
    places: BTreeMap<Digest, String>,
    history: History,
    standing: Standing,
    keys: Vec<Key>,
    /// What was changed about the organization since it was added.
    changed: Vec<OrganizationUpdate>,
    batch: Batch,
    differences: Vec<Difference>,
}

/// What some commits told and was not compared yet.
#[derive(Default)]
struct Batch {
    first: u64,
    end: u64,
    told: Vec<(u64, IndexRows)>,
    runs: Vec<RunId>,
    objects: Held,
    commits: usize,
}

impl Walk<'_> {
    async fn commit(&mut self, entry: &Entry) -> Result<(), CommitFault> {
        let (app, scope) = (self.app, self.scope);
        let root = claimed_checkpoint(&entry.checkpoint)?.root;
        let archive = self.gone.archive(app, scope, &entry.archive.name).await?.map(Arc::new);
        let held = match &archive {
            Some(archive) => {
                let archive = Arc::clone(archive);
                blocking(move || objects_in(&archive)).await?
            }
            None => Vec::new(),
        };
        let mut reader = archive.as_ref().map(|archive| Reader::over(app, scope, archive, &held));
        let commit = Commit { app, scope, entry, root, archive: archive.as_ref(), reader: reader.as_ref() };
        let Through { edge, others, latest, differences } = commit.go_through(&self.edge, self.latest).await?;
        self.edge = edge;
        self.latest = latest;
        self.differences.extend(differences);
        self.differences.extend(log::committed_at(entry, latest, &self.log));
        match (&mut reader, &archive) {
            (Some(reader), Some(archive)) => {
                let names = self.read_ahead(reader, archive, &entry.archive.name, &others, &held).await?;
                let mut found = Replayed::nothing(latest);
                tell_others(reader, &others, &KnownReports::new(), &mut self.history, &mut found).await?;
                self.keys.append(&mut found.keys);
                self.changed.append(&mut found.rows.organization);
                self.batch.runs.extend(self.standing.take(&found.rows, &others, &names));
                self.batch.told.push((entry.sequence, found.rows));
                self.batch.objects.add(entry.sequence, &entry.archive.name, entry.size_after(), &held);
            }
            _ => self.differences.push(Difference {
                place: format!("log object {}", entry.sequence),
                sealed: format!("archive {}", entry.archive.name),
                in_database: "no record that says what came in its place".to_owned(),
            }),
        }
        self.batch.end = entry.size_after();
        self.batch.commits += 1;
        let many = self.batch.end - self.batch.first;
        let is_full = many >= LEAVES || self.batch.objects.len() >= OBJECTS || self.batch.commits >= COMMITS;
        if is_full || self.batch.runs.len() >= JUDGEMENTS {
            self.settle().await?;
        }
        Ok(())
    }

    /// Reads what the records name and the rows are made of; returns the names of the artifacts of each judgement.
    async fn read_ahead(
        &mut self,
        reader: &mut Reader<'_>,
        archive: &Arc<FetchedArchive>,
        name: &str,
        others: &[Said],
        held: &[NewObject],
    ) -> Result<BTreeMap<u64, BTreeSet<String>>, CommitFault> {
        let mut names = BTreeMap::new();
        let mut wanted: BTreeMap<Digest, u64> = BTreeMap::new();
        for one in others {
            let artifacts: Vec<Artifact> = match &one.statement {
                Statement::Judgement(_) => {
                    if let Some(list) = one.record.artifact_list() {
                        wanted.insert(list.sha256, list.size);
                        self.fetch(reader, archive, name, held, &wanted).await?;
                    }
                    let all = reader.artifacts(&one.record).await?;
                    names.insert(one.leaf, all.iter().map(|artifact| artifact.name.clone()).collect());
                    let read = [FINDINGS, STATUSES, GAPS, REQUESTS];
                    all.into_iter().filter(|artifact| read.contains(&artifact.name.as_str())).collect()
                }
                Statement::Responsibility(_) | Statement::Deletion(_) => one.record.artifacts().to_vec(),
                Statement::Change(change) => artifacts_of_change(&one.record, change),
                _ => Vec::new(),
            };
            wanted.extend(artifacts.into_iter().map(|artifact| (artifact.sha256, artifact.size)));
        }
        self.fetch(reader, archive, name, held, &wanted).await?;
        Ok(names)
    }

    /// Reads objects from this commit's archive, or from that of an earlier commit that named them too.
    async fn fetch(
        &mut self,
        reader: &mut Reader<'_>,
        archive: &Arc<FetchedArchive>,
        name: &str,
        held: &[NewObject],
        wanted: &BTreeMap<Digest, u64>,
    ) -> Result<(), CommitFault> {
        let here: Vec<(Digest, u64)> =
            held.iter().filter(|one| wanted.contains_key(&one.sha256)).map(|one| (one.sha256, one.size)).collect();
        self.places.extend(here.iter().map(|(digest, _)| (*digest, name.to_owned())));
        let here_too = Arc::clone(archive);
        reader.hold(blocking(move || read_from(&here_too, &here)).await?);
        let mut older: BTreeMap<String, Vec<(Digest, u64)>> = BTreeMap::new();
        for (digest, size) in wanted.iter().filter(|(digest, _)| !reader.is_here(digest)) {
            if let Some(place) = self.places.get(digest) {
                older.entry(place.clone()).or_default().push((*digest, *size));
            }
        }
        for (place, objects) in older {
            if let Some(archive) = self.gone.archive(self.app, self.scope, &place).await? {
                reader.hold(blocking(move || read_from(&archive, &objects)).await?);
            }
        }
        Ok(())
    }

    /// Compares what was told since the last time.
    async fn settle(&mut self) -> Result<(), CommitFault> {
        let batch = std::mem::take(&mut self.batch);
        self.batch.first = batch.end;
        let store = &self.app.store;
        let first = (batch.first > 0).then_some(batch.first);
        for table in ByLeaf::ALL.iter().copied().filter(|table| *table != ByLeaf::Evidence) {
            let mut told = Vec::new();
            for (sequence, rows) in &batch.told {
                told.extend(rows_told(self.scope, *sequence, rows, table, |event| self.standing.position(event))?);
            }
            if table == ByLeaf::GapEvents && !self.standing.knows_events() {
                continue;
            }
            let stored = store.rows_of(self.scope, RowsOf::Leaves(table, first, Some(batch.end))).await?;
            self.differences.extend(differing(&told, &stored, kinds::by_leaf(table)));
        }
        let mut told = Vec::new();
        for (_, rows) in &batch.told {
            told.extend(statuses_told(self.scope, rows)?);
        }
        let stored = store.rows_of(self.scope, RowsOf::Statuses(&batch.runs)).await?;
        self.differences.extend(differing(&told, &stored, &kinds::STATUS));
        let mut objects = batch.objects;
        self.differences.extend(objects.compare(store, self.scope, &self.gone).await?);
        Ok(())
    }

    /// Compares what is left, and what nothing told.
    async fn end(mut self, newest: u64) -> Result<Vec<Difference>, CommitFault> {
        self.settle().await?;
        let (store, scope, size) = (&self.app.store, self.scope, self.edge.size());
        for table in ByLeaf::ALL {
            let stored = store.rows_of(scope, RowsOf::Leaves(*table, Some(size), None)).await?;
            self.differences.extend(differing(&[], &stored, kinds::by_leaf(*table)));
        }
        for leaf in store.leaves(scope, size, 100).await? {
            self.differences.push(Difference {
                place: format!("record {}", leaf.leaf),
                sealed: "no such record".to_owned(),
                in_database: leaf.kind,
            });
        }
        self.differences.extend(tiles::beyond(store, scope, size).await?);
        self.differences.extend(objects::beyond(store, scope, newest).await?);
        self.differences.extend(self.standing.compare(store, scope).await?);
        let changed = std::mem::take(&mut self.changed);
        self.differences.extend(identity::organization(self.app, self.organization, changed).await?);
        self.differences.extend(identity::keys(self.app, scope, &self.keys).await?);
        Ok(self.differences)
    }
}
