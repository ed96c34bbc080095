//! The documented limits in their real units, and refusals by script. Windows slide.
//!
//! A refused request counts like any other, so immediate repetition keeps a window full. Windows are 5 % shorter than
//! documented: a client that keeps exactly to the limit is not refused for the jitter of its own timers.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::endpoint::{Endpoint, Service};

/// Which requests are refused with 429.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Throttle {
    /// What the service documents for one application in one tenant.
    Documented,
    /// The same scopes with other numbers.
    Limits(Limits),
    Off,
    /// Only these.
    Scripted(Vec<Refusal>),
}

/// Requests number `first` to `first + times - 1` to a path are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Path below the version, or as [`super::endpoint`] lists it.
    pub path: String,
    /// Counted from 1.
    pub first: u64,
    pub times: u64,
    /// Sent verbatim; none sends no header.
    pub retry_after: Option<String>,
}

/// So many units in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub units: u64,
    pub window: Duration,
    /// Whether a refusal says how long to wait.
    pub says_when: bool,
}

/// One limit for each service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub directory: Limit,
    /// Conditional access and identity protection together.
    pub conditional_access: Limit,
    /// Reports of sign-ins and registered methods.
    pub reports: Limit,
    pub intune: Limit,
    pub intune_configuration: Limit,
}

impl Limits {
    /// The documented numbers; those of the directory depend on the size of the tenant.
    #[must_use]
    pub const fn documented(users: usize) -> Self {
        let units = if users < 50 {
            3500
        } else if users <= 500 {
            5000
        } else {
            8000
        };
        Self {
            directory: Limit { units, window: Duration::from_secs(10), says_when: true },
            conditional_access: Limit { units: 1, window: Duration::from_secs(1), says_when: false },
            reports: Limit { units: 5, window: Duration::from_secs(10), says_when: true },
            intune: Limit { units: 2000, window: Duration::from_secs(20), says_when: true },
            intune_configuration: Limit { units: 1000, window: Duration::from_secs(20), says_when: true },
        }
    }

    /// None where nothing is documented.
    const fn of(&self, service: Service) -> Option<Limit> {
        match service {
            Service::Directory => Some(self.directory),
            Service::ConditionalAccess | Service::IdentityProtection => Some(self.conditional_access),
            Service::Reports => Some(self.reports),
            Service::Intune => Some(self.intune),
            Service::IntuneConfiguration => Some(self.intune_configuration),
            Service::Sharepoint => None,
        }
    }
}

/// A refusal as the client gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub retry_after: Option<String>,
    /// False when the client could not have known.
    pub avoidable: bool,
    pub scope: Service,
}

#[derive(Debug)]
pub(super) struct Gate {
    rule: Throttle,
    limits: Limits,
    windows: BTreeMap<Service, VecDeque<(Instant, u64)>>,
    seen: BTreeMap<String, u64>,
    /// Until when a path was told to wait.
    told_to_wait: BTreeMap<String, Instant>,
}

impl Gate {
    pub(super) fn new(rule: Throttle, users: usize) -> Self {
        let limits = match &rule {
            Throttle::Limits(limits) => *limits,
            _ => Limits::documented(users),
        };
        Self { rule, limits, windows: BTreeMap::new(), seen: BTreeMap::new(), told_to_wait: BTreeMap::new() }
    }

    /// Counts a request that weighs `cost` units and says whether it is refused.
    pub(super) fn admit(&mut self, endpoint: &Endpoint, path: &str, cost: u64, now: Instant) -> Result<(), Refused> {
        let scope = endpoint.service;
        if let Some(until) = self.told_to_wait.get(path).copied()
            && now < until
        {
            let left = (until - now).as_secs_f64();
            return Err(Refused { retry_after: Some(format!("{left:.3}")), avoidable: true, scope });
        }
        match &self.rule {
            Throttle::Off => Ok(()),
            Throttle::Scripted(refusals) => {
                let pattern = endpoint.path;
                let own = count_one(&mut self.seen, path);
                let alike = if path.eq_ignore_ascii_case(pattern) { own } else { count_one(&mut self.seen, pattern) };
                let is_meant = |refusal: &&Refusal, name: &str, number: u64| {
                    refusal.path.eq_ignore_ascii_case(name)
                        && (refusal.first..refusal.first.saturating_add(refusal.times)).contains(&number)
                };
                let refusal = refusals.iter().find(|one| is_meant(one, path, own) || is_meant(one, pattern, alike));
                let Some(retry_after) = refusal.map(|refusal| refusal.retry_after.clone()) else { return Ok(()) };
                self.tell_to_wait(path, retry_after.as_deref(), now);
                Err(Refused { retry_after, avoidable: false, scope })
            }
            Throttle::Documented | Throttle::Limits(_) => self.count(scope, cost, now),
        }
    }

    /// Remembers a `Retry-After` that was sent, so that a client that does not wait is found out.
    pub(super) fn tell_to_wait(&mut self, path: &str, retry_after: Option<&str>, now: Instant) {
        let seconds = retry_after.and_then(|text| text.trim().parse::<f64>().ok());
        // Five per cent for the jitter of timers, as with the windows.
        if let Some(wait) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds * 0.95).ok())
            && let Some(until) = now.checked_add(wait)
        {
            self.told_to_wait.insert(path.to_owned(), until);
        }
    }

    fn count(&mut self, scope: Service, cost: u64, now: Instant) -> Result<(), Refused> {
        let Some(limit) = self.limits.of(scope) else { return Ok(()) };
        // One window for the services that share a limit.
        let window_of = if scope == Service::IdentityProtection { Service::ConditionalAccess } else { scope };
        let length = limit.window.mul_f64(0.95);
        let window = self.windows.entry(window_of).or_default();
        while window.front().is_some_and(|(time, _)| now.saturating_duration_since(*time) >= length) {
            window.pop_front();
        }
        let used: u64 = window.iter().map(|(_, units)| units).sum();
        let oldest = window.front().map(|(time, _)| *time);
        window.push_back((now, cost));
        if used + cost <= limit.units {
            return Ok(());
        }
        let left = oldest.map_or(limit.window, |time| limit.window.saturating_sub(now.saturating_duration_since(time)));
        let retry_after = limit.says_when.then(|| format!("{:.3}", left.as_secs_f64().max(0.001)));
        Err(Refused { retry_after, avoidable: true, scope })
    }
}

fn count_one(seen: &mut BTreeMap<String, u64>, path: &str) -> u64 {
    let number = seen.entry(path.to_owned()).or_default();
    *number += 1;
    *number
}

#[cfg(test)]
mod tests {
    use super::{Gate, Refusal, Throttle};
    use crate::demo::tenant::endpoint::find;
    use std::time::{Duration, Instant};

    fn policies(gate: &mut Gate, at: Instant) -> Result<(), Option<String>> {
        let path = "/identity/conditionalAccess/policies";
        gate.admit(find(path).unwrap().0, path, 1, at).map_err(|refused| refused.retry_after)
    }

    #[test]
    fn conditional_access_takes_one_request_a_second_and_never_says_when_to_come_back() {
        let mut gate = Gate::new(Throttle::Documented, 120);
        let start = Instant::now();
        assert_eq!(policies(&mut gate, start), Ok(()));
        assert_eq!(policies(&mut gate, start + Duration::from_millis(500)), Err(None));
        assert_eq!(policies(&mut gate, start + Duration::from_millis(1500)), Ok(()));
    }

    #[test]
    fn repeating_at_once_keeps_the_window_full() {
        let mut gate = Gate::new(Throttle::Documented, 120);
        let start = Instant::now();
        let answers: Vec<bool> =
            (0..20).map(|turn| policies(&mut gate, start + Duration::from_millis(turn * 200)).is_ok()).collect();
        assert_eq!(answers.iter().filter(|admitted| **admitted).count(), 1);
    }

    #[test]
    fn a_script_refuses_the_named_requests_and_no_other() {
        let path = "/users";
        let refusal = Refusal { path: path.into(), first: 2, times: 1, retry_after: None };
        let mut gate = Gate::new(Throttle::Scripted(vec![refusal]), 120);
        let now = Instant::now();
        let answers: Vec<bool> = (0..3).map(|_| gate.admit(find(path).unwrap().0, path, 1, now).is_ok()).collect();
        assert_eq!(answers, [true, false, true]);
    }

    #[test]
    fn coming_back_before_the_time_named_is_refused_again_as_avoidable() {
        let path = "/users";
        let refusal = Refusal { path: path.into(), first: 1, times: 1, retry_after: Some("2.5".into()) };
        let mut gate = Gate::new(Throttle::Scripted(vec![refusal]), 120);
        let now = Instant::now();
        let endpoint = find(path).unwrap().0;
        assert!(!gate.admit(endpoint, path, 1, now).unwrap_err().avoidable);
        assert!(gate.admit(endpoint, path, 1, now + Duration::from_secs(1)).unwrap_err().avoidable);
        assert!(gate.admit(endpoint, path, 1, now + Duration::from_secs(3)).is_ok());
    }
}
