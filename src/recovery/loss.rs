//! What could not be restored, in words and for scripts.

use std::collections::BTreeSet;

use countersign_seal::record::Record;
use serde::Serialize;

use super::RecoveryFault;
use crate::app::App;
use crate::model::organization::Organization;
use crate::pipeline::objects::artifacts_of;
use crate::store::{OrgScope, UNKNOWN_CAUSE};

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// `connections`, `signing_seed`, `run_causes`, `report_paths`, `organization_record`, `older_judgements`,
    /// `installation_id`, `secret_key`, `settings`.
    pub what: &'static str,
    /// Short name of the organization; none for the installation as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What it means and what to do.
    pub message: String,
}

impl Loss {
    pub(super) fn of(organization: &Organization, what: &'static str, message: String) -> Self {
        Self { what, organization: Some(organization.slug.to_string()), message }
    }

    pub(super) fn of_installation(what: &'static str, message: String) -> Self {
        Self { what, organization: None, message }
    }
}

/// From where runs came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    AllFromEvidence,
    /// From a backup, but for those after it.
    FromBackup,
}

/// What an organization's replayed records do not tell.
pub(super) async fn in_records(app: &App, organization: &Organization, runs: Runs) -> Result<Vec<Loss>, RecoveryFault> {
    let scope = OrgScope::of(organization);
    let mut losses = Vec::new();
    let known = app.store.latest_runs(&scope, app.clock.now(), 1_000_000).await?;
    let from_evidence = |cause: &str| runs == Runs::AllFromEvidence || cause == UNKNOWN_CAUSE;
    let unknown = known.iter().filter(|run| from_evidence(&run.cause)).count();
    if unknown > 0 {
        losses.push(Loss::of(
            organization,
            "run_causes",
            format!(
                "{unknown} runs are told from their evidence: what started them is not known, their times are those of the evidence, and runs that sealed nothing are missing"
            ),
        ));
    }
    let reports = app.store.reports(&scope, 1_000_000).await?;
    let unplaced = reports.iter().filter(|report| !std::path::Path::new(&report.path).is_absolute()).count();
    if unplaced > 0 {
        losses.push(Loss::of(
            organization,
            "report_paths",
            format!(
                "where {unplaced} reports and packages were written is not known; the name of their file stands there"
            ),
        ));
    }
    let mut older = 0_u64;
    for leaf in app.store.leaves_of_kind(&scope, "judgement/1").await? {
        let record = Record::parse(leaf.body.as_bytes()).map_err(crate::pipeline::fault::CommitFault::from)?;
        let named = artifacts_of(app, &scope, &record).await?;
        if !named.iter().any(|artifact| artifact.name == "gaps.jsonl") {
            older += 1;
        }
    }
    if older > 0 {
        losses.push(Loss::of(
            organization,
            "older_judgements",
            format!(
                "{older} judgements were sealed by a version that sealed findings only: their statuses, gaps and requests are missing; the next run opens gaps anew, under other ids"
            ),
        ));
    }
    Ok(losses)
}

/// That nothing is connected, with what evidence says was.
pub(super) async fn connections(app: &App, organization: &Organization) -> Result<Option<Loss>, RecoveryFault> {
    let scope = OrgScope::of(organization);
    if !app.store.connections(&scope).await?.is_empty() {
        return Ok(None);
    }
    let states = app.store.collector_states(&scope).await?;
    let targets: BTreeSet<String> =
        states.iter().map(|state| format!("{} {}", state.source.as_str(), state.target)).collect();
    let seen = if targets.is_empty() {
        "no evidence names a target".to_owned()
    } else {
        format!("evidence came from {}", targets.into_iter().collect::<Vec<_>>().join(", "))
    };
    let message = format!(
        "nothing is connected, settings and secrets of connections are gone; {seen}. Connect again with countersign connect"
    );
    Ok(Some(Loss::of(organization, "connections", message)))
}

/// The keys of an organization whose seed is nowhere.
pub(super) async fn seeds(app: &App, organization: &Organization) -> Result<Option<Loss>, RecoveryFault> {
    let scope = OrgScope::of(organization);
    // Only the newest key signs; what older ones signed is verified without their seeds.
    let Some(key) = app.store.signing_keys(&scope).await?.pop() else { return Ok(None) };
    if app.store.sealed_seed(&scope, &key.public_key).await?.is_some() {
        return Ok(None);
    }
    let message = format!(
        "the sealed seed of signing key {0} is not here: the ledger can be read and verified, but not continued. Put keys/{1}/{0}.sealed back, or restore a backup",
        key.key_id, organization.id
    );
    Ok(Some(Loss::of(organization, "signing_seed", message)))
}
