//! What an organization is called, where its days begin, what it is judged by, and the settings its checks read.

use serde_json::{Value, json};

use super::moved::Moved;
use super::{
    DecisionFault, LONGEST_TEXT, ORGANIZATION_CHANGE, ORGANIZATION_SETTINGS, QUESTIONNAIRE, acting, change, in_use,
    known, scope, text,
};
use crate::app::App;
use crate::model::change::Changed;
use crate::model::evidence::RawArtifact;
use crate::model::gap::EvidenceRequest;
use crate::model::id::{FrameworkId, PersonHandle, QuestionnaireId};
use crate::model::organization::Organization;
use crate::model::responsibility::ResponsibilityMatrix;
use crate::model::time::Timestamp;
use crate::pipeline::RunFault;
use crate::pipeline::deciding::on_the_ledger;
use crate::pipeline::records::SETTINGS;
use crate::pipeline::standing::Standing;
use crate::store::{OrgScope, OrganizationUpdate};

/// Longest name of an organization, in characters.
const LONGEST_NAME: usize = 200;

/// What is to change; what is none stays.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    pub name: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// Frameworks that are judged from now on, each with the questionnaire that is answered of it.
    pub add: Vec<(FrameworkId, Option<QuestionnaireId>)>,
    /// Frameworks that are no longer judged.
    pub remove: Vec<FrameworkId>,
    pub because: String,
    pub by: PersonHandle,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// Leaf of the record.
    pub leaf: u64,
    pub before: Organization,
    pub after: Organization,
    /// Requests that opened and closed with it.
    pub requests_opened: usize,
    pub requests_closed: usize,
}

/// Settings that were replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsReplaced {
    /// Leaf of the record.
    pub leaf: u64,
    pub before: Value,
    pub after: Value,
}

/// Changes name, time zone or frameworks. An added framework gets the first split that its template proposes for the
/// organization's engagement model, unless it had one before; of a removed one everything stays, and its open requests
/// close.
///
/// # Errors
/// When nothing would change, a framework is unknown, in use already or not in use, or the last one would go.
pub async fn alter(app: &App, organization: &Organization, request: ChangeRequest) -> Result<Altered, DecisionFault> {
    let because = text("the reason", &request.because, LONGEST_TEXT)?;
    for (framework, questionnaire) in &request.add {
        if !app.catalog.frameworks.contains_key(framework) {
            return Err(RunFault::NoSuchFramework(framework.clone()).into());
        }
        if let Some(questionnaire) = questionnaire {
            scope::known_questionnaire(app, framework, questionnaire)?;
        }
    }
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let by = acting(&known(app, scope, now).await?, &request.by, now)?;
        let before = app.store.organization_of(scope).await?;
        let after = altered(&before, &request)?;
        let update = update(&before, &after);
        let mut said = vec![("because", json!(because))];
        if update.name.is_some() {
            said.push(("name", json!(Changed { was: &before.name, now: &after.name })));
        }
        if update.time_zone.is_some() {
            said.push(("time_zone", json!(Changed { was: &before.time_zone, now: &after.time_zone })));
        }
        if update.frameworks.is_some() {
            said.push(("frameworks", json!(Changed { was: &before.frameworks, now: &after.frameworks })));
        }
        let subject = (ORGANIZATION_CHANGE, before.id.to_string());
        let mut moved = Moved::by(change(scope, by.clone(), now, subject, said)?);
        for (framework, questionnaire) in &request.add {
            moved.matrices.extend(first_split(app, scope, &after, framework).await?);
            // Added anew, it is judged as is said now and not as it once was.
            let mut said = vec![("because", json!(because))];
            said.extend(questionnaire.as_ref().map(|chosen| ("questionnaire", json!(chosen))));
            let chosen = known(app, scope, now).await?.questionnaire(framework, now).cloned();
            if chosen != *questionnaire {
                let subject = (QUESTIONNAIRE, framework.to_string());
                moved.further.push(change(scope, by.clone(), now, subject, said)?);
            }
        }
        moved.requests = requests_after(app, &after, &request, now).await?;
        moved.organization = Some(update);
        let closed = moved.requests.iter().filter(|one| one.closed_at.is_some()).count();
        let opened = moved.requests.iter().filter(|one| one.opened_at == now).count();
        let sealed = moved.seal(lease, size, now).await?;
        Ok(sealed.map(|leaf| Altered { leaf, before, after, requests_opened: opened, requests_closed: closed }))
    })
    .await
}

/// Replaces the settings that checks read, as a whole. The next judgement reads the new ones.
///
/// # Errors
/// When they are in force already.
pub async fn replace_settings(
    app: &App,
    organization: &Organization,
    settings: &Value,
    because: &str,
    by: &PersonHandle,
) -> Result<SettingsReplaced, DecisionFault> {
    let because = text("the reason", because, LONGEST_TEXT)?;
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let by = acting(&known(app, scope, now).await?, by, now)?;
        let before = app.store.settings(scope).await?;
        if before == *settings {
            return Err(DecisionFault::NothingChanges("these settings are in force already".to_owned()));
        }
        let subject = (ORGANIZATION_SETTINGS, scope.id().to_string());
        let mut draft = change(scope, by, now, subject, [("because", json!(because))])?;
        let bytes = settings.to_string().into_bytes();
        draft.artifacts = vec![RawArtifact::in_memory(SETTINGS, "application/json", bytes)];
        let update = OrganizationUpdate { settings: Some(settings.clone()), ..OrganizationUpdate::default() };
        let moved = Moved { organization: Some(update), ..Moved::by(draft) };
        let sealed = moved.seal(lease, size, now).await?;
        Ok(sealed.map(|leaf| SettingsReplaced { leaf, before, after: settings.clone() }))
    })
    .await
}

/// The organization after a change.
fn altered(before: &Organization, request: &ChangeRequest) -> Result<Organization, DecisionFault> {
    let mut after = before.clone();
    if let Some(name) = &request.name {
        after.name = text("a name", name, LONGEST_NAME)?;
    }
    if let Some(zone) = &request.time_zone {
        if zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(RunFault::NoSuchTimeZone(zone.clone()).into());
        }
        after.time_zone.clone_from(zone);
    }
    for framework in &request.remove {
        if request.add.iter().any(|(added, _)| added == framework) {
            return Err(DecisionFault::BothWays(framework.clone()));
        }
        in_use(before, framework)?;
        after.frameworks.retain(|known| known != framework);
    }
    for (framework, _) in &request.add {
        if after.frameworks.contains(framework) {
            let organization = before.slug.to_string();
            return Err(DecisionFault::InUse { framework: framework.clone(), organization });
        }
        after.frameworks.push(framework.clone());
    }
    if let (true, Some(last)) = (after.frameworks.is_empty(), request.remove.last()) {
        return Err(DecisionFault::LastFramework(last.clone()));
    }
    if after == *before {
        return Err(DecisionFault::NothingChanges("say what changes, and to something else than it is".to_owned()));
    }
    Ok(after)
}

/// What the organization's row says otherwise.
fn update(before: &Organization, after: &Organization) -> OrganizationUpdate {
    OrganizationUpdate {
        name: (before.name != after.name).then(|| after.name.clone()),
        time_zone: (before.time_zone != after.time_zone).then(|| after.time_zone.clone()),
        frameworks: (before.frameworks != after.frameworks).then(|| after.frameworks.clone()),
        settings: None,
    }
}

/// The split that a framework begins with; none when it has versions from an earlier time, which go on.
async fn first_split(
    app: &App,
    scope: &OrgScope,
    organization: &Organization,
    framework: &FrameworkId,
) -> Result<Option<ResponsibilityMatrix>, DecisionFault> {
    if !app.store.matrix_versions(scope, framework).await?.is_empty() {
        return Ok(None);
    }
    Ok(app.catalog.matrix(framework, organization.model))
}

/// The requests that open and close when an organization is judged by other frameworks.
async fn requests_after(
    app: &App,
    after: &Organization,
    request: &ChangeRequest,
    now: Timestamp,
) -> Result<Vec<EvidenceRequest>, DecisionFault> {
    if request.add.is_empty() && request.remove.is_empty() {
        return Ok(Vec::new());
    }
    let standing = Standing::known(app, after, now).await?;
    let is_gone = |one: &&EvidenceRequest| one.closed_at.is_none() && request.remove.contains(&one.framework);
    let gone = standing.requests.iter().filter(is_gone);
    let mut requests: Vec<_> = gone.map(|one| EvidenceRequest { closed_at: Some(now), ..one.clone() }).collect();
    requests.extend(standing.requests_followed(now));
    Ok(requests)
}
