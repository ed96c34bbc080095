//! An imported catalog as files that the loader reads: a framework of its own, or texts beside a framework that is there.
//!
//! Writes nothing to disk: it gives paths and bytes. The files are JSON, which is YAML too, so that no text can be misread.
//! Start with [`framework`] and [`beside`].

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::digest::Digest;
use serde_json::{Value, json};

use super::{OfficialCatalog, OfficialControl, OfficialFamily, OfficialObjective};
use crate::catalog::framework::Framework;
use crate::model::id::FrameworkId;
use crate::model::responsibility::EngagementModel;

/// About so many bytes go into one file: half of what the loader reads, which leaves room for what JSON escapes.
const PART_BYTES: usize = 512 * 1024;
/// A catalog of more groups has files that hold several: no folder may hold more files than the loader reads.
const MOST_GROUPS: usize = 100;
/// What a control or an objective takes beside its texts, at most.
const ROW_BYTES: usize = 512;

/// Paths below the folder that the settings name, with their bytes.
pub type Files = BTreeMap<String, String>;

/// A framework of the user's own: controls, texts apart from them, and a template for each engagement model to be filled.
#[must_use]
pub fn framework(catalog: &OfficialCatalog, id: &FrameworkId) -> Files {
    let mut files = Files::new();
    let mut listed = Vec::new();
    let groups = catalog.families.iter().map(|family| family.controls.iter().map(|one| (family, one)).collect());
    let mut groups: Vec<Vec<_>> = groups.collect();
    if groups.len() > MOST_GROUPS {
        groups = vec![groups.concat()];
    }
    for group in &groups {
        for part in parts(group, |(_, control)| bytes_of(control)) {
            let name = format!("group-{:02}.yaml", listed.len() + 1);
            let controls: Vec<Value> = part.iter().map(|(family, control)| of_control(family, control)).collect();
            files.insert(format!("controls/{id}/{name}"), printed(&json!(controls)));
            let texts: BTreeMap<_, _> = part.iter().filter_map(|(_, control)| text_of(control)).collect();
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
    // Texts of other controls, imported before or later, have files of other names.
    let digest = Digest::of(json!(rows).to_string().as_bytes()).to_string();
    let digest = digest.rsplit(':').next().and_then(|hex| hex.get(..8)).unwrap_or_default();
    for (index, part) in parts(&rows, |(_, text)| text.len() + ROW_BYTES).into_iter().enumerate() {
        let part: BTreeMap<_, _> = part.iter().cloned().collect();
        let name = format!("controls/{}/texts/imported-{digest}-{:02}.yaml", framework.id, index + 1);
        files.insert(name, printed(&json!(part)));
    }
    (files, found)
}

/// Which controls a place in one of the files is about, in words; none: the file is about none, or is not one of these.
#[must_use]
pub fn place_of(files: &Files, path: &str, line: Option<u64>) -> Option<String> {
    let text = files.get(path)?;
    let value: Value = serde_json::from_str(text).ok()?;
    let ids: Vec<String> = match &value {
        Value::Array(controls) => {
            controls.iter().filter_map(|one| one.get("id")?.as_str()).map(str::to_owned).collect()
        }
        Value::Object(texts) if path.contains("/texts/") => texts.keys().cloned().collect(),
        _ => return None,
    };
    // Each begins in a line that is indented by two blanks, and no other line is.
    let begins = |line: &&str| line.starts_with("  {") || line.starts_with("  \"");
    let upto = line.and_then(|line| usize::try_from(line).ok());
    let at = upto.map(|line| text.lines().take(line).filter(begins).count());
    match (at.and_then(|at| ids.get(at.checked_sub(1)?)), ids.first(), ids.last()) {
        (Some(id), ..) => Some(format!("the control `{id}`")),
        (None, Some(first), Some(last)) if first == last => Some(format!("the control `{first}`")),
        (None, Some(first), Some(last)) => Some(format!("the controls `{first}` to `{last}`")),
        _ => None,
    }
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
