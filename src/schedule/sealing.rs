//! Keeps the spool short: seals at the start, every some minutes, when much waits, and before the end.
//!
//! Several processes may run this; a lock lets one seal. What fails is logged once and tried again at the next time.
//! Start with [`keep_sealing`].

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::model::fault::causes;
use crate::pipeline::sealer::{SealFault, SealReport, seal_spool};

/// How often is looked how much waits.
const LOOK: Duration = Duration::from_secs(5);
/// The shortest pause between two attempts: what waits may be in segments that another process still writes.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// Seals what waits until `stop` is ready, then once more. An attempt is always awaited to its end.
pub async fn keep_sealing(app: Arc<App>, stop: impl Future<Output = ()> + Send) {
    let mut stop = pin!(stop);
    let mut said = BTreeSet::new();
    let minutes = Duration::from_mins(app.config.spool.seal_after_minutes.into());
    let bytes = u64::from(app.config.spool.seal_after_megabytes) * 1_000_000;
    loop {
        seal(&app, &mut said).await;
        let last = Instant::now();
        loop {
            tokio::select! {
                () = &mut stop => return seal(&app, &mut said).await,
                () = tokio::time::sleep(LOOK.min(minutes)) => {}
            }
            // What cannot be looked at is said when it is sealed.
            let much_waits = app.spool.backlog().map_or(true, |backlog| backlog.bytes >= bytes);
            if last.elapsed() >= minutes || (much_waits && last.elapsed() >= SHORTEST_PAUSE) {
                break;
            }
        }
    }
}

async fn seal(app: &App, said: &mut BTreeSet<String>) {
    let SealReport { archives, troubles } = match seal_spool(app).await {
        Ok(report) => report,
        // The other one does the work.
        Err(SealFault::Busy) => return,
        Err(fault) => return say(said, causes(&fault)),
    };
    for one in archives {
        tracing::info!(organization = %one.organization, items = one.items, first_leaf = one.first_leaf, "Sealed what arrived");
    }
    if troubles.is_empty() {
        said.clear();
    }
    for trouble in &troubles {
        say(said, causes(trouble));
    }
}

fn say(said: &mut BTreeSet<String>, sentence: String) {
    if !said.contains(&sentence) {
        tracing::error!("{sentence}");
        said.insert(sentence);
    }
}
