//! Empties the spool: what arrived continuously becomes one archive for each organization, exactly once.
//!
//! A segment's id gives the run of everything that is sealed from it, and one commit takes all that a segment has for an
//! organization. So the ledger itself tells whether that was done already, whatever died in between, and a segment is
//! removed only when it was done for all its organizations. Items are kept, not judged. Start with [`seal_spool`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use super::commit::{Committed, commit};
use super::enrol::ensure_ledger;
use super::roll_forward::roll_forward;
use super::{RunFault, records};
use countersign_seal::digest::Digest;

use crate::app::App;
use crate::model::evidence::{CollectionOutcome, RawArtifact, RawEvidence, SealedEvidence};
use crate::model::id::{OrgId, OrgSlug, RunId};
use crate::model::organization::Organization;
use crate::spool::frame::Contents;
use crate::spool::segment::segments;
use crate::spool::{Aside, Item, SealerLock, SpoolFault, TakenSegment};
use crate::store::{EvidenceRow, IndexRows, InstanceScope, OrgScope, StoreFault};

/// Segments are taken together until they have so many bytes: all of it is in memory while it is sealed.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;
/// Or are so many: each is an open file.
const BATCH_SEGMENTS: usize = 100;

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
        "{} is damaged in bytes {}: everything else in it is sealed, the file is kept as it is; see the operations guide", .file.display(), listed(.ranges)
    )]
    Damaged { file: PathBuf, ranges: Vec<Range<usize>> },
    #[error(
        "{} has {items} items of organization {organization}, which is not there: the file is kept; when the organization is there again, rename it to end in .spool", .file.display()
    )]
    Orphaned { file: PathBuf, organization: OrgId, items: usize },
    #[error(
        "{} has {items} items of {organization}, of which {sealed} were sealed before; which ones cannot be told, so the file is kept", .file.display()
    )]
    Richer { file: PathBuf, organization: OrgSlug, items: usize, sealed: u64 },
    #[error("items of {organization} cannot be sealed now; they wait in the spool")]
    Waiting { organization: OrgSlug, source: RunFault },
    #[error("a segment of the spool cannot be read or removed")]
    Segment(#[from] SpoolFault),
}

fn listed(ranges: &[Range<usize>]) -> String {
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

/// Items of a segment that are not sealed and never will be by themselves.
enum Kept {
    OfNobody {
        organization: OrgId,
        items: usize,
    },
    /// The ledger knows this segment, but fewer items of it: it was damaged then and has been mended.
    Richer {
        organization: OrgSlug,
        items: usize,
        sealed: u64,
    },
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
    for path in segments(app.spool.folder())? {
        let segment = match TakenSegment::take(&path) {
            Ok(Some(segment)) => segment,
            Ok(None) => continue,
            Err(fault) => {
                report.troubles.push(fault.into());
                continue;
            }
        };
        if bytes + segment.length > BATCH_BYTES || batch.len() == BATCH_SEGMENTS {
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
    let mut kept: BTreeMap<RunId, Vec<Kept>> = BTreeMap::new();
    for (id, runs) in items {
        let Some(organization) = organizations.get(&id) else {
            for (run, items) in runs {
                kept.entry(run).or_default().push(Kept::OfNobody { organization: id, items: items.len() });
            }
            continue;
        };
        let segments: Vec<RunId> = runs.keys().copied().collect();
        match seal_items(app, organization, runs, &mut kept).await {
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
        let kept = kept.remove(&segment.id).unwrap_or_default();
        if let Err(fault) = end(segment, damage, kept, report) {
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
    damage: Vec<Range<usize>>,
    kept: Vec<Kept>,
    report: &mut SealReport,
) -> Result<(), SpoolFault> {
    if damage.is_empty() && kept.is_empty() {
        return segment.remove();
    }
    let is_only_of_nobody = damage.is_empty() && kept.iter().all(|one| matches!(one, Kept::OfNobody { .. }));
    let file = segment.put_aside(if is_only_of_nobody { Aside::Orphaned } else { Aside::Damaged })?;
    report.troubles.extend(kept.into_iter().map(|one| match one {
        Kept::OfNobody { organization, items } => Trouble::Orphaned { file: file.clone(), organization, items },
        Kept::Richer { organization, items, sealed } => {
            Trouble::Richer { file: file.clone(), organization, items, sealed }
        }
    }));
    if !damage.is_empty() {
        report.troubles.push(Trouble::Damaged { file, ranges: damage });
    }
    Ok(())
}

/// The run that an organization's items of a segment belong to: always the same one, and nobody else's. It is as old as
/// the segment.
#[must_use]
pub fn run_of(segment: RunId, organization: OrgId) -> RunId {
    let mixed = Digest::of(format!("{segment}/{organization}").as_bytes());
    let mut bytes = *segment.0.as_bytes();
    // What follows the time in a UUID of version 7.
    for (byte, other) in bytes.iter_mut().zip(mixed.as_bytes()).skip(6) {
        *byte = *other;
    }
    let run =
        uuid::Builder::from_bytes(bytes).with_version(uuid::Version::SortRand).with_variant(uuid::Variant::RFC4122);
    RunId(run.into_uuid())
}

/// One commit with the items of every segment that is not sealed yet; none when all are.
async fn seal_items(
    app: &App,
    organization: &Organization,
    runs: BTreeMap<RunId, Vec<Item>>,
    kept: &mut BTreeMap<RunId, Vec<Kept>>,
) -> Result<Option<SealedStream>, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    ensure_ledger(app, organization).await?;
    let mut entrants = Vec::new();
    let mut outlines = Vec::new();
    for (segment, items) in runs {
        let run = run_of(segment, organization.id);
        let sealed = app.store.count_of_evidence_of_run(&scope, run).await?;
        if sealed > 0 {
            // Fewer items than are sealed: a crash may have taken from the file what was not durable yet.
            if items.len() as u64 > sealed {
                let organization = organization.slug.clone();
                kept.entry(segment).or_default().push(Kept::Richer { organization, items: items.len(), sealed });
            }
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
