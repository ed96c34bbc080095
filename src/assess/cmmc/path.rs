//! The shortest way to a score: which open requirements to meet first.
//!
//! To a conditional status: everything that may not wait, and then the dearest of the rest until the points suffice. To a final
//! one: everything.

use serde::Serialize;

use super::score::{self, LEVEL_2_HIGHEST, Level2};
use super::{CmmcFault, Findings, finding, number, poam};
use crate::catalog::framework::Framework;

/// One requirement to meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// As people say it: `3.1.1`.
    pub control: String,
    /// Points it brings.
    pub gain: u32,
    /// Why it is on the way: what forbids it to wait, or that it brings points.
    pub because: String,
}

/// Steps to a conditional Level 2 status: 88 points, and nothing open that may not wait. Fewest steps first.
///
/// # Errors
/// As [`score::level_2`].
pub fn to_conditional(framework: &Framework, findings: &Findings, score: &Level2) -> Result<Vec<Step>, CmmcFault> {
    let mut points = score.points;
    let (mut steps, mut may_wait) = (Vec::new(), Vec::new());
    for (step, refused) in open(framework, findings)? {
        if refused {
            points += i32::try_from(step.gain).unwrap_or_default();
            steps.push(step);
        } else {
            may_wait.push(step);
        }
    }
    // The sort is stable: among equals the framework's order stays.
    may_wait.sort_by_key(|step| std::cmp::Reverse(step.gain));
    for step in may_wait {
        if points >= poam::LEVEL_2_LEAST {
            break;
        }
        points += i32::try_from(step.gain).unwrap_or_default();
        steps.push(step);
    }
    Ok(steps)
}

/// Steps to all points: everything that is open, the dearest first.
///
/// # Errors
/// As [`score::level_2`].
pub fn to_final(framework: &Framework, findings: &Findings) -> Result<Vec<Step>, CmmcFault> {
    let mut steps: Vec<Step> = open(framework, findings)?.into_iter().map(|(step, _)| step).collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.gain));
    Ok(steps)
}

/// Everything open, and whether it may not wait.
fn open(framework: &Framework, findings: &Findings) -> Result<Vec<(Step, bool)>, CmmcFault> {
    let mut open = Vec::new();
    for control in &framework.controls {
        let found = finding(findings, control);
        if found.counts_as_met() {
            continue;
        }
        let refusal = poam::at_level_2(control, found)?.err();
        // The security plan is worth no points, but without it there are none.
        let gain = match score::deduction(control, found) {
            Ok(gain) => gain,
            Err(CmmcFault::NoValue(_)) if refusal.is_some() => 0,
            Err(fault) => return Err(fault),
        };
        let refused = refusal.is_some();
        let because = match refusal {
            Some(refusal) => refusal.because,
            None => format!("it brings {gain} of {LEVEL_2_HIGHEST} points, and may wait on a POA&M"),
        };
        open.push((Step { control: number(control).to_owned(), gain, because }, refused));
    }
    Ok(open)
}
