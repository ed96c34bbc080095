//! What the two parties of the pretend client do: people are introduced, one split of work is countersigned and another
//! only proposed, statements are made, a gap is handed to somebody. All of it through the functions that the commands use.
//!
//! Start with [`agree`], which comes after the first run, and [`work`], which comes after the second.

use chrono::Days;

use super::tenant::firm::Firm;
use super::{DemoFault, statements};
use crate::app::App;
use crate::model::gap::GapState;
use crate::model::id::{FrameworkId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::pipeline::decisions::gaps::{AssignRequest, assign, note};
use crate::pipeline::decisions::people::{PersonRequest, add};
use crate::pipeline::responsibilities::{Content, Deed, NewDraft, act, draft};
use crate::pipeline::standing::Standing;
use crate::track::responsibilities::change::RowChange;
use crate::track::responsibilities::life::{Act, Meant};

/// The split that both parties sign, and the row that they settled between them.
const COUNTERSIGNED: (&str, &str) = ("cmmc-l2", "AC.L2-3.1.20");
/// The split that waits for the client's answer.
const PROPOSED: (&str, &str) = ("hipaa-security", "164.308(a)(5)(ii)(B)");

/// The people who act.
pub(super) struct Acting {
    provider: PersonHandle,
    internal: PersonHandle,
}

/// Introduces the people and lets them agree. None where the firm has no provider, or a side without people: then there
/// is nobody to agree with.
pub(super) async fn agree(
    app: &App,
    organization: &Organization,
    firm: &Firm,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<Option<Acting>, DemoFault> {
    let sides = [(Party::Internal, &firm.internal_people), (Party::Provider, &firm.provider_people)];
    let mut first = Vec::new();
    for (party, people) in sides {
        for (position, person) in people.iter().enumerate() {
            let handle: PersonHandle = person.mail.split('@').next().unwrap_or_default().parse()?;
            if position == 0 {
                first.push(handle.clone());
            }
            let request = PersonRequest {
                handle,
                party,
                name: person.name.clone(),
                email: Some(person.mail.clone()),
                ssh_key: None,
                by: None,
            };
            add(app, organization, request).await?;
        }
    }
    let [internal, provider] = first.as_slice() else { return Ok(None) };
    let acting = Acting { provider: provider.clone(), internal: internal.clone() };
    if let Some(framework) = in_use(organization, COUNTERSIGNED.0) {
        let change = RowChange {
            internal_person: Some(Some(acting.internal.clone())),
            provider_person: Some(Some(acting.provider.clone())),
            clause: Some("Service agreement, 4.2".to_owned()),
            ..RowChange::default()
        };
        propose(app, organization, &framework, COUNTERSIGNED.1, change, &acting.provider).await?;
        step(app, organization, &framework, Act::Accept, &acting.internal).await?;
        say(&format!("Both parties have signed who does what for {framework}."));
    }
    if let Some(framework) = in_use(organization, PROPOSED.0) {
        let change = RowChange { clause: Some("Service agreement, 4.5".to_owned()), ..RowChange::default() };
        propose(app, organization, &framework, PROPOSED.1, change, &acting.provider).await?;
        say(&format!("For {framework} the provider has proposed it; the client has not answered."));
    }
    // They are the last named person's of internal IT.
    if let Some(person) = firm.internal_people.last() {
        let by: PersonHandle = person.mail.split('@').next().unwrap_or_default().parse()?;
        let many = statements::state(app, organization, &by).await?;
        say(&format!("{}, of internal IT, makes {many} statements, most of them on forms.", person.name));
    }
    Ok(Some(acting))
}

/// Hands an open gap of internal IT to a person, with a day and a note.
pub(super) async fn work(app: &App, organization: &Organization, acting: &Acting) -> Result<(), DemoFault> {
    let now = app.clock.now();
    let standing = Standing::known(app, organization, now).await?;
    let theirs = |party: Party| {
        standing.gaps.iter().filter(move |gap| gap.party == party && gap.state == GapState::Open).map(|gap| gap.id)
    };
    let Some(gap) = theirs(Party::Internal).chain(theirs(Party::Provider)).next() else { return Ok(()) };
    let request = AssignRequest {
        gap,
        party: None,
        person: Some(acting.internal.clone()),
        due_on: organization.day_of(now).checked_add_days(Days::new(14)),
        by: acting.provider.clone(),
    };
    assign(app, organization, request).await?;
    note(app, organization, gap, "Will be done after the clinics close on Friday.", &acting.internal).await?;
    Ok(())
}

/// A framework, if the organization uses it.
pub(super) fn in_use(organization: &Organization, framework: &str) -> Option<FrameworkId> {
    organization.frameworks.iter().find(|id| id.as_str() == framework).cloned()
}

async fn propose(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    control: &str,
    change: RowChange,
    by: &PersonHandle,
) -> Result<(), DemoFault> {
    let wanted = NewDraft {
        content: Content::Row { name: control.to_owned(), change: Box::new(change) },
        based_on: None,
        effective_from: None,
        effective_until: None,
    };
    draft(app, organization, framework, by, &wanted).await?;
    step(app, organization, framework, Act::Propose, by).await
}

async fn step(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    what: Act,
    by: &PersonHandle,
) -> Result<(), DemoFault> {
    let deed = Deed { act: what, by: by.clone(), meant: Meant::default(), reason: None, signature: None };
    act(app, organization, framework, &deed).await?;
    Ok(())
}
