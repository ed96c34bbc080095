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
use crate::model::id::{DatasetId, OrgSlug};
use crate::model::organization::Organization;
use crate::pipeline::{self, RunReport, RunRequest};
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
    if common.json {
        output::json(&json!({
            "run": report.run,
            "ended_early": report.ended_early,
            "busy": report.busy,
            "datasets": report.datasets,
            "findings": report.findings,
            "records": report.records,
            "ledger_size": report.ledger_size,
            "gaps_opened": report.gaps_opened,
            "gaps_closed": report.gaps_closed,
        }))?;
    } else {
        print(&report)?;
    }
    for busy in &report.busy {
        eprintln!("{}, so it was left out.", output::plain(&busy.words()));
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
        eprintln!("No host is connected to {}; connecting this machine as {target}.", organization.slug);
        let new = NewConnection { source: Source::Host, target, settings: json!({}), secret: None };
        app.store.add_connection(&scope, &new, app.clock.now()).await?;
    }
    Ok(())
}

fn print(report: &RunReport) -> anyhow::Result<()> {
    let rows: Vec<[String; 6]> = report
        .datasets
        .iter()
        .map(|line| {
            [
                line.dataset.to_string(),
                line.target.clone(),
                line.outcome.as_str().to_owned(),
                line.rows.to_string(),
                line.evidence.to_string(),
                line.reason.clone(),
            ]
        })
        .collect();
    output::table(["dataset", "target", "outcome", "rows", "evidence", "reason"], &rows)?;
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

fn words(outcome: FindingOutcome) -> &'static str {
    match outcome {
        FindingOutcome::Pass => "pass",
        FindingOutcome::Fail => "fail",
        FindingOutcome::Unknown => "unknown",
        FindingOutcome::NotApplicable => "do not apply",
    }
}
