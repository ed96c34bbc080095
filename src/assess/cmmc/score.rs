//! Scores: 32 CFR 170.24(c). Level 1 has none, Level 2 goes from 110 down to -203, Level 3 counts what is met, up to 24.

use serde::Serialize;

use super::{CmmcFault, Finding, Findings, finding, is_security_plan, number};
use crate::catalog::framework::{Control, Framework};

/// The Level 2 score when everything is met: the number of requirements, 170.24(c)(2)(i).
pub const LEVEL_2_HIGHEST: i32 = 110;
/// The requirement for a system security plan: without one there is no score, 170.24(c)(2)(i)(B)(5).
pub(super) const SECURITY_PLAN: &str = "3.12.4";

/// What one requirement costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deduction {
    /// As people say it: `3.1.1`.
    pub control: String,
    /// Points.
    pub value: u32,
    pub because: String,
}

/// A Level 2 score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Level2 {
    /// None without a system security plan: then the assessment cannot be completed.
    pub score: Option<i32>,
    /// What the score is with a plan, or would be if there were one.
    pub points: i32,
    /// In the framework's order.
    pub deductions: Vec<Deduction>,
}

/// The Level 2 score of findings: 170.24(c)(2).
///
/// # Errors
/// When a requirement without a partial value is called partial, or the catalog lacks a value.
pub fn level_2(framework: &Framework, findings: &Findings) -> Result<Level2, CmmcFault> {
    let mut points = LEVEL_2_HIGHEST;
    let mut deductions = Vec::new();
    let mut has_plan = true;
    for control in &framework.controls {
        let found = finding(findings, control);
        if is_security_plan(control) {
            has_plan = found == Finding::Met;
            if found == Finding::Partial {
                return Err(CmmcFault::NoPartialValue(control.id.clone()));
            }
            continue;
        }
        let value = deduction(control, found)?;
        if value > 0 {
            points -= i32::try_from(value).unwrap_or(i32::MAX);
            deductions.push(Deduction { control: number(control).to_owned(), value, because: because(control, found) });
        }
    }
    Ok(Level2 { score: has_plan.then_some(points), points, deductions })
}

/// What a Level 2 finding costs, in points.
///
/// # Errors
/// As [`level_2`].
pub fn deduction(control: &Control, found: Finding) -> Result<u32, CmmcFault> {
    let fact = |name: &str| control.facts.get(name).and_then(serde_json::Value::as_u64);
    let value = match found {
        Finding::Met | Finding::NotApplicable => return Ok(0),
        Finding::Partial => control.partial_value().ok_or_else(|| CmmcFault::NoPartialValue(control.id.clone()))?,
        Finding::NotMet => fact("weight").ok_or_else(|| CmmcFault::NoValue(control.id.clone()))?,
    };
    u32::try_from(value).map_err(|_| CmmcFault::NoValue(control.id.clone()))
}

fn because(control: &Control, found: Finding) -> String {
    match (number(control), found) {
        ("3.5.3", Finding::Partial) => {
            "multi-factor sign-in exists for remote and privileged users only: 32 CFR 170.24(c)(2)(i)(B)(3)".to_owned()
        }
        ("3.13.11", Finding::Partial) => {
            "encryption is used, but not with a validated module: 32 CFR 170.24(c)(2)(i)(B)(4)".to_owned()
        }
        _ => "not met: 32 CFR 170.24(c)(2)".to_owned(),
    }
}

/// Whether Level 1 is reached: all of it or nothing, 170.24(c)(1).
#[must_use]
pub fn level_1(framework: &Framework, findings: &Findings) -> bool {
    framework.controls.iter().all(|control| finding(findings, control).counts_as_met())
}

/// The Level 3 score: a point for each requirement that is met, 170.24(c)(3).
#[must_use]
pub fn level_3(framework: &Framework, findings: &Findings) -> u32 {
    let met = framework.controls.iter().filter(|control| finding(findings, control).counts_as_met()).count();
    u32::try_from(met).unwrap_or(u32::MAX)
}
