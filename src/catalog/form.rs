//! Forms: what a person answers to state that a control is met, or does not apply, in the way its framework asks for.
//!
//! A form is a file, `controls/forms/<family>/<form>.yaml`; [`Form`] is its shape. It says what to answer, how many documents
//! to show and how long the statement may stand, and decides nothing: the roll-up does, by what [`Form::departs`] and the
//! words of [`Form::says`] tell it. Start with [`Form`]; [`answers`] checks what somebody filled in,
//! [`days`] its days, and [`sealed`] reads it back.

pub mod answers;
pub mod days;
pub mod sealed;

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};

use self::days::DayLimits;
use super::framework::Control;
use crate::model::attestation::{Claim, FormUse};
use crate::model::control::Rhythm;
use crate::model::id::{CheckId, FormId, FrameworkId};
use crate::model::words;

words! {
    /// How a field is answered.
    FieldKind, "kind of field":
        /// Some sentences.
        Text = "text",
        /// A day, such as 2026-03-31.
        Date = "date",
        /// One of the field's choices.
        Choice = "choice",
        /// Several short lines.
        List = "list",
}

/// A form and how it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub id: FormId,
    pub title: String,
    pub frameworks: Vec<FrameworkId>,
    /// Which controls of these frameworks it is for; left out: every control that is judged.
    #[serde(default)]
    pub controls: ControlChoice,
    /// What it claims: `met`, `not_applicable`, `not_tested` or `partial`.
    pub claim: Claim,
    /// Whether this is what a statement without a form comes to: then its limits are advice.
    #[serde(default)]
    pub plain: bool,
    /// The paragraph it rests on.
    pub rests_on: String,
    /// What of it nobody has confirmed in the official text yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_be_confirmed: Option<String>,
    /// What a good statement names, in plain words.
    pub names: String,
    /// Goes on from "Dana Reyes stated on 2026-03-31 …" and begins with `that`; none where each way has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The control is not met as written, and something else stands in for it: failing checks that the statement names do
    /// not count against it.
    #[serde(default)]
    pub departs: bool,
    /// Ways to answer; none: there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Documents it needs beside the answers, in final form.
    #[serde(default)]
    pub documents: Documents,
    /// How long it may stand by law; none: as long as the control's own rhythm lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<Stands>,
    /// Of the file it was read from.
    #[serde(skip, default = "Digest::empty")]
    pub digest: Digest,
}

/// Which controls a form is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlChoice {
    /// Facts that a control must carry with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, serde_json::Value>,
    /// Ids or numbers; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Ids or numbers it is not for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub but: Vec<String>,
}

/// One way to answer a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// As it is answered: `alternative`.
    pub id: String,
    pub title: String,
    /// As [`Form::says`].
    pub says: String,
    /// As [`Form::departs`].
    #[serde(default)]
    pub departs: bool,
    /// Nothing is done by it, for reasons on file: what the control is called then instead of the framework's word for met. A
    /// parent all of whose parts are so is not met by them and has to be stated itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing_done: Option<String>,
    /// Ids or numbers of the controls it is for; none: all of the form's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// For the claim `partial`: checks that say nothing against it when they fail or were not seen, because they ask for more
    /// than it states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says_nothing_of: Vec<CheckId>,
}

impl Way {
    /// Whether it may be chosen for a control.
    #[must_use]
    pub fn suits(&self, control: &Control) -> bool {
        self.only.is_empty() || is_named(control, &self.only)
    }
}

fn is_named(control: &Control, names: &[String]) -> bool {
    names.iter().any(|name| control.id.as_str() == name || control.aliases.iter().any(|alias| alias == name))
}

/// One thing to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// As it is answered: `identified_risk`.
    pub id: String,
    pub title: String,
    pub help: String,
    pub kind: FieldKind,
    #[serde(default = "yes")]
    pub required: bool,
    /// What may be chosen; for the kind `choice` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The ways that ask for it; none: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<String>,
    /// Which days it takes; for the kind `date` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayLimits>,
}

fn yes() -> bool {
    true
}

/// Documents that go with a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documents {
    /// At least so many.
    pub least: usize,
    /// What they are, in plain words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

/// How long a statement may stand where the law says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    pub months: u32,
    /// The paragraph.
    pub rests_on: String,
    /// Only recalled: the paragraph was not read in the official text.
    #[serde(default)]
    pub to_be_confirmed: bool,
}

/// How long a statement about one control may stand, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Longest {
    pub months: u32,
    pub because: String,
}

impl Form {
    /// Whether it may be used for a control of a framework. A partial value is stated only where the catalog gives one.
    #[must_use]
    pub fn suits(&self, framework: &FrameworkId, control: &Control) -> bool {
        let chosen = &self.controls;
        self.frameworks.contains(framework)
            && control.assessable
            && self.claim.is_known_to(framework)
            && (self.claim != Claim::Partial || control.partial_value().is_some())
            && chosen.facts.iter().all(|(name, value)| control.facts.get(name) == Some(value))
            && (chosen.only.is_empty() || is_named(control, &chosen.only))
            && !is_named(control, &chosen.but)
    }

    /// Whether something of a framework does not apply by it.
    pub(super) fn leaves_out_of(&self, framework: &FrameworkId) -> bool {
        self.claim == Claim::NotApplicable && self.frameworks.contains(framework)
    }

    /// Where it stands among the forms that fit a control: the one made for this kind of control, the plain one, what else
    /// states that it is met, what stands in for the control as written, and last what claims something else.
    pub(super) fn place(&self) -> u8 {
        match self.claim {
            Claim::Met if !self.controls.facts.is_empty() => 0,
            Claim::Met if self.plain => 1,
            Claim::Met if !self.departs => 2,
            Claim::Met => 3,
            _ => 4,
        }
    }

    /// The way with this id.
    #[must_use]
    pub fn way(&self, id: &str) -> Option<&Way> {
        self.ways.iter().find(|way| way.id == id)
    }

    /// What a statement on this form says, from `that` on; none for a way it does not have.
    #[must_use]
    pub fn says(&self, used: &FormUse) -> Option<&str> {
        match &used.way {
            Some(way) => self.way(way).map(|way| way.says.as_str()),
            None => self.says.as_deref(),
        }
    }

    /// Whether something else stands in for the control as written, so that failing checks may be spoken to.
    #[must_use]
    pub fn departs(&self, used: &FormUse) -> bool {
        match &used.way {
            Some(way) => self.way(way).is_some_and(|way| way.departs),
            None => self.departs,
        }
    }

    /// How long a statement about this control may stand.
    #[must_use]
    pub fn longest(&self, control: &Control) -> Longest {
        if let Some(stands) = &self.stands {
            let open = if stands.to_be_confirmed { ", to be confirmed" } else { "" };
            return Longest { months: stands.months, because: format!("{}{open}", stands.rests_on) };
        }
        match control.guidance.as_ref().and_then(|guidance| guidance.shown) {
            Some(rhythm) => {
                let months = months_of(rhythm);
                let rhythm = match rhythm {
                    Rhythm::OnChange => "whenever it changes".to_owned(),
                    _ => rhythm.as_str().replace('_', "-"),
                };
                Longest { months, because: format!("this should be shown {rhythm}; the rule itself names no time") }
            }
            None => Longest { months: 12, because: "the rule itself names no time".to_owned() },
        }
    }
}

/// What is shown more often than by the quarter is watched by machines; people state it once a quarter.
fn months_of(rhythm: Rhythm) -> u32 {
    match rhythm {
        Rhythm::Continuously | Rhythm::Daily | Rhythm::Weekly | Rhythm::Monthly | Rhythm::Quarterly => 3,
        Rhythm::HalfYearly => 6,
        Rhythm::Yearly | Rhythm::OnChange => 12,
    }
}

#[cfg(test)]
mod tests;
