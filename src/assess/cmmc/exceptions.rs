//! Requirements that are met without being met as written: enduring exceptions, temporary deficiencies, adjudications. All
//! count as met, 32 CFR 170.24(b); whoever reads a score should still see which they are.

use serde::Serialize;

use super::number;
use crate::catalog::framework::Framework;
use crate::model::control::{ControlState, ControlStatus};
use crate::model::decision::Decisions;
use crate::model::id::ObjectiveId;

/// Forms, what people call them, and the paragraph.
const KINDS: [(&str, &str, &str); 3] = [
    ("cmmc-enduring-exception", "enduring exception", "32 CFR 170.4(b), 170.24(b)"),
    ("cmmc-temporary-deficiency", "temporary deficiency", "32 CFR 170.4(b), 170.24(b)"),
    ("cmmc-adjudicated", "adjudicated by the DoD CIO", "32 CFR 170.24(c)(2)(i)(B)(8)"),
];

/// One objective that counts as met in another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// As people say it: `3.1.1`.
    pub control: String,
    pub objective: ObjectiveId,
    /// Always the framework's word for met.
    pub finding: String,
    /// `enduring exception`.
    pub by: &'static str,
    pub paragraph: &'static str,
    pub because: String,
    /// Leaf of the attestation.
    pub attestation: u64,
}

/// All of them, in the order of the statuses.
#[must_use]
pub fn exceptions(framework: &Framework, statuses: &[ControlStatus], decisions: &Decisions) -> Vec<Exception> {
    let mut all = Vec::new();
    for status in statuses.iter().filter(|status| status.framework == framework.id) {
        let Some(control) = framework.controls.iter().find(|control| control.id == status.control) else { continue };
        for objective in status.objectives.iter().filter(|one| one.state == ControlState::Met) {
            let Some(attestation) = objective.attestation else { continue };
            let stated = decisions.attestations.iter().find(|one| one.leaf == attestation);
            let used = stated.and_then(|one| one.form.as_ref());
            let kind = used.and_then(|used| KINDS.iter().find(|(form, _, _)| *form == used.id.as_str()));
            let Some((_, by, paragraph)) = kind else { continue };
            all.push(Exception {
                control: number(control).to_owned(),
                objective: objective.objective.clone(),
                finding: framework.word(ControlState::Met),
                by,
                paragraph,
                because: objective.because.clone(),
                attestation,
            });
        }
    }
    all
}
