//! One control with everything that bears on it, down to the records of the ledger.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::attested::StatementLine;
use super::forms::{HowToState, how_to_state};
use super::{Place, StorePages, matrix_heading};
use crate::assess::verdict::word;
use crate::catalog::Catalog;
use crate::catalog::crosswalk::Confidence;
use crate::catalog::framework::{Control, Framework};
use crate::catalog::guidance::Guidance;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::{ControlId, FrameworkId, OrgSlug, RunId};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::pipeline::standing::Standing;
use crate::report::data::{FrameworkHeading, MatrixHeading};
use crate::report::facts::{Fact, clip, facts};
use crate::report::readiness::{ControlLine, ObjectiveLine, ReadinessInput, control_line};
use crate::report::tally::Counting;
use crate::store::{OrgScope, StatusChange};
use crate::web::SourceError;

/// Results named per objective; failures come first.
const BEARINGS_SHOWN: usize = 40;
/// Open gaps named.
const GAPS_SHOWN: usize = 25;
/// Parts named of a control that follows from them.
const PARTS_SHOWN: usize = 60;
/// Changes of its status named.
const CHANGES_SHOWN: usize = 20;
/// Controls of other frameworks named.
const CROSSINGS_SHOWN: usize = 20;
/// Characters of a reason in a list.
const REASON_SHOWN: usize = 280;

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlPage {
    pub place: Place,
    pub framework: FrameworkHeading,
    pub family: String,
    pub matrix: MatrixHeading,
    /// The control as reports say it; its objectives stand in `objectives`.
    pub control: ControlLine,
    pub objectives: Vec<ObjectiveSection>,
    pub more_gaps: usize,
    /// What people stated, newest first.
    pub statements: Vec<StatementLine>,
    pub more_statements: usize,
    /// The forms it can be stated on; none where nothing is to be stated about it, and on pages of the past.
    pub how_to_state: Option<HowToState>,
    pub parent: Option<Relative>,
    pub parts: Vec<Relative>,
    pub more_parts: usize,
    /// Newest first.
    pub history: Vec<HistoryLine>,
    /// There are older changes than those shown.
    pub has_older_history: bool,
    pub guidance: Option<GuidanceText>,
    /// The publisher's own text, if the user imported it.
    pub official: Option<String>,
    pub facts: Vec<Fact>,
    pub crossings: Vec<Crossing>,
    pub more_crossings: usize,
}

/// One objective, with as many results as fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveSection {
    #[serde(flatten)]
    pub line: ObjectiveLine,
    /// What the strongest check could show, in words.
    pub reach_words: &'static str,
    /// Leaf of the statement that it rests on.
    pub stated_by: Option<u64>,
    pub more_bearings: usize,
}

/// A control above or below this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relative {
    pub id: ControlId,
    pub title: String,
    /// None for rows that are never judged.
    pub state: Option<ControlState>,
    pub state_word: String,
}

/// A status and since when it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryLine {
    pub state: ControlState,
    pub state_word: String,
    pub because: String,
    /// Since when evidence shows it.
    pub valid_from: Option<Timestamp>,
    pub recorded_at: Timestamp,
    pub run: RunId,
}

/// Help with the control, in our own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuidanceText {
    pub asks: String,
    /// Texts that say something, each under its heading.
    pub texts: Vec<Fact>,
    pub typical_gaps: Vec<String>,
    /// How often it should be shown again.
    pub shown: Option<&'static str>,
}

/// A control of another framework that this one helps, or is helped by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crossing {
    pub framework: FrameworkId,
    pub framework_title: String,
    /// None: it is stated that nothing there corresponds.
    pub control: Option<ControlId>,
    pub title: String,
    /// The organization uses that framework, so there is a page.
    pub is_in_use: bool,
    pub confidence: &'static str,
    pub detail: String,
}

impl StorePages {
    /// One control of a framework that the organization uses, by its id or one of its other spellings.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn control(
        &self,
        slug: &OrgSlug,
        id: &FrameworkId,
        control: &ControlId,
        as_of: Option<Moment>,
    ) -> Result<Option<ControlPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let place = self.place(&organization, as_of);
        let Some(control) = self.app.catalog.control(id, control.as_str()) else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let organization = &standing.organization;
        let Some(framework) = self.framework_in_use(organization, id) else { return Ok(None) };
        let mut statuses = standing.statuses_now(place.as_of);
        statuses.retain(|status| status.framework == framework.id);
        let line = self.line(organization, framework, control, &standing, &statuses, &place).await?;
        let Some(mut line) = line else { return Ok(None) };
        let status = statuses.iter().find(|status| status.control == control.id);
        let objectives = std::mem::take(&mut line.objectives);
        let objectives = objectives.into_iter().map(|objective| section(objective, status)).collect();
        let about = (id, &control.id);
        let (statements, more_statements) = self.stated(&scope, about, &standing.decisions, status, place.as_of).await;
        // What is judged itself is stated: a control without parts, and a parent none of whose parts is done.
        let is_judged_itself = line.counting == Counting::Counted
            || status.is_some_and(|status| {
                !status.objectives.is_empty() && self.app.catalog.only_its_parts(id, control).is_empty()
            });
        let can_be_stated = is_judged_itself && !place.is_past;
        let more_gaps = line.gaps.len().saturating_sub(GAPS_SHOWN);
        line.gaps.truncate(GAPS_SHOWN);

        let store = &self.app.store;
        let asked = CHANGES_SHOWN as u64 + 1;
        let mut history = store.status_history(&scope, id, &control.id, place.as_of, asked).await?;
        let has_older_history = history.len() > CHANGES_SHOWN;
        history.truncate(CHANGES_SHOWN);

        let catalog = &self.app.catalog;
        let named = |status: &ControlStatus| word(framework, status, &standing.decisions, &catalog.forms);
        let relative = |control: &Control| relative(&statuses, named, control);
        let parent = control.parent.as_ref().and_then(|parent| catalog.control(id, parent.as_str()));
        let mut parts: Vec<Relative> = catalog.children(id, &control.id).map(relative).collect();
        let more_parts = parts.len().saturating_sub(PARTS_SHOWN);
        parts.truncate(PARTS_SHOWN);
        let mut crossings = crossings(catalog, organization, id, &control.id);
        let more_crossings = crossings.len().saturating_sub(CROSSINGS_SHOWN);
        crossings.truncate(CROSSINGS_SHOWN);
        Ok(Some(ControlPage {
            framework: framework.into(),
            family: control.family.clone(),
            matrix: matrix_heading(organization, &standing, id),
            control: line,
            objectives,
            more_gaps,
            statements,
            more_statements,
            how_to_state: can_be_stated.then(|| how_to_state(catalog, slug, id, control)),
            parent: parent.map(relative),
            parts,
            more_parts,
            history: history.into_iter().map(|change| history_line(framework, change)).collect(),
            has_older_history,
            guidance: control.guidance.as_ref().map(guidance),
            official: control.official.clone(),
            facts: facts(&control.facts),
            crossings,
            more_crossings,
            place,
        }))
    }

    /// The control as the readiness report of this moment says it.
    async fn line(
        &self,
        organization: &Organization,
        framework: &Framework,
        control: &Control,
        standing: &Standing,
        statuses: &[ControlStatus],
        place: &Place,
    ) -> Result<Option<ControlLine>, SourceError> {
        let own = statuses.iter().filter(|status| status.control == control.id);
        let bearings = own.flat_map(|status| &status.objectives).flat_map(|objective| &objective.bearings);
        let leaves: BTreeSet<u64> = bearings.flat_map(|bearing| bearing.evidence.iter().copied()).collect();
        let leaves: Vec<u64> = leaves.into_iter().collect();
        let evidence = self.app.store.evidence_at(&OrgScope::of(organization), &leaves).await?;
        let evidence: Vec<_> = evidence.into_iter().map(|row| row.sealed).collect();
        let nobody = ResponsibilityMatrix {
            format: ResponsibilityMatrix::FORMAT.to_owned(),
            framework: framework.id.clone(),
            version: 0,
            model: organization.model,
            effective_from: None,
            effective_until: None,
            rows: Vec::new(),
        };
        let (matrix, matrix_state) = standing
            .matrices
            .get(&framework.id)
            .map_or((&nobody, MatrixState::Draft), |(matrix, state)| (matrix, *state));
        let input = ReadinessInput {
            organization,
            framework,
            catalog: &self.app.catalog,
            statuses,
            matrix,
            matrix_state,
            gaps: &standing.gaps,
            requests: &standing.requests,
            decisions: &standing.decisions,
            read_back: &BTreeMap::new(),
            evidence: &evidence,
            checkpoint: None,
            as_of: place.as_of,
            generated_at: place.as_of,
        };
        Ok(control_line(&input, &control.id))
    }
}

fn section(mut line: ObjectiveLine, status: Option<&ControlStatus>) -> ObjectiveSection {
    use crate::model::control::Proof;
    let more_bearings = line.bearings.len().saturating_sub(BEARINGS_SHOWN);
    line.bearings.truncate(BEARINGS_SHOWN);
    let reach_words = match line.reach {
        Some(Proof::Full) => "A check can prove all of it.",
        Some(Proof::Part) => "Checks prove a part; a person states the rest.",
        Some(Proof::Supporting) => "Checks only support a person's statement.",
        None => "No check looks at it; only a person can show it.",
    };
    let judged = status.and_then(|status| status.objectives.iter().find(|one| one.objective == line.id));
    ObjectiveSection { stated_by: judged.and_then(|one| one.attestation), line, reach_words, more_bearings }
}

fn relative(statuses: &[ControlStatus], named: impl Fn(&ControlStatus) -> String, control: &Control) -> Relative {
    let status = statuses.iter().find(|status| status.control == control.id);
    Relative {
        id: control.id.clone(),
        title: control.title.clone(),
        state: status.map(|status| status.state),
        state_word: status.map_or_else(|| "no status".to_owned(), named),
    }
}

fn history_line(framework: &Framework, change: StatusChange) -> HistoryLine {
    HistoryLine {
        state: change.state,
        state_word: framework.word(change.state),
        because: clip(&change.because, REASON_SHOWN),
        valid_from: change.valid_from,
        recorded_at: change.recorded_at,
        run: change.run,
    }
}

fn guidance(text: &Guidance) -> GuidanceText {
    let texts = [
        ("What to read", &text.examine),
        ("Whom to ask", &text.interview),
        ("What to try", &text.test),
        ("What the provider usually does", &text.provider),
        ("What internal IT usually does", &text.internal),
    ];
    GuidanceText {
        asks: text.asks.clone(),
        texts: texts
            .into_iter()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(label, text)| Fact::new(label, text))
            .collect(),
        typical_gaps: text.typical_gaps.clone(),
        shown: text.shown.map(rhythm),
    }
}

fn rhythm(rhythm: crate::model::control::Rhythm) -> &'static str {
    use crate::model::control::Rhythm;
    match rhythm {
        Rhythm::Continuously => "all the time",
        Rhythm::Daily => "every day",
        Rhythm::Weekly => "every week",
        Rhythm::Monthly => "every month",
        Rhythm::Quarterly => "every quarter",
        Rhythm::HalfYearly => "every half year",
        Rhythm::Yearly => "every year",
        Rhythm::OnChange => "whenever what it describes changes",
    }
}

/// What else a control helps or is helped by; frameworks in use first, then the surer ones.
fn crossings(
    catalog: &Catalog,
    organization: &Organization,
    framework: &FrameworkId,
    control: &ControlId,
) -> Vec<Crossing> {
    let mut rows: Vec<_> = catalog.crosswalk_of(framework, control).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.confidence));
    let crossing = |row: &crate::catalog::crosswalk::CrosswalkRow| {
        let is_from_here = row.from_framework == *framework && row.from == *control;
        let (framework, control) = if is_from_here {
            (&row.to_framework, row.to.clone())
        } else {
            (&row.from_framework, Some(row.from.clone()))
        };
        let known = control.as_ref().and_then(|control| catalog.control(framework, control.as_str()));
        Crossing {
            framework_title: catalog
                .frameworks
                .get(framework)
                .map_or_else(|| framework.to_string(), |one| one.title.clone()),
            is_in_use: organization.frameworks.contains(framework) && known.is_some(),
            framework: framework.clone(),
            title: known.map(|known| known.title.clone()).unwrap_or_default(),
            control,
            confidence: match row.confidence {
                Confidence::High => "follows a published chain",
                Confidence::Medium => "our judgement",
                Confidence::Low => "found automatically, low confidence",
            },
            detail: row.detail.clone(),
        }
    };
    let mut crossings: Vec<Crossing> = rows.into_iter().map(crossing).collect();
    crossings.sort_by_key(|crossing| !crossing.is_in_use);
    crossings
}
