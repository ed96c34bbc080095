//! Why controls are undetermined, in a few words each, so that a page says what would help most. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus, OpenAs};
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, ControlId};
use crate::report::tally::{Counting, Countings};
use crate::web::overview::Reason;

/// What stands between an objective and a status; what is most easily helped comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    SupportingCheckFails,
    NotSeen,
    StatementDoesNotCount,
    NothingConnected,
    OutOfScope,
    OnlyPartOfTheProof,
    NoCheck,
    ThereInPart,
    LeftOutUntested,
    NotJudged,
}

impl Obstacle {
    fn words(self) -> &'static str {
        match self {
            Self::SupportingCheckFails => "a supporting check fails and a person has to answer it",
            Self::NotSeen => "data is missing, out of date or could not be read",
            Self::StatementDoesNotCount => "a statement about it has ended or does not count",
            Self::NothingConnected => "nothing is connected that could show it",
            Self::OutOfScope => "everything that could show it is out of scope, and a person has to state it",
            Self::OnlyPartOfTheProof => "what machines see is in order, and a person has to state the rest",
            Self::NoCheck => "no check looks at it and nobody has stated it",
            Self::ThereInPart => "only some of it is there, as somebody stated",
            Self::LeftOutUntested => "somebody left it out on purpose, untested",
            Self::NotJudged => "it has not been judged yet",
        }
    }
}

/// The commonest reasons first. Every counted control that is undetermined is counted under exactly one: that of its
/// undetermined objectives which is most easily helped.
pub(super) fn why_undetermined(
    catalog: &Catalog,
    framework: &Framework,
    statuses: &[ControlStatus],
    is_connected: &dyn Fn(&CheckId) -> bool,
) -> Vec<Reason> {
    let known = Known { catalog, framework, is_connected };
    let own = statuses.iter().filter(|status| status.framework == framework.id);
    let own: HashMap<&ControlId, &ControlStatus> = own.map(|status| (&status.control, status)).collect();
    let countings = Countings::among(framework, statuses);
    let mut counts: BTreeMap<Obstacle, usize> = BTreeMap::new();
    for control in framework.controls.iter().filter(|control| countings.control(control) == Counting::Counted) {
        if let Some(obstacle) = obstacle(&known, own.get(&control.id).copied()) {
            *counts.entry(obstacle).or_default() += 1;
        }
    }
    let mut reasons: Vec<Reason> =
        counts.into_iter().map(|(obstacle, count)| Reason { words: obstacle.words().to_owned(), count }).collect();
    reasons.sort_by_key(|reason| Reverse(reason.count));
    reasons
}

/// None when the control has another status than undetermined.
fn obstacle(known: &Known<'_>, status: Option<&ControlStatus>) -> Option<Obstacle> {
    let Some(status) = status else { return Some(Obstacle::NotJudged) };
    if status.state != ControlState::Undetermined {
        return None;
    }
    let open = status.objectives.iter().filter(|objective| objective.state == ControlState::Undetermined);
    let nearest = open.map(|objective| of_objective(known, objective)).min();
    Some(nearest.unwrap_or(Obstacle::NotJudged))
}

fn of_objective(known: &Known<'_>, objective: &ObjectiveStatus) -> Obstacle {
    let any = |outcome| objective.bearings.iter().any(|bearing| bearing.outcome == outcome);
    let proofs = known.catalog.checks_for_objective(&known.framework.id, objective.objective.as_str());
    match objective.open_as {
        Some(OpenAs::NotTested) => return Obstacle::LeftOutUntested,
        Some(OpenAs::Partial) => return Obstacle::ThereInPart,
        None => {}
    }
    if any(FindingOutcome::Fail) {
        Obstacle::SupportingCheckFails
    } else if any(FindingOutcome::Unknown) {
        Obstacle::NotSeen
    } else if objective.set_aside.is_some() {
        Obstacle::StatementDoesNotCount
    } else if proofs.is_empty() {
        Obstacle::NoCheck
    } else if !objective.bearings.is_empty() {
        Obstacle::OnlyPartOfTheProof
    } else if proofs.iter().any(|(check, _)| (known.is_connected)(check)) {
        // What is connected and says nothing was taken out by a scope decision.
        Obstacle::OutOfScope
    } else {
        Obstacle::NothingConnected
    }
}

/// What the obstacles are told by.
struct Known<'a> {
    catalog: &'a Catalog,
    framework: &'a Framework,
    /// Whether something that a check could read is connected.
    is_connected: &'a dyn Fn(&CheckId) -> bool,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::why_undetermined;
    use crate::catalog::Catalog;
    use crate::model::control::ControlStatus;

    /// The reason why one control of a shipped framework is undetermined, by what is known of its objective.
    fn why(framework: &str, control: &str, known: Value, is_connected: bool) -> String {
        let catalog = Catalog::embedded().unwrap();
        let framework = catalog.framework(framework).unwrap();
        let mut objective = json!({"objective": control, "state": "undetermined", "because": "", "bearings": []});
        objective.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
        let status = json!({"framework": framework.id, "control": control, "state": "undetermined", "because": "",
            "objectives": [objective], "as_of": null});
        let statuses: Vec<ControlStatus> = vec![serde_json::from_value(status).unwrap()];
        let told = why_undetermined(&catalog, framework, &statuses, &|_| is_connected);
        let [one] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(one.count, 1);
        one.words.clone()
    }

    #[test]
    fn what_somebody_stated_or_took_out_of_scope_is_not_called_unstated_or_unconnected() {
        let by_hand = |known| why("pci-dss-4.0.1", "12.1.1", known, false);
        assert_eq!(by_hand(json!({})), "no check looks at it and nobody has stated it");
        let left_out = by_hand(json!({"open_as": "not_tested", "attestation": 7}));
        assert_eq!(left_out, "somebody left it out on purpose, untested");
        assert_eq!(by_hand(json!({"set_aside": 7})), "a statement about it has ended or does not count");
        let encryption = why("cmmc-l2", "SC.L2-3.13.11", json!({"open_as": "partial", "attestation": 7}), false);
        assert_eq!(encryption, "only some of it is there, as somebody stated");
        let by_machine = |is_connected| why("hipaa-security", "164.312(d)", json!({}), is_connected);
        assert_eq!(by_machine(false), "nothing is connected that could show it");
        assert!(by_machine(true).starts_with("everything that could show it is out of scope"));
    }
}
