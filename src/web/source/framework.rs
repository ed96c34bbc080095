//! One framework with its controls, family by family.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::links::{Choice, link};
use super::{Place, StorePages, matrix_heading, reasons};
use crate::assess::verdict::Answered;
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::decision::Decisions;
use crate::model::fault::causes;
use crate::model::gap::GapState;
use crate::model::id::{ControlId, FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::responsibility::Party;
use crate::model::scope::ScopeDecision;
use crate::model::time::Timestamp;
use crate::pipeline::decisions::read_back::{Patience, risk_answers};
use crate::pipeline::standing::Standing;
use crate::report::data::{FrameworkHeading, MatrixHeading, OwnerLine};
use crate::report::facts::{clip, only_for};
use crate::report::tally::{self, Counting, Countings, ORDER, Totals};
use crate::report::verdict::{self, VerdictSection};
use crate::store::OrgScope;
use crate::web::SourceError;
use crate::web::overview::Reason;

/// Rows on one page; no framework of ours has as many.
const ROWS_SHOWN: usize = 1000;

/// Scope decisions named.
const SCOPE_SHOWN: usize = 50;

/// Characters of a reason; the control's own page has all of it.
const REASON_SHOWN: usize = 280;

/// What a reader chose to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FrameworkQuery {
    pub status: Option<ControlState>,
    /// The accountable party.
    pub party: Option<Party>,
    pub as_of: Option<Moment>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameworkPage {
    pub place: Place,
    pub framework: FrameworkHeading,
    pub matrix: MatrixHeading,
    /// The questionnaire that is answered instead of the whole, by its title.
    pub questionnaire: Option<String>,
    /// What somebody took out of scope.
    pub out_of_scope: Vec<ScopeLine>,
    pub more_out_of_scope: usize,
    /// Of the whole framework, whatever was chosen.
    pub totals: Totals,
    /// What the framework's own law makes of it; none where it has none beside its statuses.
    pub verdict: Option<VerdictSection>,
    pub why_undetermined: Vec<Reason>,
    /// False when no machine had looked by then: then every status rests on statements, or says only that nobody had looked.
    pub was_judged: bool,
    /// Somebody had stated something by then.
    pub was_stated: bool,
    pub by_status: Vec<Choice>,
    pub by_party: Vec<Choice>,
    pub families: Vec<FamilySection>,
    pub shown: usize,
    /// Rows that the choice leaves out.
    pub left_out: usize,
    /// Rows beyond the end of the page.
    pub beyond: usize,
}

/// A target, or one thing in it, that does not count here, and who decided so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeLine {
    pub target: String,
    /// None: the whole target.
    pub resource: Option<String>,
    pub category: &'static str,
    pub because: String,
    pub by: String,
    pub at: Timestamp,
    pub leaf: u64,
}

/// One family with those of its controls that were chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilySection {
    pub name: String,
    pub rows: Vec<ControlRow>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlRow {
    pub id: ControlId,
    pub title: String,
    pub counting: Counting,
    /// None for rows that are never judged.
    pub state: Option<ControlState>,
    pub state_word: String,
    pub because: String,
    /// None: nobody owns it.
    pub owner: Option<OwnerLine>,
    /// Open gaps that hold it back.
    pub gaps: usize,
    /// Somebody is asked to show it.
    pub is_asked: bool,
}

impl FrameworkQuery {
    fn wants(&self, row: &ControlRow) -> bool {
        let owner = row.owner.as_ref().map(|owner| owner.accountable);
        let is_whole = self.status.is_none() && self.party.is_none();
        // Only what is counted is chosen, so that what is shown is what the figures say.
        is_whole
            || (row.counting == Counting::Counted
                && self.status.is_none_or(|status| row.state == Some(status))
                && self.party.is_none_or(|party| owner == Some(party)))
    }
}

impl StorePages {
    /// A framework that the organization uses.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn framework(
        &self,
        slug: &OrgSlug,
        id: &FrameworkId,
        query: &FrameworkQuery,
    ) -> Result<Option<FrameworkPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let place = self.place(&organization, query.as_of);
        let scope = OrgScope::of(&organization);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let organization = &standing.organization;
        let Some(framework) = self.framework_in_use(organization, id) else { return Ok(None) };
        let statuses = standing.statuses_now(place.as_of);
        let answers = self.analyses(&scope, framework, &standing).await;
        let verdict = standing.verdict_if(framework, &statuses, place.as_of, &[], &answers);
        let words = verdict.said().into_iter().map(|said| (said.control, said.finding)).collect();
        let rows = rows(framework, &standing, &statuses, &words);
        let chosen: Vec<&(&Control, ControlRow)> = rows.iter().filter(|(_, row)| query.wants(row)).collect();
        let shown = chosen.len().min(ROWS_SHOWN);
        let mut out_of_scope = out_of_scope(id, &standing.decisions, place.as_of);
        let more_out_of_scope = out_of_scope.len().saturating_sub(SCOPE_SHOWN);
        out_of_scope.truncate(SCOPE_SHOWN);
        let questionnaire = standing.decisions.questionnaire(id, place.as_of);
        let questionnaire = questionnaire.and_then(|id| framework.questionnaire(id)).map(|one| one.title.clone());
        Ok(Some(FrameworkPage {
            framework: framework.into(),
            matrix: matrix_heading(organization, &standing, id),
            questionnaire,
            out_of_scope,
            more_out_of_scope,
            totals: tally::totals(framework, &statuses),
            verdict: verdict::section(framework, &statuses, &verdict, organization.day_of(place.as_of)),
            why_undetermined: reasons::why_undetermined(&self.app.catalog, framework, &statuses, &|check| {
                standing.is_connected(check)
            }),
            was_judged: !standing.results.is_empty(),
            was_stated: statuses
                .iter()
                .filter(|status| status.framework == framework.id)
                .flat_map(|status| &status.objectives)
                .any(|objective| objective.attestation.is_some() || objective.set_aside.is_some()),
            by_status: by_status(framework, &place, query, &rows),
            by_party: by_party(framework, &place, query, &rows),
            families: families(chosen.iter().take(shown).copied()),
            shown,
            left_out: rows.len() - chosen.len(),
            beyond: chosen.len() - shown,
            place,
        }))
    }
}

impl StorePages {
    /// What statements answered on the analyses of PCI DSS, so that the page names the days that findings and reports name. A
    /// vault that cannot be read takes no page away: then analyses are dated by their statements.
    async fn analyses(&self, scope: &OrgScope, framework: &Framework, standing: &Standing) -> BTreeMap<u64, Answered> {
        if !framework.id.is_pci_dss() {
            return BTreeMap::new();
        }
        let read = risk_answers(&self.app, scope, &standing.decisions, Patience::Short).await;
        read.unwrap_or_else(|fault| {
            tracing::error!(fault = %causes(&fault), "the answers of statements cannot be read from the vault");
            BTreeMap::new()
        })
    }
}

/// The newest decision about each target and resource, where it says that it does not count.
fn out_of_scope(framework: &FrameworkId, decisions: &Decisions, at: Timestamp) -> Vec<ScopeLine> {
    let own = decisions.scope.iter().filter(|decision| decision.framework == *framework && decision.at <= at);
    let newest: BTreeMap<_, _> = own.map(|decision| ((&decision.target, &decision.resource), decision)).collect();
    let out = newest.into_values().filter(|decision| !decision.category.counts());
    let line = |decision: &ScopeDecision| ScopeLine {
        target: decision.target.clone(),
        resource: decision.resource.clone(),
        category: decision.category.words(),
        because: decision.because.clone(),
        by: decision.by.for_people(),
        at: decision.at,
        leaf: decision.leaf,
    };
    out.map(line).collect()
}

/// Every row of the framework, in its order.
fn rows<'a>(
    framework: &'a Framework,
    standing: &Standing,
    statuses: &[ControlStatus],
    words: &HashMap<&ControlId, String>,
) -> Vec<(&'a Control, ControlRow)> {
    let own = statuses.iter().filter(|status| status.framework == framework.id);
    let own: HashMap<&ControlId, &ControlStatus> = own.map(|status| (&status.control, status)).collect();
    let matrix = standing.matrices.get(&framework.id).map(|(matrix, _)| matrix.rows.as_slice()).unwrap_or_default();
    let owners: HashMap<_, _> =
        matrix.iter().filter(|row| row.objective.is_none()).map(|row| (&row.control, row)).collect();
    let mut gaps: HashMap<&ControlId, usize> = HashMap::new();
    let open = standing.gaps.iter().filter(|gap| gap.state != GapState::Closed);
    for held in open.flat_map(|gap| &gap.controls).filter(|held| held.framework == framework.id) {
        *gaps.entry(&held.control).or_default() += 1;
    }
    let asked = standing.requests.iter().filter(|one| one.framework == framework.id && one.closed_at.is_none());
    let asked: HashSet<&ControlId> = asked.map(|request| &request.control).collect();
    let countings = Countings::among(framework, statuses);
    let row = |control: &'a Control| {
        let counting = countings.control(control);
        let status = own.get(&control.id);
        let (state, state_word, because) = match (counting, status) {
            (Counting::NotAssessable, _) => (None, "states scope or definitions: no status".to_owned(), String::new()),
            (Counting::NotInQuestionnaire, _) => {
                let whom = only_for(control).map(|whom| format!("It is only for {whom}."));
                (None, "not in this questionnaire".to_owned(), whom.unwrap_or_default())
            }
            (_, Some(status)) => {
                let word = words.get(&control.id).cloned().unwrap_or_else(|| framework.word(status.state));
                (Some(status.state), word, clip(&status.because, REASON_SHOWN))
            }
            (_, None) => {
                let state = ControlState::Undetermined;
                (Some(state), framework.word(state), "It has not been judged yet.".to_owned())
            }
        };
        let row = ControlRow {
            id: control.id.clone(),
            title: control.title.clone(),
            counting,
            state,
            state_word,
            because,
            owner: owners.get(&control.id).map(|row| (*row).into()),
            gaps: gaps.get(&control.id).copied().unwrap_or_default(),
            is_asked: asked.contains(&control.id),
        };
        (control, row)
    };
    framework.controls.iter().map(row).collect()
}

fn families<'a>(chosen: impl Iterator<Item = &'a (&'a Control, ControlRow)>) -> Vec<FamilySection> {
    let mut families: Vec<FamilySection> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (control, row) in chosen {
        let place = *places.entry(&control.family).or_insert_with(|| {
            families.push(FamilySection { name: control.family.clone(), rows: Vec::new() });
            families.len() - 1
        });
        if let Some(family) = families.get_mut(place) {
            family.rows.push(row.clone());
        }
    }
    families
}

fn by_status(
    framework: &Framework,
    place: &Place,
    query: &FrameworkQuery,
    rows: &[(&Control, ControlRow)],
) -> Vec<Choice> {
    let choice = |status: Option<ControlState>| {
        let wanted = FrameworkQuery { status, ..query.clone() };
        choice(framework, place, &wanted, rows, status.map(|status| framework.word(status)), status == query.status)
    };
    std::iter::once(None).chain(ORDER.map(Some)).map(choice).collect()
}

fn by_party(
    framework: &Framework,
    place: &Place,
    query: &FrameworkQuery,
    rows: &[(&Control, ControlRow)],
) -> Vec<Choice> {
    let choice = |party: Option<Party>| {
        let wanted = FrameworkQuery { party, ..query.clone() };
        choice(framework, place, &wanted, rows, party.map(|party| party.title().to_owned()), party == query.party)
    };
    let parties = [None, Some(Party::Provider), Some(Party::Internal), Some(Party::Vendor)];
    parties.into_iter().map(choice).collect()
}

/// A link that shows what `wanted` wants; counted are only rows that the figures count.
fn choice(
    framework: &Framework,
    place: &Place,
    wanted: &FrameworkQuery,
    rows: &[(&Control, ControlRow)],
    words: Option<String>,
    is_current: bool,
) -> Choice {
    let path = format!("/organizations/{}/frameworks/{}", place.organization.slug, framework.id);
    let status = wanted.status.map(|status| status.as_str().to_owned());
    let party = wanted.party.map(|party| party.as_str().to_owned());
    let fits = rows.iter().filter(|(_, row)| row.counting == Counting::Counted && wanted.wants(row)).count();
    Choice {
        words: words.unwrap_or_else(|| "All".to_owned()),
        href: link(&path, &[("status", status), ("party", party), place.parameter()]),
        count: Some(fits),
        is_current,
    }
}
