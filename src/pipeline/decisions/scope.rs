//! Which targets, resources and controls count.

use serde_json::json;

use super::{DecisionFault, LONGEST_TEXT, SCOPE, actor, change, decide, in_use, signer, text};
use crate::app::App;
use crate::model::id::{FrameworkId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::scope::ScopeCategory;
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
    let leaves = decide(app, organization, async |scope, decisions, now| {
        let by = signer(&actor(decisions, &request.by, now)?.signatory());
        Ok(vec![change(scope, by, now, (SCOPE, subject), said)?])
    });
    Ok(leaves.await?.first().copied().unwrap_or_default())
}
