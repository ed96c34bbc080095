//! Reads `controls/responsibilities/<model>/<framework>.yaml` and checks that every control gets exactly one owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::frameworks::{LoadedFramework, LoadedFrameworks};
use super::yaml::{self, Reading};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::catalog::template::{FamilySplit, ResponsibilityTemplate};
use crate::model::id::FrameworkId;
use crate::model::responsibility::{EngagementModel, Party, Responsibility, ResponsibilityKind};

const MODELS: [EngagementModel; 3] =
    [EngagementModel::InHouse, EngagementModel::CoManaged, EngagementModel::FullyManaged];

/// [`ResponsibilityTemplate`] as written, with lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateFile {
    framework: FrameworkId,
    model: EngagementModel,
    families: BTreeMap<String, Spanned<FamilySplit>>,
    #[serde(default)]
    rows: Vec<Spanned<Responsibility>>,
}

type Templates = BTreeMap<(FrameworkId, EngagementModel), ResponsibilityTemplate>;

pub(super) fn load(files: &FileSet, frameworks: &LoadedFrameworks, faults: &mut Faults) -> Templates {
    let mut templates = Templates::new();
    let mut present = BTreeSet::new();
    for file in files.below("controls/responsibilities/") {
        let parts: Vec<&str> = file.path.split('/').collect();
        match parts.as_slice() {
            [.., "README.md"] => {}
            [_, _, model, name] if yaml::has_extension(name, "yaml") => {
                let framework = name.strip_suffix(".yaml").unwrap_or(name);
                present.insert((framework.to_owned(), (*model).to_owned()));
                if let Some(template) = load_one(model, framework, file, frameworks, faults) {
                    templates.insert((template.framework.clone(), template.model), template);
                }
            }
            _ => {
                let message =
                    "no file is expected here; a template is controls/responsibilities/<model>/<framework>.yaml";
                faults.add(&file.shown, None, message);
            }
        }
    }
    for loaded in frameworks.iter() {
        let id = &loaded.framework.id;
        for model in MODELS {
            if !present.contains(&(id.to_string(), model.as_str().to_owned())) {
                let message = format!(
                    "nobody owns the controls of `{id}` under the engagement model `{0}`: add controls/responsibilities/{0}/{id}.yaml",
                    model.as_str()
                );
                faults.add(&loaded.shown, None, message);
            }
        }
    }
    templates
}

fn load_one(
    model: &str,
    framework: &str,
    file: &CatalogFile,
    frameworks: &LoadedFrameworks,
    faults: &mut Faults,
) -> Option<ResponsibilityTemplate> {
    let reading: Reading<TemplateFile> = yaml::read(file, faults);
    let is_whole = reading.is_whole();
    let text = Reading { value: Some(()), lost: Vec::new(), text: reading.text };
    let template = reading.value?;
    if template.model.as_str() != model {
        let message = format!("the model `{}` is not its folder, `{model}`; make them equal", template.model.as_str());
        faults.add(&file.shown, Some(text.line_of(1, "model:")), message);
    }
    if template.framework.as_str() != framework {
        let message =
            format!("the framework `{}` is not the file's name, `{framework}`; make them equal", template.framework);
        faults.add(&file.shown, Some(text.line_of(1, "framework:")), message);
    }
    check_splits(&template, file, faults);
    match frameworks.get(&template.framework) {
        Some(loaded) => check_controls(&template, is_whole, loaded, file, &text, faults),
        None if frameworks.may_know(&template.framework) => {}
        None => {
            let message = format!("there is no framework `{}`", template.framework);
            faults.add(&file.shown, Some(text.line_of(1, "framework:")), message);
        }
    }
    Some(ResponsibilityTemplate {
        framework: template.framework,
        model: template.model,
        families: template.families.into_iter().map(|(family, split)| (family, split.value)).collect(),
        rows: template.rows.into_iter().map(|row| row.value).collect(),
    })
}

fn check_splits(template: &TemplateFile, file: &CatalogFile, faults: &mut Faults) {
    for (family, split) in &template.families {
        let row = &split.value;
        let parts = Split {
            name: family,
            kind: row.kind,
            accountable: row.accountable,
            provider_tasks: &row.provider_tasks,
            internal_tasks: &row.internal_tasks,
            vendor_tasks: row.vendor_tasks.as_deref(),
            document: row.document.as_deref(),
        };
        parts.check(|message| faults.add(&file.shown, Some(split.referenced.line()), message));
    }
    for row in &template.rows {
        let line = row.referenced.line();
        let row = &row.value;
        let parts = Split {
            name: row.control.as_str(),
            kind: row.kind,
            accountable: row.accountable,
            provider_tasks: &row.provider_tasks,
            internal_tasks: &row.internal_tasks,
            vendor_tasks: row.vendor_tasks.as_deref(),
            document: row.document.as_deref(),
        };
        parts.check(|message| faults.add(&file.shown, Some(line), message));
    }
}

/// What a family's split and a control's row have in common.
struct Split<'a> {
    name: &'a str,
    kind: ResponsibilityKind,
    accountable: Party,
    provider_tasks: &'a str,
    internal_tasks: &'a str,
    vendor_tasks: Option<&'a str>,
    document: Option<&'a str>,
}

impl Split<'_> {
    fn check(&self, mut fault: impl FnMut(String)) {
        let name = self.name;
        let provider_works = !self.provider_tasks.trim().is_empty();
        let internal_works = !self.internal_tasks.trim().is_empty();
        let wrong_owner = |owner: &str| {
            format!("`{name}` is `{}` but accountable is another; use `accountable: {owner}`", self.kind.as_str())
        };
        let is_proved = self.document.is_some_and(|document| !document.trim().is_empty());
        if self.vendor_tasks.is_some() && !is_proved {
            fault(format!("`{name}` says what a vendor does; name the vendor's document that proves it"));
        }
        match self.kind {
            ResponsibilityKind::Provider => {
                if self.accountable != Party::Provider {
                    fault(wrong_owner("provider"));
                }
                if !provider_works {
                    fault(format!("`{name}` is the provider's but says nothing under provider_tasks"));
                }
            }
            ResponsibilityKind::Internal => {
                if self.accountable != Party::Internal {
                    fault(wrong_owner("internal"));
                }
                if !internal_works {
                    fault(format!("`{name}` is internal IT's but says nothing under internal_tasks"));
                }
            }
            ResponsibilityKind::Shared => {
                if self.accountable == Party::Vendor {
                    fault(format!("`{name}` is shared by provider and internal IT; one of the two is accountable"));
                }
                if !provider_works || !internal_works {
                    fault(format!(
                        "`{name}` is shared and needs text for both sides: provider_tasks and internal_tasks"
                    ));
                }
            }
            ResponsibilityKind::Inherited => {
                if !is_proved {
                    fault(format!(
                        "`{name}` is inherited without a document; name the vendor's document that proves it"
                    ));
                }
            }
            ResponsibilityKind::NotApplicable => {}
        }
    }
}

fn check_controls(
    template: &TemplateFile,
    is_whole: bool,
    loaded: &LoadedFramework,
    file: &CatalogFile,
    text: &Reading<()>,
    faults: &mut Faults,
) {
    let framework = &loaded.framework;
    for (family, split) in &template.families {
        if loaded.lacks_family(family) {
            let message = format!("`{}` has no family `{family}`", framework.id);
            faults.add(&file.shown, Some(text.line_of_key(family, split.referenced.line())), message);
        }
    }
    let mut rows = HashMap::new();
    for row in &template.rows {
        let line = row.referenced.line();
        let row = &row.value;
        let control = loaded.control(row.control.as_str());
        match (control, &row.objective) {
            (None, _) if loaded.may_know(row.control.as_str()) => {}
            (None, _) => {
                let message = format!("`{}` has no control `{}`", framework.id, row.control);
                faults.add(&file.shown, Some(line), message);
            }
            (Some(control), _) if control.id != row.control => {
                let message = format!("`{}` is another spelling; write the id `{}`", row.control, control.id);
                faults.add(&file.shown, Some(line), message);
            }
            (Some(control), Some(objective)) if !control.objectives.iter().any(|known| known.id == *objective) => {
                faults.add(&file.shown, Some(line), format!("`{}` has no objective `{objective}`", control.id));
            }
            _ => {}
        }
        if let Some(first) = rows.insert((row.control.as_str(), row.objective.as_ref()), line) {
            let name = row.objective.as_ref().map_or(row.control.as_str(), |objective| objective.as_str());
            faults.add(&file.shown, Some(line), format!("`{name}` has two rows; the first is at line {first}"));
        }
    }
    if !is_whole {
        return;
    }
    // One fault a family: a family without a split leaves all its controls without an owner.
    let mut orphans: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for control in &framework.controls {
        if !template.families.contains_key(&control.family) && !rows.contains_key(&(control.id.as_str(), None)) {
            orphans.entry(&control.family).or_default().push(control.id.as_str());
        }
    }
    for (family, controls) in orphans {
        let shown: Vec<_> = controls.iter().take(5).copied().collect();
        let more = if controls.len() > shown.len() { " and more" } else { "" };
        let message = format!(
            "nobody owns {}{more}: add the family `{family}` under `families`, or a row for each",
            shown.join(", ")
        );
        faults.add(&file.shown, Some(text.line_of(1, "families:")), message);
    }
}
