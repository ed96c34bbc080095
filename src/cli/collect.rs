//! `countersign collect`

use std::sync::Mutex;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::collect::host::local_host_name;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::finding::FindingOutcome;
use crate::model::id::{DatasetId, OrgSlug};
use crate::model::organization::Organization;
use crate::pipeline::collecting::Progress;
use crate::pipeline::{self, RunReport, RunRequest};
use crate::store::{NewConnection, OrgScope};

/// Exits 0 when the run ended, whatever could not be collected: that is said per dataset.
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
    let request = RunRequest { source, collectors: arguments.collectors, cause: "collect".to_owned() };
    let watcher = Watcher::start();
    let report = pipeline::run(&app, &organization, &request, &|progress| watcher.see(progress)).await;
    watcher.finish();
    let report = report?;
    if common.json {
        output::json(&json!({
            "run": report.run,
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

/// Shows a run on stderr: a bar on a terminal, plain lines otherwise.
pub struct Watcher {
    bar: ProgressBar,
    lines: bool,
    planned: Mutex<u64>,
}

impl Watcher {
    pub fn start() -> Self {
        let lines = !std::io::IsTerminal::is_terminal(&std::io::stderr());
        let target = if lines { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, lines, planned: Mutex::new(0) }
    }

    /// Takes one step of a run.
    pub fn see(&self, progress: Progress<'_>) {
        match progress {
            Progress::Planned(many) => {
                if let Ok(mut planned) = self.planned.lock() {
                    *planned += many as u64;
                    self.bar.set_length(*planned);
                }
            }
            Progress::Started { dataset, target } => {
                self.bar.set_message(format!("{dataset} of {}", output::plain(target)));
            }
            Progress::Finished { dataset, target, outcome } => {
                self.bar.inc(1);
                if self.lines && outcome != CollectionOutcome::Complete {
                    eprintln!("{dataset} of {}: {}", output::plain(target), outcome.as_str());
                }
            }
            Progress::Sealing => self.bar.set_message("sealing"),
            Progress::Judging => self.bar.set_message("judging"),
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
