//! Responsibility templates: `controls/responsibilities/<model>/<framework>.yaml`.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::framework::{Control, Framework};
use crate::model::id::FrameworkId;
use crate::model::responsibility::{EngagementModel, Party, Responsibility, ResponsibilityKind, ResponsibilityMatrix};

/// The split for every control of a family that has no row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySplit {
    pub kind: ResponsibilityKind,
    pub accountable: Party,
    #[serde(default)]
    pub provider_tasks: String,
    #[serde(default)]
    pub internal_tasks: String,
    #[serde(default)]
    pub vendor_tasks: Option<String>,
    #[serde(default)]
    pub document: Option<String>,
}

/// The first split of a framework under an engagement model. Gives every control exactly one accountable party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsibilityTemplate {
    pub framework: FrameworkId,
    pub model: EngagementModel,
    pub families: BTreeMap<String, FamilySplit>,
    #[serde(default)]
    pub rows: Vec<Responsibility>,
}

impl ResponsibilityTemplate {
    /// Version 1 of the framework's matrix: one row a control in the framework's order, its own row where there is one,
    /// else its family's split; rows for single objectives follow their control's.
    #[must_use]
    pub fn expand(&self, framework: &Framework) -> ResponsibilityMatrix {
        let mut own: HashMap<_, Vec<&Responsibility>> = HashMap::new();
        for row in &self.rows {
            own.entry(&row.control).or_default().push(row);
        }
        let rows = framework.controls.iter().flat_map(|control| {
            let own = own.get(&control.id).map(Vec::as_slice).unwrap_or_default();
            let whole = own.iter().find(|row| row.objective.is_none()).map(|row| (*row).clone());
            let parts = own.iter().filter(|row| row.objective.is_some()).map(|row| (*row).clone());
            whole.or_else(|| self.of_family(control)).into_iter().chain(parts)
        });
        ResponsibilityMatrix {
            format: ResponsibilityMatrix::FORMAT.to_owned(),
            framework: framework.id.clone(),
            version: 1,
            model: self.model,
            effective_from: None,
            effective_until: None,
            rows: rows.collect(),
        }
    }

    fn of_family(&self, control: &Control) -> Option<Responsibility> {
        let split = self.families.get(&control.family)?;
        Some(Responsibility {
            control: control.id.clone(),
            objective: None,
            kind: split.kind,
            accountable: split.accountable,
            provider_tasks: split.provider_tasks.clone(),
            internal_tasks: split.internal_tasks.clone(),
            vendor_tasks: split.vendor_tasks.clone(),
            document: split.document.clone(),
            provider_person: None,
            internal_person: None,
            clause: None,
        })
    }
}
