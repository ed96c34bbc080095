//! How patient and how gentle the client is: tries, delays, page limit, and the gates that keep known rate limits.
//!
//! Limits on the time and size of one dataset are the collector's own and not here.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// At most one request per `interval` to every path that begins with `path_prefix` (after the API version).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRule {
    pub path_prefix: String,
    pub interval: Duration,
}

/// Limits of one [`super::GraphTarget`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphLimits {
    /// Requests for one page, the first included, while the service asks to wait or is down.
    pub max_tries: u32,
    /// The same while no connection can be made at all.
    pub max_connection_tries: u32,
    /// The first pause when the service names none; doubled each time, with jitter.
    pub first_delay: Duration,
    /// The longest pause that is chosen here. A `Retry-After` is honoured whole.
    pub longest_delay: Duration,
    pub max_pages: usize,
    pub connect_timeout: Duration,
    /// The longest silence inside an answer.
    pub idle_timeout: Duration,
    /// How long a refusal of the token endpoint is remembered, so that twenty datasets do not ask twenty times.
    pub refusal_memory: Duration,
    pub gates: Vec<GateRule>,
}

impl Default for GraphLimits {
    /// For the real service.
    fn default() -> Self {
        let gate = |path_prefix: &str, milliseconds| GateRule {
            path_prefix: path_prefix.to_owned(),
            interval: Duration::from_millis(milliseconds),
        };
        Self {
            max_tries: 6,
            max_connection_tries: 3,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(1),
            max_pages: 1_000,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            refusal_memory: Duration::from_mins(1),
            // One request a second for a whole tenant, and five in ten seconds: a little slower than allowed.
            gates: vec![
                gate("/identity/conditionalAccess", 1_050),
                gate("/identityProtection", 1_050),
                gate("/auditLogs", 2_100),
                gate("/reports", 2_100),
            ],
        }
    }
}

impl GraphLimits {
    /// For a service on this machine: no gates, short pauses, and refusals are forgotten at once.
    #[must_use]
    pub fn for_loopback() -> Self {
        Self {
            first_delay: Duration::from_millis(20),
            longest_delay: Duration::from_millis(500),
            refusal_memory: Duration::ZERO,
            gates: Vec::new(),
            ..Self::default()
        }
    }
}

/// The gates of one tenant, shared by everything that reads it.
#[derive(Debug)]
pub(super) struct Gates(Vec<Gate>);

#[derive(Debug)]
struct Gate {
    rule: GateRule,
    next: Mutex<Option<Instant>>,
}

impl Gates {
    pub(super) fn new(rules: &[GateRule]) -> Self {
        Self(rules.iter().map(|rule| Gate { rule: rule.clone(), next: Mutex::new(None) }).collect())
    }

    /// Waits until a request to `path` may be sent. Those who wait are let through in order, one per interval.
    pub(super) async fn pass(&self, path: &str) {
        let Some(gate) = self.of(path) else { return };
        let slot = {
            let mut next = gate.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let slot = next.map_or(now, |next| next.max(now));
            *next = Some(slot + gate.rule.interval);
            slot
        };
        tokio::time::sleep_until(slot).await;
    }

    /// Nobody passes to `path` before `pause` is over: the service asked for it.
    pub(super) fn hold(&self, path: &str, pause: Duration) {
        let Some(gate) = self.of(path) else { return };
        let Some(until) = Instant::now().checked_add(pause) else { return };
        let mut next = gate.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(next.map_or(until, |next| next.max(until)));
    }

    fn of(&self, path: &str) -> Option<&Gate> {
        self.0.iter().find(|gate| path.starts_with(&gate.rule.path_prefix))
    }
}

/// The pauses between the tries of one request.
#[derive(Debug)]
pub(super) struct Patience {
    tries: u32,
    delay: Duration,
    longest: Duration,
}

impl Patience {
    pub(super) fn new(limits: &GraphLimits) -> Self {
        Self { tries: 0, delay: limits.first_delay, longest: limits.longest_delay }
    }

    /// The pause before the next try, or none when `max_tries` were made. At least what the service `asked` for, and
    /// a little more, so that many clients do not come back at the same moment.
    pub(super) fn next_pause(&mut self, max_tries: u32, asked: Option<Duration>) -> Option<Duration> {
        self.tries += 1;
        if self.tries >= max_tries {
            return None;
        }
        let jitter = f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / f64::from(u32::MAX);
        let pause = match asked {
            Some(asked) => asked.saturating_add(self.delay.min(self.longest).mul_f64(jitter / 4.0)),
            None => self.delay.min(self.longest).mul_f64(0.5 + jitter / 2.0),
        };
        self.delay = self.delay.saturating_mul(2).min(self.longest);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::{GateRule, Gates, GraphLimits, Patience};
    use std::time::Duration;
    use tokio::time::Instant;

    #[tokio::test]
    async fn a_gate_lets_one_request_through_per_interval_and_others_are_free() {
        let rule = GateRule { path_prefix: "/reports".to_owned(), interval: Duration::from_millis(40) };
        let gates = Gates::new(&[rule]);
        gates.pass("/reports/a").await;
        let begin = Instant::now();
        gates.pass("/reports/b").await;
        gates.pass("/reports/c").await;
        assert!(begin.elapsed() >= Duration::from_millis(70));
        gates.hold("/reports", Duration::from_millis(200));
        gates.pass("/users").await;
        assert!(begin.elapsed() < Duration::from_millis(200));
        gates.pass("/reports/d").await;
        assert!(begin.elapsed() >= Duration::from_millis(270));
    }

    #[test]
    fn the_pause_is_never_shorter_than_the_service_asked_for() {
        let mut patience = Patience::new(&GraphLimits::default());
        for _ in 0..5 {
            let asked = Duration::from_secs_f64(2.128);
            assert!(patience.next_pause(6, Some(asked)).unwrap() >= asked);
        }
        assert!(patience.next_pause(6, None).is_none());
    }

    #[test]
    fn pauses_grow_and_stay_below_the_longest() {
        let limits = GraphLimits { longest_delay: Duration::from_secs(4), ..GraphLimits::default() };
        let mut patience = Patience::new(&limits);
        for longest in [1, 2, 4, 4] {
            let pause = patience.next_pause(9, None).unwrap();
            assert!(pause <= Duration::from_secs(longest) && pause >= Duration::from_millis(longest * 500));
        }
    }
}
