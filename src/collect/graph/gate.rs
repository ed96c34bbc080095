//! One gate: at most so many units in any window of time, and nobody while the service asked everybody to wait.
//!
//! A request counts from when it is let through until a window after it was answered, because only then it is known to have
//! arrived: however long the line takes, the service never sees more than the gate allows. Those who wait are served in
//! the order in which they came; one that gives up is passed over. Nobody asks in a loop whether it is time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// So many units in any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub units: u32,
    pub per: Duration,
}

/// How finely answered requests are remembered, as a part of the window.
const STEPS: u32 = 64;

#[derive(Debug)]
pub(super) struct Gate {
    /// None lets everybody through, unless the service asked to wait.
    allowance: Option<Allowance>,
    /// Held by whoever is first in the queue.
    turn: tokio::sync::Mutex<()>,
    window: Mutex<Window>,
    /// Something was answered.
    answered: Notify,
}

#[derive(Debug, Default)]
struct Window {
    /// Units of requests that are under way.
    under_way: u32,
    /// When requests were answered, oldest first, with their units.
    answered: VecDeque<(Instant, u32)>,
    held_until: Option<Instant>,
}

/// What whoever is first in the queue has to wait for.
enum Wait {
    Until(Instant),
    /// An answer to somebody else.
    Answer,
}

/// Leave to send; given back when the answer has begun to arrive, or nothing came.
#[derive(Debug)]
pub(super) struct Passage {
    gate: Arc<Gate>,
    units: u32,
}

impl Gate {
    pub(super) fn new(allowance: Option<Allowance>) -> Self {
        Self { allowance, turn: tokio::sync::Mutex::default(), window: Mutex::default(), answered: Notify::new() }
    }

    /// Units that may be sent in one piece.
    pub(super) fn most_at_once(&self) -> u32 {
        self.allowance.map_or(u32::MAX, |allowance| allowance.units)
    }

    /// Waits until `units` may be sent.
    pub(super) async fn pass(self: &Arc<Self>, units: u32) -> Passage {
        let _first = self.turn.lock().await;
        loop {
            let wait = self.window().take(units, self.allowance, Instant::now());
            match wait {
                Ok(()) => return Passage { gate: Arc::clone(self), units },
                Err(Wait::Answer) => self.answered.notified().await,
                Err(Wait::Until(time)) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(time) => {}
                        () = self.answered.notified() => {}
                    }
                }
            }
        }
    }

    /// Nobody passes before `pause` is over.
    pub(super) fn hold(&self, pause: Duration) {
        // What lies beyond the clock's end is for ever.
        let Some(until) = Instant::now().checked_add(pause.min(Duration::from_hours(24))) else { return };
        let mut window = self.window();
        window.held_until = Some(window.held_until.map_or(until, |known| known.max(until)));
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn take(&mut self, units: u32, allowance: Option<Allowance>, now: Instant) -> Result<(), Wait> {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Err(Wait::Until(until));
        }
        self.held_until = None;
        let Some(Allowance { units: most, per }) = allowance else { return Ok(()) };
        while self.answered.front().is_some_and(|(at, _)| *at + per <= now) {
            self.answered.pop_front();
        }
        let mut used = self.answered.iter().fold(self.under_way, |sum, (_, units)| sum.saturating_add(*units));
        // More than the gate ever allows passes alone.
        if used == 0 || used.saturating_add(units) <= most {
            self.under_way = self.under_way.saturating_add(units);
            return Ok(());
        }
        for (at, freed) in &self.answered {
            used = used.saturating_sub(*freed);
            if used == 0 || used.saturating_add(units) <= most {
                return Err(Wait::Until(*at + per));
            }
        }
        Err(Wait::Answer)
    }

    fn give_back(&mut self, units: u32, allowance: Option<Allowance>, now: Instant) {
        let Some(Allowance { per, .. }) = allowance else { return };
        self.under_way = self.under_way.saturating_sub(units);
        match self.answered.back_mut() {
            // Counted a little longer than needed, so that few numbers have to be remembered.
            Some((at, sum)) if now.duration_since(*at) < per / STEPS => {
                *at = now;
                *sum = sum.saturating_add(units);
            }
            _ => self.answered.push_back((now, units)),
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.gate.window().give_back(self.units, self.gate.allowance, Instant::now());
        self.gate.answered.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Gate, Wait, Window};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;

    fn gate(units: u32, milliseconds: u64) -> Arc<Gate> {
        Arc::new(Gate::new(Some(Allowance { units, per: Duration::from_millis(milliseconds) })))
    }

    #[test]
    fn no_window_ever_holds_more_than_is_allowed_and_nobody_waits_longer_than_needed() {
        let allowance = Some(Allowance { units: 5, per: Duration::from_secs(10) });
        let (mut window, begin) = (Window::default(), Instant::now());
        let mut now = begin;
        let mut passed = Vec::new();
        while passed.len() < 17 {
            match window.take(1, allowance, now) {
                Ok(()) => {
                    now += Duration::from_millis(300);
                    window.give_back(1, allowance, now);
                    passed.push(now - begin);
                }
                Err(Wait::Until(time)) => now = time,
                Err(Wait::Answer) => panic!("nobody is under way"),
            }
        }
        for (first, sixth) in passed.iter().zip(passed.iter().skip(5)) {
            assert!(*sixth >= *first + Duration::from_secs(10), "{passed:?}");
        }
        assert!(passed[16] <= Duration::from_secs(34), "{passed:?}");
    }

    #[test]
    fn few_numbers_are_remembered_however_many_requests_there_were() {
        let allowance = Some(Allowance { units: 100_000, per: Duration::from_secs(10) });
        let (mut window, mut now) = (Window::default(), Instant::now());
        for _ in 0..50_000 {
            assert!(window.take(1, allowance, now).is_ok());
            now += Duration::from_micros(500);
            window.give_back(1, allowance, now);
        }
        assert!(window.answered.len() < 200, "{}", window.answered.len());
    }

    #[tokio::test]
    async fn a_window_begins_when_a_request_was_answered_because_it_may_have_arrived_only_then() {
        let gate = gate(1, 60);
        let passage = gate.pass(1).await;
        tokio::time::sleep(Duration::from_millis(80)).await;
        let begin = Instant::now();
        drop(passage);
        drop(gate.pass(1).await);
        assert!(begin.elapsed() >= Duration::from_millis(60), "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn those_who_wait_pass_in_order_and_one_that_gives_up_holds_nobody() {
        let gate = gate(1, 20);
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..6)
            .map(|number| {
                let (gate, order) = (Arc::clone(&gate), Arc::clone(&order));
                tokio::spawn(async move {
                    drop(gate.pass(1).await);
                    order.lock().unwrap().push(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        tasks[1].abort();
        tasks[3].abort();
        for task in tasks {
            let _ = task.await;
        }
        assert_eq!(*order.lock().unwrap(), [0, 2, 4, 5]);
    }

    #[tokio::test]
    async fn what_the_service_asks_one_to_wait_everybody_waits() {
        let gate = Arc::new(Gate::new(None));
        let begin = Instant::now();
        drop(gate.pass(1).await);
        gate.hold(Duration::from_millis(90));
        gate.hold(Duration::from_millis(5));
        for _ in 0..3 {
            drop(gate.pass(1).await);
            assert!(begin.elapsed() >= Duration::from_millis(90));
        }
    }

    #[tokio::test]
    async fn more_than_is_ever_allowed_passes_alone() {
        let gate = gate(10, 50);
        let begin = Instant::now();
        drop(gate.pass(25).await);
        drop(gate.pass(1).await);
        assert!(begin.elapsed() >= Duration::from_millis(50));
    }
}
