//! Which targets, resources and controls count.

use countersign_seal::record::Statement;
use serde_json::json;

use super::following::decide_and_follow;
use super::{DecisionFault, LONGEST_TEXT, QUESTIONNAIRE, SCOPE, acting, acting_if_named, change, in_use, text};
use crate::app::App;
use crate::model::id::{FrameworkId, PersonHandle, QuestionnaireId};
use crate::model::organization::Organization;
use crate::model::scope::ScopeCategory;
use crate::model::time::Timestamp;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records;
use crate::store::OrgScope;

/// Longest name of a resource, in characters.
const LONGEST_RESOURCE: usize = 1000;

/// A decision about a target or one of its resources, as it is asked for.
#[derive(Debug, Clone)]
pub struct ScopeRequest {
    pub framework: FrameworkId,
    pub target: String,
    /// None: the whole target.
    pub resource: Option<String>,
    pub category: ScopeCategory,
    pub because: String,
    pub by: PersonHandle,
}

/// Decides how a target or resource counts. Returns the leaf of the record.
pub async fn set(app: &App, organization: &Organization, request: ScopeRequest) -> Result<u64, DecisionFault> {
    in_use(organization, &request.framework)?;
    let because = text("the reason", &request.because, LONGEST_TEXT)?;
    let connected = app.store.connections(&OrgScope::of(organization)).await?;
    if !connected.iter().any(|one| one.target == request.target) {
        let known = connected.iter().map(|one| one.target.as_str()).collect::<Vec<_>>().join(", ");
        return Err(DecisionFault::NoSuchTarget { target: request.target, known });
    }
    let mut said = vec![
        ("framework", json!(request.framework)),
        ("target", json!(request.target)),
        ("category", json!(request.category)),
        ("because", json!(because)),
    ];
    let mut subject = format!("{} {}", request.framework, request.target);
    if let Some(resource) = &request.resource {
        let resource = text("a resource", resource, LONGEST_RESOURCE)?;
        subject = format!("{subject} {resource}");
        said.push(("resource", json!(resource)));
    }
    let decided = decide_and_follow(app, organization, async |scope, decisions, now| {
        let by = acting(decisions, &request.by, now)?;
        Ok(change(scope, by, now, (SCOPE, subject.clone()), said.clone())?)
    });
    decided.await
}

/// Chooses a framework's questionnaire, or none for the framework as a whole. Returns the leaf of the record.
pub async fn choose_questionnaire(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    questionnaire: Option<QuestionnaireId>,
    because: &str,
    by: Option<&PersonHandle>,
) -> Result<u64, DecisionFault> {
    in_use(organization, framework)?;
    let because = text("the reason", because, LONGEST_TEXT)?;
    if let Some(chosen) = &questionnaire {
        known_questionnaire(app, framework, chosen)?;
    }
    let mut said = vec![("because", json!(because))];
    said.extend(questionnaire.map(|chosen| ("questionnaire", json!(chosen))));
    let decided = decide_and_follow(app, organization, async |scope, decisions, now| {
        let by = acting_if_named(decisions, by, now)?;
        Ok(change(scope, by, now, (QUESTIONNAIRE, framework.to_string()), said.clone())?)
    });
    decided.await
}

/// That an organization begins with a questionnaire, chosen by whoever adds it.
pub(in crate::pipeline) fn first_choice(
    scope: &OrgScope,
    framework: &FrameworkId,
    questionnaire: &QuestionnaireId,
    now: Timestamp,
) -> Result<Statement, CommitFault> {
    let said = [("because", json!("chosen when the organization was added")), ("questionnaire", json!(questionnaire))];
    Ok(change(scope, records::the_product(), now, (QUESTIONNAIRE, framework.to_string()), said)?.statement)
}

/// Refuses a questionnaire that a framework does not have.
pub fn known_questionnaire(
    app: &App,
    framework: &FrameworkId,
    questionnaire: &QuestionnaireId,
) -> Result<(), DecisionFault> {
    let of_framework = app.catalog.frameworks.get(framework);
    if of_framework.is_some_and(|known| known.questionnaire(questionnaire).is_some()) {
        return Ok(());
    }
    let known: Vec<&str> =
        of_framework.into_iter().flat_map(|known| known.questionnaires.iter().map(|one| one.id.as_str())).collect();
    Err(DecisionFault::NoSuchQuestionnaire {
        framework: framework.clone(),
        questionnaire: questionnaire.clone(),
        known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
    })
}
