//! What stops the reading of a dataset, in the words that its evidence gives as the reason.

use super::http::{Answer, EXCERPT};
use super::token_errors::TokenFailure;
use crate::catalog::collector::CollectorDefinition;
use crate::catalog::graph_errors::{ErrorClass, GraphError, Needs, classify};
use crate::model::evidence::CollectionOutcome;

/// A licence refusal is believed after this many: Microsoft reports it now and then for licensed tenants.
const LICENCE_TRIES: u32 = 3;
const FLAPPING_LICENCE_CODE: &str = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";

/// What stopped a dataset.
#[derive(Debug, Clone)]
pub(super) struct Setback {
    pub(super) outcome: CollectionOutcome,
    pub(super) reason: String,
    /// The answer that is to be kept as an artifact.
    pub(super) answer: Option<Box<Answer>>,
    /// Reading the dataset from its beginning may help.
    pub(super) restart: bool,
}

impl Setback {
    pub(super) fn new(outcome: CollectionOutcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: reason.into(), answer: None, restart: false }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::new(CollectionOutcome::Failed, reason)
    }

    pub(super) fn keeping(self, answer: Answer) -> Self {
        Self { answer: Some(Box::new(answer)), ..self }
    }

    /// The dataset's time is over.
    pub(super) fn out_of_time(definition: &CollectorDefinition, trouble: Option<Self>, in_gate: bool) -> Self {
        let seconds = definition.timeout_seconds;
        match trouble {
            None if in_gate => Self::new(
                CollectionOutcome::Throttled,
                format!(
                    "the time limit of {seconds} seconds passed while the dataset waited for its turn, because Microsoft Graph limits how often such things may be asked for: collect it again later"
                ),
            ),
            Some(trouble) => {
                let reason = format!("the time limit of {seconds} seconds passed while waiting: {}", trouble.reason);
                Self { reason, ..trouble }
            }
            None => Self::new(
                CollectionOutcome::Unreachable,
                format!(
                    "the time limit of {seconds} seconds passed before the dataset was read: collect it again, or raise timeout_seconds"
                ),
            ),
        }
    }

    /// Somebody ended the run.
    pub(super) fn run_ended() -> Self {
        Self::failed("what was still to come was not asked for")
    }

    /// An answer or a dataset that is larger than may be.
    pub(super) fn too_large(mut answer: Answer, dataset_limit: u64, page_limit: u64, is_the_page: bool) -> Self {
        let reason = if is_the_page {
            format!(
                "one answer is larger than an answer may be ({page_limit} bytes): ask for fewer rows a page with $top"
            )
        } else {
            format!(
                "the dataset is larger than its collector allows ({dataset_limit} bytes): raise max_bytes if that is right"
            )
        };
        // Copied, so that the rest of the memory is given back.
        answer.body = bytes::Bytes::copy_from_slice(answer.body.get(..EXCERPT).unwrap_or(&answer.body));
        Self::failed(reason).keeping(answer)
    }
}

impl From<TokenFailure> for Setback {
    fn from(failure: TokenFailure) -> Self {
        Self::new(failure.outcome, failure.reason)
    }
}

/// What to do about a refusal.
pub(super) enum Remedy {
    /// Ask again with another token.
    RenewToken,
    /// Ask again after a pause, at most so many times in all.
    Again(u32),
    Stop,
}

/// What a refusal means: the setback if it is final, and what to try before.
pub(super) struct Refusal {
    pub(super) setback: Setback,
    pub(super) remedy: Remedy,
    pub(super) class: ErrorClass,
    /// The service says that the token as such is worth nothing, not only here.
    pub(super) is_about_the_token: bool,
}

/// How an error answer of a request, or of one item of a batch, is to be taken.
pub(super) struct Judge<'a> {
    pub(super) definition: &'a CollectorDefinition,
    /// The thing asked for is one object, which may never have been configured.
    pub(super) is_one_object: bool,
    pub(super) max_tries: u32,
}

impl Judge<'_> {
    pub(super) fn refusal(&self, status: u16, body: &[u8]) -> Refusal {
        self.of(classify(Some(status), body))
    }

    fn of(&self, error: GraphError) -> Refusal {
        let needs =
            Needs { permission: self.definition.permission.as_deref(), licence: self.definition.licence.as_deref() };
        let is_unconfigured =
            error.class == ErrorClass::NotConfigured && error.status == Some(404) && self.is_one_object;
        let mut setback = if is_unconfigured {
            let reason = format!("nothing is configured here: Microsoft Graph knows no such object ({})", error.code);
            Setback::new(CollectionOutcome::Empty, reason)
        } else {
            Setback::new(error.outcome(), error.reason(needs))
        };
        setback.restart = error.class == ErrorClass::Restart;
        let remedy = match error.class {
            _ if error.status == Some(401) => Remedy::RenewToken,
            ErrorClass::SlowDown | ErrorClass::Unavailable | ErrorClass::Broken => Remedy::Again(self.max_tries),
            ErrorClass::NoLicence if error.code == FLAPPING_LICENCE_CODE => {
                Remedy::Again(LICENCE_TRIES.min(self.max_tries))
            }
            _ => Remedy::Stop,
        };
        let is_about_the_token = error.code.is_empty() || error.code.eq_ignore_ascii_case("InvalidAuthenticationToken");
        Refusal { setback, remedy, class: error.class, is_about_the_token }
    }
}
