//! Frameworks: `controls/<framework>/framework.yaml` and one file of controls per family beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::guidance::Guidance;
use crate::model::control::ControlState;
use crate::model::id::{ControlId, FrameworkId, ObjectiveId, QuestionnaireId};

/// A part of a control that is judged on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    pub id: ObjectiveId,
    /// Our own short label; no sentence of a standard.
    pub title: String,
}

/// What a framework numbers: a standard, an implementation specification, a requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub id: ControlId,
    /// Other spellings that users type: `3.1.1` for `AC.L2-3.1.1`.
    #[serde(default)]
    pub aliases: Vec<String>,
    pub title: String,
    /// Family, safeguard group or principal requirement; the key of responsibility templates.
    pub family: String,
    #[serde(default)]
    pub parent: Option<ControlId>,
    /// False for rows that only state scope or definitions: they never have a status.
    #[serde(default = "yes")]
    pub assessable: bool,
    /// Empty: the control is judged as one objective with the control's own id.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Facts of the framework about this control: value, partial value, POA&M rule, required or addressable,
    /// questionnaires, dates. `unknown` stays visible as `unknown`.
    #[serde(default)]
    pub facts: BTreeMap<String, serde_json::Value>,
    /// What it means in practice; none in catalogs that only list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<Guidance>,
    /// The publisher's own text, imported by a user into `texts/` of the framework's folder; never ours, and refused in a
    /// file of controls.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
}

fn yes() -> bool {
    true
}

/// The fact of a control that says, by questionnaire, whether it is part of it: `yes`, `no` or `unknown`.
const QUESTIONNAIRES_FACT: &str = "saqs";

/// The fact of a control that says which kind of firm it is for.
const APPLIES_TO_FACT: &str = "applies_to";

/// The fact of a control that says what it costs when some of it is there.
const PARTIAL_VALUE_FACT: &str = "weight_partial";

/// The fact of a control that lists which of its other facts are remembered and not yet read in a source. They inform, and
/// decide nothing.
pub const TO_BE_CONFIRMED: &str = "to_be_confirmed";

impl Control {
    /// What the control's facts say under a questionnaire's key; none: nothing.
    #[must_use]
    pub fn questionnaire_fact(&self, key: &str) -> Option<&serde_json::Value> {
        self.facts.get(QUESTIONNAIRES_FACT)?.get(key)
    }

    /// What it costs, in points, when some of it is there; none: the framework gives that no value of its own.
    #[must_use]
    pub fn partial_value(&self) -> Option<u64> {
        self.facts.get(PARTIAL_VALUE_FACT).and_then(serde_json::Value::as_u64)
    }

    /// The names of the facts that are to be confirmed.
    pub fn to_be_confirmed(&self) -> impl Iterator<Item = &str> {
        let listed = self.facts.get(TO_BE_CONFIRMED).and_then(serde_json::Value::as_array);
        listed.into_iter().flatten().map(|name| name.as_str().unwrap_or_default())
    }

    /// Which kind of firm the control is for, by its own facts; none: they do not say.
    #[must_use]
    pub fn applies_to(&self) -> Option<&str> {
        self.facts.get(APPLIES_TO_FACT)?.as_str()
    }

    /// Whether the control is surely no part of a questionnaire: its fact says no, or it does not say and the control is for
    /// firms that cannot answer this questionnaire. What else is unknown is not outside.
    #[must_use]
    pub fn is_outside(&self, questionnaire: &Questionnaire) -> bool {
        match self.questionnaire_fact(&questionnaire.key).and_then(serde_json::Value::as_str) {
            Some("yes") => false,
            Some("no") => true,
            _ => self.applies_to().is_some_and(|whom| questionnaire.leaves_out.iter().any(|one| one == whom)),
        }
    }
}

/// A smaller set of a framework's controls that some organizations answer instead of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questionnaire {
    pub id: QuestionnaireId,
    /// For people.
    pub title: String,
    /// Under which key of the fact `saqs` controls say whether they are part of it.
    pub key: String,
    /// Values of the fact `applies_to`: controls for such firms are no part of it, unless their fact says yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves_out: Vec<String>,
}

/// A catalog of controls.
#[derive(Debug, Clone, PartialEq)]
pub struct Framework {
    pub id: FrameworkId,
    pub title: String,
    pub version: String,
    /// Who publishes the framework.
    pub publisher: String,
    /// Where the identifiers come from.
    pub source: String,
    /// The framework's own word for each status.
    pub vocabulary: BTreeMap<ControlState, String>,
    /// Another framework whose objectives this one is judged by (CMMC Level 1 by those of Level 2): what a check
    /// proves there counts here for the objectives named here.
    pub judged_by: Option<FrameworkId>,
    /// Which an organization may answer instead of the whole framework; most frameworks have none.
    pub questionnaires: Vec<Questionnaire>,
    /// In the framework's own order.
    pub controls: Vec<Control>,
}

impl Framework {
    /// The framework's own word for a status, or a plain English one.
    #[must_use]
    pub fn word(&self, state: ControlState) -> String {
        self.vocabulary.get(&state).cloned().unwrap_or_else(|| state.as_str().replace('_', " "))
    }

    /// A questionnaire by its id; none: the framework has no such questionnaire.
    #[must_use]
    pub fn questionnaire(&self, id: &QuestionnaireId) -> Option<&Questionnaire> {
        self.questionnaires.iter().find(|one| one.id == *id)
    }

    /// The nearest judged controls below one that has no objectives of its own, in the framework's order: its status follows
    /// from theirs, and from nothing that is stated about it. Empty: it is judged itself.
    #[must_use]
    pub fn parts_of(&self, parent: &Control) -> Vec<&Control> {
        if !parent.objectives.is_empty() {
            return Vec::new();
        }
        let above = |control: &Control| self.controls.iter().find(|one| Some(&one.id) == control.parent.as_ref());
        let is_part = |control: &&Control| {
            // A chain longer than the list of controls has met itself.
            let chain = std::iter::successors(above(control), |one| above(one)).take(self.controls.len());
            let mut upwards = chain.skip_while(|one| one.id != parent.id && !one.assessable);
            control.assessable && upwards.next().is_some_and(|one| one.id == parent.id)
        };
        self.controls.iter().filter(is_part).collect()
    }

    /// Objectives the framework itself lists; a control without any is judged as one and not counted here.
    #[must_use]
    pub fn objective_count(&self) -> usize {
        self.controls.iter().map(|control| control.objectives.len()).sum()
    }
}
