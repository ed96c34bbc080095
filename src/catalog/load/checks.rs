//! Finds `controls/checks/` and hands each check's folder to [`crate::catalog::check`].

use std::collections::{BTreeMap, BTreeSet};

use super::yaml;
use crate::catalog::check::{CheckDefinition, Compiling, Library, RegoModule, lint_library, load_with, package_of};
use crate::catalog::fault::Faults;
use crate::catalog::files::{CatalogFile, FileSet};
use crate::model::id::CheckId;

pub(super) struct LoadedChecks {
    pub checks: BTreeMap<CheckId, CheckDefinition>,
    pub library: Vec<RegoModule>,
}

/// The files of one check.
#[derive(Default)]
struct Folder<'a> {
    rule: Option<&'a CatalogFile>,
    cases: Vec<&'a CatalogFile>,
}

pub(super) fn load(files: &FileSet, faults: &mut Faults) -> LoadedChecks {
    let mut library = Vec::new();
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    for file in files.below("controls/checks/") {
        let parts: Vec<&str> = file.path.split('/').skip(2).collect();
        match parts.as_slice() {
            [.., "README.md"] => {}
            ["lib", name] if is_kind(name, "rego") => {
                if let Some(text) = yaml::text(file, faults) {
                    library.push(RegoModule { file: file.shown.clone(), text: text.to_owned() });
                }
            }
            [source, name, "check.rego"] => folders.entry(format!("{source}/{name}")).or_default().rule = Some(file),
            [source, name, "cases", case] if is_kind(case, "json") => {
                folders.entry(format!("{source}/{name}")).or_default().cases.push(file);
            }
            _ => {
                let message = "no file is expected here; a check is <source>/<name>/check.rego with cases/*.json beside it, and a library is lib/*.rego";
                faults.add(&file.shown, None, message);
            }
        }
    }
    let is_compiled_in = files.below("controls/checks/").all(CatalogFile::is_compiled_in);
    if !is_compiled_in {
        for module in &library {
            lint_library(module, faults);
        }
    }
    let mut reading = Library::new(&library);
    let rules = if is_compiled_in { Vec::new() } else { rules(&folders) };
    let compiled = reading.compile_together(&rules);
    let mut checks = BTreeMap::new();
    for (name, folder) in folders {
        let Some(rule) = folder.rule else {
            let shown: BTreeSet<&str> = folder.cases.iter().map(|case| case.shown.as_str()).collect();
            let first = shown.first().copied().unwrap_or(&name);
            faults.add(first, None, format!("the check `{name}` has cases but no check.rego"));
            continue;
        };
        let Some(text) = yaml::text(rule, faults) else { continue };
        let cases: Vec<_> = folder.cases.iter().map(|case| (case.shown.clone(), case.bytes.clone())).collect();
        let compiling = match package(&name) {
            _ if is_compiled_in => Compiling::WhenJudging,
            Some(package) if compiled.contains(package.as_str()) => Compiling::Together,
            _ => Compiling::Now,
        };
        if let Some(check) = load_with(&rule.shown, text, &cases, &mut reading, compiling, faults) {
            checks.insert(check.id.clone(), check);
        }
    }
    LoadedChecks { checks, library }
}

/// The rules that may be compiled together, each with the package that its folder asks for.
fn rules(folders: &BTreeMap<String, Folder>) -> Vec<(String, RegoModule)> {
    let of = |(name, folder): (&String, &Folder)| {
        let rule = folder.rule?;
        let text = std::str::from_utf8(&rule.bytes).ok()?;
        Some((package(name)?, RegoModule { file: rule.shown.clone(), text: text.to_owned() }))
    };
    folders.iter().filter_map(of).collect()
}

fn package(folder: &str) -> Option<String> {
    folder.parse().ok().as_ref().map(package_of)
}

fn is_kind(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests;
