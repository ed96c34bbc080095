//! Files -> [`Catalog`]: reads every file, checks each by itself and all against each other, and reports every fault.
//!
//! Never stops at the first fault and never loads by halves: there is a whole catalog or a list of faults. Start with
//! [`load`], whose lines are the order of the work.

mod checks;
mod collectors;
mod controls;
mod crosswalk;
mod forms;
mod frameworks;
mod graph_requests;
mod references;
mod templates;
mod yaml;

use countersign_seal::digest::Digest;

use super::Catalog;
use super::fault::Faults;
use super::files::FileSet;

/// Reads a catalog.
///
/// # Errors
/// All faults of all files, sorted by file and line.
pub(super) fn load(files: &FileSet) -> Result<Catalog, Faults> {
    let mut faults = files.faults().clone();
    let frameworks = frameworks::load(files, &mut faults);
    let collectors = collectors::load(files, &mut faults);
    let checks = checks::load(files, &mut faults);
    let templates = templates::load(files, &frameworks, &mut faults);
    let crosswalk = crosswalk::load(files, &frameworks, &mut faults);
    let forms = forms::load(files, &frameworks, &checks.checks, &mut faults);
    references::judges(&frameworks, &mut faults);
    references::checks(&checks.checks, &frameworks, &collectors, &mut faults);
    unexpected_files(files, &mut faults);
    if !faults.is_empty() {
        return Err(told(faults));
    }
    Ok(Catalog {
        frameworks: frameworks.into_frameworks(),
        collectors: collectors.collectors,
        checks: checks.checks,
        library: checks.library,
        templates,
        crosswalk,
        forms,
        digest: digest(files),
        index: std::sync::OnceLock::new(),
    })
}

/// So many faults of one file are told at most.
const MOST_FAULTS: usize = 200;

/// Sorted, each once, and of one file no more than people can read.
fn told(mut faults: Faults) -> Faults {
    faults.0.sort();
    faults.0.dedup();
    let mut shortened = Faults::default();
    for of_file in faults.0.chunk_by(|one, next| one.file == next.file) {
        shortened.0.extend(of_file.iter().take(MOST_FAULTS).cloned());
        if let (Some(first), Some(next)) = (of_file.first(), of_file.get(MOST_FAULTS)) {
            let message =
                format!("there are {} more faults in this file; mend these first", of_file.len() - MOST_FAULTS);
            shortened.add(&first.file, next.line, message);
        }
    }
    shortened
}

/// Files that no reader looks at.
fn unexpected_files(files: &FileSet, faults: &mut Faults) {
    for file in files.iter() {
        let depth = file.path.split('/').count();
        let part = file.path.split('/').next().unwrap_or_default();
        let lies_loose = depth < 3 && !file.path.ends_with("README.md");
        if !matches!(part, "controls" | "collectors") || (part == "controls" && lies_loose) {
            faults.add(
                &file.shown,
                None,
                "no file is expected here; put it into the folder of its framework, check or collector",
            );
        }
    }
}

/// Over places and bytes of everything that bears on a judgement: not over explanations and parser samples.
fn digest(files: &FileSet) -> Digest {
    let mut list = String::new();
    for file in files.iter() {
        if !file.path.ends_with("README.md") && !file.path.contains("/sample/") {
            list.extend([Digest::of(&file.bytes).to_string().as_str(), "  ", &file.path, "\n"]);
        }
    }
    Digest::of(list.as_bytes())
}

#[cfg(test)]
mod tests;
