//! `countersign status`

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::moment;
use super::org::framework_in_words;
use super::{Common, Ending, output, session};
use crate::catalog::framework::Framework;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::gap::GapState;
use crate::model::id::{ControlId, FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::frameworks::{framework_of, missing};
use crate::pipeline::standing::{Standing, organization_at};
use crate::report::tally::{ORDER, totals};
use crate::store::OrgScope;

/// Alarms come first: a collector that fell silent, a target that never answered, a schedule that stands still. Without
/// --strict they do not change the exit code.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only this framework, with every control
    #[arg(long)]
    framework: Option<FrameworkId>,
    /// What was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
    /// With --as-of: how things stood then by what is known at this time, when late evidence had come in and old evidence
    /// may have been judged again; a date is the end of that day; default: what was known then
    #[arg(long, value_name = "TIME|DATE", requires = "as_of")]
    known_at: Option<Moment>,
    /// Exit 1 when there are open gaps or alarms
    #[arg(long)]
    strict: bool,
}

pub async fn run(common: &Common, arguments: StatusArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let scope = OrgScope::of(&organization);
    let now = app.clock.now();
    let as_of = moment::as_of(arguments.as_of, &organization, now);
    let known_at = moment::known_at(arguments.known_at, as_of, &organization, now)?;
    let organization = organization_at(&app, &organization, as_of).await?;
    if let Some(framework) = &arguments.framework {
        framework_of(&app.catalog, &organization, framework)?;
    } else {
        for fault in missing(&app.catalog, &organization) {
            output::note(format_args!("note: {fault}"));
        }
    }
    if arguments.as_of.is_some()
        && let Some(first) = moment::no_evidence_then(&app, &organization, as_of).await?
    {
        let alarms = crate::schedule::alarms(&app, &organization, as_of).await?;
        let ending = first.say(common, &organization, as_of, &alarms)?;
        return Ok(if arguments.strict && !alarms.is_empty() { Ending::Gaps } else { ending });
    }
    let standing = Standing::known_at(&app, &organization, as_of, known_at).await?;
    let statuses = standing.statuses_now(as_of);
    let head = app.store.head_as_of(&scope, Some(known_at)).await?;
    let runs = app.store.latest_runs(&scope, as_of, 5).await?;
    let open: Vec<_> = standing.gaps.iter().filter(|gap| gap.state != GapState::Closed).collect();
    let alarms = crate::schedule::alarms(&app, &organization, as_of).await?;

    let wanted = |id: &FrameworkId| arguments.framework.as_ref().is_none_or(|only| only == id);
    let mut frameworks = Vec::new();
    for id in organization.frameworks.iter().filter(|id| wanted(id)) {
        let Some(framework) = app.catalog.frameworks.get(id) else { continue };
        let totals = totals(framework, &statuses);
        let counts: BTreeMap<&str, usize> = ORDER.map(|state| (state.as_str(), totals.of(state))).into();
        let state = standing.matrices.get(id).map_or("none", |(_, state)| state.for_people());
        let words = words(&standing, framework, &statuses, as_of);
        let controls: Vec<_> = statuses
            .iter()
            .filter(|status| arguments.framework.is_some() && status.framework == *id)
            .map(|status| {
                json!({
                    "id": status.control,
                    "status": status.state,
                    "word": words.get(&status.control),
                    "because": status.because,
                    "as_of": status.as_of,
                })
            })
            .collect();
        frameworks.push(json!({
            "id": id,
            "title": framework.title,
            "questionnaire": standing.decisions.questionnaire(id, as_of),
            "controls": counts,
            "counted": totals.counted,
            "responsibilities": state,
            "statuses": controls,
        }));
    }
    if common.json {
        output::json(&json!({
            "organization": organization.slug,
            "as_of": as_of,
            "known_at": known_at,
            "frameworks": frameworks,
            "gaps": { "open": open.len() },
            "requests": { "open": standing.requests.iter().filter(|request| request.closed_at.is_none()).count() },
            "ledger": head.as_ref().map(|head| json!({ "size": head.size, "root": head.root })),
            "runs": runs.iter().map(|run| json!({ "id": run.id, "cause": run.cause, "state": run.state,
                "started_at": run.started_at, "ended_at": run.ended_at })).collect::<Vec<_>>(),
            "alarms": alarms,
        }))?;
    } else {
        for alarm in &alarms {
            output::line(&format!("ALARM: {}", output::plain(alarm)))?;
        }
        let known =
            if known_at > as_of { format!(", by what is known at {}", known_at.for_people()) } else { String::new() };
        output::line(&format!("{} as of {}{known}", output::plain(&organization.name), as_of.for_people()))?;
        match (&head, runs.first()) {
            (None, _) => output::line("Nothing has been sealed by then.")?,
            (Some(head), run) => {
                let last = run.map_or_else(|| "no run yet".to_owned(), |run| run.started_at.for_people());
                output::line(&format!("Ledger: {} records. Last run: {last}.", head.size))?;
            }
        }
        output::line("")?;
        print(&app, &standing, &statuses, arguments.framework.as_ref(), as_of)?;
    }
    Ok(if arguments.strict && !(open.is_empty() && alarms.is_empty()) { Ending::Gaps } else { Ending::Fine })
}

/// What is said of each control, as `findings` says it.
fn words(
    standing: &Standing,
    framework: &Framework,
    statuses: &[ControlStatus],
    at: Timestamp,
) -> BTreeMap<ControlId, String> {
    let verdict = standing.verdict(framework, statuses, at);
    verdict.said().into_iter().map(|said| (said.control.clone(), said.finding)).collect()
}

fn print(
    app: &crate::app::App,
    standing: &Standing,
    statuses: &[ControlStatus],
    only: Option<&FrameworkId>,
    as_of: Timestamp,
) -> anyhow::Result<()> {
    let organization = &standing.organization;
    let mut rows: Vec<[String; 5]> = Vec::new();
    for id in &organization.frameworks {
        let Some(framework) = app.catalog.frameworks.get(id) else { continue };
        let totals = totals(framework, statuses);
        let state = standing.matrices.get(id).map_or("none", |(_, state)| state.for_people());
        let of = |state| totals.of(state).to_string();
        rows.push([
            framework_in_words(id, standing.decisions.questionnaire(id, as_of)),
            of(ControlState::Met),
            of(ControlState::NotMet),
            of(ControlState::Undetermined),
            state.to_owned(),
        ]);
    }
    output::table(["framework", "met", "not met", "undetermined", "responsibilities"], &rows)?;
    output::line("")?;
    let open_for =
        |party: Party| standing.gaps.iter().filter(|gap| gap.state != GapState::Closed && gap.party == party).count();
    output::line(&format!(
        "Open gaps: {} with the provider, {} with internal IT. See: countersign gap list --org {}",
        open_for(Party::Provider),
        open_for(Party::Internal),
        organization.slug
    ))?;
    if let Some(framework) = only.and_then(|id| app.catalog.frameworks.get(id)) {
        output::line("")?;
        let words = words(standing, framework, statuses, as_of);
        let rows: Vec<[String; 3]> = statuses
            .iter()
            .filter(|status| status.framework == framework.id)
            .map(|status| {
                let word = words.get(&status.control).cloned().unwrap_or_default();
                [status.control.to_string(), word, status.because.clone()]
            })
            .collect();
        output::table(["control", "status", "because"], &rows)?;
    }
    Ok(())
}
