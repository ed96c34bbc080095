//! Compares what the database says with what is sealed, so that nobody who can write to the database can turn a `fail`
//! into a `pass`, close a gap or change a split unseen.
//!
//! It reads the vault for every comparison and repairs nothing. Statuses need no comparison: they are derived from the
//! findings whenever they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use countersign_seal::record::{Record, Statement};

use super::RunFault;
use super::fault::CommitFault;
use super::objects::{artifacts_of, read_objects};
use crate::app::App;
use crate::model::finding::CheckResult;
use crate::model::organization::Organization;
use crate::store::{OrgScope, StoredLeaf};

/// The artifact of a judgement that holds its findings.
pub(super) const FINDINGS: &str = "findings.jsonl";

/// Something the database says differently than the sealed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs: a check on a target, a gap, a matrix.
    pub place: String,
    pub sealed: String,
    pub in_database: String,
}

/// Everything that differs for one organization.
pub async fn compare(app: &App, organization: &Organization) -> Result<Vec<Difference>, RunFault> {
    let scope = OrgScope::of(organization);
    let mut differences = results(app, &scope).await?;
    differences.extend(gaps(app, &scope).await?);
    differences.extend(matrices(app, organization, &scope).await?);
    differences.extend(deletions(app, &scope).await?);
    Ok(differences)
}

/// The record at a leaf, as the ledger's index holds it, if its bytes still have the leaf's hash.
async fn record(app: &App, scope: &OrgScope, leaf: u64) -> Result<Option<Record>, RunFault> {
    let stored = app.store.leaves(scope, leaf, 1).await?.into_iter().find(|stored| stored.leaf == leaf);
    let intact = |stored: &StoredLeaf| {
        Record::parse(stored.body.as_bytes()).ok().filter(|record| record.leaf_hash() == stored.hash)
    };
    Ok(stored.as_ref().and_then(intact))
}

/// Findings in the database against the findings of the judgement they name.
async fn results(app: &App, scope: &OrgScope) -> Result<Vec<Difference>, RunFault> {
    let known = app.store.latest_results(scope, app.clock.now()).await?;
    let mut sealed: BTreeMap<u64, BTreeMap<(String, String), CheckResult>> = BTreeMap::new();
    for leaf in known.iter().map(|judged| judged.recorded_leaf).collect::<BTreeSet<_>>() {
        let mut findings = BTreeMap::new();
        let judgement = record(app, scope, leaf).await?;
        let named = match &judgement {
            Some(record) => artifacts_of(app, scope, record).await?,
            None => Vec::new(),
        };
        let artifact = named.iter().find(|artifact| artifact.name == FINDINGS).map(|artifact| artifact.sha256);
        if let Some(digest) = artifact {
            let objects = read_objects(app, scope, [digest]).await?;
            let lines = objects.get(&digest).map(bytes::Bytes::as_ref).unwrap_or_default();
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                if let Ok(result) = serde_json::from_slice::<CheckResult>(line) {
                    findings.insert((result.check.to_string(), result.target.clone()), result);
                }
            }
        }
        sealed.insert(leaf, findings);
    }
    let mut differences = Vec::new();
    for judged in known {
        let result = judged.result;
        let key = (result.check.to_string(), result.target.clone());
        let of_leaf = sealed.get(&judged.recorded_leaf).and_then(|findings| findings.get(&key));
        if of_leaf != Some(&result) {
            differences.push(Difference {
                place: format!("{} on {}", result.check, result.target),
                sealed: of_leaf.map_or_else(
                    || format!("no such finding in record {}", judged.recorded_leaf),
                    |sealed| format!("{}: {}", sealed.outcome.as_str(), sealed.because),
                ),
                in_database: format!("{}: {}", result.outcome.as_str(), result.because),
            });
        }
    }
    Ok(differences)
}

/// Each gap's state against the last change that was sealed for it.
async fn gaps(app: &App, scope: &OrgScope) -> Result<Vec<Difference>, RunFault> {
    let mut differences = Vec::new();
    for gap in app.store.gaps(scope).await? {
        let last = app.store.gap_events(scope, gap.id).await?.pop();
        let sealed = match last {
            Some(event) => match record(app, scope, event.leaf).await?.map(|record| record.statement()) {
                Some(Ok(Some(Statement::Change(change)))) if change.subject.id == gap.id.to_string() => {
                    change.change.get("state").and_then(serde_json::Value::as_str).map(str::to_owned)
                }
                _ => None,
            },
            None => None,
        };
        if sealed.as_deref() != Some(gap.state.as_str()) {
            differences.push(Difference {
                place: format!("gap {} ({} on {})", gap.id, gap.check, gap.target),
                sealed: sealed.unwrap_or_else(|| "no change of this gap".to_owned()),
                in_database: gap.state.as_str().to_owned(),
            });
        }
    }
    Ok(differences)
}

/// Each matrix in force against the digest that was sealed.
async fn matrices(app: &App, organization: &Organization, scope: &OrgScope) -> Result<Vec<Difference>, RunFault> {
    let mut differences = Vec::new();
    for framework in &organization.frameworks {
        let Some((version, _)) = app.store.matrix_as_of(scope, framework, app.clock.now()).await? else { continue };
        let bytes = canonical::to_bytes(&version.matrix).map_err(CommitFault::from)?;
        let found = Digest::of(&bytes);
        let sealed = match record(app, scope, version.leaf).await?.map(|record| record.statement()) {
            Some(Ok(Some(Statement::Responsibility(sealed)))) if sealed.framework == framework.as_str() => {
                Some(sealed.matrix)
            }
            _ => None,
        };
        if sealed != Some(found) {
            differences.push(Difference {
                place: format!("responsibilities of {framework}, version {}", version.matrix.version),
                sealed: sealed.map_or_else(|| "no such matrix".to_owned(), |digest| digest.to_string()),
                in_database: found.to_string(),
            });
        }
    }
    Ok(differences)
}

/// Which objects the database takes for deleted, against what `deletion/1` records list.
async fn deletions(app: &App, scope: &OrgScope) -> Result<Vec<Difference>, RunFault> {
    let mut sealed = BTreeSet::new();
    for stored in app.store.leaves_of_kind(scope, "deletion/1").await? {
        let said = record(app, scope, stored.leaf).await?.map(|record| record.statement());
        let Some(Ok(Some(Statement::Deletion(deletion)))) = said else { continue };
        let [list] = &deletion.artifacts;
        let read = read_objects(app, scope, [list.sha256]).await?;
        let list = read.get(&list.sha256).map(bytes::Bytes::as_ref).unwrap_or_default();
        let row = super::deletion::record::row(stored.leaf, app.clock.now(), &deletion, list)?;
        sealed.extend(row.objects.into_iter().map(|object| (object, stored.leaf)));
    }
    let known: BTreeSet<(Digest, u64)> =
        app.store.deletions(scope).await?.into_iter().map(|deleted| (deleted.sha256, deleted.leaf)).collect();
    let told = |is: bool| if is { "deleted" } else { "not deleted" }.to_owned();
    Ok(sealed
        .symmetric_difference(&known)
        .map(|one| Difference {
            place: format!("object {}, record {}", one.0, one.1),
            sealed: told(sealed.contains(one)),
            in_database: told(known.contains(one)),
        })
        .collect())
}
