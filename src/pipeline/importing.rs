//! Seals files that were handed in: one record a file, one archive a batch. They are kept, not judged.

use std::collections::BTreeMap;

use super::{DatasetLine, Derived, RunFault, RunReport, enrol, line, roll_forward, seal};
use crate::app::App;
use crate::collect::import::ImportFolder;
use crate::dataset::Dataset;
use crate::model::evidence::RawEvidence;
use crate::model::id::RunId;
use crate::model::organization::Organization;
use crate::store::{OrgScope, RunEnd, RunState};

/// Seals every file of a folder, batch by batch, each whole or not at all. `sealed` is told of each file. The report's
/// own list of datasets stays empty, so that memory does not grow with the folder.
pub async fn import(
    app: &App,
    organization: &Organization,
    folder: &ImportFolder<'_>,
    mut sealed: impl FnMut(DatasetLine),
) -> Result<RunReport, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward::roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let run = RunId::fresh();
    app.store.begin_run(&scope, run, "import", app.clock.now()).await?;
    let mut files = 0;
    let mut broke_off = None;
    for batch in folder.batches(app.clock.as_ref()) {
        let lines = match batch {
            Ok(batch) => seal_batch(app, &scope, run, batch).await,
            Err(fault) => Err(fault.into()),
        };
        match lines {
            Ok(lines) => {
                files += lines.len() as u64;
                lines.into_iter().for_each(&mut sealed);
            }
            Err(fault) => {
                broke_off = Some(fault);
                break;
            }
        }
    }
    let summary = serde_json::json!([{ "imported_files": files }]);
    let end = RunEnd { state: RunState::Ended, states: Vec::new(), summary };
    app.store.end_run(&scope, run, end, app.clock.now()).await?;
    match broke_off {
        Some(fault) if files > 0 => return Err(RunFault::BrokeOff { sealed: files, source: Box::new(fault) }),
        Some(fault) => return Err(fault),
        None => {}
    }
    Ok(RunReport {
        run,
        records: files,
        datasets: Vec::new(),
        busy: Vec::new(),
        ended_early: false,
        findings: BTreeMap::new(),
        gaps_opened: 0,
        gaps_closed: 0,
        ledger_size: app.store.head(&scope).await?.map_or(0, |head| head.size),
    })
}

async fn seal_batch(
    app: &App,
    scope: &OrgScope,
    run: RunId,
    batch: Vec<RawEvidence>,
) -> Result<Vec<DatasetLine>, RunFault> {
    let without_rows = |raw: RawEvidence| {
        let dataset = Dataset {
            id: raw.dataset.clone(),
            outcome: raw.outcome,
            reason: raw.reason.clone(),
            collected_at: raw.finished,
            rows: Vec::new(),
            meta: serde_json::Map::new(),
        };
        Derived { raw, dataset }
    };
    let sealed = seal(app, scope, run, batch.into_iter().map(without_rows).collect()).await?;
    Ok(sealed.iter().map(line).collect())
}
