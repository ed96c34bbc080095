//! Service providers come, change and go: who outside handles or protects the organization's data.

use std::path::PathBuf;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{DecisionFault, LONGEST_TEXT, SERVICE_PROVIDER, acting, change, decide_one, documents, text};
use crate::app::App;
use crate::model::id::{PersonHandle, ProviderId};
use crate::model::organization::Organization;
use crate::model::provider::Handled;
use crate::model::responsibility::Party;

/// Longest name, in characters.
const LONGEST_NAME: usize = 200;

/// What is said of a provider; none stays as it is known.
#[derive(Debug, Clone, Default)]
pub struct ProviderFacts {
    pub name: Option<String>,
    pub service: Option<String>,
    /// Which party looks after it: provider or internal.
    pub managed_by: Option<Party>,
    pub cloud: Option<bool>,
    /// Takes the place of what was known, unless empty.
    pub handles: Vec<Handled>,
    pub agreement_on: Option<NaiveDate>,
    pub checked_on: Option<NaiveDate>,
    /// A document in its final form.
    pub document: Option<PathBuf>,
    pub document_until: Option<NaiveDate>,
    pub responsibilities: Option<String>,
}

/// Adds a provider, or brings up to date what is known of one. Returns the leaf of the record.
///
/// # Errors
/// Everything that is missing or wrong, at once.
pub async fn add(
    app: &App,
    organization: &Organization,
    id: &ProviderId,
    facts: ProviderFacts,
    by: &PersonHandle,
) -> Result<u64, DecisionFault> {
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        let by = acting(decisions, by, now)?;
        let is_known = decisions.providers.iter().any(|one| one.id == *id && one.removed.is_none());
        let mut faults = if is_known { Vec::new() } else { missing(&facts) };
        let mut said = said(&facts, organization.day_of(now), &mut faults);
        let document = facts.document.as_deref().map(documents::artifact).transpose();
        let document = document.map_err(|fault| faults.push(fault)).ok().flatten();
        if !faults.is_empty() {
            return Err(DecisionFault::Provider { id: id.clone(), faults });
        }
        if is_known && said.is_empty() && document.is_none() {
            let faults = vec!["nothing is said of it that is not known already".to_owned()];
            return Err(DecisionFault::Provider { id: id.clone(), faults });
        }
        said.push(("kind", json!(if is_known { "changed" } else { "added" })));
        let mut draft = change(scope, by, now, (SERVICE_PROVIDER, id.to_string()), said)?;
        draft.artifacts = document.into_iter().collect();
        Ok(draft)
    });
    decided.await
}

/// Notes that nothing is bought from a provider any more. Returns the leaf of the record.
pub async fn remove(
    app: &App,
    organization: &Organization,
    id: &ProviderId,
    because: &str,
    by: &PersonHandle,
) -> Result<u64, DecisionFault> {
    let because = text("the reason", because, LONGEST_TEXT)?;
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        let by = acting(decisions, by, now)?;
        if !decisions.providers.iter().any(|one| one.id == *id && one.removed.is_none()) {
            return Err(DecisionFault::NoSuchProvider(id.clone()));
        }
        let said = [("kind", json!("removed")), ("because", json!(because))];
        Ok(change(scope, by, now, (SERVICE_PROVIDER, id.to_string()), said)?)
    });
    decided.await
}

fn missing(facts: &ProviderFacts) -> Vec<String> {
    let needed = [
        (facts.name.is_none(), "its name (--name)"),
        (facts.service.is_none(), "what it does (--service)"),
        (facts.managed_by.is_none(), "which party looks after it (--managed-by)"),
    ];
    needed.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, what)| format!("{what} is missing")).collect()
}

fn said(facts: &ProviderFacts, today: NaiveDate, faults: &mut Vec<String>) -> Vec<(&'static str, Value)> {
    let mut said = Vec::new();
    for (member, what, given, most) in [
        ("name", "its name", &facts.name, LONGEST_NAME),
        ("service", "what it does", &facts.service, LONGEST_TEXT),
        ("responsibilities", "who does what", &facts.responsibilities, LONGEST_TEXT),
    ] {
        match given.as_deref().map(|given| text(what, given, most)).transpose() {
            Ok(given) => said.extend(given.map(|given| (member, json!(given)))),
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    match facts.managed_by {
        Some(Party::Vendor) => faults.push("a provider is looked after by provider or internal".to_owned()),
        Some(party) => said.push(("managed_by", json!(party))),
        None => {}
    }
    for (member, what, day) in
        [("agreement_on", "the agreement", facts.agreement_on), ("checked_on", "the last look", facts.checked_on)]
    {
        if day.is_some_and(|day| day > today) {
            faults.push(format!("the day of {what} is still to come"));
        }
        said.extend(day.map(|day| (member, json!(day))));
    }
    if facts.document_until.is_some() && facts.document.is_none() {
        faults.push("the end of a document is said, and no document is given (--document)".to_owned());
    }
    if facts.document_until.is_some_and(|day| day < today) {
        faults.push("the document is out of date already; ask the provider for the new one".to_owned());
    }
    said.extend(facts.document_until.map(|day| ("document_until", json!(day))));
    said.extend(facts.cloud.map(|cloud| ("cloud", json!(cloud))));
    if !facts.handles.is_empty() {
        said.push(("handles", json!(facts.handles)));
    }
    said
}
