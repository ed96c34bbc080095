//! Targeted risk analyses: PCI DSS 12.3.1 asks for one wherever the organization itself says how often something is done, and
//! for a review of each at least every 12 months. Which requirements those are says the form for them. Start with
//! [`risk_analyses`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::{Statements, YEAR};
use crate::catalog::form::Form;
use crate::catalog::framework::Framework;
use crate::model::attestation::Attestation;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::evidence::SealedArtifact;
use crate::model::id::{ControlId, FormId};
use crate::model::time::Timestamp;
use crate::model::words;

/// The form on which such an analysis is stated.
pub const RISK_ANALYSIS: &str = "pci-targeted-risk-analysis";

words! {
    /// Where an analysis stands.
    AnalysisState, "state of an analysis":
        /// On file, and its review is not due.
        OnFile = "on_file",
        /// On file, and twelve months have passed since it was made or reviewed, or its statement has ended.
        ReviewDue = "review_due",
        /// There is none.
        Missing = "missing",
}

/// What a statement's answers say of its analysis, on the form for targeted risk analyses or for the customized approach. They are sealed as the artifact `form.json` and lie in the vault; the
/// index does not repeat them, so that whoever asks reads them there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// In the organization's own words.
    pub frequency: Option<String>,
    /// Day of the analysis or of its last review; of the customized approach the day of approval.
    pub analysed_on: Option<NaiveDate>,
}

/// One requirement whose frequency the organization sets, and its analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RiskAnalysis {
    pub control: ControlId,
    pub title: String,
    pub state: AnalysisState,
    /// Leaf of the statement it is on file with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<u64>,
    /// How often, as it was stated. None: there is no analysis, or its answers could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// Day of the analysis or of its last review; where the answers do not say, the day from which the statement counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_on: Option<NaiveDate>,
    /// Twelve months after that day, or when the statement ends, if that is earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_by: Option<NaiveDate>,
    /// The documents that were shown, and the answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<SealedArtifact>,
    /// That the organization sets the frequency of this requirement was not read in the standard itself.
    pub to_be_confirmed: bool,
    pub paragraph: &'static str,
}

/// The targeted risk analyses of a framework, in its own order: of every requirement that the form names, if it is asked and
/// applies. `answers` are those of the statements, by leaf.
#[must_use]
pub fn risk_analyses(
    framework: &Framework,
    forms: &BTreeMap<FormId, Form>,
    statuses: &[ControlStatus],
    decisions: &Decisions,
    answers: &BTreeMap<u64, Answered>,
    now: Timestamp,
    days: LocalDays,
) -> Vec<RiskAnalysis> {
    let Some(form) = forms.values().find(|form| form.id.as_str() == RISK_ANALYSIS) else { return Vec::new() };
    let statements = Statements::of(decisions, &framework.id, now);
    let is_asked = |control: &ControlId| {
        let status = statuses.iter().find(|one| one.framework == framework.id && one.control == *control);
        status.is_some_and(|status| status.state != ControlState::NotApplicable)
    };
    let suiting = framework.controls.iter().filter(|control| form.suits(&framework.id, control));
    suiting
        .filter(|control| is_asked(&control.id))
        .map(|control| {
            let is_one = |one: &&Attestation| one.form.as_ref().is_some_and(|used| used.id == form.id);
            let standing = statements.on_whole(&control.id).filter(is_one);
            let stated = standing.or_else(|| statements.ended_of_whole(&control.id).filter(is_one));
            let said = stated.and_then(|one| answers.get(&one.leaf)).cloned().unwrap_or_default();
            let made_on = stated.map(|one| said.analysed_on.unwrap_or_else(|| days.day_of(one.valid_from)));
            let ends = stated.and_then(|one| one.valid_until).map(|until| days.day_of(until));
            let review_by = made_on.and_then(|day| day.checked_add_months(YEAR)).into_iter().chain(ends).min();
            let is_due = standing.is_none() || review_by.is_some_and(|day| day <= days.day_of(now));
            RiskAnalysis {
                control: control.id.clone(),
                title: control.title.clone(),
                state: match stated {
                    None => AnalysisState::Missing,
                    Some(_) if is_due => AnalysisState::ReviewDue,
                    Some(_) => AnalysisState::OnFile,
                },
                attestation: stated.map(|one| one.leaf),
                frequency: said.frequency,
                made_on,
                review_by,
                artifacts: stated.map(|one| one.artifacts.clone()).unwrap_or_default(),
                to_be_confirmed: form.to_be_confirmed.is_some(),
                paragraph: "PCI DSS 12.3.1",
            }
        })
        .collect()
}
