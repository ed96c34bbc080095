//! Answers questions across frameworks, checks and collectors without searching; built once per catalog.

use std::collections::{BTreeMap, HashMap};

use super::Catalog;
use super::check::CheckDefinition;
use super::framework::{Control, Framework};
use crate::model::control::Proof;
use crate::model::gap::ControlRef;
use crate::model::id::{CheckId, ControlId, FrameworkId};

type Proofs = BTreeMap<CheckId, Proof>;

/// See the methods of [`Catalog`].
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    frameworks: HashMap<FrameworkId, FrameworkIndex>,
    controls_of_check: HashMap<CheckId, Vec<ControlRef>>,
    /// Those of which it proves at least a part.
    controls_proved_by: HashMap<CheckId, Vec<ControlRef>>,
}

#[derive(Debug, Clone, Default)]
struct FrameworkIndex {
    /// By id and by alias.
    controls: HashMap<String, usize>,
    children: HashMap<ControlId, Vec<usize>>,
    /// By objective id, or by control id for a control that is judged as one.
    proofs: HashMap<String, Vec<(CheckId, Proof)>>,
}

impl Index {
    pub fn build(catalog: &Catalog) -> Self {
        let mut index = Self::default();
        for framework in catalog.frameworks.values() {
            let mut entry = FrameworkIndex::default();
            for (position, control) in framework.controls.iter().enumerate() {
                for name in std::iter::once(control.id.as_str()).chain(control.aliases.iter().map(String::as_str)) {
                    entry.controls.entry(name.to_owned()).or_insert(position);
                }
                if let Some(parent) = &control.parent {
                    entry.children.entry(parent.clone()).or_default().push(position);
                }
            }
            index.frameworks.insert(framework.id.clone(), entry);
        }
        let own: HashMap<&FrameworkId, HashMap<String, Proofs>> = catalog
            .frameworks
            .values()
            .map(|framework| (&framework.id, index.own_proofs(catalog, framework)))
            .collect();
        for framework in catalog.frameworks.values() {
            let judge = framework.judged_by.as_ref().and_then(|judge| own.get(judge));
            let mut proofs = HashMap::new();
            for control in &framework.controls {
                let mut checks_of_control = Proofs::new();
                for unit in units(control) {
                    let mut found = own.get(&framework.id).and_then(|own| own.get(unit)).cloned().unwrap_or_default();
                    for (check, proof) in judge.and_then(|judge| judge.get(unit)).into_iter().flatten() {
                        strengthen(&mut found, check, *proof);
                    }
                    for (check, proof) in &found {
                        strengthen(&mut checks_of_control, check, *proof);
                    }
                    if !found.is_empty() {
                        proofs.insert(unit.to_owned(), found.into_iter().collect());
                    }
                }
                for (check, proof) in checks_of_control {
                    let reference = ControlRef { framework: framework.id.clone(), control: control.id.clone() };
                    if proof >= Proof::Part {
                        index.controls_proved_by.entry(check.clone()).or_default().push(reference.clone());
                    }
                    index.controls_of_check.entry(check).or_default().push(reference);
                }
            }
            if let Some(entry) = index.frameworks.get_mut(&framework.id) {
                entry.proofs = proofs;
            }
        }
        index
    }

    /// What checks say about the framework itself, by unit. Naming a whole control says it of each of its objectives.
    fn own_proofs(&self, catalog: &Catalog, framework: &Framework) -> HashMap<String, Proofs> {
        let mut own: HashMap<String, Proofs> = HashMap::new();
        for check in catalog.checks.values() {
            for (name, proof) in check.metadata.proves.get(&framework.id).into_iter().flatten() {
                let control = self.frameworks.get(&framework.id).and_then(|entry| entry.controls.get(name));
                match control.and_then(|position| framework.controls.get(*position)) {
                    Some(control) => {
                        for unit in units(control) {
                            strengthen(own.entry(unit.to_owned()).or_default(), &check.id, *proof);
                        }
                    }
                    None => strengthen(own.entry(name.clone()).or_default(), &check.id, *proof),
                }
            }
        }
        own
    }
}

/// What of a control is judged: its objectives, or itself.
fn units(control: &Control) -> impl Iterator<Item = &str> {
    let whole = control.objectives.is_empty().then_some(control.id.as_str());
    control.objectives.iter().map(|objective| objective.id.as_str()).chain(whole)
}

fn strengthen(proofs: &mut Proofs, check: &CheckId, proof: Proof) {
    proofs.entry(check.clone()).and_modify(|known| *known = proof.max(*known)).or_insert(proof);
}

impl Catalog {
    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(self))
    }

    /// Finds a control by its id or one of its aliases.
    #[must_use]
    pub fn control(&self, framework: &FrameworkId, id: &str) -> Option<&Control> {
        let position = self.index().frameworks.get(framework)?.controls.get(id)?;
        self.frameworks.get(framework)?.controls.get(*position)
    }

    /// The controls whose parent this is, in the framework's order.
    pub fn children<'catalog>(
        &'catalog self,
        framework: &FrameworkId,
        control: &ControlId,
    ) -> impl Iterator<Item = &'catalog Control> {
        let positions = self.index().frameworks.get(framework).and_then(|entry| entry.children.get(control));
        let controls =
            self.frameworks.get(framework).map(|framework| framework.controls.as_slice()).unwrap_or_default();
        positions.into_iter().flatten().filter_map(|position| controls.get(*position))
    }

    /// Which checks bear on an objective (or on a control that is judged as one), and how strongly.
    ///
    /// A framework that is judged by another inherits what is said about the same objective there. A check that names a
    /// whole control bears on each of its objectives. Sorted by check; each check once, with its strongest proof.
    #[must_use]
    pub fn checks_for_objective(&self, framework: &FrameworkId, objective: &str) -> &[(CheckId, Proof)] {
        let entry = self.index().frameworks.get(framework);
        entry.and_then(|entry| entry.proofs.get(objective)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The checks that say anything about a framework, sorted by id.
    pub fn checks_of_framework<'catalog>(
        &'catalog self,
        framework: &'catalog FrameworkId,
    ) -> impl Iterator<Item = &'catalog CheckDefinition> {
        self.checks
            .values()
            .filter(move |check| self.controls_of_check(&check.id).iter().any(|held| held.framework == *framework))
    }

    /// Every control of every framework that a check bears on, with any proof; parents, which follow from their
    /// children, are not named. Sorted by framework, then in the framework's order.
    #[must_use]
    pub fn controls_of_check(&self, check: &CheckId) -> &[ControlRef] {
        self.index().controls_of_check.get(check).map(Vec::as_slice).unwrap_or_default()
    }
    /// Those of [`Catalog::controls_of_check`] of which the check proves at least a part: without its answer nothing can
    /// be said about them. In the same order.
    #[must_use]
    pub fn controls_proved_by(&self, check: &CheckId) -> &[ControlRef] {
        self.index().controls_proved_by.get(check).map(Vec::as_slice).unwrap_or_default()
    }
}
