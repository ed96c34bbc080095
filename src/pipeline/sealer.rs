//! Empties the spool: what arrived continuously becomes one archive for each organization, exactly once.
//!
//! A segment's id is the run of everything that is sealed from it, and one commit takes all that a segment has for an
//! organization. So the ledger itself tells whether that was done already, whatever died in between, and a segment is
//! removed only when it was done for all its organizations. Items are kept, not judged. Start with [`seal_spool`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::commit::{Committed, commit};
use super::enrol::ensure_ledger;
use super::roll_forward::roll_forward;
use super::{RunFault, records};
use crate::app::App;
use crate::model::evidence::{CollectionOutcome, RawArtifact, RawEvidence, SealedEvidence};
use crate::model::id::{OrgId, OrgSlug, RunId};
use crate::model::organization::Organization;
use crate::spool::frame::Contents;
use crate::spool::segment::take_left_behind;
use crate::spool::{Aside, Item, SealerLock, SpoolFault, TakenSegment};
use crate::store::{EvidenceRow, IndexRows, InstanceScope, OrgScope, StoreFault};

/// Segments are taken together until they have so many bytes: all of it is in memory while it is sealed.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// Why nothing was sealed. What waited still waits.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    #[error("the spool cannot be sealed")]
    Spool(#[from] SpoolFault),
    #[error("the spool cannot be sealed")]
    Store(#[from] StoreFault),
    #[error("another process is sealing the spool")]
    Busy,
}

/// What kept some items from being sealed. The others were.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(
        "{} is damaged in bytes {}: what could be read is sealed, the file is kept as it is; restore it from a copy or remove it", .file.display(), listed(.ranges)
    )]
    Damaged { file: PathBuf, ranges: Vec<std::ops::Range<usize>> },
    #[error(
        "{} has {items} items of organization {organization}, which is not there: the file is kept; when the organization is there again, rename it to end in .spool", .file.display()
    )]
    Orphaned { file: PathBuf, organization: OrgId, items: usize },
    #[error("items of {organization} cannot be sealed now; they wait in the spool")]
    Waiting { organization: OrgSlug, source: RunFault },
    #[error("a segment of the spool cannot be read or removed")]
    Segment(#[from] SpoolFault),
}

fn listed(ranges: &[std::ops::Range<usize>]) -> String {
    let each = ranges.iter().map(|range| format!("{} to {}", range.start, range.end.saturating_sub(1)));
    each.collect::<Vec<_>>().join(", ")
}

/// One archive that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedStream {
    pub organization: OrgSlug,
    /// Items, each of them one record.
    pub items: u64,
    pub first_leaf: u64,
}

/// What sealing came to.
#[derive(Debug, Default)]
pub struct SealReport {
    pub archives: Vec<SealedStream>,
    pub troubles: Vec<Trouble>,
}

/// The organizations that items can belong to.
type Organizations = BTreeMap<OrgId, Organization>;

/// Seals everything that waits, of this process and of those that ended. Must be awaited to its end: a commit that is
/// given up while it is being stored could be made a second time.
///
/// # Errors
/// When another process is sealing, or nothing could be looked at. What could not be done for a single organization or
/// segment is among the report's troubles and does not stop the others.
pub async fn seal_spool(app: &App) -> Result<SealReport, SealFault> {
    let mut report = SealReport::default();
    if !app.spool.folder().exists() {
        return Ok(report);
    }
    let lock = SealerLock::take(app.spool.folder())?.ok_or(SealFault::Busy)?;
    app.spool.rotate().await?;
    let all = app.store.organizations(InstanceScope::of_this_installation()).await?;
    let organizations: Organizations = all.into_iter().map(|organization| (organization.id, organization)).collect();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for segment in take_left_behind(app.spool.folder())? {
        if !batch.is_empty() && bytes + segment.length > BATCH_BYTES {
            seal_batch(app, &organizations, std::mem::take(&mut batch), &mut report).await;
            bytes = 0;
        }
        bytes += segment.length;
        batch.push(segment);
    }
    seal_batch(app, &organizations, batch, &mut report).await;
    drop(lock);
    Ok(report)
}

/// Seals some segments, then removes those that are done with.
async fn seal_batch(app: &App, organizations: &Organizations, batch: Vec<TakenSegment>, report: &mut SealReport) {
    let mut ends = Vec::with_capacity(batch.len());
    let mut items: BTreeMap<OrgId, BTreeMap<RunId, Vec<Item>>> = BTreeMap::new();
    for segment in batch {
        match read(segment).await {
            Ok((segment, contents)) => {
                for item in contents.items {
                    let of = items.entry(item.header.organization).or_default();
                    of.entry(segment.id).or_default().push(item);
                }
                ends.push((segment, contents.damage));
            }
            Err(fault) => report.troubles.push(fault.into()),
        }
    }
    let mut unsealed: BTreeSet<RunId> = BTreeSet::new();
    let mut orphans: BTreeMap<RunId, Vec<(OrgId, usize)>> = BTreeMap::new();
    for (id, runs) in items {
        let Some(organization) = organizations.get(&id) else {
            for (run, items) in runs {
                orphans.entry(run).or_default().push((id, items.len()));
            }
            continue;
        };
        let segments: Vec<RunId> = runs.keys().copied().collect();
        match seal_items(app, organization, runs).await {
            Ok(sealed) => report.archives.extend(sealed),
            Err(source) => {
                unsealed.extend(segments);
                report.troubles.push(Trouble::Waiting { organization: organization.slug.clone(), source });
            }
        }
    }
    for (segment, damage) in ends {
        if unsealed.contains(&segment.id) {
            continue;
        }
        let of_nobody = orphans.remove(&segment.id).unwrap_or_default();
        if let Err(fault) = end(segment, damage, of_nobody, report) {
            report.troubles.push(fault.into());
        }
    }
}

async fn read(mut segment: TakenSegment) -> Result<(TakenSegment, Contents), SpoolFault> {
    let task = tokio::task::spawn_blocking(move || segment.read().map(|contents| (segment, contents)));
    task.await.unwrap_or(Err(SpoolFault::Stopped))
}

/// Removes a segment that is sealed, or puts it aside when some of it could not be.
fn end(
    segment: TakenSegment,
    damage: Vec<std::ops::Range<usize>>,
    of_nobody: Vec<(OrgId, usize)>,
    report: &mut SealReport,
) -> Result<(), SpoolFault> {
    if damage.is_empty() && of_nobody.is_empty() {
        return segment.remove();
    }
    let file = segment.put_aside(if damage.is_empty() { Aside::Orphaned } else { Aside::Damaged })?;
    for (organization, items) in of_nobody {
        report.troubles.push(Trouble::Orphaned { file: file.clone(), organization, items });
    }
    if !damage.is_empty() {
        report.troubles.push(Trouble::Damaged { file, ranges: damage });
    }
    Ok(())
}

/// One commit with the items of every segment that is not sealed yet; none when all are.
async fn seal_items(
    app: &App,
    organization: &Organization,
    runs: BTreeMap<RunId, Vec<Item>>,
) -> Result<Option<SealedStream>, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    ensure_ledger(app, organization).await?;
    let mut entrants = Vec::new();
    let mut outlines = Vec::new();
    for (run, items) in runs {
        if app.store.has_evidence_of_run(&scope, run).await? {
            continue;
        }
        for item in items {
            let raw = evidence(item);
            outlines.push(super::outline(&raw, run));
            entrants.push(records::evidence(&scope, run, raw)?);
        }
    }
    if entrants.is_empty() {
        return Ok(None);
    }
    let items = entrants.len() as u64;
    let index = |committed: &Committed| IndexRows {
        evidence: committed
            .admitted
            .iter()
            .zip(&outlines)
            .map(|(admitted, outline)| EvidenceRow {
                sealed: SealedEvidence {
                    leaf: admitted.leaf,
                    record_hash: admitted.record_hash,
                    artifacts: admitted.artifacts.clone(),
                    ..outline.clone()
                },
                row_count: 0,
            })
            .collect(),
        ..IndexRows::default()
    };
    let committed = commit(app, &scope, entrants, index).await?;
    let first_leaf = committed.admitted.iter().map(|admitted| admitted.leaf).min().unwrap_or_default();
    Ok(Some(SealedStream { organization: organization.slug.clone(), items, first_leaf }))
}

/// An item as evidence: it was received whole, or it would not have been acknowledged.
fn evidence(item: Item) -> RawEvidence {
    let Item { header, body } = item;
    RawEvidence {
        dataset: header.dataset,
        collector_digest: header.collector,
        target: header.target,
        source: header.source,
        started: header.received_at,
        finished: header.received_at,
        source_clock: header.source_clock,
        outcome: CollectionOutcome::Complete,
        reason: String::new(),
        provenance: header.provenance,
        redactions: Vec::new(),
        artifacts: vec![RawArtifact::in_memory(header.artifact, header.media_type, body)],
    }
}
