//! Faults to order: what goes wrong, on which request. Faults are data; [`super::RunningTenant::inject`] takes them.

use std::time::Duration;

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path below the version, such as `/users`, or with `{id}` as [`super::endpoint`] lists it; the token endpoint is
    /// [`TOKEN_PATH`], a batch as a whole `/$batch`. A request within a batch is struck by its own path, but only by faults
    /// of the answer, not of the bytes on the wire.
    pub path: String,
    /// Which request to that path, counted from 1 from the moment the fault is injected.
    pub nth_request: u64,
    /// How many requests in a row it strikes, that one included.
    pub times: u64,
    pub kind: FaultKind,
}

/// The path by which faults and statistics name the token endpoint.
pub const TOKEN_PATH: &str = "/oauth2/v2.0/token";

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// A gateway's error page instead of JSON.
    Html502,
    /// A web page with this status: a gateway's, or that of a network that wants to be signed in to.
    Html(u16),
    /// The right body under another content type.
    ContentType(String),
    /// A well-formed HTTP answer whose JSON stops in the middle.
    TruncatedBody,
    /// The connection ends before the announced length is reached.
    ResetMidBody,
    /// A valid answer padded to at least this many bytes.
    OversizedBody(u64),
    /// A compressed body, small on the wire, that unpacks to at least this many bytes.
    OversizedGzip(u64),
    /// Half the body, then silence for this long, then the rest.
    Stall(Duration),
    /// `@odata.nextLink` leads to another host.
    ForeignNextLink,
    /// `@odata.nextLink` leads to the very page that holds it.
    LoopingNextLink,
    /// The next page will hold the rows of this one again, under another link.
    RepeatedPage,
    /// Every number arrives as a text.
    NumbersAsStrings,
    /// The object arrives within `value`, as the documentation of some settings shows it.
    WrappedInValue,
    /// This status, and a body that repeats what the client proved itself with: its token, or at the token endpoint the whole
    /// form.
    Echo(u16),
    /// 403 as for a tenant without premium licence, whatever it has bought.
    NotPremium,
    /// The answer's clock is so many seconds off.
    WrongDate(i64),
    /// This status with this body.
    Status(u16, String),
    /// Every token issued so far stops working, beginning with this request.
    ExpireTokens,
    /// Every page token issued so far stops working, beginning with this request.
    ExpirePageTokens,
    /// 401 with a claims challenge; a token issued afterwards is accepted again.
    ClaimsChallenge,
    /// From this request on, only tokens that were asked for with the claims of the challenge are accepted.
    ClaimsRequired,
    /// The token endpoint refuses with this AADSTS code, in the documented form.
    Aadsts(u32),
    /// An administrator withdraws a permission, beginning with this request.
    LoseConsent(String),
    /// 429 with this `Retry-After`, verbatim; earlier repetitions are refused again and counted as avoidable.
    RetryAfter(String),
}

impl Fault {
    #[must_use]
    pub fn on(path: &str, nth_request: u64, kind: FaultKind) -> Self {
        Self { path: path.to_owned(), nth_request, times: 1, kind }
    }

    /// The same fault for so many requests in a row.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }
}

/// Faults that wait for their request.
#[derive(Debug, Default)]
pub(super) struct Pending(Vec<(Fault, u64)>);

impl Pending {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    /// Counts a request to `path`, which the list of endpoints knows as `pattern`, and gives the faults that strike it.
    pub(super) fn strike(&mut self, path: &str, pattern: &str) -> Vec<FaultKind> {
        let mut struck = Vec::new();
        self.0.retain_mut(|(fault, seen)| {
            if !fault.path.eq_ignore_ascii_case(path) && !fault.path.eq_ignore_ascii_case(pattern) {
                return true;
            }
            *seen += 1;
            if *seen < fault.nth_request {
                return true;
            }
            struck.push(fault.kind.clone());
            *seen + 1 < fault.nth_request + fault.times
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
            ["/users", "/groups", "/users", "/users"].iter().map(|p| pending.strike(p, p).len()).collect();
        assert_eq!(struck, [0, 0, 1, 0]);
    }

    #[test]
    fn a_fault_can_strike_several_requests_in_a_row_and_any_object_of_a_kind() {
        let mut pending = Pending::default();
        pending.add(Fault::on("/groups/{id}/transitiveMembers", 2, FaultKind::Html502).times(2));
        let strike =
            |n| pending.strike(&format!("/groups/{n}/transitiveMembers"), "/groups/{id}/transitiveMembers").len();
        assert_eq!((0..5).map(strike).collect::<Vec<_>>(), [0, 1, 1, 0, 0]);
    }
}
