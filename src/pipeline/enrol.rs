//! A new organization: its signing key, and a ledger that begins with that key, the organization itself and the first
//! split of every framework.

use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use countersign_seal::record::{Key, KeyEvent, Responsibility};

use super::commit::{Committed, Entrant, commit};
use super::fault::CommitFault;
use super::keys::{self, FreshKey};
use super::{RunFault, decisions, records};
use crate::app::App;
use crate::app::signing::CHECKPOINT;
use crate::model::evidence::RawArtifact;
use crate::model::id::{FrameworkId, OrgId, OrgSlug, QuestionnaireId};
use crate::model::organization::Organization;
use crate::model::responsibility::{EngagementModel, MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::store::{IndexRows, MatrixEvent, MatrixVersion, NewOrganization, OrgScope, StoreFault};

/// An organization as it is asked for.
#[derive(Debug, Clone)]
pub struct OrganizationRequest {
    pub slug: OrgSlug,
    pub name: String,
    pub model: EngagementModel,
    /// Empty means every framework of the catalog.
    pub frameworks: Vec<FrameworkId>,
    pub time_zone: String,
    /// Settings that feed checks as data.
    pub settings: serde_json::Value,
}

/// Adds an organization and begins its ledger.
pub async fn add_organization(app: &App, request: OrganizationRequest) -> Result<Organization, RunFault> {
    add_organization_answering(app, request, &[]).await
}

/// The same of one that answers questionnaires of some frameworks; which there are is for the caller to look at.
pub async fn add_organization_answering(
    app: &App,
    request: OrganizationRequest,
    questionnaires: &[(FrameworkId, QuestionnaireId)],
) -> Result<Organization, RunFault> {
    if let Some(unknown) = request.frameworks.iter().find(|id| !app.catalog.frameworks.contains_key(id)) {
        return Err(RunFault::NoSuchFramework(unknown.clone()));
    }
    if request.time_zone.parse::<chrono_tz::Tz>().is_err() {
        return Err(RunFault::NoSuchTimeZone(request.time_zone));
    }
    let now = app.clock.now();
    let frameworks = if request.frameworks.is_empty() {
        app.catalog.frameworks.keys().cloned().collect()
    } else {
        request.frameworks
    };
    let organization = Organization {
        id: OrgId::fresh(),
        slug: request.slug,
        name: request.name,
        model: request.model,
        frameworks,
        time_zone: request.time_zone,
        created_at: now,
    };
    let scope = OrgScope::of(&organization);
    let FreshKey { row: key, sealed_seed, .. } = keys::make(app, &scope, now)?;
    let new = NewOrganization { organization: organization.clone(), settings: request.settings, key, sealed_seed };
    match app.store.add_organization(&new).await {
        Err(refused @ StoreFault::OrganizationExists(_)) => {
            app.forget_seed(organization.id, &new.key.key_id)?;
            return Err(refused.into());
        }
        other => other?,
    };
    begin_ledger(app, &organization, questionnaires).await?;
    Ok(organization)
}

/// Begins the ledger if it has no record yet: the key that signs it, the organization, then the proposed matrices.
pub async fn ensure_ledger(app: &App, organization: &Organization) -> Result<(), RunFault> {
    begin_ledger(app, organization, &[]).await
}

/// The same; the questionnaires that are answered from the first day go into the very first commit.
async fn begin_ledger(
    app: &App,
    organization: &Organization,
    questionnaires: &[(FrameworkId, QuestionnaireId)],
) -> Result<(), RunFault> {
    let scope = OrgScope::of(organization);
    app.keep_seeds(&scope).await?;
    if app.store.head(&scope).await?.is_some() {
        return Ok(());
    }
    let now = app.clock.now();
    let key = app.verifying_key(&scope).await?;
    let introduced = Key {
        organization: records::organization(&scope)?,
        at: records::time(now)?,
        event: KeyEvent::Introduced,
        key: key.facts(CHECKPOINT),
    };
    let settings = app.store.settings(&scope).await?;
    let mut entrants = vec![
        records::without_artifacts(introduced.into()),
        records::organization_added(&scope, organization, &settings, now)?,
    ];
    let before = entrants.len();
    let mut matrices = Vec::new();
    for framework in &organization.frameworks {
        if let Some(matrix) = app.catalog.matrix(framework, organization.model) {
            let (entrant, digest) = proposal(&scope, &matrix, now)?;
            entrants.push(entrant);
            matrices.push((matrix, digest));
        }
    }
    let mut choices = Vec::new();
    for (framework, questionnaire) in questionnaires {
        let choice = decisions::scope::first_choice(&scope, framework, questionnaire, now)?;
        entrants.push(records::without_artifacts(choice.clone()));
        choices.push(choice);
    }
    let index = |committed: &Committed| {
        let mut leaves = committed.admitted.iter().skip(before).map(|admitted| admitted.leaf);
        let (versions, events) = first_versions(&matrices, leaves.by_ref().take(matrices.len()), now);
        let chosen = leaves.zip(&choices).filter_map(|(leaf, choice)| decisions::row(leaf, choice).ok().flatten());
        IndexRows { matrices: versions, matrix_events: events, decisions: chosen.collect(), ..IndexRows::default() }
    };
    commit(app, &scope, entrants, index).await?;
    Ok(())
}

/// The rows of first versions, whose records are these leaves.
pub(super) fn first_versions(
    matrices: &[(ResponsibilityMatrix, Digest)],
    leaves: impl Iterator<Item = u64>,
    now: Timestamp,
) -> (Vec<MatrixVersion>, Vec<MatrixEvent>) {
    let rows = matrices.iter().zip(leaves).map(|((matrix, digest), leaf)| {
        let version = MatrixVersion { matrix: matrix.clone(), digest: *digest, created_at: now, leaf };
        let event = MatrixEvent {
            framework: matrix.framework.clone(),
            version: matrix.version,
            sequence: 0,
            state: MatrixState::ProposedByTemplate,
            by: by_template(),
            at: now,
            leaf,
        };
        (version, event)
    });
    rows.unzip()
}

/// Who proposes the first split of a framework; its record names nobody.
pub(super) fn by_template() -> serde_json::Value {
    serde_json::json!({ "name": "template" })
}

/// The record of a split that a template proposes, and the digest of the split.
pub(super) fn proposal(
    scope: &OrgScope,
    matrix: &ResponsibilityMatrix,
    now: Timestamp,
) -> Result<(Entrant, Digest), CommitFault> {
    let bytes = canonical::to_bytes(matrix)?;
    let digest = Digest::of(&bytes);
    let statement = Responsibility {
        organization: records::organization(scope)?,
        framework: matrix.framework.to_string(),
        version: u64::from(matrix.version),
        state: MatrixState::ProposedByTemplate.as_str().to_owned(),
        matrix: digest,
        at: records::time(now)?,
        by: None,
        model: matrix.model.as_str().to_owned(),
        artifacts: Vec::new(),
        artifact_list: None,
    };
    let entrant = Entrant {
        artifacts: vec![RawArtifact::in_memory("responsibilities.json", "application/json", bytes)],
        statement: Box::new(move |artifacts| Ok(Responsibility { artifacts, ..statement }.into())),
        order: Default::default(),
    };
    Ok((entrant, digest))
}
