//! Documents that go with a statement: files in their final form, as artifacts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::collect::import::media_type_of;
use crate::model::attestation::OWN_ARTIFACTS;
use crate::model::evidence::{Body, RawArtifact};

/// Files that one statement may carry: its record has 32 KiB for everything.
const MOST_ARTIFACTS: usize = 20;
/// Largest file, in bytes.
const LARGEST_ARTIFACT: u64 = 256 * 1024 * 1024;
/// Longest name of a file, in bytes.
const LONGEST_FILE_NAME: usize = 200;

/// Files as artifacts: each there, in final form, not too large, and named differently.
///
/// # Errors
/// Every fault of every file, in words.
pub(super) fn artifacts(files: &[PathBuf]) -> Result<Vec<RawArtifact>, Vec<String>> {
    if files.len() > MOST_ARTIFACTS {
        return Err(vec![format!("{} files are too many for one statement; at most {MOST_ARTIFACTS}", files.len())]);
    }
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    let mut artifacts = Vec::with_capacity(files.len());
    for file in files {
        match artifact(file) {
            Ok(artifact) if names.insert(artifact.name.clone()) => artifacts.push(artifact),
            Ok(artifact) => faults.push(format!("two files are called {}; rename one", artifact.name)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(artifacts) } else { Err(faults) }
}

/// One document in its final form.
pub(super) fn artifact(file: &Path) -> Result<RawArtifact, String> {
    let shown = file.display();
    let unreadable = |fault| format!("{shown} cannot be read: {fault}");
    let path = std::path::absolute(file).map_err(unreadable)?;
    let found = std::fs::metadata(&path).map_err(unreadable)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let is_plain = !name.is_empty() && name.len() <= LONGEST_FILE_NAME && !name.chars().any(char::is_control);
    if !found.is_file() || found.len() == 0 {
        return Err(format!("{shown} is not a file with something in it"));
    }
    if found.len() > LARGEST_ARTIFACT {
        return Err(format!("{shown} is larger than {} MB", LARGEST_ARTIFACT / 1024 / 1024));
    }
    if !is_plain {
        return Err(format!("{shown} has a name that cannot be sealed; give it a shorter, plain one"));
    }
    if OWN_ARTIFACTS.contains(&name.as_str()) {
        return Err(format!("{shown} has a name that the product gives to a file of its own; rename it"));
    }
    if is_unfinished(&path) {
        return Err(format!("{shown} calls itself a draft; a statement rests on documents in final form"));
    }
    let media_type = media_type_of(&name).to_owned();
    Ok(RawArtifact { name, media_type, body: Body::File(path) })
}

/// Whether a file's own name says that it is not final: a draft, work in progress, or what an editor leaves while it has
/// the file open.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let mut words = name.split(|one: char| !one.is_alphanumeric());
    name.starts_with('~') || name.starts_with(".~") || words.any(|word| ["draft", "wip", "tmp"].contains(&word))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{artifacts, is_unfinished};

    #[test]
    fn a_document_that_calls_itself_a_draft_is_no_final_form() {
        for name in ["policy draft.docx", "Draft-2.pdf", "~$plan.docx", "plan_WIP.txt"] {
            assert!(is_unfinished(Path::new(name)), "{name}");
        }
        for name in ["policy.pdf", "Draughts.pdf", "overdraft rules.pdf"] {
            assert!(!is_unfinished(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn files_of_one_statement_are_there_have_something_in_them_and_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let (one, same) = (file("plan.pdf", b"%PDF"), file("other/plan.pdf", b"%PDF"));
        assert_eq!(artifacts(std::slice::from_ref(&one)).unwrap()[0].media_type, "application/pdf");
        let words = |files: &[std::path::PathBuf]| artifacts(files).unwrap_err().join("\n");
        assert_eq!(words(&[one.clone(), same]), "two files are called plan.pdf; rename one");
        assert!(words(&[file("empty.txt", b"")]).contains("not a file with something in it"));
        assert!(words(&[folder.path().to_owned()]).contains("not a file with something in it"));
        assert!(artifacts(&[folder.path().join("missing.pdf")]).is_err());
        assert!(words(&vec![one; 21]).contains("too many"));
    }
}
