//! Everything that people of an organization decided and answer for, as far as it was known at a moment.

use super::attestation::Attestation;
use super::change::Changes;
use super::gap::{Assignment, GapNote};
use super::id::{FrameworkId, GapId, PersonHandle, QuestionnaireId};
use super::person::Person;
use super::provider::ServiceProvider;
use super::scope::{QuestionnaireChoice, ScopeDecision};
use super::time::Timestamp;

/// In the order of the ledger, newest last; what a newer one replaces is still there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    pub people: Vec<Person>,
    pub attestations: Vec<Attestation>,
    pub scope: Vec<ScopeDecision>,
    pub questionnaires: Vec<QuestionnaireChoice>,
    pub assignments: Vec<Assignment>,
    pub notes: Vec<GapNote>,
    /// One a provider, as the newest record tells of it.
    pub providers: Vec<ServiceProvider>,
    /// Of the organization, its settings and its connections.
    pub changes: Changes,
}

impl Decisions {
    #[must_use]
    pub fn person(&self, handle: &PersonHandle) -> Option<&Person> {
        self.people.iter().find(|person| person.handle == *handle)
    }

    /// The questionnaire chosen for a framework at a moment; none: the framework as a whole.
    #[must_use]
    pub fn questionnaire(&self, framework: &FrameworkId, at: Timestamp) -> Option<&QuestionnaireId> {
        let chosen = self.questionnaires.iter().rev().find(|one| one.framework == *framework && one.at <= at);
        chosen.and_then(|one| one.questionnaire.as_ref())
    }

    /// Who has to close a gap, as decided at or before a moment.
    #[must_use]
    pub fn assignment(&self, gap: GapId, at: Timestamp) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|one| one.gap == gap && one.at <= at)
    }
}
