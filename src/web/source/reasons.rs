//! Why controls are undetermined, in a few words each, so that a page says what would help most. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus};
use crate::model::finding::FindingOutcome;
use crate::model::id::ControlId;
use crate::report::tally::{Counting, Countings};
use crate::web::overview::Reason;

/// What stands between an objective and a status; what is most easily helped comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    SupportingCheckFails,
    NotSeen,
    NothingConnected,
    OnlyPartOfTheProof,
    NoCheck,
    NotJudged,
}

impl Obstacle {
    fn words(self) -> &'static str {
        match self {
            Self::SupportingCheckFails => "a supporting check fails and a person has to answer it",
            Self::NotSeen => "data is missing, out of date or could not be read",
            Self::NothingConnected => "nothing is connected that could show it",
            Self::OnlyPartOfTheProof => "what machines see is in order, and a person has to state the rest",
            Self::NoCheck => "no check looks at it and nobody has stated it",
            Self::NotJudged => "it has not been judged yet",
        }
    }
}

/// The commonest reasons first. Every counted control that is undetermined is counted under exactly one: that of its
/// undetermined objectives which is most easily helped.
pub(super) fn why_undetermined(catalog: &Catalog, framework: &Framework, statuses: &[ControlStatus]) -> Vec<Reason> {
    let own = statuses.iter().filter(|status| status.framework == framework.id);
    let own: HashMap<&ControlId, &ControlStatus> = own.map(|status| (&status.control, status)).collect();
    let countings = Countings::among(framework, statuses);
    let mut counts: BTreeMap<Obstacle, usize> = BTreeMap::new();
    for control in framework.controls.iter().filter(|control| countings.control(control) == Counting::Counted) {
        if let Some(obstacle) = obstacle(catalog, framework, own.get(&control.id).copied()) {
            *counts.entry(obstacle).or_default() += 1;
        }
    }
    let mut reasons: Vec<Reason> =
        counts.into_iter().map(|(obstacle, count)| Reason { words: obstacle.words().to_owned(), count }).collect();
    reasons.sort_by_key(|reason| Reverse(reason.count));
    reasons
}

/// None when the control has another status than undetermined.
fn obstacle(catalog: &Catalog, framework: &Framework, status: Option<&ControlStatus>) -> Option<Obstacle> {
    let Some(status) = status else { return Some(Obstacle::NotJudged) };
    if status.state != ControlState::Undetermined {
        return None;
    }
    let open = status.objectives.iter().filter(|objective| objective.state == ControlState::Undetermined);
    let nearest = open.map(|objective| of_objective(catalog, framework, objective)).min();
    Some(nearest.unwrap_or(Obstacle::NotJudged))
}

fn of_objective(catalog: &Catalog, framework: &Framework, objective: &ObjectiveStatus) -> Obstacle {
    let any = |outcome| objective.bearings.iter().any(|bearing| bearing.outcome == outcome);
    if catalog.checks_for_objective(&framework.id, objective.objective.as_str()).is_empty() {
        Obstacle::NoCheck
    } else if objective.bearings.is_empty() {
        Obstacle::NothingConnected
    } else if any(FindingOutcome::Fail) {
        Obstacle::SupportingCheckFails
    } else if any(FindingOutcome::Unknown) {
        Obstacle::NotSeen
    } else {
        Obstacle::OnlyPartOfTheProof
    }
}
