//! Who closes a gap and by when, and what people write about it.

use chrono::NaiveDate;
use serde_json::json;

use super::{DecisionFault, GAP_ASSIGNMENT, GAP_NOTE, LONGEST_TEXT, acting, actor, change, decide_one, text};
use crate::app::App;
use crate::model::gap::{Gap, GapState};
use crate::model::id::{GapId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::store::OrgScope;

/// To whom a gap is handed.
#[derive(Debug, Clone)]
pub struct AssignRequest {
    pub gap: GapId,
    /// None with a person: their party. None without: the party that follows from the responsibilities.
    pub party: Option<Party>,
    /// None: nobody in person.
    pub person: Option<PersonHandle>,
    /// The last day on which it is in time.
    pub due_on: Option<NaiveDate>,
    pub by: PersonHandle,
}

/// Hands a gap to a person or party. Returns the leaf of the record.
pub async fn assign(app: &App, organization: &Organization, request: AssignRequest) -> Result<u64, DecisionFault> {
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        let gap = find(app, scope, request.gap).await?;
        if gap.state == GapState::Closed {
            return Err(DecisionFault::GapIsClosed(gap.id));
        }
        let by = acting(decisions, &request.by, now)?;
        let mut party = request.party;
        let mut said = Vec::new();
        if let Some(handle) = &request.person {
            let person = actor(decisions, handle, now)?;
            if let Some(asked) = request.party.filter(|asked| *asked != person.party) {
                let (is, asked) = (person.party.title(), asked.title());
                return Err(DecisionFault::OtherParty { name: person.name, is, asked });
            }
            party = Some(person.party);
            said.push(("person", json!(handle)));
        }
        if let Some(party) = party {
            if party == Party::Vendor {
                return Err(DecisionFault::NoPeopleOf(party.title()));
            }
            said.push(("party", json!(party)));
        }
        said.extend(request.due_on.map(|due| ("due_on", json!(due))));
        Ok(change(scope, by, now, (GAP_ASSIGNMENT, gap.id.to_string()), said)?)
    });
    decided.await
}

/// Keeps what somebody writes about a gap. Returns the leaf of the record.
pub async fn note(
    app: &App,
    organization: &Organization,
    gap: GapId,
    words: &str,
    by: &PersonHandle,
) -> Result<u64, DecisionFault> {
    let words = text("a note", words, LONGEST_TEXT)?;
    let decided = decide_one(app, organization, async |scope, decisions, now| {
        let gap = find(app, scope, gap).await?;
        let by = acting(decisions, by, now)?;
        Ok(change(scope, by, now, (GAP_NOTE, gap.id.to_string()), [("text", json!(words))])?)
    });
    decided.await
}

async fn find(app: &App, scope: &OrgScope, gap: GapId) -> Result<Gap, DecisionFault> {
    let found = app.store.gaps(scope).await?.into_iter().find(|known| known.id == gap);
    found.ok_or(DecisionFault::NoSuchGap(gap))
}
