//! Reads `controls/<framework>/` and checks each framework by itself.
//!
//! Checks nothing across frameworks: that is [`super::references`]. Start with [`load`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::controls::{Collected, Missing};
use super::yaml::{self, Reading};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::catalog::framework::{Control, Framework, Questionnaire};
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
    judged_by: Option<Spanned<FrameworkId>>,
    #[serde(default)]
    questionnaires: Vec<Spanned<Questionnaire>>,
    files: Vec<Spanned<String>>,
}

/// A framework with what its checks across files need to know.
pub(super) struct LoadedFramework {
    pub framework: Framework,
    /// The path of `framework.yaml` as shown.
    pub shown: String,
    /// Where `framework.yaml` names the judge.
    pub judge_line: Option<u64>,
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
    let listed: Vec<(String, Option<u64>)> = if let Some(file) = &reading.value {
        file.files.iter().map(|name| (name.value.clone(), Some(name.referenced.line()))).collect()
    } else {
        let names = files.iter().map(|file| name_in(folder, file).to_owned());
        names.filter(|name| !name.starts_with(TEXTS)).map(|name| (name, None)).collect()
    };
    if let Some(file) = &reading.value {
        check_head(folder, head, file, &line, faults);
        let known: BTreeSet<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
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
    for (name, at) in listed.iter().filter(|(name, _)| name.as_str() != "framework.yaml") {
        if !seen.insert(name) {
            faults.add(&head.shown, *at, format!("`{name}` is listed twice"));
            continue;
        }
        let Some(file) = named(name) else {
            let message = format!("`{name}` is listed but there is no such file in this folder");
            faults.add(&head.shown, *at, message);
            collected.missing.whole_file = true;
            continue;
        };
        collected.read(file, faults);
    }
    for file in files.iter().filter(|file| name_in(folder, file).starts_with(TEXTS)) {
        collected.read_texts(file, faults);
    }
    collected.check_parents(faults);
    let file = reading.value?;
    collected.check_questionnaires(&file.questionnaires, head, faults);
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
            judged_by: file.judged_by.as_ref().map(|judge| judge.value.clone()),
            questionnaires: file.questionnaires.into_iter().map(|one| one.value).collect(),
            controls: collected.controls,
        },
        shown: head.shown.clone(),
        judge_line: file.judged_by.map(|judge| judge.referenced.line()),
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
