//! What is wrong, party by party.

use std::cmp::Reverse;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::links::{Choice, link};
use super::{Place, StorePages};
use crate::catalog::check::Severity;
use crate::model::decision::Decisions;
use crate::model::gap::{Gap, GapState};
use crate::model::id::{GapId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::model::turn::turn;
use crate::pipeline::standing::Standing;
use crate::report::gaps::Assignee;
use crate::report::work::severity_rank;
use crate::web::SourceError;

/// Gaps shown of each party.
const SHOWN: usize = 200;

const PARTIES: [Party; 3] = [Party::Provider, Party::Internal, Party::Vendor];

/// What a reader chose to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct GapsQuery {
    pub party: Option<Party>,
    pub severity: Option<Severity>,
    /// None: everything that is not closed.
    pub state: Option<GapState>,
    pub as_of: Option<Moment>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapsPage {
    pub place: Place,
    pub by_party: Vec<Choice>,
    pub by_severity: Vec<Choice>,
    pub by_state: Vec<Choice>,
    /// How many fit what was chosen.
    pub count: usize,
    pub groups: Vec<GapGroup>,
}

/// What one party has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapGroup {
    pub party: Party,
    pub title: &'static str,
    pub count: usize,
    /// Open ones most severe first, closed ones newest first.
    pub gaps: Vec<GapRow>,
    pub beyond: usize,
}

/// One gap in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapRow {
    pub id: GapId,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub target: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub reopened: u32,
    pub controls: usize,
    pub resources: usize,
    /// Who has to close it, where one person is named.
    pub person: Option<Assignee>,
    pub due_on: Option<NaiveDate>,
    pub is_overdue: bool,
}

impl GapsQuery {
    fn wants(&self, gap: &Gap) -> bool {
        self.party.is_none_or(|party| gap.party == party)
            && self.severity.is_none_or(|severity| gap.severity == severity.as_str())
            && self.state.map_or(gap.state != GapState::Closed, |state| gap.state == state)
    }

    fn link(&self, place: &Place) -> String {
        let text = |text: &str| text.to_owned();
        link(
            &format!("/organizations/{}/gaps", place.organization.slug),
            &[
                ("party", self.party.map(|party| text(party.as_str()))),
                ("severity", self.severity.map(|severity| text(severity.as_str()))),
                ("state", self.state.map(|state| text(state.as_str()))),
                place.parameter(),
            ],
        )
    }
}

impl StorePages {
    /// The gaps of an organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn gaps(&self, slug: &OrgSlug, query: &GapsQuery) -> Result<Option<GapsPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let place = self.place(&organization, query.as_of);
        let standing = Standing::known(&self.app, &organization, place.as_of).await?;
        let organization = &standing.organization;
        let all = &standing.gaps;
        let choice = |words: &str, wanted: GapsQuery, is_current: bool| Choice {
            words: words.to_owned(),
            href: wanted.link(&place),
            count: Some(all.iter().filter(|gap| wanted.wants(gap)).count()),
            is_current,
        };
        let by_party = std::iter::once(None).chain(PARTIES.map(Some)).map(|party| {
            choice(party.map_or("All", Party::title), GapsQuery { party, ..query.clone() }, party == query.party)
        });
        let severities =
            [None, Some(Severity::Critical), Some(Severity::High), Some(Severity::Medium), Some(Severity::Low)];
        let by_severity = severities.into_iter().map(|severity| {
            let wanted = GapsQuery { severity, ..query.clone() };
            choice(severity.map_or("All", Severity::as_str), wanted, severity == query.severity)
        });
        let states = [
            (None, "Not closed"),
            (Some(GapState::Open), "Open"),
            (Some(GapState::AwaitingEvidence), "Awaiting evidence"),
            (Some(GapState::Closed), "Closed"),
        ];
        let by_state = states
            .into_iter()
            .map(|(state, words)| choice(words, GapsQuery { state, ..query.clone() }, state == query.state));
        let (by_party, by_severity, by_state) = (by_party.collect(), by_severity.collect(), by_state.collect());
        let groups = PARTIES.map(|party| {
            let own = all.iter().filter(|gap| gap.party == party && query.wants(gap));
            group(party, own, |gap| row(gap, organization, &standing.decisions, place.as_of))
        });
        let is_shown = |group: &GapGroup| group.count > 0 || (query.party.is_none() && group.party != Party::Vendor);
        let groups: Vec<GapGroup> = groups.into_iter().filter(is_shown).collect();
        Ok(Some(GapsPage {
            by_party,
            by_severity,
            by_state,
            count: groups.iter().map(|group| group.count).sum(),
            groups,
            place,
        }))
    }
}

fn group<'a>(party: Party, gaps: impl Iterator<Item = &'a Gap>, row: impl Fn(&Gap) -> GapRow) -> GapGroup {
    let mut gaps: Vec<&Gap> = gaps.collect();
    gaps.sort_by_key(|gap| (Reverse(gap.closed_at), Reverse(severity_rank(&gap.severity)), gap.opened_at, gap.id));
    let shown = gaps.len().min(SHOWN);
    GapGroup {
        party,
        title: party.title(),
        count: gaps.len(),
        beyond: gaps.len() - shown,
        gaps: gaps.into_iter().take(shown).map(row).collect(),
    }
}

fn row(gap: &Gap, organization: &Organization, decisions: &Decisions, at: Timestamp) -> GapRow {
    let turn = turn(gap, decisions, at);
    GapRow {
        id: gap.id,
        title: gap.title.clone(),
        severity: gap.severity.clone(),
        state: gap.state,
        target: gap.target.clone(),
        opened_at: gap.opened_at,
        closed_at: gap.closed_at,
        reopened: gap.reopened,
        controls: gap.controls.len(),
        resources: gap.resources.len(),
        person: turn.handle.map(|handle| Assignee::new(handle, decisions, at)),
        due_on: turn.due_on,
        is_overdue: turn.is_overdue(organization.day_of(at)),
    }
}
