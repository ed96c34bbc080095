//! Reads one check's folder into a [`CheckDefinition`], reporting everything that is wrong with it.
//!
//! Never stops at the first fault and never evaluates a rule. Start with [`load_check`].

use std::borrow::Cow;

use countersign_seal::digest::Digest;

use super::annotations::Annotations;
use super::policy::Library;
use super::{CheckDefinition, CheckMetadata, RegoModule, Requirement, annotations, case, lint, package_of, policy};
use crate::catalog::fault::Faults;
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, DatasetId};
use crate::model::responsibility::Party;

/// Whether a rule is compiled when it is read, to find its faults with file and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiling {
    /// It may have faults.
    Now,
    /// It may have faults, and none that compiling finds: it was compiled together with others.
    Together,
    /// Its bytes, those of every library and of its cases came with the binary: only who judges with it, or tests it, pays for
    /// reading them.
    WhenJudging,
}

/// Reads a check from the text of its rule and its case files (`(file name, bytes)`).
///
/// `path` is the rule's path as the user knows it; its last two folders are the check's id. Answers `None` if anything
/// about the check is wrong; every fault is in `faults`, with the line where it can be told.
pub fn load_check(
    path: &str,
    rego_text: &str,
    cases: &[(String, Cow<'static, [u8]>)],
    library: &[RegoModule],
    compiling: Compiling,
    faults: &mut Faults,
) -> Option<CheckDefinition> {
    let mut library = Library::new(library);
    load_with(path, rego_text, cases, &mut library, compiling, faults)
}

/// As [`load_check`], one of many checks: what was read of the library for one serves the next.
pub fn load_with(
    path: &str,
    rego_text: &str,
    cases: &[(String, Cow<'static, [u8]>)],
    library: &mut Library,
    compiling: Compiling,
    faults: &mut Faults,
) -> Option<CheckDefinition> {
    let before = faults.0.len();
    let id = id_of(path, faults);
    let code = lint::code_of(rego_text);
    lint::forbidden(path, &code, faults);
    lint::default_pass(path, rego_text, &code, faults);
    let annotations = annotations::read(path, rego_text, faults);
    if let Some(annotations) = &annotations {
        metadata_faults(path, rego_text, annotations, faults);
    }

    let rego = RegoModule { file: path.to_owned(), text: rego_text.to_owned() };
    if let Some(id) = &id
        && compiling != Compiling::WhenJudging
        && is_in_its_package(id, &rego, &code, faults)
        && compiling == Compiling::Now
    {
        compile_faults(id, &rego, library, faults);
    }

    let known = annotations.as_ref().map(|annotations| datasets_of(&annotations.custom));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut read: Vec<_> = cases
        .iter()
        .filter_map(|(name, bytes)| {
            let name = name.rsplit('/').next().unwrap_or(name);
            case::read(&format!("{folder}/cases/{name}"), name, bytes.clone(), known.as_deref(), compiling, faults)
        })
        .collect();
    read.sort_by(|a, b| a.name.cmp(&b.name));
    for needed in [FindingOutcome::Pass, FindingOutcome::Fail, FindingOutcome::Unknown] {
        let prefix = format!("{}_", needed.as_str());
        let named = |(name, _): &(String, Cow<'static, [u8]>)| {
            name.rsplit('/').next().is_some_and(|name| name.starts_with(&prefix))
        };
        if !cases.iter().any(named) {
            let message =
                format!("the check has no case whose name begins with `{prefix}`; add {folder}/cases/{prefix}….json");
            faults.add(path, None, message);
        }
    }

    let (id, annotations) = (id?, annotations?);
    if faults.0.len() > before {
        return None;
    }
    Some(CheckDefinition {
        id,
        title: annotations.title,
        description: annotations.description,
        references: annotations.related_resources.into_iter().map(annotations::RelatedResource::into_address).collect(),
        metadata: annotations.custom,
        digest: library.digest_with(&rego),
        rego,
        cases: read,
    })
}

/// Reports what a shared library file must not contain.
pub fn lint_library(module: &RegoModule, faults: &mut Faults) {
    let code = lint::code_of(&module.text);
    lint::forbidden(&module.file, &code, faults);
    lint::default_pass(&module.file, &module.text, &code, faults);
    match lint::package(&code) {
        Some((_, package)) if package.starts_with("lib.") => {}
        found => {
            let message = "a shared library must be in a package that begins with `lib.`";
            faults.add(&module.file, found.map(|(line, _)| line), message);
        }
    }
    if let Err(error) = regorus::Engine::new().add_policy(module.file.clone(), module.text.clone()) {
        let fault = policy::located(&error.to_string());
        faults.add(&module.file, fault.line, fault.message);
    }
}

/// Digest of a rule's bytes and of every library file; independent of where the files lie and of their order.
#[must_use]
pub fn check_digest(rule: &RegoModule, library: &[RegoModule]) -> Digest {
    Library::new(library).digest_with(rule)
}

fn id_of(path: &str, faults: &mut Faults) -> Option<CheckId> {
    let mut parts = path.rsplit('/');
    let (_file, name, source) = (parts.next(), parts.next(), parts.next());
    let text = format!("{}/{}", source.unwrap_or_default(), name.unwrap_or_default());
    match text.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            let message =
                format!("the folder does not name a check ({error}); use controls/checks/<source>/<name>/check.rego");
            faults.add(path, None, message);
            None
        }
    }
}

fn is_in_its_package(id: &CheckId, rego: &RegoModule, code: &str, faults: &mut Faults) -> bool {
    let expected = package_of(id);
    match lint::package(code) {
        Some((_, package)) if package == expected => return true,
        Some((line, package)) => {
            let message =
                format!("the package is `{package}`, but the folder is that of `{id}`; write `package {expected}`");
            faults.add(&rego.file, Some(line), message);
        }
        None => faults.add(&rego.file, None, format!("the rule has no package line; write `package {expected}`")),
    }
    false
}

fn compile_faults(id: &CheckId, rego: &RegoModule, library: &mut Library, faults: &mut Faults) {
    if let Err(fault) = library.compile(&package_of(id), rego) {
        let file = fault.file.unwrap_or_else(|| rego.file.clone());
        let in_library = file != rego.file;
        faults.add(file, fault.line, fault.message);
        if in_library {
            faults.add(&rego.file, None, "the rule cannot be compiled while a shared library is at fault");
        }
    }
}

fn datasets_of(metadata: &CheckMetadata) -> Vec<DatasetId> {
    let required = metadata.requires.iter().flat_map(|requirement| match requirement {
        Requirement::One(id) => std::slice::from_ref(id),
        Requirement::AnyOf { any_of } => any_of.as_slice(),
    });
    required.chain(&metadata.uses).cloned().collect()
}

fn metadata_faults(path: &str, rego_text: &str, annotations: &Annotations, faults: &mut Faults) {
    let line_of = |key: &str| {
        let wanted = format!("{key}:");
        rego_text
            .lines()
            .position(|line| line.strip_prefix('#').is_some_and(|line| line.trim_start().starts_with(&wanted)))
            .map(|index| index as u64 + 1)
    };
    let metadata = &annotations.custom;
    for (key, text) in [("title", &annotations.title), ("description", &annotations.description)] {
        if text.trim().is_empty() {
            faults.add(path, line_of(key), format!("`{key}` is empty; say it in one sentence"));
        }
    }
    if metadata.requires.is_empty() {
        faults.add(
            path,
            line_of("requires"),
            "`requires` is empty; name the datasets without which the check is unknown",
        );
    }
    for requirement in &metadata.requires {
        if matches!(requirement, Requirement::AnyOf { any_of } if any_of.len() < 2) {
            faults.add(path, line_of("requires"), "`any_of` needs at least two datasets; name a single one directly");
        }
    }
    if metadata.proves.values().all(std::collections::BTreeMap::is_empty) {
        faults.add(path, line_of("proves"), "`proves` names no objective of any framework");
    }
    for party in [Party::Provider, Party::Internal] {
        if metadata.remediation.get(&party).is_none_or(|text| text.trim().is_empty()) {
            let message = format!("`remediation` has no text for `{}`; say what this party does", party.as_str());
            faults.add(path, line_of("remediation"), message);
        }
    }
    let known = datasets_of(metadata);
    let named = [
        ("unlicensed", metadata.unlicensed.keys().collect::<Vec<_>>()),
        ("irrelevant", metadata.irrelevant.keys().collect()),
        ("optional", metadata.optional.keys().collect()),
    ];
    for (key, datasets) in named {
        for dataset in datasets.into_iter().filter(|dataset| !known.contains(dataset)) {
            let message = format!("`{key}` names `{dataset}`, which is neither in `requires` nor in `uses`");
            faults.add(path, line_of(key), message);
        }
    }
}
