//! The law of HIPAA's Security Rule as code: what was decided about addressable specifications, and when to evaluate again.
//!
//! Addressable is not optional: 45 CFR 164.306(d)(3). A decision that is documented counts as met, never as not applicable;
//! the rule knows no addressable specification that does not apply, and the roll-up lets none. Start with [`addressable`].

use chrono::{Months, NaiveDate};
use serde::Serialize;
use serde_json::Value;

use super::statement::Statements;
use crate::catalog::framework::Framework;
use crate::model::attestation::{Attestation, Claim};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::ControlId;
use crate::model::time::Timestamp;
use crate::model::words;

/// The form that a decision is made on.
const FORM: &str = "hipaa-addressable";
/// The standard that asks for a periodic evaluation.
const EVALUATION: &str = "164.308(a)(8)";
/// The rule names no interval; a year is what we propose.
const PROPOSED: Months = Months::new(12);

words! {
    /// What was decided about an addressable specification.
    AddressableState, "state of an addressable specification":
        /// It is reasonable and appropriate, and implemented: 164.306(d)(3)(ii)(A).
        Implemented = "implemented",
        /// Another measure serves its purpose: 164.306(d)(3)(ii)(B).
        Alternative = "alternative",
        /// Neither is reasonable, with the reasons on file: 164.306(d)(3)(ii)(B)(1).
        NotReasonable = "not_reasonable",
        /// Nobody has decided, or nothing shows what was decided.
        Undecided = "undecided",
}

impl AddressableState {
    /// The paragraph.
    #[must_use]
    pub fn paragraph(self) -> &'static str {
        match self {
            Self::Implemented => "45 CFR 164.306(d)(3)(ii)(A)",
            Self::Alternative => "45 CFR 164.306(d)(3)(ii)(B)",
            Self::NotReasonable => "45 CFR 164.306(d)(3)(ii)(B)(1)",
            Self::Undecided => "45 CFR 164.306(d)(3)(i)",
        }
    }

    /// In words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Implemented => "implemented",
            Self::Alternative => "another measure in its place, documented",
            Self::NotReasonable => "not reasonable here, reasons documented",
            Self::Undecided => "not decided yet",
        }
    }
}

/// One addressable specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Addressable {
    pub control: ControlId,
    pub state: AddressableState,
    pub paragraph: &'static str,
    pub because: String,
    /// Leaf of the attestation it rests on.
    pub attestation: Option<u64>,
}

/// What was decided about each addressable specification, in the framework's order.
#[must_use]
pub fn addressable(framework: &Framework, statuses: &[ControlStatus], decisions: &Decisions) -> Vec<Addressable> {
    let is_addressable = |status: &&ControlStatus| {
        let control = framework.controls.iter().find(|control| control.id == status.control);
        let fact = control.and_then(|control| control.facts.get("required_or_addressable"));
        status.framework == framework.id && fact.and_then(Value::as_str) == Some("addressable")
    };
    statuses.iter().filter(is_addressable).map(|status| decided(status, decisions)).collect()
}

fn decided(status: &ControlStatus, decisions: &Decisions) -> Addressable {
    let leaf = status.objectives.iter().find_map(|objective| objective.attestation);
    let stated = leaf.and_then(|leaf| decisions.attestations.iter().find(|one| one.leaf == leaf));
    let (state, because) = match status.state {
        ControlState::Met => (way(stated), status.because.clone()),
        ControlState::NotApplicable | ControlState::NotMet | ControlState::Undetermined => {
            (AddressableState::Undecided, status.because.clone())
        }
    };
    Addressable {
        control: status.control.clone(),
        state,
        paragraph: state.paragraph(),
        because,
        attestation: leaf.filter(|_| state != AddressableState::Undecided),
    }
}

/// A statement on another form, or none at all, means that it is implemented.
fn way(stated: Option<&Attestation>) -> AddressableState {
    let used = stated.and_then(|one| one.form.as_ref()).filter(|used| used.id.as_str() == FORM);
    match used.and_then(|used| used.way.as_deref()) {
        Some("alternative") => AddressableState::Alternative,
        Some("not_reasonable") => AddressableState::NotReasonable,
        _ => AddressableState::Implemented,
    }
}

/// When the firm has to evaluate itself again: 164.308(a)(8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// The day from which the last statement about it counts, also where it has ended.
    pub last: Option<NaiveDate>,
    /// A year after that day, or when the statement ends or ended, if that is earlier. None: at once, for none is on file.
    pub due: Option<NaiveDate>,
    pub paragraph: &'static str,
    pub because: &'static str,
}

/// The newest of these that says it took place.
fn newest(all: Vec<&Attestation>) -> Option<&Attestation> {
    all.into_iter().filter(|one| one.claim == Claim::Met).max_by_key(|one| one.leaf)
}

/// The next periodic evaluation, by the last statement that it took place.
#[must_use]
pub fn evaluation(framework: &Framework, decisions: &Decisions, now: Timestamp, days: LocalDays) -> Evaluation {
    let statements = Statements::of(decisions, &framework.id, now);
    let (in_force, ended) = statements.about(EVALUATION);
    let last = newest(in_force).or_else(|| newest(ended));
    let day = |at: Timestamp| days.day_of(at);
    let due = last.and_then(|one| {
        let proposed = day(one.valid_from).checked_add_months(PROPOSED);
        proposed.into_iter().chain(one.valid_until.map(day)).min()
    });
    Evaluation {
        last: last.map(|one| day(one.valid_from)),
        due,
        paragraph: "45 CFR 164.308(a)(8)",
        because: "the rule says periodically and names no interval: it is the firm's own; a year at most is our proposal",
    }
}
