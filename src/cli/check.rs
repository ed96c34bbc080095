//! `countersign check list|test|run`

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Common, Ending, output, session};
use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::catalog::settings;
use crate::config::limited;
use crate::dataset::{Dataset, from_raw_file};
use crate::evaluate::cases::test_check;
use crate::evaluate::{Inputs, Judge, Subject};
use crate::model::days::LocalDays;
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, DatasetId, FrameworkId};
use crate::model::moment::Moment;
use crate::model::time::Timestamp;

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(subcommand)]
    command: CheckCommand,
}

#[derive(Debug, Subcommand)]
enum CheckCommand {
    /// List checks
    List,
    /// Run checks on their own cases, and see that no missing property ends in a pass
    Test(TestArguments),
    /// Judge files that never were in a database
    Run(RunArguments),
}

#[derive(Debug, Args)]
struct TestArguments {
    /// Only these checks; default: all
    ids: Vec<CheckId>,
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Check, such as `m365/mfa_for_all_users`
    id: CheckId,
    /// A dataset and the raw file that holds it: a Graph body or an array of page bodies; for hosts
    /// `{"stdout", "stderr", "exit_code"}`
    #[arg(long = "dataset", value_name = "NAME=FILE")]
    datasets: Vec<String>,
    /// JSON file with settings of the organization, such as break-glass accounts
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Judge as of this time; a date is the end of that day in UTC, for files belong to no organization; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
    /// Exit 1 when the check fails
    #[arg(long)]
    strict: bool,
}

/// Raw files larger than this are refused.
const LARGEST: u64 = 1 << 30;

pub fn run(common: &Common, arguments: CheckArguments) -> anyhow::Result<Ending> {
    let catalog = session::catalog(common)?;
    match arguments.command {
        CheckCommand::List => list(common, &catalog),
        CheckCommand::Test(arguments) => test(common, &catalog, &arguments),
        CheckCommand::Run(arguments) => judge_files(common, &catalog, &arguments),
    }
}

fn list(common: &Common, catalog: &Catalog) -> anyhow::Result<Ending> {
    if common.json {
        let all: Vec<_> = catalog
            .checks
            .values()
            .map(|check| {
                let datasets = check.datasets();
                let controls: BTreeMap<&FrameworkId, usize> =
                    catalog.controls_of_check(&check.id).iter().fold(BTreeMap::new(), |mut counts, held| {
                        *counts.entry(&held.framework).or_default() += 1;
                        counts
                    });
                json!({
                    "id": check.id,
                    "title": check.title,
                    "severity": check.metadata.severity,
                    "requires": check.metadata.requires,
                    "datasets": datasets,
                    "controls": controls,
                    "proves": check.metadata.proves,
                    "cases": check.cases.len(),
                    "digest": check.digest,
                })
            })
            .collect();
        output::json(&all)?;
    } else {
        let rows: Vec<[String; 4]> = catalog
            .checks
            .values()
            .map(|check| {
                [
                    check.id.to_string(),
                    check.metadata.severity.as_str().to_owned(),
                    catalog.controls_of_check(&check.id).len().to_string(),
                    check.title.clone(),
                ]
            })
            .collect();
        output::table(["id", "severity", "controls", "title"], &rows)?;
    }
    Ok(Ending::Fine)
}

fn find<'a>(catalog: &'a Catalog, id: &CheckId) -> anyhow::Result<&'a CheckDefinition> {
    catalog
        .checks
        .get(id)
        .with_context(|| format!("there is no check `{id}`; countersign check list shows those there are"))
}

fn test(common: &Common, catalog: &Catalog, arguments: &TestArguments) -> anyhow::Result<Ending> {
    let chosen: Vec<&CheckDefinition> = if arguments.ids.is_empty() {
        catalog.checks.values().collect()
    } else {
        arguments.ids.iter().map(|id| find(catalog, id)).collect::<anyhow::Result<_>>()?
    };
    let judge = Judge::of(chosen.iter().copied(), &catalog.library);
    let mut values = Vec::new();
    let mut broken = 0;
    let mut cases = 0;
    for check in chosen {
        let report = test_check(&judge, check);
        cases += report.cases.len();
        broken += usize::from(!report.holds());
        let wrong: Vec<String> = report
            .cases
            .iter()
            .filter(|case| !case.holds())
            .map(|case| {
                format!(
                    "{}: {} was expected, {} came out: {}",
                    case.case,
                    case.expected.as_str(),
                    case.result.outcome.as_str(),
                    case.result.because
                )
            })
            .chain(report.violations.iter().map(ToString::to_string))
            .chain(report.unreadable.iter().map(|case| format!("{case}: the file cannot be read")))
            .collect();
        if !common.json {
            let word = if wrong.is_empty() { "ok" } else { "WRONG" };
            output::line(&format!("{word:<6} {} ({})", check.id, output::count(report.cases.len(), "case")))?;
            for line in &wrong {
                output::line(&format!("       {}", output::plain(line)))?;
            }
        }
        values.push(json!({ "id": check.id, "cases": report.cases.len(), "ok": wrong.is_empty(), "wrong": wrong }));
    }
    if common.json {
        output::json(&values)?;
    } else {
        output::line("")?;
        output::line(&format!(
            "{}, {}, {broken} wrong",
            output::count(values.len(), "check"),
            output::count(cases, "case")
        ))?;
    }
    Ok(if broken > 0 { Ending::Gaps } else { Ending::Fine })
}

fn judge_files(common: &Common, catalog: &Catalog, arguments: &RunArguments) -> anyhow::Result<Ending> {
    let check = find(catalog, &arguments.id)?;
    let now = Timestamp::now();
    let now = arguments.as_of.map_or(now, |asked| asked.end(LocalDays::UTC, now));
    let settings = arguments.settings.as_deref().map(read_settings).transpose()?.unwrap_or_else(|| json!({}));
    let mut datasets: BTreeMap<DatasetId, Dataset> = BTreeMap::new();
    for given in &arguments.datasets {
        let (name, file) = given.split_once('=').with_context(|| format!("`{given}` is not NAME=FILE"))?;
        let id: DatasetId = name.parse()?;
        let definition = catalog
            .collectors
            .get(&id)
            .with_context(|| format!("there is no dataset `{id}`; countersign collector list shows those there are"))?;
        let bytes = read_limited(Path::new(file))?;
        if datasets.insert(id.clone(), from_raw_file(definition, &bytes, now)).is_some() {
            bail!("the dataset `{id}` was given twice");
        }
    }
    let judge = Judge::of([check], &catalog.library);
    let subject = Subject { organization: "files", target: "files", now };
    let inputs = Inputs::prepare(subject, datasets, &settings, &BTreeMap::new(), &|_| None);
    let result = judge.judge(check, &inputs);
    if common.json {
        output::json(&json!({
            "check": result.check,
            "outcome": result.outcome,
            "because": result.because,
            "resources": result.resources,
        }))?;
    } else {
        output::line(&format!("{}: {}", result.check, result.outcome.as_str()))?;
        output::line(&output::plain(&result.because))?;
        let rows: Vec<[String; 3]> = result
            .resources
            .iter()
            .map(|one| [one.outcome.as_str().to_owned(), one.resource.clone(), one.because.clone()])
            .collect();
        output::table(["outcome", "resource", "because"], &rows)?;
    }
    let failed = result.outcome == FindingOutcome::Fail;
    Ok(if arguments.strict && failed { Ending::Gaps } else { Ending::Fine })
}

/// Reads a settings file: one JSON object.
pub(super) fn read_settings(path: &Path) -> anyhow::Result<Value> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    // One byte more than may be there tells that there is too much.
    file.take(settings::LONGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    settings::read(&bytes).with_context(|| format!("{} cannot be used", path.display()))
}

fn read_limited(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = limited::read(path, LARGEST).with_context(|| format!("cannot read {}", path.display()))?;
    bytes.with_context(|| format!("{} is larger than 1 GiB", path.display()))
}
