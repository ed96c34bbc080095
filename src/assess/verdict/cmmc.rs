//! The score of CMMC with what it rests on: why points are lost, what may wait, and who has to walk each step. As JSON it is
//! what `countersign score` prints.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::Known;
use crate::assess::cmmc::calendar::Level;
use crate::assess::cmmc::exceptions::Exception;
use crate::assess::cmmc::poam::{self, Legality};
use crate::assess::cmmc::{CmmcFault, Findings, finding, number, path, score};
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::id::{ControlId, FrameworkId};
use crate::model::responsibility::Party;

const NO_PLAN: &str = "3.12.4 is not met, or not shown: without an up-to-date system security plan the assessment cannot be \
                       completed and there is no score, 32 CFR 170.24(c)(2)(i)(B)(5)";
const NO_SCORE_AT_LEVEL_1: &str = "Level 1 has no score: it is met as a whole or not, 32 CFR 170.24(c)(1)";
const LEVEL_2_FIRST: &str =
    "a Final Level 2 (C3PAO) status first, with the highest Level 2 score: 32 CFR 170.18(a), 170.24(c)(3)";

/// What the findings of one level come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    pub framework: FrameworkId,
    #[serde(skip)]
    pub level: Level,
    pub score: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_score_because: Option<&'static str>,
    /// What has to be there before this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<&'static str>,
    #[serde(flatten)]
    pub count: Count,
    #[serde(flatten)]
    pub legality: Legality,
    pub exceptions: Vec<Exception>,
}

/// How a level counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Count {
    /// Level 2: each requirement has a value.
    Points(Points),
    /// Levels 1 and 3: a requirement is met or it is open.
    Open { open: Vec<Open> },
}

/// Points of Level 2.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Points {
    /// The score with a security plan, or what it would be if there were one.
    pub points: i32,
    /// In the framework's order.
    pub deductions: Vec<Deduction>,
    /// The shortest way to 88 points with nothing open that may not wait.
    pub to_conditional: Vec<Step>,
    /// The way to all points: everything that is open, the dearest first.
    pub to_final: Vec<Step>,
}

/// What one requirement costs, and what says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deduction {
    #[serde(flatten)]
    pub lost: score::Deduction,
    #[serde(flatten)]
    pub turn: Turn,
}

/// One requirement to meet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub step: path::Step,
    #[serde(flatten)]
    pub turn: Turn,
}

/// A requirement that is not met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Open {
    /// Its number, as people say it.
    pub control: String,
    #[serde(flatten)]
    pub turn: Turn,
}

/// Where a requirement stands and who has to act; known of organizations only.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    #[serde(flatten)]
    pub stands: Option<Stands>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
}

/// Where a requirement stands, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stands {
    pub status: ControlState,
    pub why: String,
    /// Leaves of the evidence and statements that say so.
    pub evidence: BTreeSet<u64>,
    /// Somebody stated that some of it is there, which the rule gives a value of its own.
    #[serde(skip)]
    pub is_partial: bool,
    /// `show` or `mend`.
    pub what: &'static str,
}

impl Score {
    /// The score of findings; `known` says of an organization what they rest on.
    ///
    /// # Errors
    /// When a requirement without a partial value is called partial, or the catalog lacks a value.
    pub fn of(
        framework: &Framework,
        findings: &Findings,
        known: Option<Known<'_>>,
        exceptions: Vec<Exception>,
    ) -> Result<Self, CmmcFault> {
        let behind = Behind::of(framework, known);
        let is_open = |control: &&Control| !finding(findings, control).counts_as_met();
        let open: Vec<&Control> = framework.controls.iter().filter(is_open).collect();
        let blank = Self {
            framework: framework.id.clone(),
            level: Level::Level1,
            score: None,
            no_score_because: None,
            needs: None,
            count: Count::Open { open: open.iter().map(|control| behind.open(control)).collect() },
            legality: Legality {
                poam_allowed: Vec::new(),
                poam_refused: Vec::new(),
                conditional_possible: false,
                final_possible: open.is_empty(),
            },
            exceptions,
        };
        match framework.id.as_str() {
            "cmmc-l1" => Ok(blank.at_level_1(&open)),
            "cmmc-l3" => Ok(blank.at_level_3(framework, findings, &open)),
            _ => blank.at_level_2(framework, findings, &behind),
        }
    }

    fn at_level_1(mut self, open: &[&Control]) -> Self {
        self.no_score_because = Some(NO_SCORE_AT_LEVEL_1);
        self.legality.poam_refused = open.iter().map(|control| poam::at_level_1(control)).collect();
        self
    }

    fn at_level_2(
        mut self,
        framework: &Framework,
        findings: &Findings,
        behind: &Behind<'_>,
    ) -> Result<Self, CmmcFault> {
        let score = score::level_2(framework, findings)?;
        let walked = |steps: Vec<path::Step>| steps.into_iter().map(|step| behind.step(step)).collect();
        self.level = Level::Level2;
        self.score = score.score;
        self.no_score_because = score.score.is_none().then_some(NO_PLAN);
        self.legality = poam::level_2(framework, findings, &score)?;
        let to_conditional = walked(path::to_conditional(framework, findings, &score)?);
        let to_final = walked(path::to_final(framework, findings)?);
        let deductions = score.deductions.into_iter().map(|lost| behind.deduction(lost)).collect();
        self.count = Count::Points(Points { points: score.points, deductions, to_conditional, to_final });
        Ok(self)
    }

    fn at_level_3(mut self, framework: &Framework, findings: &Findings, open: &[&Control]) -> Self {
        let met = score::level_3(framework, findings);
        self.level = Level::Level3;
        self.score = i32::try_from(met).ok();
        self.needs = Some(LEVEL_2_FIRST);
        for control in open {
            match poam::at_level_3(control) {
                Ok(()) => self.legality.poam_allowed.push(number(control).to_owned()),
                Err(refusal) => self.legality.poam_refused.push(refusal),
            }
        }
        self.legality.conditional_possible = self.legality.poam_refused.is_empty() && met >= poam::LEVEL_3_LEAST;
        self
    }
}

/// What is known of each requirement, by its number.
struct Behind<'a> {
    known: Option<Known<'a>>,
    ids: HashMap<&'a str, &'a ControlId>,
    statuses: HashMap<&'a ControlId, &'a ControlStatus>,
}

impl<'a> Behind<'a> {
    fn of(framework: &'a Framework, known: Option<Known<'a>>) -> Self {
        let statuses = known.map(|known| known.statuses).unwrap_or_default();
        Self {
            known,
            ids: framework.controls.iter().map(|control| (number(control), &control.id)).collect(),
            statuses: statuses.iter().map(|status| (&status.control, status)).collect(),
        }
    }

    fn deduction(&self, lost: score::Deduction) -> Deduction {
        Deduction { turn: self.turn(&lost.control), lost }
    }

    fn step(&self, step: path::Step) -> Step {
        Step { turn: self.turn(&step.control), step }
    }

    fn open(&self, control: &Control) -> Open {
        let control = number(control);
        Open { turn: self.turn(control), control: control.to_owned() }
    }

    fn turn(&self, number: &str) -> Turn {
        let id = self.ids.get(number).copied();
        Turn {
            stands: id.and_then(|id| self.statuses.get(id)).map(|status| Stands::of(status)),
            party: id.and_then(|id| self.known.and_then(|known| (known.acting)(id))),
        }
    }
}

impl Stands {
    fn of(status: &ControlStatus) -> Self {
        // Objectives that stand better are not why points are lost.
        let decisive = status.objectives.iter().filter(|objective| objective.state == status.state);
        let evidence = decisive.flat_map(|objective| {
            let seen = objective.bearings.iter().flat_map(|bearing| &bearing.evidence);
            seen.chain(&objective.attestation).chain(&objective.set_aside).copied()
        });
        Self {
            status: status.state,
            why: status.because.clone(),
            evidence: evidence.collect(),
            is_partial: status.is_partial(),
            what: if status.state == ControlState::Undetermined && !status.is_partial() { "show" } else { "mend" },
        }
    }
}
