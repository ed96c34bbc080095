//! Where an organization stands by a framework's own law: one value, made once, that commands, reports and pages print.
//!
//! Rules are those of [`cmmc`](super::cmmc), [`hipaa`](super::hipaa) and [`pci`](super::pci); nothing is decided here. As JSON
//! a verdict is what `countersign findings` prints. Start with [`Verdict::of`].

mod cmmc;
mod pci;

use std::collections::BTreeMap;

use serde::Serialize;

pub use cmmc::{Count, Deduction, Open, Points, Score, Stands, Step, Turn};
pub use pci::{Answer, Pci};

use super::cmmc::Finding;
pub use super::cmmc::calendar::Level;
pub use super::cmmc::exceptions::Exception;
use super::cmmc::exceptions::exceptions;
pub use super::cmmc::poam::{LEVEL_2_LEAST, LEVEL_3_LEAST};
pub use super::cmmc::score::LEVEL_2_HIGHEST;
pub use super::cmmc::{CmmcFault, number, requirement};
pub use super::hipaa::{Addressable, AddressableState, Evaluation};
pub use super::pci::{AnalysisState, Answered, Due, NoDay, RiskAnalysis, Word};
use super::statement::nothing_done;
use crate::catalog::form::Form;
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::{ControlId, FormId, FrameworkId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// What a verdict is made of.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub framework: &'a Framework,
    /// Statuses of other frameworks are left out.
    pub statuses: &'a [ControlStatus],
    pub decisions: &'a Decisions,
    /// Who has to act for a control; none: nobody owns it.
    pub acting: &'a dyn Fn(&ControlId) -> Option<Party>,
    /// What is to be thought of as met for the score, whatever its status; everywhere but in a question "what if" nothing.
    pub also_met: &'a [ControlId],
    /// Forms, for those that say which requirements need an analysis.
    pub forms: &'a BTreeMap<FormId, Form>,
    /// What statements answered on targeted risk analyses, by leaf; where they were not read, the day of an analysis is that of
    /// its statement.
    pub answers: &'a BTreeMap<u64, Answered>,
    pub at: Timestamp,
    /// As the organization counts days.
    pub days: LocalDays,
}

/// Where an organization stands by a framework's own law.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Verdict {
    Cmmc(Cmmc),
    Hipaa(Hipaa),
    Pci(Pci),
    /// Frameworks without a law of their own: their words for each status.
    Words(Words),
}

/// Any level of CMMC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cmmc {
    #[serde(flatten)]
    pub words: Words,
    /// A fault: the catalog in use lacks what the rule counts with.
    #[serde(skip)]
    pub score: Result<Score, CmmcFault>,
}

/// The Security Rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hipaa {
    #[serde(flatten)]
    pub words: Words,
    /// Every addressable specification, in the framework's order.
    pub addressable: Vec<Decided>,
    pub evaluation: Evaluation,
}

/// What was decided about an addressable specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    #[serde(flatten)]
    pub decision: Addressable,
    /// Who has to act for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
}

/// The framework's word for each control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Words {
    pub framework: FrameworkId,
    pub findings: Vec<Worded>,
    /// What is met in another way than as written; only CMMC knows such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exceptions: Option<Vec<Exception>>,
}

/// The framework's word for one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worded {
    pub control: ControlId,
    pub status: ControlState,
    pub finding: String,
    pub because: String,
    /// `enduring exception`.
    #[serde(skip)]
    pub by: Option<&'static str>,
}

/// One control as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'a> {
    pub control: &'a ControlId,
    pub finding: String,
    pub because: String,
    /// What has to be written beside it, and what is to be confirmed.
    pub notes: &'a [&'static str],
}

impl Verdict {
    /// The verdict on one framework.
    #[must_use]
    pub fn of(known: Known<'_>) -> Self {
        let statuses: Vec<ControlStatus>;
        // Most callers have sorted them out already; copies are made only where they have not.
        let own = if known.statuses.iter().all(|status| status.framework == known.framework.id) {
            known.statuses
        } else {
            let own = known.statuses.iter().filter(|status| status.framework == known.framework.id);
            statuses = own.cloned().collect();
            &statuses
        };
        let known = Known { statuses: own, ..known };
        match known.framework.id.as_str() {
            _ if known.framework.id.is_pci_dss() => Self::Pci(Pci::of(known)),
            "hipaa-security" => Self::Hipaa(Hipaa::of(known)),
            "cmmc-l1" | "cmmc-l2" | "cmmc-l3" => Self::Cmmc(Cmmc::of(known)),
            _ => Self::Words(Words::of(known, Some(Vec::new()))),
        }
    }

    /// Every control that has a status, as people read it, in the framework's order.
    #[must_use]
    pub fn said(&self) -> Vec<Said<'_>> {
        match self {
            Self::Pci(pci) => pci.findings.iter().map(Answer::said).collect(),
            Self::Hipaa(hipaa) => hipaa.said(),
            Self::Cmmc(Cmmc { words, .. }) | Self::Words(words) => words.findings.iter().map(Worded::said).collect(),
        }
    }
}

impl Cmmc {
    fn of(known: Known<'_>) -> Self {
        let exceptions = exceptions(known.framework, known.statuses, known.decisions);
        let mut findings = super::cmmc::findings(known.framework, known.statuses);
        findings.extend(known.also_met.iter().map(|id| (id.clone(), Finding::Met)));
        let score = Score::of(known.framework, &findings, Some(known), exceptions.clone());
        Self { words: Words::of(known, Some(exceptions)), score }
    }
}

impl Hipaa {
    fn of(known: Known<'_>) -> Self {
        let addressable = super::hipaa::addressable(known.framework, known.statuses, known.decisions);
        let decided = |decision: Addressable| Decided { party: (known.acting)(&decision.control), decision };
        Self {
            addressable: addressable.into_iter().map(decided).collect(),
            evaluation: super::hipaa::evaluation(known.framework, known.decisions, known.at, known.days),
            words: Words::of(known, None),
        }
    }

    fn said(&self) -> Vec<Said<'_>> {
        let mut decided = self.addressable.iter().map(|one| &one.decision).peekable();
        let said = |worded: &'_ Worded| match decided.next_if(|one| one.control == worded.control) {
            Some(one) => (worded.of_addressable(one.state), format!("{} ({})", one.because, one.paragraph)),
            None => (worded.finding.clone(), worded.because.clone()),
        };
        let said: Vec<_> = self.words.findings.iter().map(said).collect();
        let controls = self.words.findings.iter().map(|worded| &worded.control);
        let line = |(control, (finding, because))| Said { control, finding, because, notes: &[] };
        controls.zip(said).map(line).collect()
    }
}

impl Words {
    fn of(known: Known<'_>, exceptions: Option<Vec<Exception>>) -> Self {
        let by = |status: &ControlStatus| {
            let is_about = |one: &&Exception| status.objectives.iter().any(|own| own.objective == one.objective);
            exceptions.iter().flatten().find(is_about).map(|one| one.by)
        };
        let worded = |status: &ControlStatus| Worded {
            control: status.control.clone(),
            status: status.state,
            finding: word(known.framework, status, known.decisions, known.forms),
            because: status.because.clone(),
            by: by(status),
        };
        Self {
            framework: known.framework.id.clone(),
            findings: known.statuses.iter().map(worded).collect(),
            exceptions,
        }
    }
}

impl Worded {
    /// The word for an addressable specification. Where a check shows that it is not implemented, that is said first: what
    /// stays open is whether something else stands in its place.
    fn of_addressable(&self, state: AddressableState) -> String {
        match (self.status, state) {
            (ControlState::NotMet, AddressableState::Undecided) => {
                format!("{}; addressable, no decision documented", self.finding)
            }
            // The form's own word: nothing is done, and why is on file.
            (ControlState::Met, AddressableState::NotReasonable) => self.finding.clone(),
            _ => format!("Addressable: {}", state.words()),
        }
    }

    fn said(&self) -> Said<'_> {
        let finding = self.by.map_or_else(|| self.finding.clone(), |by| format!("{}, {by}", self.finding));
        Said { control: &self.control, finding, because: self.because.clone(), notes: &[] }
    }
}

/// What a control with this status is called: the framework's word, or its form's where it is met by reasons why nothing is
/// done.
#[must_use]
pub fn word(
    framework: &Framework,
    status: &ControlStatus,
    decisions: &Decisions,
    forms: &BTreeMap<FormId, Form>,
) -> String {
    match nothing_done(status, decisions, forms) {
        Some((_, word)) => word.to_owned(),
        None => framework.word(status.state),
    }
}

/// What a control's own facts say is only remembered; it informs and decides nothing.
pub fn to_be_confirmed(control: &Control) -> impl Iterator<Item = String> {
    control.to_be_confirmed().map(|fact| format!("to be confirmed: {}", fact.replace('_', " ")))
}
