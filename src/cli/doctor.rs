//! `countersign doctor`

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::catalog::Catalog;
use crate::doctor::{self, Bench, Level, Line, Network};
use crate::model::id::OrgSlug;
use crate::model::time::SystemClock;

/// Looks whether everything that collecting needs is there, and says what will be missing and what to do. Changes nothing.
/// Exit code 0 fine or warnings only, 1 warnings with --strict, 2 a problem that stops collecting.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Only this organization; default: all
    #[arg(long)]
    org: Option<OrgSlug>,
    /// Ask no tenant
    #[arg(long)]
    offline: bool,
    /// Exit 1 when something will be missing
    #[arg(long)]
    strict: bool,
}

pub async fn run(common: &Common, arguments: DoctorArguments) -> anyhow::Result<Ending> {
    let data = session::data_folder(common)?;
    let config = session::config(common, Some(&data))?;
    let catalog = Catalog::load(&session::file_set(&config)).map_err(|faults| faults.to_string());
    let bench = Bench::open(data, config, catalog, Arc::new(SystemClock), arguments.org.as_ref()).await;
    let network = if arguments.offline { Network::Spared } else { Network::Asked };
    let lines = doctor::examine(&bench, network).await;
    let verdict = doctor::verdict(&lines);
    if common.json {
        output::json(&json!({ "verdict": verdict, "version": env!("CARGO_PKG_VERSION"), "lines": lines }))?;
    } else {
        lines.iter().try_for_each(print)?;
        output::line("")?;
        output::line(summary(&lines, verdict).as_str())?;
    }
    Ok(match verdict {
        Level::Problem => Ending::Broken,
        Level::Warning if arguments.strict => Ending::Gaps,
        Level::Warning | Level::Ok => Ending::Fine,
    })
}

fn print(line: &Line) -> anyhow::Result<()> {
    let word = match line.level {
        Level::Ok => "ok",
        Level::Warning => "WARNING",
        Level::Problem => "PROBLEM",
    };
    let subject = if line.subject.is_empty() { String::new() } else { format!("{}: ", output::plain(&line.subject)) };
    output::line(&format!("{word:<8} {:<12} {subject}{}", line.area, output::plain(&line.says)))?;
    for (what, text) in [("missing", &line.missing), ("next", &line.next)] {
        if let Some(text) = text {
            output::line(&format!("{:<21} {what}: {}", "", output::plain(text)))?;
        }
    }
    Ok(())
}

fn summary(lines: &[Line], verdict: Level) -> String {
    let count = |level| lines.iter().filter(|line| line.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    match verdict {
        Level::Ok => "Everything that was looked at is in order.".to_owned(),
        Level::Warning => format!("{}; nothing stops collecting.", output::count(warnings, "warning")),
        Level::Problem => {
            format!("{} and {}.", output::count(problems, "problem"), output::count(warnings, "warning"))
        }
    }
}
