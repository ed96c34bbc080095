//! An imported catalog as files that the loader reads: a framework of its own, or texts beside a framework that is there.
//!
//! Writes nothing to disk: it gives paths and bytes. The files are JSON, which is YAML too, so that no text can be misread.
//! Start with [`framework`] and [`beside`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{OfficialCatalog, OfficialControl, OfficialFamily, OfficialObjective};
use crate::catalog::framework::Framework;
use crate::model::id::FrameworkId;
use crate::model::responsibility::EngagementModel;

/// About so many bytes go into one file: half of what the loader reads, which leaves room for what JSON escapes.
const PART_BYTES: usize = 512 * 1024;
/// What a control or an objective takes beside its texts, at most.
const ROW_BYTES: usize = 512;

/// Paths below the folder that the settings name, with their bytes.
pub type Files = BTreeMap<String, String>;

/// A framework of the user's own: controls, texts apart from them, and a template for each engagement model to be filled.
#[must_use]
pub fn framework(catalog: &OfficialCatalog, id: &FrameworkId) -> Files {
    let mut files = Files::new();
    let mut listed = Vec::new();
    for family in &catalog.families {
        for part in parts(&family.controls, bytes_of) {
            let name = format!("group-{:02}.yaml", listed.len() + 1);
            let controls: Vec<Value> = part.iter().map(|control| of_control(family, control)).collect();
            files.insert(format!("controls/{id}/{name}"), printed(&json!(controls)));
            let texts: BTreeMap<_, _> = part.iter().filter_map(text_of).collect();
            if !texts.is_empty() {
                files.insert(format!("controls/{id}/texts/{name}"), printed(&json!(texts)));
            }
            listed.push(name);
        }
    }
    let head = json!({
        "id": id, "title": or(&catalog.title, id.as_str()), "version": or(&catalog.version, "not stated"),
        "publisher": "Imported; see the catalog", "source": format!("OSCAL {} catalog", catalog.oscal_version),
        "vocabulary": {"met": "Met", "not_met": "Not met", "not_applicable": "Not applicable", "undetermined": "Not yet determined"},
        "files": listed,
    });
    files.insert(format!("controls/{id}/framework.yaml"), printed(&head));
    for model in [EngagementModel::FullyManaged, EngagementModel::CoManaged, EngagementModel::InHouse] {
        let families: BTreeSet<&str> = catalog.families.iter().map(|family| or(&family.title, "Other")).collect();
        let split = json!({
            "kind": "internal", "accountable": "internal",
            "internal_tasks": "To be filled in: nobody has decided yet who does this work.",
        });
        let families: BTreeMap<&str, &Value> = families.into_iter().map(|family| (family, &split)).collect();
        let template = json!({"framework": id, "model": model, "families": families});
        let note = "# A start made by the import: somebody has to say who does what before this is used.\n";
        files.insert(
            format!("controls/responsibilities/{}/{id}.yaml", model.as_str()),
            format!("{note}{}", printed(&template)),
        );
    }
    files
}

/// Texts for those controls that the framework has under the very id or alias; how many there are.
#[must_use]
pub fn beside(catalog: &OfficialCatalog, framework: &Framework) -> (Files, usize) {
    let mut texts = BTreeMap::new();
    for official in catalog.families.iter().flat_map(|family| &family.controls) {
        let is_meant = |name: &str| name == official.id.as_str() || name == official.oscal_id;
        let control = framework
            .controls
            .iter()
            .find(|control| is_meant(control.id.as_str()) || control.aliases.iter().any(|alias| is_meant(alias)));
        if let (Some(control), Some((_, text))) = (control, text_of(official)) {
            texts.insert(control.id.to_string(), text);
        }
    }
    let found = texts.len();
    let mut files = Files::new();
    let rows: Vec<_> = texts.into_iter().collect();
    for (index, part) in parts(&rows, |(_, text)| text.len() + ROW_BYTES).into_iter().enumerate() {
        let part: BTreeMap<_, _> = part.iter().cloned().collect();
        files.insert(format!("controls/{}/texts/imported-{:02}.yaml", framework.id, index + 1), printed(&json!(part)));
    }
    (files, found)
}

/// In parts whose files stay below the size that the loader reads, unless a single one is larger.
fn parts<T>(all: &[T], bytes_of: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut parts, mut begun, mut bytes) = (Vec::new(), 0, 0);
    for (index, one) in all.iter().enumerate() {
        let more = bytes_of(one);
        if index > begun && bytes + more > PART_BYTES {
            parts.extend(all.get(begun..index));
            (begun, bytes) = (index, 0);
        }
        bytes += more;
    }
    parts.extend(all.get(begun..));
    parts
}

/// About what a control takes in the larger of its two files.
fn bytes_of(control: &OfficialControl) -> usize {
    let of_objective = |one: &OfficialObjective| one.text.len() + ROW_BYTES;
    control.text.len() + control.title.len() + ROW_BYTES + control.objectives.iter().map(of_objective).sum::<usize>()
}

fn of_control(family: &OfficialFamily, control: &OfficialControl) -> Value {
    let objectives: Vec<Value> = control
        .objectives
        .iter()
        .filter(|_| !control.withdrawn)
        .map(|one| json!({"id": one.id, "title": format!("Objective {}", one.id)}))
        .collect();
    let aliases: Vec<&str> =
        Some(control.oscal_id.as_str()).into_iter().filter(|id| *id != control.id.as_str()).collect();
    let mut facts = BTreeMap::from([("origin", json!("imported"))]);
    if let Some(whole) = &control.part_of {
        facts.insert("part_of", json!(whole));
    }
    if control.withdrawn {
        facts.insert("status", json!("withdrawn"));
    }
    json!({
        "id": control.id, "aliases": aliases, "title": or(&control.title, control.id.as_str()),
        "family": or(&family.title, "Other"), "assessable": !control.withdrawn, "objectives": objectives, "facts": facts,
    })
}

fn text_of(control: &OfficialControl) -> Option<(String, String)> {
    let mut text = control.text.clone();
    for one in &control.objectives {
        text.extend(["\n[", one.id.as_str(), "] ", one.text.trim()]);
    }
    (!text.trim().is_empty()).then(|| (control.id.to_string(), text))
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.trim().is_empty() { other } else { text }
}

/// Without characters that YAML refuses.
fn printed(value: &Value) -> String {
    let text = format!("{value:#}\n");
    text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect()
}
