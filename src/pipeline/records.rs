//! Our values as the statements the ledger keeps.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use countersign_seal::record::{
    Artifact, Change, Collector, Evidence, Judgement, Record, Redaction, Signer, Statement, Subject, Time, Uuid,
};
use serde_json::{Map, Value};

use super::commit::Entrant;
use super::fault::CommitFault;
use crate::model::evidence::{RawArtifact, RawEvidence, SealedArtifact};
use crate::model::finding::CheckResult;
use crate::model::gap::Gap;
use crate::model::id::RunId;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::store::{NewLeaf, OrgScope};

/// The organization as records name it.
pub fn organization(scope: &OrgScope) -> Result<Uuid, CommitFault> {
    Ok(scope.id().to_string().parse()?)
}

/// A time as records write it.
pub fn time(at: Timestamp) -> Result<Time, CommitFault> {
    Ok(at.to_string().parse()?)
}

/// The product itself, where no person acted.
#[must_use]
pub fn the_product() -> Signer {
    Signer { party: None, name: format!("countersign {}", env!("CARGO_PKG_VERSION")), handle: None }
}

/// One dataset of one target, as a run found it.
pub fn evidence(scope: &OrgScope, run: RunId, raw: RawEvidence) -> Result<Entrant, CommitFault> {
    let organization = organization(scope)?;
    let order = [raw.target.clone(), raw.dataset.to_string(), run.to_string()];
    let statement = Evidence {
        organization,
        run: run.to_string().parse()?,
        collector: Collector { id: raw.dataset.to_string(), digest: raw.collector_digest },
        dataset: raw.dataset.to_string(),
        target: raw.target,
        source: raw.source.as_str().to_owned(),
        started: time(raw.started)?,
        finished: time(raw.finished)?,
        source_clock: raw.source_clock.map(time).transpose()?,
        outcome: raw.outcome.as_str().to_owned(),
        reason: raw.reason,
        provenance: raw.provenance,
        redactions: raw
            .redactions
            .into_iter()
            .map(|one| Redaction { rule: one.rule, artifact: one.artifact, ranges: one.ranges })
            .collect(),
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(Entrant {
        artifacts: raw.artifacts,
        statement: Box::new(move |artifacts| Ok(Evidence { artifacts, ..statement }.into())),
        order,
    })
}

/// Everything one judgement rests on and says.
pub struct JudgementParts<'a> {
    pub run: RunId,
    pub at: Timestamp,
    pub catalog: Digest,
    pub results: &'a [CheckResult],
    /// Rule files by path.
    pub bundle: BTreeMap<String, String>,
    /// Derived datasets as JSON, by `target/dataset`.
    pub datasets: Vec<(String, Vec<u8>)>,
    /// Statuses, gaps and requests that came of it, from [`super::outcome_lines`].
    pub outcome: Vec<RawArtifact>,
}

/// All findings of a run, with what came of them and the rules and datasets they were made from.
pub fn judgement(scope: &OrgScope, parts: JudgementParts<'_>) -> Result<Entrant, CommitFault> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut lines = Vec::new();
    for result in parts.results {
        *counts.entry(result.outcome.as_str().to_owned()).or_default() += 1;
        lines.extend(countersign_seal::canonical::to_bytes(result)?);
        lines.push(b'\n');
    }
    let bundle = countersign_seal::canonical::to_bytes(&parts.bundle)?;
    let mut artifacts = vec![
        RawArtifact::in_memory(super::audit::FINDINGS, "application/x-ndjson", lines),
        RawArtifact::in_memory("checks.json", "application/json", bundle),
    ];
    artifacts.extend(parts.outcome);
    for (name, bytes) in parts.datasets {
        let name = format!("datasets/{name}.json");
        artifacts.push(RawArtifact::in_memory(name, "application/json", bytes));
    }
    let statement = Judgement {
        organization: organization(scope)?,
        run: parts.run.to_string().parse()?,
        at: time(parts.at)?,
        catalog: parts.catalog,
        counts,
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(Entrant {
        artifacts,
        statement: Box::new(move |artifacts| Ok(Judgement { artifacts, ..statement }.into())),
        order: Default::default(),
    })
}

/// The kind of subject under which a `change/1` record speaks of the organization itself.
pub(super) const ORGANIZATION: &str = "organization";
/// The artifact with an organization's settings.
pub(super) const SETTINGS: &str = "settings.json";

/// An organization as it was added: everything but its key, which has a record of its own. Settings may be long and may
/// hold numbers that no record can, so they are an artifact.
pub fn organization_added(
    scope: &OrgScope,
    added: &Organization,
    settings: &Value,
    at: Timestamp,
) -> Result<Entrant, CommitFault> {
    let text = |text: &str| Value::String(text.to_owned());
    let frameworks = added.frameworks.iter().map(|framework| text(framework.as_str())).collect();
    let change = Map::from_iter([
        ("kind".to_owned(), text("added")),
        ("slug".to_owned(), text(added.slug.as_str())),
        ("name".to_owned(), text(&added.name)),
        ("model".to_owned(), text(added.model.as_str())),
        ("frameworks".to_owned(), Value::Array(frameworks)),
        ("time_zone".to_owned(), text(&added.time_zone)),
        ("created_at".to_owned(), Value::String(added.created_at.to_string())),
    ]);
    let statement = Change {
        organization: organization(scope)?,
        at: time(at)?,
        by: the_product(),
        subject: Subject { kind: ORGANIZATION.to_owned(), id: added.id.to_string() },
        change,
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(Entrant {
        artifacts: vec![RawArtifact::in_memory(SETTINGS, "application/json", settings.to_string().into_bytes())],
        statement: Box::new(move |artifacts| Ok(Change { artifacts, ..statement }.into())),
        order: Default::default(),
    })
}

/// Something that happened to a gap.
pub fn gap_change(scope: &OrgScope, gap: &Gap, kind: &str, at: Timestamp) -> Result<Entrant, CommitFault> {
    let controls: Vec<Value> =
        gap.controls.iter().map(|held| Value::String(format!("{} {}", held.framework, held.control))).collect();
    let change = Map::from_iter([
        ("kind".to_owned(), Value::String(kind.to_owned())),
        ("check".to_owned(), Value::String(gap.check.to_string())),
        ("target".to_owned(), Value::String(gap.target.clone())),
        ("state".to_owned(), Value::String(gap.state.as_str().to_owned())),
        ("party".to_owned(), Value::String(gap.party.as_str().to_owned())),
        ("because".to_owned(), Value::String(gap.because.chars().take(2000).collect())),
        ("controls".to_owned(), Value::Array(controls)),
        ("evidence".to_owned(), Value::Array(gap.evidence.iter().map(|leaf| Value::from(*leaf)).collect())),
    ]);
    let statement = Change {
        organization: organization(scope)?,
        at: time(at)?,
        by: the_product(),
        subject: Subject { kind: "gap".to_owned(), id: gap.id.to_string() },
        change,
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(without_artifacts(statement.into()))
}

/// A statement that names no bytes.
#[must_use]
pub fn without_artifacts(statement: Statement) -> Entrant {
    Entrant {
        artifacts: Vec::new(),
        statement: Box::new(move |_: Vec<Artifact>| Ok(statement)),
        order: Default::default(),
    }
}

/// An artifact as the rest of the product names it.
pub(super) fn sealed(artifact: &Artifact) -> SealedArtifact {
    SealedArtifact {
        name: artifact.name.clone(),
        sha256: artifact.sha256,
        size: artifact.size,
        media_type: artifact.media_type.clone(),
    }
}

/// The same as a record names it.
pub(super) fn named(artifact: &SealedArtifact) -> Artifact {
    Artifact {
        name: artifact.name.clone(),
        sha256: artifact.sha256,
        size: artifact.size,
        media_type: artifact.media_type.clone(),
    }
}

/// A record as the ledger's index keeps it.
pub(super) fn new_leaf(record: &Record, hash: Digest) -> NewLeaf {
    let body = String::from_utf8_lossy(record.bytes()).into_owned();
    NewLeaf { kind: record.kind().to_string(), hash, body }
}
