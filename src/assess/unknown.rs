//! Datasets that were not seen -> the checks and controls about which nothing can be said. Pure; said from the catalog
//! alone, before or after a run. Start with [`controls_left_unknown`].

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, Requirement, UnlicensedMeaning};
use crate::model::evidence::CollectionOutcome;
use crate::model::gap::ControlRef;
use crate::model::id::{CheckId, DatasetId, FrameworkId};

/// Datasets that were not seen whole, or will not be, and how that ends.
pub type Unseen = BTreeMap<DatasetId, CollectionOutcome>;

/// What cannot be said without some datasets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftUnknown {
    /// Checks that are `unknown`, sorted.
    pub checks: Vec<CheckId>,
    /// Checks that can still find a fault but cannot see everything, sorted.
    pub partly: Vec<CheckId>,
    /// Controls that one of `checks` would prove, wholly or in part; in the frameworks' own order.
    pub controls: Vec<ControlRef>,
    /// Further controls that one of `checks` supports: a statement about one does not count until the check was seen, or it
    /// names it. In the same order.
    pub supported: Vec<ControlRef>,
}

/// What is left unknown in these frameworks. A dataset that was seen whole, that this cloud does not offer, or whose
/// missing licence the check itself reads as an answer leaves nothing unknown. Parents, which follow from their parts,
/// are not named.
#[must_use]
pub fn controls_left_unknown(catalog: &Catalog, unseen: &Unseen, frameworks: &[FrameworkId]) -> LeftUnknown {
    let mut left = LeftUnknown::default();
    for check in catalog.checks.values() {
        match sight(check, unseen) {
            Sight::Whole => {}
            Sight::Partly => left.partly.push(check.id.clone()),
            Sight::None => left.checks.push(check.id.clone()),
        }
    }
    let held: BTreeSet<&ControlRef> = left.checks.iter().flat_map(|check| catalog.controls_proved_by(check)).collect();
    let borne_on: BTreeSet<&ControlRef> = left
        .checks
        .iter()
        .flat_map(|check| catalog.controls_of_check(check))
        .filter(|one| !held.contains(one))
        .collect();
    for framework in frameworks.iter().filter_map(|id| catalog.frameworks.get(id)) {
        let refs = framework
            .controls
            .iter()
            .map(|control| ControlRef { framework: framework.id.clone(), control: control.id.clone() });
        left.controls.extend(refs.clone().filter(|control| held.contains(control)));
        left.supported.extend(refs.filter(|control| borne_on.contains(control)));
    }
    left
}

/// How much of what it reads a check sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    None,
    Partly,
    Whole,
}

fn sight(check: &CheckDefinition, unseen: &Unseen) -> Sight {
    let of = |dataset: &DatasetId| match unseen.get(dataset) {
        None | Some(CollectionOutcome::Complete | CollectionOutcome::Empty | CollectionOutcome::NotOffered) => {
            Sight::Whole
        }
        Some(CollectionOutcome::Unlicensed)
            if check.metadata.unlicensed.get(dataset) == Some(&UnlicensedMeaning::FeatureAbsent) =>
        {
            Sight::Whole
        }
        Some(CollectionOutcome::Partial) => Sight::Partly,
        Some(_) => Sight::None,
    };
    let required = check.metadata.requires.iter().map(|requirement| match requirement {
        Requirement::One(dataset) => of(dataset),
        Requirement::AnyOf { any_of } => any_of.iter().map(of).max().unwrap_or(Sight::Whole),
    });
    // Without what it only uses a check can say less, but something.
    let used = check.metadata.uses.iter().map(|dataset| of(dataset).max(Sight::Partly));
    required.chain(used).min().unwrap_or(Sight::Whole)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_seal::digest::Digest;
    use serde_json::{Value, json};

    use super::{LeftUnknown, Unseen, controls_left_unknown};
    use crate::catalog::Catalog;
    use crate::catalog::check::{CheckDefinition, RegoModule};
    use crate::catalog::framework::{Control, Framework};
    use crate::model::evidence::CollectionOutcome::{self, Denied, Empty, NotOffered, Partial, Unlicensed};

    fn check(id: &str, custom: Value) -> CheckDefinition {
        let mut metadata = json!({"severity": "high", "requires": [], "remediation": {}});
        metadata.as_object_mut().unwrap().extend(custom.as_object().unwrap().clone());
        CheckDefinition {
            id: id.parse().unwrap(),
            title: String::new(),
            description: String::new(),
            references: Vec::new(),
            metadata: serde_json::from_value(metadata).unwrap(),
            rego: RegoModule { file: id.to_owned(), text: String::new() },
            cases: Vec::new(),
            digest: Digest::empty(),
        }
    }

    fn control(id: &str) -> Control {
        serde_json::from_value(json!({"id": id, "title": id, "family": "A"})).unwrap()
    }

    /// One framework with the controls C1 to C4, and checks that need, use, or can do without things.
    fn catalog() -> Catalog {
        let framework = Framework {
            id: "frame".parse().unwrap(),
            title: String::new(),
            version: "1".to_owned(),
            publisher: String::new(),
            source: String::new(),
            vocabulary: BTreeMap::new(),
            judged_by: None,
            questionnaires: Vec::new(),
            controls: ["C1", "C2", "C3", "C4"].map(control).into(),
        };
        let checks = vec![
            check(
                "m365/needs",
                json!({"requires": ["m365/a"], "proves": {"frame": {"C1": "full", "C4": "supporting"}}}),
            ),
            check(
                "m365/either",
                json!({"requires": [{"any_of": ["m365/a", "m365/b"]}], "proves": {"frame": {"C2": "part"}}}),
            ),
            check(
                "m365/uses",
                json!({"requires": ["m365/c"], "uses": ["m365/b"], "unlicensed": {"m365/c": "feature_absent"},
                    "proves": {"frame": {"C3": "part"}}}),
            ),
        ];
        Catalog::of(vec![framework], checks, Vec::new())
    }

    fn without(unseen: &[(&str, CollectionOutcome)]) -> (LeftUnknown, Vec<String>) {
        let unseen: Unseen = unseen.iter().map(|(id, outcome)| (id.parse().unwrap(), *outcome)).collect();
        let left = controls_left_unknown(&catalog(), &unseen, &["frame".parse().unwrap()]);
        let controls = left.controls.iter().map(|one| one.control.to_string()).collect();
        (left, controls)
    }

    #[test]
    fn a_refused_dataset_leaves_unknown_what_needs_it_and_names_apart_what_it_only_supports() {
        let (left, controls) = without(&[("m365/a", Denied)]);
        assert_eq!(left.checks, ["m365/needs".parse().unwrap()]);
        assert_eq!(controls, ["C1"]);
        let supported: Vec<_> = left.supported.iter().map(|one| one.control.to_string()).collect();
        assert_eq!(supported, ["C4"]);
    }

    #[test]
    fn one_of_two_ways_to_see_something_is_enough() {
        assert_eq!(without(&[("m365/b", Denied)]).1, [""; 0]);
        assert_eq!(without(&[("m365/a", Denied), ("m365/b", Denied)]).1, ["C1", "C2"]);
    }

    #[test]
    fn what_is_only_used_or_only_partly_read_leaves_a_check_something_to_say() {
        let (left, controls) = without(&[("m365/a", Partial), ("m365/b", Denied)]);
        let ids: Vec<_> = left.partly.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["m365/either", "m365/needs", "m365/uses"]);
        assert!(left.checks.is_empty() && controls.is_empty(), "{left:?}");
    }

    #[test]
    fn what_was_seen_is_not_offered_or_is_an_answer_itself_leaves_nothing_unknown() {
        assert_eq!(without(&[("m365/a", Empty), ("m365/c", Unlicensed)]).0, LeftUnknown::default());
        assert_eq!(without(&[("m365/a", NotOffered)]).0, LeftUnknown::default());
        assert_eq!(without(&[("m365/a", Unlicensed)]).1, ["C1"]);
    }
}
