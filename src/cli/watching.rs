//! Shows a run on stderr: bars on a terminal, a bar for each target; plain lines otherwise.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::model::evidence::CollectionOutcome;
use crate::pipeline::collecting::Progress;

/// Watches one run, or several after each other.
pub struct Watcher {
    bars: MultiProgress,
    /// Nobody looks at a terminal: lines instead of bars.
    plain: bool,
    targets: Mutex<BTreeMap<String, Seen>>,
    /// What follows reading.
    last: Mutex<Option<ProgressBar>>,
}

/// A target as it is being read.
struct Seen {
    bar: ProgressBar,
    planned: usize,
    whole: usize,
    /// What is being read, the newest last.
    running: Vec<String>,
}

impl Seen {
    fn show(&self) {
        self.bar.set_message(self.running.last().cloned().unwrap_or_default());
    }
}

impl Watcher {
    pub fn start() -> Self {
        let plain = !std::io::IsTerminal::is_terminal(&std::io::stderr());
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bars = MultiProgress::with_draw_target(target);
        Self { bars, plain, targets: Mutex::default(), last: Mutex::default() }
    }

    /// Takes one step of a run.
    pub fn see(&self, progress: Progress<'_>) {
        match progress {
            Progress::Planned { target, datasets, .. } => {
                let bar = self.bar(datasets as u64, "{prefix} {bar:24} {pos}/{len} {msg}");
                bar.set_prefix(output::plain(target));
                let seen = Seen { bar, planned: datasets, whole: 0, running: Vec::new() };
                self.targets().insert(target.to_owned(), seen);
            }
            Progress::Started { dataset, target } => {
                self.of(target, |seen| {
                    seen.running.push(dataset.to_string());
                    seen.show();
                });
            }
            Progress::Finished { dataset, target, outcome, reason } => {
                self.of(target, |seen| {
                    seen.bar.inc(1);
                    seen.whole += usize::from(outcome.is_seen_whole());
                    seen.running.retain(|one| one != dataset.as_str());
                    seen.show();
                });
                // What is empty was seen whole, but is said: an empty list is often a surprise.
                if self.plain && outcome != CollectionOutcome::Complete {
                    let (target, reason) = (output::plain(target), output::plain(reason));
                    output::note(format_args!("{dataset} of {target}: {}: {reason}", outcome.words()));
                }
            }
            Progress::Done { target, .. } => self.of(target, |seen| {
                seen.bar.finish_with_message("read");
                if self.plain {
                    let of = output::count(seen.planned, "dataset");
                    output::note(format_args!("{}: {} of {of} seen whole", output::plain(target), seen.whole));
                }
            }),
            Progress::Sealing => self.say("Sealing what was seen"),
            Progress::Judging => self.say("Judging"),
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        for seen in std::mem::take(&mut *self.targets()).into_values() {
            seen.bar.finish_and_clear();
        }
        if let Some(bar) = self.last.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
        self.bars.clear().ok();
    }

    fn say(&self, words: &'static str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get_or_insert_with(|| self.bar(0, "{spinner} {msg}")).set_message(words);
    }

    fn bar(&self, length: u64, template: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(length));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    fn of(&self, target: &str, act: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.targets().get_mut(target) {
            act(seen);
        }
    }

    fn targets(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Seen>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
