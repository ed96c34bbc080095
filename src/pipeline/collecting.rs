//! Collects many datasets of many targets side by side. Whatever one of them does, fail, break down or never answer, the
//! others are read.
//!
//! A run that is told to end early begins nothing more and gives what it is reading a moment; what was not read then is
//! evidence too, `failed` with the reason. Start with [`collect`].

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use std::path::Path;

use futures_util::stream;
use futures_util::{FutureExt, StreamExt};
use serde_json::Map;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::turns::Turn;
use crate::app::App;
use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Target, Workplace};
use crate::model::evidence::{CollectionOutcome, ENDED_EARLY, RawEvidence, Source, was_ended_early};
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;

/// How much is read side by side, and when something is given up.
struct Manner<'a> {
    /// The process's places, whatever the number of runs.
    places: &'a Semaphore,
    targets_at_once: usize,
    datasets_at_once: usize,
    /// How long what is being read may take to end once the run is to end early.
    grace: Duration,
    /// How much longer than its own limit a dataset may take before it is given up: its target should have ended it.
    slack: Duration,
}

const GRACE: Duration = Duration::from_secs(10);
const SLACK: Duration = Duration::from_mins(1);

/// What happens while a run goes on, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// So many datasets of this target will be read.
    Planned {
        source: Source,
        target: &'a str,
        datasets: usize,
    },
    Started {
        dataset: &'a DatasetId,
        target: &'a str,
    },
    Finished {
        dataset: &'a DatasetId,
        target: &'a str,
        outcome: CollectionOutcome,
        reason: &'a str,
    },
    /// All datasets of this target were read or given up.
    Done {
        source: Source,
        target: &'a str,
    },
    Sealing,
    Judging,
}

/// Watches a run; called from several threads.
pub type Watcher<'watch> = dyn Fn(Progress<'_>) + Send + Sync + 'watch;

/// Runs the definitions of every turn against its target; answers in the order of turns and definitions. Large answers wait
/// in `folder` until they are sealed.
pub async fn collect(
    app: &App,
    folder: &Path,
    turns: &[Turn<'_>],
    stop: &CancellationToken,
    watch: &Watcher<'_>,
) -> Vec<RawEvidence> {
    let place = Workplace { clock: app.clock.as_ref(), folder, stop };
    let manner = Manner {
        places: &app.reading,
        targets_at_once: app.config.collect.targets_at_once,
        datasets_at_once: app.config.collect.datasets_at_once,
        grace: GRACE,
        slack: SLACK,
    };
    read(&manner, turns, place, watch).await
}

async fn read(manner: &Manner<'_>, turns: &[Turn<'_>], place: Workplace<'_>, watch: &Watcher<'_>) -> Vec<RawEvidence> {
    for Turn { target, definitions } in turns {
        watch(Progress::Planned { source: target.source(), target: target.name(), datasets: definitions.len() });
    }
    // Not in order: a target that takes long must not keep those behind it from beginning.
    let all = turns.iter().enumerate().map(|(position, turn)| async move {
        // A run that is to end needs no place to say what it has not read.
        let _place = place.stop.run_until_cancelled(manner.places.acquire()).await;
        let collected = read_target(manner, turn, place, watch).await;
        watch(Progress::Done { source: turn.target.source(), target: turn.target.name() });
        (position, collected)
    });
    let mut collected: Vec<(usize, Vec<RawEvidence>)> =
        stream::iter(all).buffer_unordered(manner.targets_at_once).collect().await;
    collected.sort_by_key(|(position, _)| *position);
    collected.into_iter().flat_map(|(_, evidence)| evidence).collect()
}

async fn read_target(
    manner: &Manner<'_>,
    turn: &Turn<'_>,
    place: Workplace<'_>,
    watch: &Watcher<'_>,
) -> Vec<RawEvidence> {
    let target = turn.target;
    let each = turn.definitions.iter().enumerate().map(|(position, definition)| async move {
        watch(Progress::Started { dataset: &definition.id, target: target.name() });
        let evidence = read_one(manner, target, definition, place).await;
        let (outcome, reason) = (evidence.outcome, evidence.reason.as_str());
        watch(Progress::Finished { dataset: &definition.id, target: target.name(), outcome, reason });
        (position, evidence)
    });
    let mut collected: Vec<(usize, RawEvidence)> =
        stream::iter(each).buffer_unordered(manner.datasets_at_once).collect().await;
    collected.sort_by_key(|(position, _)| *position);
    collected.into_iter().map(|(_, evidence)| evidence).collect()
}

/// One dataset, or why there is none.
async fn read_one(
    manner: &Manner<'_>,
    target: &dyn Target,
    definition: &CollectorDefinition,
    place: Workplace<'_>,
) -> RawEvidence {
    let started = place.clock.now();
    let unread = |reason: String| unread(target, definition, started, reason);
    if place.stop.is_cancelled() {
        return unread(format!("{ENDED_EARLY} before this was asked for, so nothing of it is known."));
    }
    let limit = Duration::from_secs(definition.timeout_seconds) + manner.slack;
    let asked_to_end = async {
        place.stop.cancelled().await;
        tokio::time::sleep(manner.grace).await;
    };
    tokio::select! {
        evidence = AssertUnwindSafe(target.collect(definition, place)).catch_unwind() => match evidence {
            Ok(evidence) => cut_off(evidence, place.stop),
            Err(panic) => {
                tracing::error!(dataset = %definition.id, target = target.name(), "Reading broke down: {}", words(&*panic));
                unread("Reading it broke down, which is a fault of this program; its log says more.".to_owned())
            }
        },
        () = tokio::time::sleep(limit) => unread(format!(
            "It had not ended {} seconds after its time was over and was given up.", manner.slack.as_secs()
        )),
        () = asked_to_end => unread(format!(
            "{ENDED_EARLY} while this was being read, and it did not end within {} seconds.", manner.grace.as_secs()
        )),
    }
}

/// What a target hands over after it was told to stop is what it had read until then. A refusal stays what it is.
fn cut_off(mut evidence: RawEvidence, stop: &CancellationToken) -> RawEvidence {
    let is_cut_off = matches!(evidence.outcome, CollectionOutcome::Failed | CollectionOutcome::Partial);
    if stop.is_cancelled() && is_cut_off && !was_ended_early(evidence.outcome, &evidence.reason) {
        let said = evidence.reason.trim_end_matches('.');
        evidence.reason = format!("{ENDED_EARLY} while this was being read ({said}).");
    }
    evidence
}

/// Evidence that a dataset was not read.
pub(super) fn unread(
    target: &dyn Target,
    definition: &CollectorDefinition,
    at: Timestamp,
    reason: String,
) -> RawEvidence {
    RawEvidence {
        dataset: definition.id.clone(),
        collector_digest: definition.digest,
        target: target.name().to_owned(),
        source: target.source(),
        started: at,
        finished: at,
        source_clock: None,
        outcome: CollectionOutcome::Failed,
        reason,
        provenance: Map::new(),
        redactions: Vec::new(),
        artifacts: Vec::new(),
    }
}

/// What somebody said when giving up.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

#[cfg(test)]
mod tests;
