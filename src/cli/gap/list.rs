//! `countersign gap list`

use clap::Args;
use serde_json::json;

use crate::cli::moment;
use crate::cli::{Common, Ending, output, session};
use crate::model::gap::{Gap, GapState};
use crate::model::id::{OrgSlug, PersonHandle};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::model::turn::{Turn, turn};
use crate::pipeline::decisions::DecisionFault;
use crate::pipeline::standing::Standing;
use crate::report::gaps::short_id;

/// What is mine: `gap list --org larkspur --party internal --person dana`
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only those that are one party's turn: provider, internal or vendor
    #[arg(long)]
    party: Option<Party>,
    /// Only those assigned to this person
    #[arg(long, value_name = "HANDLE")]
    person: Option<PersonHandle>,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// As it was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
    /// Exit 1 when one is open
    #[arg(long)]
    strict: bool,
}

pub async fn run(common: &Common, arguments: ListArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let as_of = moment::as_of(arguments.as_of, &organization, app.clock.now());
    if arguments.as_of.is_some()
        && let Some(first) = moment::no_evidence_then(&app, &organization, as_of).await?
    {
        return first.say(common, &organization, as_of, &[]);
    }
    let standing = Standing::known(&app, &organization, as_of).await?;
    if let Some(handle) = &arguments.person
        && standing.decisions.person(handle).is_none()
    {
        return Err(DecisionFault::NoSuchPerson(handle.clone()).into());
    }
    let ids: Vec<String> = standing.all_gaps().map(|gap| gap.id.to_string()).collect();
    let wanted: Vec<(&Gap, Turn<'_>)> = standing
        .gaps
        .iter()
        .filter(|gap| arguments.all || gap.state != GapState::Closed)
        .map(|gap| (gap, turn(gap, &standing.decisions, as_of)))
        .filter(|(_, turn)| arguments.party.is_none_or(|party| turn.party == party))
        .filter(|(_, turn)| arguments.person.as_ref().is_none_or(|person| turn.handle == Some(person)))
        .collect();
    let organization = &standing.organization;
    let today = organization.day_of(as_of);
    if common.json {
        let described: Vec<_> = wanted.iter().map(|(gap, turn)| describe(gap, turn, turn.is_overdue(today))).collect();
        output::json(&described)?;
    } else if wanted.is_empty() {
        output::line("No gaps.")?;
    } else {
        for (gap, turn) in &wanted {
            print(organization, gap, turn, &short_id(&gap.id.to_string(), &ids), as_of)?;
        }
    }
    let open = wanted.iter().any(|(gap, _)| gap.state != GapState::Closed);
    Ok(if arguments.strict && open { Ending::Gaps } else { Ending::Fine })
}

fn describe(gap: &Gap, turn: &Turn<'_>, is_overdue: bool) -> serde_json::Value {
    json!({
        "id": gap.id,
        "check": gap.check,
        "target": gap.target,
        "title": gap.title,
        "severity": gap.severity,
        "state": gap.state,
        "party": turn.party,
        "person": turn.handle,
        "person_has_left": turn.handle.is_some() && turn.person.is_none(),
        "due_on": turn.due_on,
        "overdue": is_overdue,
        "because": gap.because,
        "remediation": gap.remediation,
        "resources": gap.resources,
        "controls": gap.controls.iter().map(|held| json!({ "framework": held.framework, "control": held.control })).collect::<Vec<_>>(),
        "opened_at": gap.opened_at,
        "last_seen_at": gap.last_seen_at,
        "closed_at": gap.closed_at,
        "reopened": gap.reopened,
        "evidence": gap.evidence,
    })
}

/// Who has it in hand and until when: `Dana Reyes, due 2026-03-31, OVERDUE`.
pub(super) fn who(turn: &Turn<'_>, is_overdue: bool) -> String {
    let mut words = match (turn.person, turn.handle) {
        (Some(person), _) => format!("{} ({})", output::plain(&person.name), person.handle),
        (None, Some(handle)) => format!("{handle}, who has left: somebody else must take it"),
        (None, None) => "nobody in particular".to_owned(),
    };
    if let Some(due) = turn.due_on {
        words.push_str(", due ");
        words.push_str(&due.to_string());
    }
    if is_overdue {
        words += ", OVERDUE";
    }
    words
}

fn print(
    organization: &Organization,
    gap: &Gap,
    turn: &Turn<'_>,
    short_id: &str,
    as_of: Timestamp,
) -> anyhow::Result<()> {
    let state = match gap.state {
        GapState::Open => String::new(),
        GapState::AwaitingEvidence => " (no longer seen; the last known failure stands)".to_owned(),
        GapState::Closed => " (closed)".to_owned(),
    };
    output::line(&format!("{} [{}, {}]{state}", gap.title, gap.severity, turn.party.title()))?;
    output::line(&format!("  id:    {short_id}"))?;
    output::line(&format!("  what:  {}", output::plain(&gap.because)))?;
    output::line(&format!("  where: {} on {}", gap.check, output::plain(&gap.target)))?;
    output::line(&format!("  since: {}", gap.opened_at.for_people()))?;
    if turn.handle.is_some() || turn.due_on.is_some() {
        output::line(&format!("  who:   {}", who(turn, turn.is_overdue(organization.day_of(as_of)))))?;
    }
    let many = gap.controls.len();
    let first: Vec<String> = gap.controls.iter().take(6).map(|held| held.control.to_string()).collect();
    let more = if many > 6 { format!(" and {} more", many - 6) } else { String::new() };
    output::line(&format!("  holds back {}: {}{more}", output::count(many, "control"), first.join(", ")))?;
    output::line(&format!("  to do: {}", gap.remediation.replace('\n', " ")))?;
    output::line("")
}
