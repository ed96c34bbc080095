//! One gap: what is wrong and where, whose turn it is, and what will close it.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Place, StorePages, signed};
use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::model::decision::Decisions;
use crate::model::gap::{Assignment, Gap, GapNote, GapState};
use crate::model::id::{ControlId, FrameworkId, GapId, OrgSlug, PersonHandle};
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::standing::Standing;
use crate::report::data::dataset_title;
use crate::store::{GapEvent, OrgScope};
use crate::web::SourceError;

/// Resources named.
const RESOURCES_SHOWN: usize = 100;
/// Controls named per framework.
const CONTROLS_SHOWN: usize = 60;
/// Notes named; the newest.
const NOTES_SHOWN: usize = 50;
/// Events named; the newest.
const EVENTS_SHOWN: usize = 50;

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapPage {
    pub place: Place,
    pub gap: Gap,
    pub check_title: String,
    /// What the check looks at; empty when the catalog no longer has it.
    pub check_description: String,
    pub references: Vec<String>,
    pub resources: Vec<String>,
    pub more_resources: usize,
    pub held_back: Vec<HeldBack>,
    /// What each party does about it; the one whose turn it is first.
    pub remedies: Vec<Remedy>,
    /// Titles of the datasets that have to be read for it to close.
    pub seen_by: Vec<String>,
    /// Who has to close it and by when, if somebody decided that.
    pub assignment: Option<AssignmentLine>,
    /// What people wrote about it, newest first.
    pub notes: Vec<NoteLine>,
    pub more_notes: usize,
    /// Newest first.
    pub history: Vec<GapEventLine>,
    pub more_history: usize,
}

/// The controls of one framework that it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    pub framework: FrameworkId,
    pub title: String,
    /// The organization uses the framework, so its controls have pages.
    pub is_in_use: bool,
    pub controls: Vec<HeldControl>,
    pub more: usize,
}

/// One control that it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldControl {
    pub id: ControlId,
    pub title: String,
}

/// What a party does about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    pub party: Party,
    pub title: &'static str,
    pub text: String,
    pub is_its_turn: bool,
}

/// Who has to close it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssignmentLine {
    /// None: the party as a whole.
    pub person: Option<String>,
    pub party: Option<Party>,
    /// The last day on which it is in time.
    pub due_on: Option<NaiveDate>,
    pub by: String,
    pub at: Timestamp,
    pub leaf: u64,
}

/// What somebody wrote about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteLine {
    pub text: String,
    pub by: String,
    pub at: Timestamp,
    pub leaf: u64,
}

/// Something that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapEventLine {
    pub kind: String,
    pub words: String,
    pub because: String,
    pub at: Timestamp,
    pub leaf: u64,
}

impl StorePages {
    /// One gap of the organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn gap(
        &self,
        slug: &OrgSlug,
        id: GapId,
        as_of: Option<Timestamp>,
    ) -> Result<Option<GapPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let place = self.place(&organization, as_of);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let known = standing.gaps.into_iter().find(|gap| gap.id == id);
        let Some(mut gap) = known else { return Ok(None) };
        let mut events = self.app.store.gap_events(&scope, id).await?;
        events.retain(|event| event.at <= place.as_of);
        events.reverse();
        let more_history = events.len().saturating_sub(EVENTS_SHOWN);
        events.truncate(EVENTS_SHOWN);
        let notes: Vec<&GapNote> = standing.decisions.notes.iter().rev().filter(|note| note.gap == id).collect();
        let more_notes = notes.len().saturating_sub(NOTES_SHOWN);
        let catalog = &self.app.catalog;
        let check = catalog.checks.get(&gap.check);
        let mut resources = std::mem::take(&mut gap.resources);
        let more_resources = resources.len().saturating_sub(RESOURCES_SHOWN);
        resources.truncate(RESOURCES_SHOWN);
        Ok(Some(GapPage {
            assignment: standing.decisions.assignment(id, place.as_of).map(|one| assigned(one, &standing.decisions)),
            notes: notes.into_iter().take(NOTES_SHOWN).map(note_line).collect(),
            more_notes,
            place,
            check_title: check.map_or_else(|| gap.check.to_string(), |check| check.title.clone()),
            check_description: check.map(|check| check.description.clone()).unwrap_or_default(),
            references: check.map(|check| check.references.clone()).unwrap_or_default(),
            resources,
            more_resources,
            held_back: held_back(catalog, &organization, &gap),
            remedies: remedies(check, &gap),
            seen_by: check.map(|check| titles(catalog, check)).unwrap_or_default(),
            history: events.into_iter().map(event_line).collect(),
            more_history,
            gap,
        }))
    }
}

fn assigned(assignment: &Assignment, decisions: &Decisions) -> AssignmentLine {
    let name = |handle: &PersonHandle| {
        decisions.person(handle).map_or_else(|| handle.to_string(), |person| person.name.clone())
    };
    AssignmentLine {
        person: assignment.person.as_ref().map(name),
        party: assignment.party,
        due_on: assignment.due_on,
        by: signed(&assignment.by),
        at: assignment.at,
        leaf: assignment.leaf,
    }
}

fn note_line(note: &GapNote) -> NoteLine {
    NoteLine { text: note.text.clone(), by: signed(&note.by), at: note.at, leaf: note.leaf }
}

fn titles(catalog: &Catalog, check: &CheckDefinition) -> Vec<String> {
    check.datasets().into_iter().map(|dataset| dataset_title(catalog, dataset)).collect()
}

fn held_back(catalog: &Catalog, organization: &Organization, gap: &Gap) -> Vec<HeldBack> {
    let mut all: Vec<HeldBack> = Vec::new();
    for held in &gap.controls {
        let known = catalog.frameworks.get(&held.framework);
        let place = all.iter().position(|one| one.framework == held.framework).unwrap_or_else(|| {
            all.push(HeldBack {
                framework: held.framework.clone(),
                title: known.map_or_else(|| held.framework.to_string(), |framework| framework.title.clone()),
                is_in_use: known.is_some() && organization.frameworks.contains(&held.framework),
                controls: Vec::new(),
                more: 0,
            });
            all.len() - 1
        });
        let Some(of_framework) = all.get_mut(place) else { continue };
        if of_framework.controls.len() == CONTROLS_SHOWN {
            of_framework.more += 1;
            continue;
        }
        let title = catalog.control(&held.framework, held.control.as_str()).map(|control| control.title.clone());
        of_framework.controls.push(HeldControl { id: held.control.clone(), title: title.unwrap_or_default() });
    }
    all
}

/// What the check tells each party; for the one whose turn it is, what the gap itself says.
fn remedies(check: Option<&CheckDefinition>, gap: &Gap) -> Vec<Remedy> {
    let remedy = |party: Party, text: &str| Remedy {
        party,
        title: party.title(),
        text: text.trim().to_owned(),
        is_its_turn: party == gap.party && gap.state != GapState::Closed,
    };
    let own = std::iter::once(remedy(gap.party, &gap.remediation));
    let others = check.into_iter().flat_map(|check| &check.metadata.remediation);
    let others = others.filter(|(party, _)| **party != gap.party).map(|(party, text)| remedy(*party, text));
    own.chain(others).filter(|remedy| !remedy.text.is_empty()).collect()
}

fn event_line(event: GapEvent) -> GapEventLine {
    let said = |name: &str| event.body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let words = match event.kind.as_str() {
        "opened" => "Opened".to_owned(),
        "reopened" => "Came back".to_owned(),
        "closed" => "Closed by evidence".to_owned(),
        "awaiting_evidence" => "Lost from sight; the last known failure stands".to_owned(),
        "seen_again" => "Seen again, and still wrong".to_owned(),
        other => other.replace('_', " "),
    };
    let because = if event.body.get("text").is_some() { said("text") } else { said("because") };
    GapEventLine { kind: event.kind, words, because, at: event.at, leaf: event.leaf }
}
