//! `countersign collect`

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use super::watching::Watcher;
use super::{Common, Ending, output, session};
use crate::app::App;
use crate::collect::host::local_host_name;
use crate::model::evidence::Source;
use crate::model::finding::FindingOutcome;
use crate::model::id::{ControlId, DatasetId, OrgSlug};
use crate::model::organization::Organization;
use crate::pipeline::targets::consent_links;
use crate::pipeline::{self, DatasetLine, RunReport, RunRequest};
use crate::report::unseen::{self, Advice, Controls, Known, Missed};
use crate::store::{NewConnection, OrgScope};

/// Exits 0 when the run ended, whatever could not be collected: that is said per dataset. Exits 2 when Ctrl-C ended it
/// early (what was read is sealed and judged all the same), or when another run reads a target just now.
#[derive(Debug, Args)]
pub struct CollectArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only this kind of source
    #[arg(long, value_enum)]
    source: Option<SourceName>,
    /// Only these collectors, such as m365/users; default: all
    collectors: Vec<DatasetId>,
    /// Exit 1 when a check fails
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SourceName {
    Graph,
    Host,
}

pub async fn run(common: &Common, arguments: CollectArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let source = arguments.source.map(|name| match name {
        SourceName::Graph => Source::Graph,
        SourceName::Host => Source::Host,
    });
    connect_this_machine(&app, &organization, source).await?;
    let stop = CancellationToken::new();
    let request = RunRequest {
        source,
        collectors: arguments.collectors,
        cause: "collect".to_owned(),
        patience: RunRequest::A_MOMENT,
        stop: stop.clone(),
        ..RunRequest::default()
    };
    let first_signal = Signals::listen()?.first(
        "Ending early: what was read is sealed and judged, the rest is noted as not read. Once more leaves at once.",
    );
    tokio::spawn(async move {
        first_signal.await;
        stop.cancel();
    });
    let watcher = Watcher::start();
    let report = pipeline::run(&app, &organization, &request, &|progress| watcher.see(progress)).await;
    watcher.finish();
    let report = report?;
    let scope = OrgScope::of(&organization);
    let links = consent_links(&app, &scope).await?;
    let known = Known {
        catalog: &app.catalog,
        frameworks: &organization.frameworks,
        organization: organization.slug.as_str(),
        consent_links: &links,
    };
    let missed = missed(&report.datasets);
    let advice = unseen::advice(known, &missed);
    if common.json {
        output::json(&json!({
            "run": report.run,
            "ended_early": report.ended_early,
            "busy": report.busy,
            "datasets": dataset_lines(known, &report.datasets, &missed)?,
            "advice": advice,
            "findings": report.findings,
            "records": report.records,
            "ledger_size": report.ledger_size,
            "gaps_opened": report.gaps_opened,
            "gaps_closed": report.gaps_closed,
        }))?;
    } else {
        print(&app, &report, &advice)?;
    }
    for busy in &report.busy {
        output::note(format_args!("{}, so it was left out.", output::plain(&busy.words())));
    }
    if report.ended_early || !report.busy.is_empty() {
        return Ok(Ending::InPart);
    }
    let failing = report.findings.get(&FindingOutcome::Fail).is_some_and(|count| *count > 0);
    Ok(if arguments.strict && failing { Ending::Gaps } else { Ending::Fine })
}

/// Asked for hosts, or for anything when nothing is connected, this machine is the host.
async fn connect_this_machine(app: &App, organization: &Organization, source: Option<Source>) -> anyhow::Result<()> {
    let scope = OrgScope::of(organization);
    let connections = app.store.connections(&scope).await?;
    let wanted = match source {
        Some(Source::Host) => !connections.iter().any(|connection| connection.source == Source::Host),
        None => connections.is_empty(),
        Some(_) => false,
    };
    if wanted {
        let target = local_host_name();
        output::note(format_args!(
            "No host is connected to {}; connecting this machine as {target}.",
            organization.slug
        ));
        let new = NewConnection { source: Source::Host, target, settings: json!({}), secret: None };
        app.store.add_connection(&scope, &new, app.clock.now()).await?;
    }
    Ok(())
}

/// What was not seen whole.
fn missed(lines: &[DatasetLine]) -> Vec<Missed<'_>> {
    let missed = lines.iter().filter(|line| !line.outcome.is_seen_whole());
    missed
        .map(|line| Missed {
            dataset: &line.dataset,
            target: &line.target,
            outcome: line.outcome,
            reason: &line.reason,
        })
        .collect()
}

/// The datasets with the controls that each leaves unknown.
fn dataset_lines(
    known: Known<'_>,
    lines: &[DatasetLine],
    missed: &[Missed<'_>],
) -> anyhow::Result<Vec<serde_json::Value>> {
    let with_controls = lines.iter().map(|line| {
        let one = missed.iter().find(|one| one.target == line.target && *one.dataset == line.dataset);
        let unknown = one.map(|one| unseen::leaves_unknown(known, one, missed)).unwrap_or_default();
        let mut told = serde_json::to_value(line)?;
        if let Some(told) = told.as_object_mut() {
            told.insert("leaves_unknown".to_owned(), json!(unknown));
        }
        Ok(told)
    });
    with_controls.collect()
}

fn print(app: &App, report: &RunReport, advice: &[Advice]) -> anyhow::Result<()> {
    let rows: Vec<[String; 5]> = report
        .datasets
        .iter()
        .map(|line| {
            [
                line.dataset.to_string(),
                line.target.clone(),
                line.rows.to_string(),
                line.evidence.to_string(),
                line.outcome.words().to_owned(),
            ]
        })
        .collect();
    output::table(["dataset", "target", "rows", "evidence", "outcome"], &rows)?;
    if !advice.is_empty() {
        let whole = report.datasets.iter().filter(|line| line.outcome.is_seen_whole()).count();
        let all = output::count(report.datasets.len(), "dataset");
        output::line("")?;
        output::line(&format!("{whole} of {all} seen whole. Of the others nothing is assumed:"))?;
    }
    for one in advice {
        output::line("")?;
        print_advice(app, one)?;
    }
    let findings: Vec<String> =
        report.findings.iter().rev().map(|(outcome, count)| format!("{count} {}", words(*outcome))).collect();
    output::line("")?;
    if report.ended_early {
        output::line("The run was ended early. What was not read stays as it was known before, and is due again.")?;
    }
    output::line(&format!("Checks: {}", if findings.is_empty() { "none".to_owned() } else { findings.join(", ") }))?;
    output::line(&format!("Gaps: {} opened, {} closed", report.gaps_opened, report.gaps_closed))?;
    output::line(&format!("Ledger: {} records, {} of them new", report.ledger_size, report.records))
}

/// How many controls of a framework are named.
const NAMED: usize = 5;

/// One cause as a paragraph.
fn print_advice(app: &App, one: &Advice) -> anyhow::Result<()> {
    output::line(&output::plain(&one.what))?;
    let datasets = one.titles.iter().zip(&one.datasets).map(|(title, id)| format!("{title} ({id})"));
    output::line(&format!("  Not seen: {}", datasets.collect::<Vec<_>>().join(", ")))?;
    if !one.permissions.is_empty() {
        output::line(&format!("  Permissions: {}", one.permissions.join(", ")))?;
    }
    output::line(&format!("  Next: {}", one.next))?;
    if let Some(link) = &one.link {
        output::line(&format!("  Where: {}", output::plain(link)))?;
    }
    output::line(&format!("  Who: {}", one.who))?;
    if one.leaves_unknown.is_empty() && one.holds_up.is_empty() {
        return output::line("  Leaves unknown: no control of the frameworks in use");
    }
    print_controls(app, "Leaves unknown", &one.leaves_unknown)?;
    print_controls(app, "Statements wait for it, unless they name the checks it feeds", &one.holds_up)
}

fn print_controls(app: &App, what: &str, all: &Controls) -> anyhow::Result<()> {
    for (id, controls) in all {
        let title = app.catalog.frameworks.get(id).map_or(id.as_str(), |framework| &framework.title);
        let named: Vec<&str> = controls.iter().take(NAMED).map(ControlId::as_str).collect();
        let more = if controls.len() > NAMED { ", …" } else { "" };
        let many = output::count(controls.len(), "control");
        output::line(&format!("  {what}: {many} of {title} ({}{more})", named.join(", ")))?;
    }
    Ok(())
}

fn words(outcome: FindingOutcome) -> &'static str {
    match outcome {
        FindingOutcome::Pass => "pass",
        FindingOutcome::Fail => "fail",
        FindingOutcome::Unknown => "unknown",
        FindingOutcome::NotApplicable => "do not apply",
    }
}
