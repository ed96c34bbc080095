//! What may wait on a plan of action and milestones (POA&M), and what a conditional status needs: 32 CFR 170.21. Explains itself.

use serde::Serialize;

use super::score::{self, Level2};
use super::{CmmcFault, Finding, Findings, finding, number};
use crate::catalog::framework::{Control, Framework};

/// Requirements that never wait at Level 2: 170.21(a)(2)(iii).
const BARRED_AT_LEVEL_2: [&str; 6] = ["3.1.20", "3.1.22", "3.12.4", "3.10.3", "3.10.4", "3.10.5"];
/// Requirements that never wait at Level 3: 170.21(a)(3)(ii).
const BARRED_AT_LEVEL_3: [&str; 7] = ["3.6.1e", "3.6.2e", "3.11.1e", "3.11.4e", "3.11.6e", "3.11.7e", "3.14.3e"];
/// The one requirement that may wait with a value above one, if encryption is there: 170.21(a)(2)(ii).
const ENCRYPTION: &str = "3.13.11";
/// A conditional status needs four fifths of the points: 170.21(a)(2)(i) and (a)(3)(i), rounded up to whole points.
pub const LEVEL_2_LEAST: i32 = 88;
pub const LEVEL_3_LEAST: u32 = 20;
/// Days from the conditional status to the closeout: 170.21(b).
pub const DAYS_TO_CLOSE: u64 = 180;

/// Why something may not wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// As people say it: `3.1.20`.
    pub control: String,
    pub because: String,
}

/// What a Level 2 self-assessment or certification may come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Legality {
    /// Open requirements that may wait.
    pub poam_allowed: Vec<String>,
    pub poam_refused: Vec<Refusal>,
    /// The score is high enough and everything open may wait: 170.21(a)(2).
    pub conditional_possible: bool,
    /// Nothing is open.
    pub final_possible: bool,
}

/// Whether an open requirement may wait at Level 2; the refusal names the paragraph.
///
/// # Errors
/// As [`score::level_2`].
pub fn at_level_2(control: &Control, found: Finding) -> Result<Result<(), Refusal>, CmmcFault> {
    let name = number(control);
    let refuse = |why: &str| {
        Ok(Err(Refusal { control: name.to_owned(), because: format!("{name} may not be on a POA&M{why}") }))
    };
    if BARRED_AT_LEVEL_2.contains(&name) {
        return refuse(": 32 CFR 170.21(a)(2)(iii)");
    }
    let value = score::deduction(control, found)?;
    match value {
        0 | 1 => Ok(Ok(())),
        _ if name == ENCRYPTION && found == Finding::Partial => Ok(Ok(())),
        _ if name == ENCRYPTION => refuse(
            " while no encryption is used; with encryption that is not validated it may: 32 CFR 170.21(a)(2)(ii)",
        ),
        value => refuse(&format!(", because it is worth {value} points: 32 CFR 170.21(a)(2)(ii)")),
    }
}

/// Whether an open requirement may wait at Level 3.
///
/// # Errors
/// The refusal names the paragraph.
pub fn at_level_3(control: &Control) -> Result<(), Refusal> {
    let name = number(control);
    if BARRED_AT_LEVEL_3.contains(&name) {
        let because = format!("{name} may not be on a POA&M: 32 CFR 170.21(a)(3)(ii)");
        return Err(Refusal { control: name.to_owned(), because });
    }
    Ok(())
}

/// Nothing may wait at Level 1.
#[must_use]
pub fn at_level_1(control: &Control) -> Refusal {
    let name = control.id.to_string();
    let because = format!("{name} may not be on a POA&M: Level 1 allows none, 32 CFR 170.21(a)(1)");
    Refusal { control: name, because }
}

/// What the findings of a Level 2 assessment allow.
///
/// # Errors
/// As [`score::level_2`].
pub fn level_2(framework: &Framework, findings: &Findings, score: &Level2) -> Result<Legality, CmmcFault> {
    let (mut allowed, mut refused) = (Vec::new(), Vec::new());
    for control in &framework.controls {
        let found = finding(findings, control);
        if found.counts_as_met() {
            continue;
        }
        match at_level_2(control, found)? {
            Ok(()) => allowed.push(number(control).to_owned()),
            Err(refusal) => refused.push(refusal),
        }
    }
    Ok(Legality {
        conditional_possible: refused.is_empty() && score.score.is_some_and(|score| score >= LEVEL_2_LEAST),
        final_possible: refused.is_empty() && allowed.is_empty(),
        poam_allowed: allowed,
        poam_refused: refused,
    })
}
