//! The words of PCI DSS as code: what a report on compliance or a self-assessment questionnaire would say of a control, and
//! what falls due. What was only recalled is marked and decides nothing by itself. Start with [`finding`];
//! [`risk_analyses`] lists the targeted risk analyses.

mod risk;

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use serde::Serialize;

pub use self::risk::{AnalysisState, Answered, RISK_ANALYSIS, RiskAnalysis, risk_analyses};
use super::statement::Statements;
use crate::model::attestation::Attestation;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::{ControlId, FrameworkId, ProviderId, QuestionnaireId};
use crate::model::provider::{Handled, ServiceProvider};
use crate::model::time::Timestamp;
use crate::model::words;

/// Forms by which a control is in place in another way than as written.
const COMPENSATING: &str = "pci-compensating-control";
/// The customized approach.
pub const CUSTOMIZED: &str = "pci-customized-approach";
/// Analyses, customized controls and providers are looked at again after this time: 12.3.1, 12.3.2, 12.8.4.
const YEAR: Months = Months::new(12);

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document<'a> {
    /// A report on compliance.
    Roc,
    /// A self-assessment questionnaire.
    Saq(&'a QuestionnaireId),
}

impl Document<'_> {
    /// Only the questionnaires for everybody else let an answer be Not Tested (to be confirmed).
    fn may_say_not_tested(self) -> bool {
        match self {
            Self::Roc => true,
            Self::Saq(id) => id.as_str().starts_with("saq-d"),
        }
    }
}

words! {
    /// What a document says of a control. "In Place with Remediation" is gone since version 4.0 revision 1.
    Word, "finding":
        InPlace = "In Place",
        /// In questionnaires only; a report marks it beside In Place.
        InPlaceWithCcw = "In Place with CCW",
        NotApplicable = "Not Applicable",
        /// Left out without looking at it.
        NotTested = "Not Tested",
        NotInPlace = "Not in Place",
}

words! {
    /// How a control is in place.
    Method, "method":
        Defined = "defined",
        Customized = "customized",
}

/// What a document would say of one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// None: nothing is decided yet, and nobody should report it. Not Tested only when somebody decided to leave it out.
    pub word: Option<Word>,
    /// What would have to be written if it were reported as it stands.
    pub as_it_stands: Word,
    pub compensating_control: bool,
    pub method: Method,
    /// What has to be written beside it, and what is to be confirmed.
    pub notes: Vec<&'static str>,
}

/// The finding on a control, by its status and the attestation it rests on.
#[must_use]
pub fn finding(document: Document<'_>, status: &ControlStatus, decisions: &Decisions) -> Finding {
    let used: Vec<&str> =
        stated(status, decisions).filter_map(|one| one.form.as_ref().map(|used| used.id.as_str())).collect();
    let is_met = status.state == ControlState::Met;
    let compensating_control = is_met && used.contains(&COMPENSATING);
    let method = if is_met && used.contains(&CUSTOMIZED) { Method::Customized } else { Method::Defined };
    let mut notes = Vec::new();
    let word = match (status.state, document) {
        (ControlState::Met, Document::Saq(_)) if compensating_control => Some(Word::InPlaceWithCcw),
        (ControlState::Met, _) => Some(Word::InPlace),
        (ControlState::NotApplicable, _) => Some(Word::NotApplicable),
        (ControlState::NotMet, _) => Some(Word::NotInPlace),
        (ControlState::Undetermined, _) => status.is_left_out_untested().then_some(Word::NotTested),
    };
    let as_it_stands = word.unwrap_or_else(|| {
        let was_looked_at = status.objectives.iter().any(|one| !one.bearings.is_empty() || one.set_aside.is_some());
        if was_looked_at || !document.may_say_not_tested() { Word::NotInPlace } else { Word::NotTested }
    });
    if compensating_control {
        notes.push("the worksheet goes into the document: Appendix C");
    }
    if method == Method::Customized {
        notes.push("controls matrix and targeted risk analysis go with it: 12.3.2, ROC Appendix E");
        if matches!(document, Document::Saq(_)) {
            notes.push("a questionnaire does not take the customized approach (to be confirmed); ask the acquirer");
        }
        if compensating_control {
            notes.push("a compensating control cannot be combined with the customized approach");
        }
    }
    match as_it_stands {
        Word::NotApplicable => notes.push("needs its explanation in the appendix of the document"),
        Word::NotTested => {
            notes.push("needs its explanation in the appendix of the document");
            match document {
                Document::Saq(_) if !document.may_say_not_tested() => {
                    notes.push("of the questionnaires only SAQ D takes Not Tested (to be confirmed); ask the acquirer");
                }
                Document::Saq(_) => notes.push("that this questionnaire may say Not Tested is to be confirmed"),
                Document::Roc => {}
            }
        }
        Word::InPlace | Word::InPlaceWithCcw | Word::NotInPlace => {}
    }
    Finding { word, as_it_stands, compensating_control, method, notes }
}

/// The attestations that a status rests on.
fn stated<'a>(status: &'a ControlStatus, decisions: &'a Decisions) -> impl Iterator<Item = &'a Attestation> {
    let leaves = status.objectives.iter().filter_map(|objective| objective.attestation);
    leaves.filter_map(|leaf| decisions.attestations.iter().find(|one| one.leaf == leaf))
}

words! {
    /// Why something that falls due has no day.
    NoDay, "reason for no day":
        /// It is not there.
        Missing = "missing",
        /// It was never done.
        NeverDone = "never_done",
        /// It is there, and nobody said until when it is good.
        EndNotSaid = "end_not_said",
}

impl NoDay {
    /// In words for people, in place of a day.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NeverDone => "never done",
            Self::EndNotSaid => "end not said",
        }
    }
}

/// Something that has to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    /// None: now.
    pub on: Option<NaiveDate>,
    /// Why there is no day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_day: Option<NoDay>,
    pub paragraph: &'static str,
}

/// The analyses behind controls of the customized approach that were stated, with the day they are due again: PCI DSS
/// 12.3.2, twelve months after their approval, or when the statement ends if that is earlier. One that has ended stays until
/// something takes its place. `answers` are those of the statements, by leaf. Those of 12.3.1 are [`risk_analyses`].
#[must_use]
pub fn customized_due(
    decisions: &Decisions,
    answers: &BTreeMap<u64, Answered>,
    framework: &FrameworkId,
    now: Timestamp,
    days: LocalDays,
) -> Vec<Due> {
    let due = |one: &Attestation| {
        let approved_on = answers.get(&one.leaf).and_then(|said| said.analysed_on);
        let approved_on = approved_on.unwrap_or_else(|| days.day_of(one.valid_from));
        let ends = one.valid_until.map(|until| days.day_of(until));
        Due {
            what: "controls matrix and risk analysis of the customized approach".to_owned(),
            control: Some(one.control.clone()),
            provider: None,
            on: approved_on.checked_add_months(YEAR).into_iter().chain(ends).min(),
            no_day: None,
            paragraph: "PCI DSS 12.3.2",
        }
    };
    let is_customized = |one: &&Attestation| one.form.as_ref().is_some_and(|form| form.id.as_str() == CUSTOMIZED);
    let statements = Statements::of(decisions, framework, now);
    let mut all: Vec<Due> = statements.in_force_or_ended().filter(is_customized).map(due).collect();
    all.sort_by(|one, other| (one.on, &one.control).cmp(&(other.on, &other.control)));
    all
}

/// Whether 12.8 asks about a provider: it gets card data, or what protects it, and is still used.
#[must_use]
pub fn is_asked_about(provider: &ServiceProvider) -> bool {
    provider.removed.is_none() && provider.handles.contains(&Handled::CardData)
}

/// What is missing or falls due about a service provider: 12.8.2 to 12.8.5. Of which it is asked says [`is_asked_about`].
#[must_use]
pub fn provider_due(provider: &ServiceProvider) -> Vec<Due> {
    let due = |what: &str, on: Result<NaiveDate, NoDay>, paragraph| Due {
        what: format!("{}: {what}", provider.name),
        control: None,
        provider: Some(provider.id.clone()),
        on: on.ok(),
        no_day: on.err(),
        paragraph,
    };
    let mut all = Vec::new();
    if provider.agreement_on.is_none() {
        all.push(due("a written agreement", Err(NoDay::Missing), "PCI DSS 12.8.2"));
    }
    let again = provider.checked_on.and_then(|day| day.checked_add_months(YEAR));
    all.push(due("a look at its compliance status", again.ok_or(NoDay::NeverDone), "PCI DSS 12.8.4"));
    all.push(match (&provider.document, provider.document_until) {
        (None, _) => due("its attestation of compliance", Err(NoDay::Missing), "PCI DSS 12.8.4"),
        (Some(_), Some(until)) => due("a new attestation of compliance", Ok(until), "PCI DSS 12.8.4"),
        (Some(_), None) => {
            let what = format!(
                "nobody said until when its attestation of compliance is valid; give it again with \
                 `countersign provider add {} --document FILE --document-until DAY`",
                provider.id
            );
            due(&what, Err(NoDay::EndNotSaid), "PCI DSS 12.8.4")
        }
    });
    if provider.responsibilities.is_none() {
        all.push(due("which requirements are whose", Err(NoDay::Missing), "PCI DSS 12.8.5"));
    }
    all
}
