//! Reads the files of controls, and of official texts, of one framework, and checks them against each other.
//!
//! Start with [`Collected`], which the files are read into one by one.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::yaml::{self, Reading};
use crate::catalog::fault::Faults;
use crate::catalog::files::CatalogFile;
use crate::catalog::framework::{Control, Questionnaire, TO_BE_CONFIRMED};
use crate::catalog::guidance::Guidance;
use crate::model::id::ControlId;

/// What of a framework could not be read: nobody is blamed for naming it.
#[derive(Default)]
pub(super) struct Missing {
    /// A file of which nothing could be used.
    pub whole_file: bool,
    pub blocks: Vec<String>,
}

impl Missing {
    pub fn may_hold(&self, name: &str) -> bool {
        self.whole_file || self.blocks.iter().any(|block| block.contains(name))
    }
}

/// What has a name of its own in a control, by its place there.
#[derive(Clone, Copy)]
enum Named {
    Control,
    Alias(usize),
    Objective(usize),
}

impl Named {
    fn kind(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Alias(_) => "alias",
            Self::Objective(_) => "objective",
        }
    }
}

/// A file's text, and where its names stand once somebody asks.
struct Text {
    reading: Reading<()>,
    lines: OnceCell<Vec<ControlLines>>,
}

/// [`Control`], read for its lines only.
#[derive(Deserialize)]
struct ControlLines {
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    #[serde(default)]
    objectives: Vec<ObjectiveLines>,
}

#[derive(Deserialize)]
struct ObjectiveLines {
    id: Spanned<String>,
}

impl Text {
    /// The line of a name in the `place`th control of the file; none: the control's own will do.
    fn line(&self, place: usize, named: Named) -> Option<u64> {
        let control = self.lines.get_or_init(|| self.reading.again().unwrap_or_default()).get(place)?;
        match named {
            Named::Control => None,
            Named::Alias(at) => control.aliases.get(at).map(|alias| alias.referenced.line()),
            Named::Objective(at) => control.objectives.get(at).map(|objective| objective.id.referenced.line()),
        }
    }
}

/// The controls of one framework while its files are read.
#[derive(Default)]
pub(super) struct Collected {
    pub controls: Vec<Control>,
    pub places: Vec<(String, u64)>,
    pub names: HashMap<String, usize>,
    pub missing: Missing,
}

impl Collected {
    pub fn read(&mut self, file: &CatalogFile, faults: &mut Faults) {
        let reading: Reading<Vec<Spanned<Control>>> = yaml::read(file, faults);
        self.missing.whole_file |= reading.value.is_none();
        self.missing.blocks.extend(reading.lost);
        let text =
            Text { reading: Reading { value: Some(()), lost: Vec::new(), text: reading.text }, lines: OnceCell::new() };
        for (place, spanned) in reading.value.unwrap_or_default().into_iter().enumerate() {
            let line = spanned.referenced.line();
            let control = spanned.value;
            let index = self.controls.len();
            self.controls.push(control);
            self.places.push((file.shown.clone(), line));
            self.check(index, &text, file, (place, line), faults);
        }
    }

    pub fn read_texts(&mut self, file: &CatalogFile, faults: &mut Faults) {
        let reading: Reading<BTreeMap<String, Spanned<String>>> = yaml::read(file, faults);
        for (id, text) in reading.value.iter().flatten() {
            let line = |id: &str| reading.line_of_key(id, text.referenced.line());
            let control = self.names.get(id).and_then(|index| self.controls.get_mut(*index));
            match control.filter(|control| control.id.as_str() == id) {
                Some(control) if control.official.is_some() => {
                    faults.add(&file.shown, Some(line(id)), format!("`{id}` has an official text already; keep one"));
                }
                Some(control) => control.official = Some(text.value.clone()),
                None if self.missing.may_hold(id) => {}
                None => faults.add(&file.shown, Some(line(id)), format!("there is no control with the id `{id}`")),
            }
        }
    }

    /// Checks one control, the `place`th of its file, which begins in a `line` of it.
    fn check(
        &mut self,
        index: usize,
        text: &Text,
        file: &CatalogFile,
        (place, line): (usize, u64),
        faults: &mut Faults,
    ) {
        let Some(control) = self.controls.get(index) else { return };
        let line_of = |needle: &str| Some(text.reading.line_of(line, needle));
        for (key, value) in [("title", &control.title), ("family", &control.family)] {
            if value.trim().is_empty() {
                faults.add(&file.shown, line_of(key), format!("`{key}` of `{}` is empty", control.id));
            }
        }
        if !control.assessable && !control.objectives.is_empty() {
            let message = format!("`{}` is not assessable and still has objectives; remove one of the two", control.id);
            faults.add(&file.shown, Some(line), message);
        }
        for name in control.to_be_confirmed().filter(|name| !control.facts.contains_key(*name)) {
            let at = line_of(TO_BE_CONFIRMED);
            let message = format!("`{TO_BE_CONFIRMED}` of `{}` names `{name}`, which is no fact of it", control.id);
            faults.add(&file.shown, at, message);
        }
        let missing = control.guidance.as_ref().map(Guidance::missing).unwrap_or_default();
        // A row that is not judged needs no evidence, only to be understood.
        for key in missing.into_iter().filter(|key| control.assessable || *key == "asks") {
            let at = line_of("guidance");
            faults.add(&file.shown, at, format!("the guidance of `{}` says nothing under `{key}`", control.id));
        }
        let own = std::iter::once((Named::Control, control.id.as_str()));
        let aliases = control.aliases.iter().enumerate();
        let aliases = aliases.map(|(at, alias)| (Named::Alias(at), alias.as_str()));
        let objectives = control.objectives.iter().enumerate();
        let objectives = objectives.map(|(at, objective)| (Named::Objective(at), objective.id.as_str()));
        for (named, name) in own.chain(aliases).chain(objectives) {
            // Looking for the line costs: only done for a fault.
            let at = || text.line(place, named).or(Some(line));
            let kind = named.kind();
            if let Some(first) = self.names.get(name) {
                let (first_file, first_line) =
                    self.places.get(*first).map_or(("", 0), |(file, line)| (file.as_str(), *line));
                let message =
                    format!("the {kind} `{name}` is a duplicate: the name is taken at {first_file}:{first_line}");
                faults.add(&file.shown, at(), message);
            } else {
                self.names.insert(name.to_owned(), index);
            }
        }
        for (at, objective) in control.objectives.iter().enumerate() {
            if !objective.title.trim().is_empty() {
                continue;
            }
            let at = text.line(place, Named::Objective(at)).or(Some(line));
            faults.add(&file.shown, at, format!("the objective `{}` has no title", objective.id));
        }
    }

    /// A key that no control carries would leave every control in, unseen.
    pub fn check_questionnaires(
        &self,
        questionnaires: &[Spanned<Questionnaire>],
        head: &CatalogFile,
        faults: &mut Faults,
    ) {
        let mut seen = BTreeSet::new();
        for spanned in questionnaires {
            let (one, at) = (&spanned.value, Some(spanned.referenced.line()));
            if !seen.insert(&one.id) {
                faults.add(&head.shown, at, format!("the questionnaire `{}` is listed twice", one.id));
            }
            if one.title.trim().is_empty() {
                faults.add(&head.shown, at, format!("the questionnaire `{}` has no title", one.id));
            }
            let is_known = self.controls.iter().any(|control| control.questionnaire_fact(&one.key).is_some());
            if !is_known && !self.missing.may_hold(&one.key) {
                let message = format!(
                    "no control has the key `{}` of the questionnaire `{}` under its fact `saqs`; write it as the controls do",
                    one.key, one.id
                );
                faults.add(&head.shown, at, message);
            }
            for whom in &one.leaves_out {
                let is_known = self.controls.iter().any(|control| control.applies_to() == Some(whom));
                if !is_known && !self.missing.may_hold(whom) {
                    let message = format!(
                        "the questionnaire `{}` leaves out `{whom}`, which no control has as its fact `applies_to`",
                        one.id
                    );
                    faults.add(&head.shown, at, message);
                }
            }
        }
    }

    pub fn check_parents(&self, faults: &mut Faults) {
        let by_id: HashMap<&ControlId, &Control> = self.controls.iter().map(|control| (&control.id, control)).collect();
        for (control, (file, line)) in self.controls.iter().zip(&self.places) {
            let Some(parent_id) = &control.parent else { continue };
            let Some(parent) = by_id.get(parent_id) else {
                if !self.missing.may_hold(parent_id.as_str()) {
                    let message = format!("`{}` has the parent `{parent_id}`, which does not exist", control.id);
                    faults.add(file, Some(*line), message);
                }
                continue;
            };
            if control.assessable && !parent.assessable {
                let message = format!(
                    "`{}` is judged but its parent `{parent_id}` is not assessable; a parent's status comes from its children",
                    control.id
                );
                faults.add(file, Some(*line), message);
            }
            if !parent.objectives.is_empty() {
                let message = format!(
                    "`{}` has the parent `{parent_id}`, which has objectives of its own; it would be judged twice",
                    control.id
                );
                faults.add(file, Some(*line), message);
            }
            let mut ancestor = Some(*parent);
            // A chain longer than the list of controls has met itself.
            for _ in 0..self.controls.len() {
                match ancestor {
                    Some(next) if next.id == control.id => {
                        let message =
                            format!("`{}` is its own ancestor; remove one `parent` of the circle", control.id);
                        faults.add(file, Some(*line), message);
                        break;
                    }
                    Some(next) => ancestor = next.parent.as_ref().and_then(|id| by_id.get(id)).copied(),
                    None => break,
                }
            }
        }
    }
}
