//! One run, each line one stage. START READING HERE.
//!
//! Stages take and return values; only this module saves them. Everything a run leaves behind is sealed in two steps:
//! first what was seen, then what was made of it. A run that is cut off leaves what it sealed, and nothing by halves.

pub mod audit;
pub mod collecting;
pub mod commit;
pub mod credentials;
mod deciding;
pub mod decisions;
pub mod deletion;
pub mod enrol;
pub mod fault;
pub mod frameworks;
pub mod importing;
pub mod judging;
pub mod keys;
pub mod lease;
pub mod objects;
mod outcome_lines;
pub mod proofs;
mod reading;
pub mod records;
pub mod replay;
pub mod responsibilities;
pub mod retention;
pub mod roll_forward;
pub mod sealer;
pub mod ssh_signature;
pub mod staging;
pub mod standing;
pub mod targets;
pub mod turns;
mod unusable;
mod workbench;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::app::leftovers::RunFolder;
use crate::app::{App, AppFault};
use crate::catalog::collector::CollectorDefinition;
use crate::collect::graph::ConnectionError;
use crate::collect::import::ImportError;
use crate::config::secret_key::KeyFault;
use crate::dataset::{self, Dataset};
use crate::model::evidence::{CollectionOutcome, RawEvidence, SealedEvidence, Source};
use crate::model::finding::FindingOutcome;
use crate::model::id::{DatasetId, FrameworkId, RunId};
use crate::model::organization::Organization;
use crate::store::{CollectorState, EvidenceRow, IndexRows, OrgScope, RunEnd, RunState, StoreFault};

use collecting::{Progress, Watcher};
use commit::{Admitted, Committed};
use credentials::CredentialFault;
use fault::CommitFault;
use lease::Lease;
use turns::{BusyTarget, Turns, Wanted};

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// Only this kind of source.
    pub source: Option<Source>,
    /// Only these collectors; empty means all.
    pub collectors: Vec<DatasetId>,
    /// What started it, for the record: `collect`, `schedule`, `demo`.
    pub cause: String,
    /// Only these datasets of these targets, each unless somebody has tried it since; for the schedule.
    pub wanted: Option<Vec<Wanted>>,
    /// How long to wait for a target that another run reads; without patience it is left out at once.
    pub patience: Duration,
    /// Cancelled when the run is to end early: what was read until then is sealed and judged.
    pub stop: CancellationToken,
}

/// What became of one dataset of one target; a run's summary in the database is a list of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetLine {
    pub dataset: DatasetId,
    pub target: String,
    pub outcome: CollectionOutcome,
    pub reason: String,
    pub rows: u64,
    /// Ledger leaf of the evidence record.
    pub evidence: u64,
    /// For files that were handed in: where the file lay below the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunReport {
    pub run: RunId,
    pub datasets: Vec<DatasetLine>,
    /// Targets that were left alone, because another run reads them.
    pub busy: Vec<BusyTarget>,
    /// Whether it was told to end before everything was read.
    pub ended_early: bool,
    /// Records added to the ledger.
    pub records: u64,
    pub findings: BTreeMap<FindingOutcome, u64>,
    pub gaps_opened: u64,
    pub gaps_closed: u64,
    /// Leaves in the ledger afterwards.
    pub ledger_size: u64,
}

/// Why a run could not be carried out. What was sealed before stays.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    #[error(transparent)]
    App(#[from] AppFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("it could not be sealed")]
    Commit(#[from] CommitFault),
    #[error("a secret cannot be sealed or opened")]
    Key(#[from] KeyFault),
    #[error(transparent)]
    Credential(CredentialFault),
    #[error(transparent)]
    Graph(#[from] ConnectionError),
    #[error("this version cannot collect from {0} targets")]
    CannotRead(&'static str),
    #[error(
        "nothing is connected{0}; connect a tenant with `countersign connect m365` or this machine with `countersign connect host`"
    )]
    NothingConnected(String),
    #[error(
        "nothing that is connected can answer the chosen collectors: connect a tenant with `countersign connect m365` or this machine with `countersign connect host`; files come in by `countersign import files`"
    )]
    NothingToRead,
    #[error("{}; nothing was collected: try again when that run has ended", .0.iter().map(BusyTarget::words).collect::<Vec<_>>().join("; "))]
    Busy(Vec<BusyTarget>),
    #[error("everything that was asked for has been collected meanwhile by another run")]
    Overtaken,
    #[error("there is no framework `{0}`; countersign catalog list shows those there are")]
    NoSuchFramework(FrameworkId),
    #[error("`{0}` is not a time zone; use a name such as Europe/Berlin")]
    NoSuchTimeZone(String),
    #[error("a signing key cannot be made")]
    Note(#[from] countersign_seal::note::NoteError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(
        "the import broke off after {sealed} files were sealed; once this is mended, import the folder again: what is kept already is not stored twice"
    )]
    BrokeOff { sealed: u64, source: Box<RunFault> },
    #[error("there is no collector `{0}`; countersign collector list shows those there are")]
    NoSuchCollector(DatasetId),
}

impl From<CredentialFault> for RunFault {
    /// A database that cannot be asked is not a fault of the connection.
    fn from(fault: CredentialFault) -> Self {
        match fault {
            CredentialFault::Store(fault) => Self::Store(fault),
            CredentialFault::Key(fault) => Self::Key(fault),
            fault => Self::Credential(fault),
        }
    }
}

/// Evidence of one target's dataset with the rows it came to.
pub struct Derived {
    pub raw: RawEvidence,
    pub dataset: Dataset,
}

/// A run that began longer ago than this and has not ended was cut off: every dataset has a time limit of minutes.
const LONGEST_RUN: chrono::Duration = chrono::Duration::hours(6);

/// Carries out one run for one organization.
pub async fn run(
    app: &App,
    organization: &Organization,
    request: &RunRequest,
    watch: &Watcher<'_>,
) -> Result<RunReport, RunFault> {
    let scope = OrgScope::of(organization);
    let targets = targets::targets(app, &scope, request.source).await?;
    if targets.is_empty() {
        let kind = request.source.map(|source| format!(" of kind {}", source.as_str())).unwrap_or_default();
        return Err(RunFault::NothingConnected(kind));
    }
    let definitions = chosen(app, request)?;
    let fits = |definition: &&CollectorDefinition| targets.iter().any(|target| target.source() == definition.source);
    if !definitions.iter().any(fits) {
        return Err(RunFault::NothingToRead);
    }
    let turns = Turns::take(app, &scope, request, &targets, &definitions).await?;
    let run = RunId::fresh();
    let report = if !turns.held.is_empty() {
        Lease::during_all(&turns.leases, Box::pin(carry_out(app, organization, request, run, &turns, watch))).await
    } else if turns.busy.is_empty() {
        Err(RunFault::Overtaken)
    } else {
        Err(RunFault::Busy(turns.busy.clone()))
    };
    if report.is_err()
        && let Err(fault) = app.store.interrupt_run(&scope, run, app.clock.now()).await
    {
        // The fault of the run itself is what has to be told.
        tracing::warn!(%run, %fault, "the run could not be marked as interrupted; the next start of serve does it");
    }
    turns.release().await;
    report
}

async fn carry_out(
    app: &App,
    organization: &Organization,
    request: &RunRequest,
    run: RunId,
    turns: &Turns<'_>,
    watch: &Watcher<'_>,
) -> Result<RunReport, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward::roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let started = app.clock.now();
    app.store.mark_interrupted_runs(&scope, started.plus(-LONGEST_RUN)).await?;
    app.store.begin_run(&scope, run, &request.cause, started).await?;

    let folder = RunFolder::create(app)?;
    let collected = collecting::collect(app, folder.path(), &turns.held, &request.stop, watch).await;
    let derived = derive(app, collected);
    watch(Progress::Sealing);
    let sealed = seal(app, &scope, run, derived).await?;
    drop(folder);
    watch(Progress::Judging);
    let lines: Vec<DatasetLine> = sealed.iter().map(line).collect();
    let ended_early = sealed.iter().any(|one| one.evidence.was_ended_early());
    // What was cut off is as due as before, so the next run makes good for it.
    let states = sealed.iter().filter(|one| !one.evidence.was_ended_early()).map(state).collect();
    let judged = judging::judge_and_track(app, organization, run, sealed).await?;

    let end = RunEnd {
        state: if ended_early { RunState::EndedEarly } else { RunState::Ended },
        states,
        summary: serde_json::to_value(&lines).unwrap_or_default(),
    };
    app.store.end_run(&scope, run, end, app.clock.now()).await?;
    Ok(RunReport {
        run,
        records: lines.len() as u64 + judged.records,
        datasets: lines,
        busy: turns.busy.clone(),
        ended_early,
        findings: judged.findings,
        gaps_opened: judged.gaps_opened,
        gaps_closed: judged.gaps_closed,
        ledger_size: judged.ledger_size,
    })
}

/// The definitions a request names, or all; a name without a collector is refused before anything is read.
fn chosen<'a>(app: &'a App, request: &RunRequest) -> Result<Vec<&'a CollectorDefinition>, RunFault> {
    let all = &app.catalog.collectors;
    if request.collectors.is_empty() {
        return Ok(all.values().filter(|definition| definition.source != Source::Import).collect());
    }
    request.collectors.iter().map(|id| all.get(id).ok_or_else(|| RunFault::NoSuchCollector(id.clone()))).collect()
}

/// Artifacts -> rows. What the parser cannot read becomes `failed`, what has no rows becomes `empty`.
fn derive(app: &App, collected: Vec<RawEvidence>) -> Vec<Derived> {
    collected
        .into_iter()
        .filter_map(|mut raw| {
            let definition = app.catalog.collectors.get(&raw.dataset)?;
            let artifacts = reading::Collected(&raw.artifacts);
            let dataset = dataset::derive_from(definition, &artifacts, raw.outcome, &raw.reason, raw.finished);
            raw.outcome = dataset.outcome;
            raw.reason.clone_from(&dataset.reason);
            Some(Derived { raw, dataset })
        })
        .collect()
}

/// Sealed evidence with its dataset.
pub struct SealedDataset {
    pub evidence: SealedEvidence,
    pub dataset: Dataset,
    pub started: crate::model::time::Timestamp,
}

async fn seal(
    app: &App,
    scope: &OrgScope,
    run: RunId,
    derived: Vec<Derived>,
) -> Result<Vec<SealedDataset>, CommitFault> {
    let mut entrants = Vec::with_capacity(derived.len());
    let mut outlines = Vec::with_capacity(derived.len());
    for one in derived {
        outlines.push((outline(&one.raw, run), one.raw.started, one.dataset));
        entrants.push(records::evidence(scope, run, one.raw)?);
    }
    if entrants.is_empty() {
        return Ok(Vec::new());
    }
    let index = |committed: &Committed| IndexRows {
        evidence: committed
            .admitted
            .iter()
            .zip(&outlines)
            .map(|(admitted, (outline, _, dataset))| EvidenceRow {
                sealed: finished(outline.clone(), admitted.clone()),
                row_count: dataset.rows.len() as u64,
            })
            .collect(),
        ..IndexRows::default()
    };
    let committed = commit::commit(app, scope, entrants, index).await?;
    Ok(committed
        .admitted
        .into_iter()
        .zip(outlines)
        .map(|(admitted, (outline, started, dataset))| SealedDataset {
            evidence: finished(outline, admitted),
            dataset,
            started,
        })
        .collect())
}

/// Sealed evidence at its place in the ledger.
fn finished(outline: SealedEvidence, admitted: Admitted) -> SealedEvidence {
    let Admitted { leaf, record_hash, artifacts } = admitted;
    SealedEvidence { leaf, record_hash, artifacts, ..outline }
}

/// Sealed evidence before its place in the ledger is known.
fn outline(raw: &RawEvidence, run: RunId) -> SealedEvidence {
    SealedEvidence {
        leaf: 0,
        record_hash: countersign_seal::digest::Digest::empty(),
        run,
        dataset: raw.dataset.clone(),
        target: raw.target.clone(),
        source: raw.source,
        collected_at: raw.finished,
        outcome: raw.outcome,
        reason: raw.reason.clone(),
        artifacts: Vec::new(),
    }
}

fn line(sealed: &SealedDataset) -> DatasetLine {
    DatasetLine {
        dataset: sealed.evidence.dataset.clone(),
        target: sealed.evidence.target.clone(),
        outcome: sealed.evidence.outcome,
        reason: sealed.evidence.reason.clone(),
        rows: sealed.dataset.rows.len() as u64,
        evidence: sealed.evidence.leaf,
        path: match sealed.evidence.source {
            Source::Import => sealed.evidence.artifacts.first().map(|file| file.name.clone()),
            _ => None,
        },
    }
}

fn state(sealed: &SealedDataset) -> CollectorState {
    CollectorState {
        source: sealed.evidence.source,
        target: sealed.evidence.target.clone(),
        dataset: sealed.evidence.dataset.clone(),
        last_started_at: sealed.started,
        last_outcome: sealed.evidence.outcome,
        last_seen_at: sealed.evidence.outcome.is_seen_whole().then_some(sealed.evidence.collected_at),
    }
}
