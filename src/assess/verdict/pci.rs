//! What a report on compliance, or the chosen questionnaire, would say of each control.

use serde::Serialize;

use super::{Known, Said};
use crate::assess::pci::{
    Document, Due, Finding, Method, RiskAnalysis, Word, customized_due, finding, is_asked_about, provider_due,
    risk_analyses,
};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::{ControlId, FrameworkId, QuestionnaireId};

/// A report on compliance, or the answers of a questionnaire.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pci {
    pub framework: FrameworkId,
    /// `report on compliance`, or the questionnaire's id.
    pub document: String,
    #[serde(skip)]
    pub questionnaire: Option<QuestionnaireId>,
    pub findings: Vec<Answer>,
    /// What is missing or has to be looked at again: what has no day first, then by day.
    pub due: Vec<Due>,
    /// Of every requirement whose frequency the firm sets itself, in the framework's order.
    pub risk_analyses: Vec<RiskAnalysis>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub control: ControlId,
    pub status: ControlState,
    pub finding: Finding,
    pub because: String,
}

impl Pci {
    pub(super) fn of(known: Known<'_>) -> Self {
        let chosen = known.decisions.questionnaire(&known.framework.id, known.at);
        let document = chosen.map_or(Document::Roc, Document::Saq);
        let answer = |status: &ControlStatus| Answer {
            control: status.control.clone(),
            status: status.state,
            finding: finding(document, status, known.decisions),
            because: status.because.clone(),
        };
        let providers = known.decisions.providers.iter().filter(|one| is_asked_about(one));
        let mut due = customized_due(known.decisions, known.answers, &known.framework.id, known.at, known.days);
        due.extend(providers.flat_map(provider_due));
        // None is before every day.
        due.sort_by_key(|one| one.on);
        Self {
            framework: known.framework.id.clone(),
            document: chosen.map_or("report on compliance", QuestionnaireId::as_str).to_owned(),
            questionnaire: chosen.cloned(),
            findings: known.statuses.iter().map(answer).collect(),
            due,
            risk_analyses: risk_analyses(
                known.framework,
                known.forms,
                known.statuses,
                known.decisions,
                known.answers,
                known.at,
                known.days,
            ),
        }
    }
}

impl Answer {
    /// True where it is in place by the customized approach.
    #[must_use]
    pub fn is_customized(&self) -> bool {
        self.finding.method == Method::Customized
    }

    /// The word, with the marks a report sets beside it.
    #[must_use]
    pub fn word(&self) -> String {
        let mut word = self.finding.word.map_or("Not yet determined", Word::as_str).to_owned();
        if self.finding.compensating_control && self.finding.word == Some(Word::InPlace) {
            word.push_str(", compensating control used");
        }
        if self.is_customized() {
            word.push_str(", customized approach");
        }
        word
    }

    /// What has to be written beside a word is said of what has one; of the rest nobody should write anything yet.
    pub(super) fn said(&self) -> Said<'_> {
        let notes = if self.finding.word.is_some() { self.finding.notes.as_slice() } else { &[] };
        Said { control: &self.control, finding: self.word(), because: self.because.clone(), notes }
    }
}
