//! What the law says of each single control, for the file of controls and beside each control of a report.

use std::collections::HashMap;

use serde::Serialize;

use super::{Named, number_fact};
use crate::assess::verdict::{Cmmc, Count, Score, Verdict, to_be_confirmed};
use crate::catalog::framework::{Control, Framework};
use crate::model::id::ControlId;

/// What the law says of one control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ControlLaw {
    /// The law's own word: `NOT MET`, `In Place with CCW`, `Addressable: not decided yet`; empty for what has no status.
    pub finding: String,
    /// What has to be written beside it, and what is to be confirmed.
    pub notes: Vec<String>,
    /// Points it is worth, at CMMC Level 2.
    pub value: Option<u32>,
    /// Points that are lost for it.
    pub lost: Option<u32>,
    /// Whether it may wait on a POA&M, with the paragraph if not; none while it is not open, and where there is no POA&M.
    pub poam: Option<String>,
    /// Its place on the shortest way to a conditional status.
    pub to_conditional: Option<usize>,
    /// Its place on the way to all points.
    pub to_final: Option<usize>,
}

/// By control.
#[derive(Debug, Default)]
pub struct Laws(HashMap<ControlId, ControlLaw>);

impl Laws {
    /// What a verdict says of every control of its framework.
    #[must_use]
    pub fn of(framework: &Framework, verdict: &Verdict) -> Self {
        let law = |control: &Control| ControlLaw { notes: to_be_confirmed(control).collect(), ..ControlLaw::default() };
        let mut laws = Self(framework.controls.iter().map(|control| (control.id.clone(), law(control))).collect());
        for said in verdict.said() {
            if let Some(law) = laws.0.get_mut(said.control) {
                law.finding = said.finding;
                law.notes.splice(0..0, said.notes.iter().map(|note| (*note).to_owned()));
            }
        }
        if let Verdict::Pci(pci) = verdict {
            let open = pci.findings.iter().filter(|answer| answer.finding.word.is_none());
            for answer in open {
                if let Some(law) = laws.0.get_mut(&answer.control) {
                    law.notes.insert(0, format!("written as it stands: {}", answer.finding.as_it_stands.as_str()));
                }
            }
        }
        if let Verdict::Cmmc(Cmmc { score: Ok(score), .. }) = verdict {
            laws.add_score(framework, score);
        }
        laws
    }

    /// What the law says of one control.
    #[must_use]
    pub fn take(&mut self, control: &ControlId) -> Option<ControlLaw> {
        self.0.remove(control)
    }

    fn named(&mut self, named: &Named<'_>, name: &str) -> Option<&mut ControlLaw> {
        self.0.get_mut(&named.controls.get(name)?.id)
    }

    fn add_score(&mut self, framework: &Framework, score: &Score) {
        let named = Named::of(framework);
        for name in &score.legality.poam_allowed {
            if let Some(law) = self.named(&named, name) {
                law.poam = Some("may wait on a POA&M".to_owned());
            }
        }
        for refusal in &score.legality.poam_refused {
            if let Some(law) = self.named(&named, &refusal.control) {
                law.poam = Some(refusal.because.clone());
            }
        }
        let Count::Points(points) = &score.count else { return };
        for control in &framework.controls {
            if let Some(law) = self.0.get_mut(&control.id) {
                law.value = number_fact(control, "weight");
            }
        }
        for one in &points.deductions {
            if let Some(law) = self.named(&named, &one.lost.control) {
                law.lost = Some(one.lost.value);
            }
        }
        for (place, one) in (1..).zip(&points.to_conditional) {
            if let Some(law) = self.named(&named, &one.step.control) {
                law.to_conditional = Some(place);
            }
        }
        for (place, one) in (1..).zip(&points.to_final) {
            if let Some(law) = self.named(&named, &one.step.control) {
                law.to_final = Some(place);
            }
        }
    }
}
