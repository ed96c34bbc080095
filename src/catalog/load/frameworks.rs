//! Reads `controls/<framework>/` and checks each framework by itself.
//!
//! Checks nothing across frameworks: that is [`super::references`]. Start with [`load`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::yaml::{self, Reading};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::catalog::framework::{Control, Framework, Questionnaire};
use crate::catalog::guidance::Guidance;
use crate::model::control::ControlState;
use crate::model::id::{ControlId, FrameworkId};

/// Folders of `controls/` that hold no framework.
const OTHER_FOLDERS: [&str; 4] = ["checks", "crosswalk", "forms", "responsibilities"];

/// Folder of a framework with the publisher's own texts by control id; any `.yaml` in it is read without being listed.
const TEXTS: &str = "texts/";

/// `framework.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    id: FrameworkId,
    title: String,
    version: String,
    publisher: String,
    source: String,
    vocabulary: BTreeMap<ControlState, String>,
    #[serde(default)]
    judged_by: Option<FrameworkId>,
    #[serde(default)]
    questionnaires: Vec<Questionnaire>,
    files: Vec<String>,
}

/// A framework with what its checks across files need to know.
pub(super) struct LoadedFramework {
    pub framework: Framework,
    /// The path of `framework.yaml` as shown.
    pub shown: String,
    /// What could not be read of it.
    missing: Missing,
    /// Ids, aliases and objectives, with the index of their control.
    pub names: HashMap<String, usize>,
    /// Controls that are the parent of others.
    pub parents: HashSet<ControlId>,
    /// File and line of each control, by index.
    places: Vec<(String, u64)>,
}

impl LoadedFramework {
    pub fn place(&self, index: usize) -> (String, Option<u64>) {
        self.places.get(index).map_or_else(|| (self.shown.clone(), None), |(file, line)| (file.clone(), Some(*line)))
    }

    /// The control with this id or alias, or the one that has this objective.
    pub fn control(&self, name: &str) -> Option<&Control> {
        self.names.get(name).and_then(|index| self.framework.controls.get(*index))
    }

    /// False only if the framework surely has no such control, alias, objective or family.
    pub fn may_know(&self, name: &str) -> bool {
        self.names.contains_key(name) || self.missing.may_hold(name)
    }

    /// True if no family of this name was read, nor could be in what was not.
    pub fn lacks_family(&self, family: &str) -> bool {
        !self.missing.may_hold(family) && !self.framework.controls.iter().any(|control| control.family == family)
    }
}

/// What of a framework could not be read: nobody is blamed for naming it.
#[derive(Default)]
struct Missing {
    /// A file of which nothing could be used.
    whole_file: bool,
    blocks: Vec<String>,
}

impl Missing {
    fn may_hold(&self, name: &str) -> bool {
        self.whole_file || self.blocks.iter().any(|block| block.contains(name))
    }
}

/// All frameworks, and the folders of those whose `framework.yaml` could not be read.
pub(super) struct LoadedFrameworks {
    by_id: BTreeMap<FrameworkId, LoadedFramework>,
    unreadable: BTreeSet<String>,
}

impl LoadedFrameworks {
    pub fn get(&self, id: &FrameworkId) -> Option<&LoadedFramework> {
        self.by_id.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &LoadedFramework> {
        self.by_id.values()
    }

    /// False only if there is no such framework, not even an unreadable one.
    pub fn may_know(&self, id: &FrameworkId) -> bool {
        self.by_id.contains_key(id) || self.unreadable.contains(id.as_str())
    }

    pub fn into_frameworks(self) -> BTreeMap<FrameworkId, Framework> {
        self.by_id.into_iter().map(|(id, loaded)| (id, loaded.framework)).collect()
    }
}

pub(super) fn load(files: &FileSet, faults: &mut Faults) -> LoadedFrameworks {
    let mut folders: BTreeMap<&str, Vec<&CatalogFile>> = BTreeMap::new();
    for file in files.below("controls/") {
        let Some((folder, name)) = file.path.strip_prefix("controls/").and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if !OTHER_FOLDERS.contains(&folder) && !name.ends_with("README.md") {
            folders.entry(folder).or_default().push(file);
        }
    }
    let mut loaded = LoadedFrameworks { by_id: BTreeMap::new(), unreadable: BTreeSet::new() };
    for (folder, files) in folders {
        match load_folder(folder, &files, faults) {
            Some(framework) => {
                loaded.by_id.insert(framework.framework.id.clone(), framework);
            }
            None => {
                loaded.unreadable.insert(folder.to_owned());
            }
        }
    }
    loaded
}

fn load_folder(folder: &str, files: &[&CatalogFile], faults: &mut Faults) -> Option<LoadedFramework> {
    let named = |name: &str| files.iter().copied().find(|file| file.path == format!("controls/{folder}/{name}"));
    let Some(head) = named("framework.yaml") else {
        let shown = files.first().map_or(folder, |file| &file.shown);
        faults.add(shown, None, format!("the folder `{folder}` has no framework.yaml that names this file"));
        return None;
    };
    let reading: Reading<FrameworkFile> = yaml::read(head, faults);
    let line = |needle: &str| Some(reading.line_of(1, needle));
    // Without a readable head the controls are still read, so that their faults show at once.
    let listed: Vec<String> = if let Some(file) = &reading.value {
        file.files.clone()
    } else {
        let names = files.iter().map(|file| name_in(folder, file).to_owned());
        names.filter(|name| !name.starts_with(TEXTS)).collect()
    };
    if let Some(file) = &reading.value {
        check_head(folder, head, file, &line, faults);
        let known: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        for file in files {
            let name = name_in(folder, file);
            if name != "framework.yaml" && !name.starts_with(TEXTS) && !known.contains(name) {
                faults.add(&file.shown, None, format!("the file is not listed under `files` of {}", head.shown));
            }
        }
    }

    let mut collected = Collected::default();
    // A list of files that was lost may have named any control.
    collected.missing.whole_file = !reading.is_whole() && listed.is_empty();
    let mut seen = BTreeSet::new();
    for name in listed.iter().filter(|name| name.as_str() != "framework.yaml") {
        if !seen.insert(name) {
            faults.add(&head.shown, line(&format!("- {name}")), format!("`{name}` is listed twice"));
            continue;
        }
        let Some(file) = named(name) else {
            let message = format!("`{name}` is listed but there is no such file in this folder");
            faults.add(&head.shown, line(name), message);
            collected.missing.whole_file = true;
            continue;
        };
        collected.read(file, faults);
    }
    for file in files.iter().filter(|file| name_in(folder, file).starts_with(TEXTS)) {
        collected.read_texts(file, faults);
    }
    collected.check_parents(faults);
    let text = Reading { value: Some(()), lost: Vec::new(), text: reading.text };
    let file = reading.value?;
    collected.check_questionnaires(&file.questionnaires, head, &text, faults);
    if collected.controls.is_empty() && !collected.missing.may_hold("") {
        faults.add(&head.shown, None, "the framework has no controls");
    }
    let parents = collected.controls.iter().filter_map(|control| control.parent.clone()).collect();
    Some(LoadedFramework {
        framework: Framework {
            id: file.id,
            title: file.title,
            version: file.version,
            publisher: file.publisher,
            source: file.source,
            vocabulary: file.vocabulary,
            judged_by: file.judged_by,
            questionnaires: file.questionnaires,
            controls: collected.controls,
        },
        shown: head.shown.clone(),
        missing: collected.missing,
        names: collected.names,
        parents,
        places: collected.places,
    })
}

/// The file's path below its framework's folder.
fn name_in<'file>(folder: &str, file: &'file CatalogFile) -> &'file str {
    file.path
        .strip_prefix("controls/")
        .and_then(|rest| rest.strip_prefix(folder))
        .map_or("", |rest| rest.trim_start_matches('/'))
}

fn check_head(
    folder: &str,
    head: &CatalogFile,
    file: &FrameworkFile,
    line: &dyn Fn(&str) -> Option<u64>,
    faults: &mut Faults,
) {
    if file.id.as_str() != folder {
        let message = format!("the id `{}` is not the name of its folder, `{folder}`; make them equal", file.id);
        faults.add(&head.shown, line("id:"), message);
    }
    for (key, text) in [("title", &file.title), ("version", &file.version), ("publisher", &file.publisher)] {
        if text.trim().is_empty() {
            faults.add(&head.shown, line(&format!("{key}:")), format!("`{key}` is empty"));
        }
    }
    for state in [ControlState::Met, ControlState::NotMet, ControlState::NotApplicable, ControlState::Undetermined] {
        if file.vocabulary.get(&state).is_none_or(|word| word.trim().is_empty()) {
            let message = format!("the vocabulary has no word for `{}`", state.as_str());
            faults.add(&head.shown, line("vocabulary:"), message);
        }
    }
}

/// The controls of one framework while its files are read.
#[derive(Default)]
struct Collected {
    controls: Vec<Control>,
    places: Vec<(String, u64)>,
    names: HashMap<String, usize>,
    missing: Missing,
}

impl Collected {
    fn read(&mut self, file: &CatalogFile, faults: &mut Faults) {
        let reading: Reading<Vec<Spanned<Control>>> = yaml::read(file, faults);
        self.missing.whole_file |= reading.value.is_none();
        self.missing.blocks.extend(reading.lost);
        let text = Reading { value: Some(()), lost: Vec::new(), text: reading.text };
        for spanned in reading.value.unwrap_or_default() {
            let line = spanned.referenced.line();
            let control = spanned.value;
            let index = self.controls.len();
            self.controls.push(control);
            self.places.push((file.shown.clone(), line));
            self.check(index, &text, file, line, faults);
        }
    }

    fn read_texts(&mut self, file: &CatalogFile, faults: &mut Faults) {
        let reading: Reading<BTreeMap<String, String>> = yaml::read(file, faults);
        let line = |id: &str| reading.line_of(1, id);
        for (id, text) in reading.value.iter().flatten() {
            let control = self.names.get(id).and_then(|index| self.controls.get_mut(*index));
            match control.filter(|control| control.id.as_str() == id) {
                Some(control) if control.official.is_some() => {
                    faults.add(&file.shown, Some(line(id)), format!("`{id}` has an official text already; keep one"));
                }
                Some(control) => control.official = Some(text.clone()),
                None if self.missing.may_hold(id) => {}
                None => faults.add(&file.shown, Some(line(id)), format!("there is no control with the id `{id}`")),
            }
        }
    }

    fn check(&mut self, index: usize, text: &Reading<()>, file: &CatalogFile, line: u64, faults: &mut Faults) {
        let Some(control) = self.controls.get(index) else { return };
        for (key, value) in [("title", &control.title), ("family", &control.family)] {
            if value.trim().is_empty() {
                faults.add(&file.shown, Some(text.line_of(line, key)), format!("`{key}` of `{}` is empty", control.id));
            }
        }
        if !control.assessable && !control.objectives.is_empty() {
            let message = format!("`{}` is not assessable and still has objectives; remove one of the two", control.id);
            faults.add(&file.shown, Some(line), message);
        }
        let missing = control.guidance.as_ref().map(Guidance::missing).unwrap_or_default();
        // A row that is not judged needs no evidence, only to be understood.
        for key in missing.into_iter().filter(|key| control.assessable || *key == "asks") {
            let at = text.line_of(line, "guidance:");
            faults.add(&file.shown, Some(at), format!("the guidance of `{}` says nothing under `{key}`", control.id));
        }
        let own = std::iter::once(("control", control.id.as_str()));
        let aliases = control.aliases.iter().map(|alias| ("alias", alias.as_str()));
        let objectives = control.objectives.iter().map(|objective| ("objective", objective.id.as_str()));
        for (kind, name) in own.chain(aliases).chain(objectives) {
            // Looking for the line costs: only done for a fault.
            let at = || Some(if kind == "control" { line } else { text.line_of(line, name) });
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
        for objective in control.objectives.iter().filter(|objective| objective.title.trim().is_empty()) {
            let at = text.line_of(line, objective.id.as_str());
            faults.add(&file.shown, Some(at), format!("the objective `{}` has no title", objective.id));
        }
    }

    /// A key that no control carries would leave every control in, unseen.
    fn check_questionnaires(
        &self,
        questionnaires: &[Questionnaire],
        head: &CatalogFile,
        text: &Reading<()>,
        faults: &mut Faults,
    ) {
        let mut seen = BTreeSet::new();
        for one in questionnaires {
            let at = Some(text.line_of(1, &format!("id: {}", one.id)));
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
        }
    }

    fn check_parents(&self, faults: &mut Faults) {
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
