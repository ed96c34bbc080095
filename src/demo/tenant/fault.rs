//! Faults to order: what goes wrong, on which request. Faults are data; [`super::RunningTenant::inject`] takes them.

use std::time::Duration;

/// One thing that goes wrong once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path below the version, such as `/users`; the token endpoint is [`TOKEN_PATH`].
    pub path: String,
    /// Which request to that path, counted from 1 from the moment the fault is injected.
    pub nth_request: u64,
    pub kind: FaultKind,
}

/// The path by which faults and statistics name the token endpoint.
pub const TOKEN_PATH: &str = "/oauth2/v2.0/token";

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// A gateway's error page instead of JSON.
    Html502,
    /// A well-formed HTTP answer whose JSON stops in the middle.
    TruncatedBody,
    /// The connection ends before the announced length is reached.
    ResetMidBody,
    /// A valid answer padded to at least this many bytes.
    OversizedBody(u64),
    /// Half the body, then silence for this long, then the rest.
    Stall(Duration),
    /// `@odata.nextLink` leads to another host.
    ForeignNextLink,
    /// `@odata.nextLink` leads to the very page that holds it.
    LoopingNextLink,
    /// This status with this body.
    Status(u16, String),
    /// Every token issued so far stops working, beginning with this request.
    ExpireTokens,
    /// Every page token issued so far stops working, beginning with this request.
    ExpirePageTokens,
    /// 401 with a claims challenge; a token issued afterwards is accepted again.
    ClaimsChallenge,
    /// An administrator withdraws a permission, beginning with this request.
    LoseConsent(String),
    /// 429 with this `Retry-After`, verbatim; earlier repetitions are refused again and counted as avoidable.
    RetryAfter(String),
}

impl Fault {
    #[must_use]
    pub fn on(path: &str, nth_request: u64, kind: FaultKind) -> Self {
        Self { path: path.to_owned(), nth_request, kind }
    }
}

/// Faults that wait for their request.
#[derive(Debug, Default)]
pub(super) struct Pending(Vec<(Fault, u64)>);

impl Pending {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    /// Counts a request and gives the faults that strike it.
    pub(super) fn strike(&mut self, path: &str) -> Vec<FaultKind> {
        let mut struck = Vec::new();
        self.0.retain_mut(|(fault, seen)| {
            if !fault.path.eq_ignore_ascii_case(path) {
                return true;
            }
            *seen += 1;
            if *seen < fault.nth_request {
                return true;
            }
            struck.push(fault.kind.clone());
            false
        });
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind, Pending};

    #[test]
    fn a_fault_strikes_its_request_once_and_no_other() {
        let mut pending = Pending::default();
        pending.add(Fault::on("/users", 2, FaultKind::Html502));
        let struck: Vec<usize> =
            ["/users", "/groups", "/users", "/users"].iter().map(|p| pending.strike(p).len()).collect();
        assert_eq!(struck, [0, 0, 1, 0]);
    }
}
