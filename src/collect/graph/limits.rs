//! How patient and how gentle the client is: tries, delays, sizes, and the limits that gates keep.
//!
//! Limits on the time and size of one dataset are the collector's own and not here.

use std::time::Duration;

use super::gates::{self, GateRule};
use crate::config::GraphPace;

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
    /// The largest body of one answer, after decompression. A dataset's own limit may be lower.
    pub max_page_bytes: u64,
    /// Answers of one dataset that are held in memory until they are sealed; the rest waits in files.
    pub memory_bytes: u64,
    /// Objects that one dataset asks about, one by one.
    pub max_ids: usize,
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
        Self {
            max_tries: 6,
            max_connection_tries: 3,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(1),
            max_pages: 1_000,
            max_page_bytes: 64 * 1024 * 1024,
            memory_bytes: 1024 * 1024,
            max_ids: 5_000,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            refusal_memory: Duration::from_mins(1),
            gates: gates::documented(),
        }
    }
}

impl GraphLimits {
    /// The same with another pace.
    #[must_use]
    pub fn at(self, pace: GraphPace) -> Self {
        match pace {
            GraphPace::Documented => self,
            GraphPace::Unlimited => Self { gates: gates::unlimited(), ..self },
        }
    }

    /// For a service on this machine: short pauses, and refusals are forgotten at once.
    #[must_use]
    pub fn for_loopback() -> Self {
        Self {
            first_delay: Duration::from_millis(20),
            longest_delay: Duration::from_millis(500),
            refusal_memory: Duration::ZERO,
            ..Self::default()
        }
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
    use super::{GraphLimits, Patience};
    use std::time::Duration;

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
