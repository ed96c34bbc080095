//! One commit, read back: its records and artifacts become the rows that the database would have been told.
//!
//! Everything a commit tells the database stands in its archive, so a transaction that was lost, and a whole database
//! that was lost, are made good from the vault by the same code. What no record says is not guessed: the cause of a run
//! and the place of a report's file. Start with [`replay`]; `roll_forward.rs` and the recovery module call it.

mod alteration;
mod evidence;
pub mod introduction;
mod judgement;
mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_seal::digest::Digest;
use countersign_seal::log::Entry;
use countersign_seal::record::{Key, KeyEvent, Record, Report, Responsibility, Statement, Time};

use super::decisions;
use super::deletion::take_over;
use super::fault::CommitFault;
use super::objects::FetchedArchive;
use crate::app::App;
use crate::model::id::{FrameworkId, ReportId};
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::store::{
    CollectorState, IndexRows, MatrixEvent, MatrixVersion, NewLeaf, NewObject, OrgScope, ReportRow, Run,
};

pub(super) use alteration::artifacts as artifacts_of_change;
pub(super) use evidence::read as read_evidence;
pub(super) use reading::{Reader, objects_in, read_archive};

/// What is known of reports beside their records, by leaf: id, path and digest as the database had them.
pub type KnownReports = BTreeMap<u64, (ReportId, String, Digest)>;

/// A commit as its archive holds it.
pub struct Committed {
    pub entry: Entry,
    pub archive: Arc<FetchedArchive>,
    pub records: Vec<(Record, NewLeaf)>,
    pub objects: Vec<NewObject>,
}

/// What a commit told the database.
#[derive(Debug)]
pub struct Replayed {
    pub rows: IndexRows,
    /// Runs, as far as their records tell.
    pub runs: Vec<Run>,
    pub states: Vec<CollectorState>,
    /// Keys that came into use by this commit, in order.
    pub keys: Vec<Key>,
    pub committed_at: Timestamp,
}

impl Replayed {
    pub(super) fn nothing(committed_at: Timestamp) -> Self {
        Self { rows: IndexRows::default(), runs: Vec::new(), states: Vec::new(), keys: Vec::new(), committed_at }
    }
}

/// Reads one commit back. Everything before it must be known to the database already; `before` is when the commit
/// before it was made.
pub async fn replay(
    app: &App,
    scope: &OrgScope,
    commit: &Committed,
    reports: &KnownReports,
    before: Option<Timestamp>,
) -> Result<Replayed, CommitFault> {
    let mut reader = Reader::of(app, scope, commit);
    let mut statements = Vec::with_capacity(commit.records.len());
    for (leaf, (record, stored)) in (commit.entry.first_leaf..).zip(&commit.records) {
        if let Some(statement) = record.statement()? {
            statements.push((leaf, record, stored, statement));
        }
    }
    let committed_at = committed_at(&commit.entry.archive.name, statements.iter().map(|one| &one.3), before);
    let mut found = Replayed::nothing(committed_at);
    let mut wanted = BTreeSet::new();
    for (_, record, _, statement) in &statements {
        if let Statement::Evidence(evidence) = statement {
            wanted.extend(evidence::artifacts_to_count(&reader, record, evidence).await?);
        }
    }
    reader.read_ahead(&wanted).await?;
    let mut seen = Vec::new();
    let mut others = Vec::new();
    let mut history = History::new();
    for (leaf, record, stored, statement) in statements {
        match statement {
            Statement::Evidence(evidence) => {
                seen.extend(evidence::read(&reader, leaf, record, stored.hash, &evidence).await?);
            }
            other => {
                if let Statement::Responsibility(matrix) = &other {
                    let version = version_of(leaf, matrix)?;
                    let known = app.store.matrix_events(scope, &version.0, version.1).await?.len();
                    history.insert(version, u32::try_from(known).unwrap_or(u32::MAX));
                }
                others.push(Said { leaf, record: record.clone(), statement: other });
            }
        }
    }
    tell_others(&reader, &others, reports, &mut history, &mut found).await?;
    evidence::tell(seen, &mut found);
    Ok(found)
}

/// A record that is no evidence, with its leaf.
pub(super) struct Said {
    pub(super) leaf: u64,
    pub(super) record: Record,
    pub(super) statement: Statement,
}

/// How many events each version of a matrix has had.
pub(super) type History = BTreeMap<(FrameworkId, u32), u32>;

/// What the records of a commit tell that are no evidence.
pub(super) async fn tell_others(
    reader: &Reader<'_>,
    said: &[Said],
    reports: &KnownReports,
    history: &mut History,
    found: &mut Replayed,
) -> Result<(), CommitFault> {
    let changes = said.iter().filter_map(|one| match &one.statement {
        Statement::Change(change) => Some((one.leaf, change)),
        _ => None,
    });
    let changes: Vec<_> = changes.collect();
    for Said { leaf, record, statement } in said {
        match statement {
            Statement::Judgement(judged) => {
                judgement::read(reader, *leaf, record, judged, &changes, found).await?;
            }
            Statement::Responsibility(matrix) => {
                matrices(reader, *leaf, record, matrix, history, &mut found.rows).await?;
            }
            Statement::Report(report) => found.rows.reports.extend(reported(*leaf, report, record, reports)?),
            Statement::Key(key) if brings_in_a_key(key) => found.keys.push(key.clone()),
            Statement::Deletion(deletion) => {
                found
                    .rows
                    .deletions
                    .push(take_over::row(reader.app, reader.scope, reader.archive(), *leaf, deletion).await?);
            }
            Statement::Change(_) | Statement::Attestation(_) => {
                let Some(row) = decisions::row(*leaf, statement)? else { continue };
                if let Statement::Change(change) = statement {
                    alteration::read(reader, record, change, &row, &changes, found).await?;
                }
                found.rows.decisions.push(row);
            }
            Statement::Evidence(_) | Statement::Key(_) => {}
        }
    }
    Ok(())
}

/// Whether a record brings in the key that signs the heads after it (or, for the first one, its own).
#[must_use]
pub fn brings_in_a_key(key: &Key) -> bool {
    key.key.purpose == "checkpoint" && matches!(key.event, KeyEvent::Introduced | KeyEvent::Rotated)
}

/// When a commit was made, as far as the vault says: the second in its archive's name, or a record's own time if that is
/// later, and never before the commit before it. It is at most a second too early and never too late.
fn committed_at<'a>(
    archive: &str,
    statements: impl Iterator<Item = &'a Statement>,
    before: Option<Timestamp>,
) -> Timestamp {
    let told = statements.filter_map(time_of);
    let named = archive.split('-').next().and_then(Timestamp::of_file_name);
    told.chain(named).chain(before).max().unwrap_or(Timestamp::EARLIEST)
}

/// When a record says it was made.
pub(super) fn time_of(statement: &Statement) -> Option<Timestamp> {
    let time = match statement {
        Statement::Evidence(evidence) => &evidence.finished,
        Statement::Judgement(judgement) => &judgement.at,
        Statement::Responsibility(matrix) => &matrix.at,
        Statement::Change(change) => &change.at,
        Statement::Report(report) => &report.at,
        Statement::Key(key) => &key.at,
        Statement::Attestation(attestation) => &attestation.at,
        Statement::Deletion(deletion) => &deletion.at,
    };
    read_time(time).ok()
}

/// A record's time as the rest of the product knows it.
pub(super) fn read_time(time: &Time) -> Result<Timestamp, CommitFault> {
    time.as_str().parse().map_err(|_| CommitFault::Unreadable(format!("the time {time}")))
}

fn version_of(leaf: u64, sealed: &Responsibility) -> Result<(FrameworkId, u32), CommitFault> {
    let unreadable = |what: &str| CommitFault::Unreadable(format!("{what} of record {leaf}"));
    let framework = sealed.framework.parse().map_err(|_| unreadable("the framework"))?;
    let version = u32::try_from(sealed.version).map_err(|_| unreadable("the version"))?;
    Ok((framework, version))
}

async fn matrices(
    reader: &Reader<'_>,
    leaf: u64,
    record: &Record,
    sealed: &Responsibility,
    history: &mut History,
    rows: &mut IndexRows,
) -> Result<(), CommitFault> {
    let unreadable = |what: &str| CommitFault::Unreadable(format!("{what} of record {leaf}"));
    let (framework, version) = version_of(leaf, sealed)?;
    let state = sealed.state.parse::<MatrixState>().map_err(|_| unreadable("the state"))?;
    let at = read_time(&sealed.at)?;
    let so_far = history.entry((framework.clone(), version)).or_default();
    let sequence = *so_far;
    *so_far += 1;
    if sequence == 0 {
        let bytes = reader.object(sealed.matrix).await?;
        let matrix: ResponsibilityMatrix = serde_json::from_slice(&bytes)
            .map_err(|source| CommitFault::Line { artifact: name_of(record, sealed.matrix), source })?;
        rows.matrices.push(MatrixVersion { matrix, digest: sealed.matrix, created_at: at, leaf });
    }
    let by = match &sealed.by {
        Some(signer) => serde_json::to_value(signer).unwrap_or_default(),
        None => super::enrol::by_template(),
    };
    rows.matrix_events.push(MatrixEvent { framework, version, sequence, state, by, at, leaf });
    Ok(())
}

fn name_of(record: &Record, digest: Digest) -> String {
    let named = record.artifacts().iter().find(|artifact| artifact.sha256 == digest);
    named.map_or_else(|| digest.to_string(), |artifact| artifact.name.clone())
}

/// A report's row. Its path and id are not sealed: where they are not known, the artifact's name stands for the path.
fn reported(
    leaf: u64,
    report: &Report,
    record: &Record,
    known: &KnownReports,
) -> Result<Option<ReportRow>, CommitFault> {
    let Some(artifact) = record.artifacts().first() else { return Ok(None) };
    let (id, path) = match known.get(&leaf) {
        Some((id, path, digest)) if *digest == artifact.sha256 => (*id, path.clone()),
        _ => (ReportId::fresh(), artifact.name.clone()),
    };
    let framework = report.framework.as_deref().map(str::parse).transpose();
    let framework = framework.map_err(|_| CommitFault::Unreadable(format!("the framework of record {leaf}")))?;
    Ok(Some(ReportRow {
        id,
        kind: report.kind.clone(),
        framework,
        as_of: read_time(&report.as_of)?,
        path,
        sha256: artifact.sha256,
        leaf,
        created_at: read_time(&report.at)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, committed_at};

    #[test]
    fn a_commit_was_made_when_its_archive_says_and_never_before_the_one_before_it() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let name = "20260302T090005Z-0192f0c1-2345-7abc-8def-0123456789ab.zip";
        assert_eq!(committed_at(name, std::iter::empty(), None), time("2026-03-02T09:00:05Z"));
        let before = time("2026-03-02T09:00:05.5Z");
        assert_eq!(committed_at(name, std::iter::empty(), Some(before)), before);
        assert_eq!(committed_at("strange.zip", std::iter::empty(), Some(before)), before);
    }
}
