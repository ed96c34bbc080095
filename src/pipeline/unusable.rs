//! A connection that cannot be used, as a target: everything asked of it is answered with why, so that one broken
//! connection keeps nobody from being read.

use async_trait::async_trait;

use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Target, Workplace};
use crate::model::evidence::{RawEvidence, Source};

use super::collecting::unread;

/// A target that nothing can be read from.
pub struct Unusable {
    name: String,
    source: Source,
    reason: String,
}

impl Unusable {
    #[must_use]
    pub fn new(name: &str, source: Source, fault: &dyn std::error::Error) -> Self {
        let mut reason = format!("Nothing could be asked: {fault}");
        let mut next = fault.source();
        while let Some(cause) = next {
            reason.push_str(": ");
            reason.push_str(&cause.to_string());
            next = cause.source();
        }
        Self { name: name.to_owned(), source, reason: reason + "." }
    }
}

#[async_trait]
impl Target for Unusable {
    fn name(&self) -> &str {
        &self.name
    }

    fn source(&self) -> Source {
        self.source
    }

    async fn collect(&self, definition: &CollectorDefinition, place: Workplace<'_>) -> RawEvidence {
        unread(self, definition, place.clock.now(), self.reason.clone())
    }
}
