//! `countersign responsibility history|export|lint`

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::{Common, Ending, output};
use super::{Opened, Which, open};
use crate::model::matrix::MatrixHistory;
use crate::model::responsibility::MatrixState;
use crate::pipeline::decisions;
use crate::pipeline::responsibilities::{Papers, papers};
use crate::track::responsibilities::lint::{Lint, lint as check};
use crate::track::responsibilities::table;

#[derive(Debug, Args)]
pub struct HistoryArguments {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    which: Which,
    /// Default: the draft or proposal that is open, else the split that applies
    #[arg(long)]
    version: Option<u32>,
    /// A table to edit and import, or the exact bytes whose SHA-256 both parties sign
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// File to write; it must not be there. Default: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub struct LintArguments {
    #[command(flatten)]
    which: Which,
    /// Default: the draft or proposal that is open, else the split that applies
    #[arg(long)]
    version: Option<u32>,
    /// Exit 1 when something is wrong
    #[arg(long)]
    strict: bool,
}

pub async fn run(common: &Common, arguments: HistoryArguments) -> anyhow::Result<Ending> {
    let opened = open(common, &arguments.which).await?;
    let Opened { app, scope, versions, .. } = &opened;
    let framework = &arguments.which.framework;
    let applies = app.store.matrix_as_of(scope, framework, app.clock.now()).await?;
    let applies = applies.map(|(version, _)| version.matrix.version);
    let papers = papers(app, scope, versions).await?;
    let mut values: Vec<Value> = Vec::new();
    for one in versions {
        let Some(version) = app.store.matrix_version(scope, framework, one.version).await? else { continue };
        let accepted = one.step(MatrixState::Countersigned);
        let retroactive = accepted.is_some_and(|step| version.matrix.is_retroactive(step.at));
        let steps: Vec<Value> = one
            .steps
            .iter()
            .map(|step| {
                let Papers { reason, ssh_signature } = papers.get(&step.leaf).cloned().unwrap_or_default();
                json!({
                    "state": step.state,
                    "by": step.by,
                    "at": step.at,
                    "record": step.leaf,
                    "reason": reason,
                    "ssh_signature": ssh_signature,
                })
            })
            .collect();
        values.push(json!({
            "id": one.version,
            "digest": one.digest,
            "state": one.state(),
            "applies": applies == Some(one.version),
            "effective_from": version.matrix.effective_from,
            "effective_until": version.matrix.effective_until,
            "retroactive": retroactive,
            "rows": version.matrix.rows.len(),
            "steps": steps,
        }));
        if !common.json {
            print(one, applies == Some(one.version), &version.matrix, retroactive, &papers)?;
        }
    }
    if common.json {
        output::json(&values)?;
    }
    Ok(Ending::Fine)
}

fn print(
    version: &MatrixHistory,
    applies: bool,
    matrix: &crate::model::responsibility::ResponsibilityMatrix,
    retroactive: bool,
    papers: &std::collections::BTreeMap<u64, Papers>,
) -> anyhow::Result<()> {
    let now = if applies { ", applies now" } else { "" };
    output::line(&format!("version {}: {}{now}", version.version, version.state().for_people()))?;
    output::line(&format!("  sha256 {}", version.digest))?;
    if let Some(from) = matrix.effective_from {
        let words = if retroactive { " (retroactive: it was accepted later)" } else { "" };
        output::line(&format!("  counts from {}{words}", from.for_people()))?;
    }
    if let Some(until) = matrix.effective_until {
        output::line(&format!("  no longer counts from {}", until.for_people()))?;
    }
    for step in &version.steps {
        let papers = papers.get(&step.leaf).cloned().unwrap_or_default();
        let signed = if papers.ssh_signature { ", with an SSH signature" } else { "" };
        let by = if step.by.party.is_none() { String::new() } else { format!(" by {}{signed}", step.by.for_people()) };
        let line = format!("  {} {}{by} (record {})", step.at.for_people(), step.state.for_people(), step.leaf);
        output::line(&output::plain(&line))?;
        if let Some(reason) = papers.reason {
            output::line(&format!("    because: {}", output::plain(&reason)))?;
        }
    }
    Ok(())
}

pub async fn export(common: &Common, arguments: ExportArguments) -> anyhow::Result<Ending> {
    let opened = open(common, &arguments.which).await?;
    let (version, sealed, matrix) = opened.version(&arguments.which, arguments.version).await?;
    let bytes = match arguments.format {
        Format::Csv if !common.json => table::write(&matrix.rows)?,
        _ => sealed,
    };
    match &arguments.out {
        None => match std::io::stdout().lock().write_all(&bytes) {
            // A reader that went away (`| head`) is not a failure.
            Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => {}
            written => written?,
        },
        Some(path) => {
            output::new_file(path, &bytes)?;
            let path = std::path::absolute(path)?;
            output::line(&format!("{}", path.display()))?;
        }
    }
    output::note(format_args!(
        "Version {} of {}, {}, sha256 {}",
        version.version,
        arguments.which.framework,
        version.state().for_people(),
        version.digest
    ));
    Ok(Ending::Fine)
}

pub async fn lint(common: &Common, arguments: LintArguments) -> anyhow::Result<Ending> {
    let opened = open(common, &arguments.which).await?;
    let (version, _, matrix) = opened.version(&arguments.which, arguments.version).await?;
    let Opened { app, organization, scope, .. } = &opened;
    let framework = crate::pipeline::responsibilities::in_use(app, organization, &arguments.which.framework)?;
    let now = app.clock.now();
    let people = decisions::known(app, scope, now).await?.people;
    let found = check(framework, &matrix, &people, now);
    if common.json {
        let value = |fault: &Lint| {
            let mut value = json!(fault);
            if let Some(members) = value.as_object_mut() {
                members.insert("id".to_owned(), json!(fault.place()));
                members.insert("version".to_owned(), json!(version.version));
                members.insert("blocks".to_owned(), json!(fault.blocks()));
            }
            value
        };
        output::json(&found.iter().map(value).collect::<Vec<_>>())?;
    } else if found.is_empty() {
        output::line(&format!("Version {}: nothing is wrong.", version.version))?;
    } else {
        let row = |fault: &Lint| {
            let kind = fault.kind.as_str().replace('_', " ");
            [fault.place().to_owned(), kind, fault.what.clone(), fault.next.clone()]
        };
        output::table(["control", "fault", "what", "next"], &found.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(if arguments.strict && !found.is_empty() { Ending::Gaps } else { Ending::Fine })
}
