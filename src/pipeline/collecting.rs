//! Collects many datasets of many targets side by side; one target's failure never stops the others.

use futures_util::StreamExt;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Target, Workplace};
use crate::model::evidence::{CollectionOutcome, RawEvidence};
use crate::model::id::DatasetId;

/// What happens while a run goes on, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// This many datasets of targets will be read.
    Planned(usize),
    Started {
        dataset: &'a DatasetId,
        target: &'a str,
    },
    Finished {
        dataset: &'a DatasetId,
        target: &'a str,
        outcome: CollectionOutcome,
    },
    Sealing,
    Judging,
}

/// Watches a run; called from several threads.
pub type Watcher<'watch> = dyn Fn(Progress<'_>) + Send + Sync + 'watch;

/// Runs every definition of a target's source against it, in the order of targets and definitions.
pub async fn collect(
    app: &App,
    targets: &[Box<dyn Target>],
    definitions: &[&CollectorDefinition],
    watch: &Watcher<'_>,
) -> Vec<RawEvidence> {
    let of_target = |target: &dyn Target| {
        definitions.iter().filter(|definition| definition.source == target.source()).copied().collect::<Vec<_>>()
    };
    watch(Progress::Planned(targets.iter().map(|target| of_target(target.as_ref()).len()).sum()));
    let all = targets.iter().map(|target| {
        let definitions = of_target(target.as_ref());
        collect_target(app, target.as_ref(), definitions, watch)
    });
    let collected: Vec<Vec<RawEvidence>> =
        stream::iter(all).buffered(app.config.collect.targets_at_once).collect().await;
    collected.into_iter().flatten().collect()
}

async fn collect_target(
    app: &App,
    target: &dyn Target,
    definitions: Vec<&CollectorDefinition>,
    watch: &Watcher<'_>,
) -> Vec<RawEvidence> {
    let (folder, stop) = (app.data.staging_folder(), CancellationToken::new());
    let place = Workplace { clock: app.clock.as_ref(), folder: &folder, stop: &stop };
    let each = definitions.into_iter().map(|definition| async move {
        watch(Progress::Started { dataset: &definition.id, target: target.name() });
        let evidence = target.collect(definition, place).await;
        let outcome = evidence.outcome;
        watch(Progress::Finished { dataset: &definition.id, target: target.name(), outcome });
        evidence
    });
    stream::iter(each).buffered(app.config.collect.datasets_at_once).collect().await
}
