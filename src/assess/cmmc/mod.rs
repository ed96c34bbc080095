//! The law of CMMC as code: 32 CFR Part 170, each rule with its paragraph. Pure.
//!
//! [`score`] counts, [`poam`] says what may wait on a plan of action, [`calendar`] says until when, [`path`] says what to do
//! first, [`exceptions`] what is met in another way than as written, [`providers`] what it asks of external ones. Values and ids come from the catalog; what the rule names by id is named here.

pub mod calendar;
pub mod exceptions;
pub mod path;
pub mod poam;
pub mod providers;
pub mod score;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::ControlId;

/// What an assessment found about one requirement: 32 CFR 170.24(b), and the two cases with a partial value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Met,
    /// Counts like met: 170.24(b)(3).
    NotApplicable,
    /// Some of it is there: only where 170.24(c)(2)(i)(B)(3) and (4) give it a value of its own.
    Partial,
    /// Also what nobody has shown.
    #[serde(alias = "undetermined")]
    NotMet,
}

impl Finding {
    /// What counts as met: 170.24(b)(3).
    #[must_use]
    pub fn counts_as_met(self) -> bool {
        matches!(self, Self::Met | Self::NotApplicable)
    }
}

impl From<ControlState> for Finding {
    /// What nobody has shown is not met: an assessor gives no credit for it.
    fn from(state: ControlState) -> Self {
        match state {
            ControlState::Met => Self::Met,
            ControlState::NotApplicable => Self::NotApplicable,
            ControlState::NotMet | ControlState::Undetermined => Self::NotMet,
        }
    }
}

/// Findings by requirement; what is not listed is not met.
pub type Findings = BTreeMap<ControlId, Finding>;

/// The findings on one framework's requirements, by where they stand. What is not met is partial if a statement that counts
/// says so and the catalog gives the requirement a partial value.
#[must_use]
pub fn findings<'a>(framework: &Framework, statuses: impl IntoIterator<Item = &'a ControlStatus>) -> Findings {
    let own = statuses.into_iter().filter(|status| status.framework == framework.id);
    let has_partial_value = |id: &ControlId| {
        framework.controls.iter().any(|control| control.id == *id && control.partial_value().is_some())
    };
    let found = |status: &ControlStatus| match Finding::from(status.state) {
        Finding::NotMet if status.is_partial() && has_partial_value(&status.control) => Finding::Partial,
        found => found,
    };
    own.map(|status| (status.control.clone(), found(status))).collect()
}

/// A finding that the rule does not know for this requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmmcFault {
    #[error("{0} has no partial value: one objective that is not met makes it not met; say met or not_met")]
    NoPartialValue(ControlId),
    #[error(
        "{0} always applies: without a system security plan there is no score, 32 CFR 170.24(c)(2)(i)(B)(5); say met or not_met"
    )]
    AlwaysApplies(ControlId),
    #[error("{framework} has no requirement `{control}`")]
    NoSuchRequirement { framework: String, control: String },
    #[error("the catalog gives {0} no value; correct the framework's files")]
    NoValue(ControlId),
}

/// The requirement's number in NIST SP 800-171 or 800-172, as people say it: `3.1.1`.
#[must_use]
pub fn number(control: &Control) -> &str {
    control.aliases.first().map_or(control.id.as_str(), String::as_str)
}

/// The requirement with this id or number.
///
/// # Errors
/// When the framework has none.
pub fn requirement<'a>(framework: &'a Framework, name: &str) -> Result<&'a Control, CmmcFault> {
    let named = |control: &&Control| control.id.as_str() == name || control.aliases.iter().any(|alias| alias == name);
    framework
        .controls
        .iter()
        .find(named)
        .ok_or_else(|| CmmcFault::NoSuchRequirement { framework: framework.id.to_string(), control: name.to_owned() })
}

/// The finding on one requirement, as it counts. A security plan is there or it is not: without one there is no score, so that
/// nothing makes it not applicable, 170.24(c)(2)(i)(B)(5).
pub(super) fn finding(findings: &Findings, control: &Control) -> Finding {
    match findings.get(&control.id).copied().unwrap_or(Finding::NotMet) {
        Finding::NotApplicable if is_security_plan(control) => Finding::NotMet,
        found => found,
    }
}

/// Whether the requirement asks for the system security plan.
#[must_use]
pub fn is_security_plan(control: &Control) -> bool {
    number(control) == score::SECURITY_PLAN
}

#[cfg(test)]
mod tests;
