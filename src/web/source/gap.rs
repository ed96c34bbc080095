//! One gap as `gap show` tells it, cut to what fits on a page.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Place, StorePages};
use crate::model::gap::{Gap, GapState, Happening};
use crate::model::id::{ControlId, DatasetId, FrameworkId, GapId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::person::Signatory;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::standing::{Standing, faults};
use crate::report::gap_detail::{GapDetail, GapDetailInput, OwnedLine, gap_detail};
use crate::schedule;
use crate::store::OrgScope;
use crate::web::SourceError;

/// Resources named.
const RESOURCES_SHOWN: usize = 100;
/// Controls named per framework.
const CONTROLS_SHOWN: usize = 60;
/// Records named.
const RECORDS_SHOWN: usize = 60;
/// Steps of its history named; the newest.
const STEPS_SHOWN: usize = 50;

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapPage {
    pub place: Place,
    /// Its rows stand in `held_back`, its history in `history`.
    pub gap: GapDetail,
    pub more_resources: usize,
    pub more_faults: usize,
    pub more_evidence: usize,
    pub held_back: Vec<HeldBack>,
    /// Newest first.
    pub history: Vec<Step>,
    pub more_history: usize,
}

/// The controls of one framework that it holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    pub framework: FrameworkId,
    pub title: String,
    /// How far the split of this framework has come.
    pub matrix: &'static str,
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
    /// None: nobody owns it.
    pub accountable: Option<&'static str>,
}

/// One step of its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub what: String,
    pub text: String,
    /// None for what evidence showed.
    pub by: Option<String>,
    pub at: Timestamp,
    pub leaf: u64,
}

impl StorePages {
    /// One gap of the organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn gap(&self, slug: &OrgSlug, id: GapId, as_of: Option<Moment>) -> Result<Option<GapPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let scope = OrgScope::of(&organization);
        let place = self.place(&organization, as_of);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let organization = &standing.organization;
        let Some(gap) = standing.all_gaps().find(|gap| gap.id == id) else { return Ok(None) };
        let stories = standing.stories(&self.app, &scope, place.as_of).await?;
        let evidence = self.app.store.evidence_at(&scope, &gap.evidence).await?;
        let evidence: Vec<_> = evidence.into_iter().map(|row| row.sealed).collect();
        let next = self.next_looks(organization, gap, &place).await?;
        let faults = faults(&self.app, &scope, [gap], place.as_of).await?;
        let mut detail = gap_detail(GapDetailInput {
            organization,
            catalog: &self.app.catalog,
            gap,
            matrices: &standing.matrices,
            decisions: &standing.decisions,
            faults: &faults,
            story: stories.get(&id).map(Vec::as_slice).unwrap_or_default(),
            evidence: &evidence,
            next: &next,
            as_of: place.as_of,
        });
        let more_resources = cut(&mut detail.resources, RESOURCES_SHOWN);
        let more_faults = cut(&mut detail.faults, RESOURCES_SHOWN);
        let more_evidence = cut(&mut detail.evidence, RECORDS_SHOWN);
        let mut history: Vec<Step> = std::mem::take(&mut detail.history).into_iter().rev().map(step).collect();
        let more_history = cut(&mut history, STEPS_SHOWN);
        Ok(Some(GapPage {
            held_back: held_back(organization, std::mem::take(&mut detail.rows)),
            gap: detail,
            more_resources,
            more_faults,
            more_evidence,
            history,
            more_history,
            place,
        }))
    }

    /// When its target is looked at next; nothing is promised of the past, or where no schedule runs.
    async fn next_looks(
        &self,
        organization: &Organization,
        gap: &Gap,
        place: &Place,
    ) -> Result<BTreeMap<DatasetId, Timestamp>, SourceError> {
        if place.is_past || !self.is_scheduled || gap.state == GapState::Closed {
            return Ok(BTreeMap::new());
        }
        let planned = schedule::next_times(&self.app, organization, place.as_of).await?;
        let of_target = planned.into_iter().filter(|one| one.target == gap.target);
        Ok(of_target.filter_map(|one| Some((one.dataset, one.next?.max(place.as_of)))).collect())
    }
}

/// Cuts a list and says how much was cut.
fn cut<T>(list: &mut Vec<T>, shown: usize) -> usize {
    let more = list.len().saturating_sub(shown);
    list.truncate(shown);
    more
}

fn held_back(organization: &Organization, rows: Vec<OwnedLine>) -> Vec<HeldBack> {
    let mut all: Vec<HeldBack> = Vec::new();
    for row in rows {
        let place = all.iter().position(|one| one.framework == row.framework).unwrap_or_else(|| {
            all.push(HeldBack {
                is_in_use: organization.frameworks.contains(&row.framework),
                framework: row.framework.clone(),
                title: row.framework_title.clone(),
                matrix: row.matrix,
                controls: Vec::new(),
                more: 0,
            });
            all.len() - 1
        });
        let Some(of_framework) = all.get_mut(place) else { continue };
        if of_framework.controls.len() == CONTROLS_SHOWN {
            of_framework.more += 1;
        } else {
            let accountable = row.accountable.map(Party::title);
            of_framework.controls.push(HeldControl { id: row.control, title: row.title, accountable });
        }
    }
    all
}

fn step(step: Happening) -> Step {
    let by = step.by.as_ref().map(Signatory::for_people);
    Step { what: step.what, text: step.text, by, at: step.at, leaf: step.leaf }
}
