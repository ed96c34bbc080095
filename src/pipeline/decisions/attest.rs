//! A person states that a control is met, or does not apply, and answers for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::Months;
use countersign_seal::record::{Attestation as Said, Claim as Claimed};

use super::{DecisionFault, Draft, LONGEST_TEXT, actor, decide, in_use, signer, text};
use crate::app::App;
use crate::catalog::framework::Control;
use crate::collect::import::media_type_of;
use crate::model::attestation::{Attestation, Claim};
use crate::model::decision::Decisions;
use crate::model::evidence::{Body, RawArtifact};
use crate::model::id::{CheckId, ControlId, FrameworkId, ObjectiveId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records;

/// Files that one attestation may carry: its record has 32 KiB for everything.
const MOST_ARTIFACTS: usize = 20;
/// Largest file, in bytes.
const LARGEST_ARTIFACT: u64 = 256 * 1024 * 1024;
/// Longest name of a file, in bytes.
const LONGEST_FILE_NAME: usize = 200;
/// How long a statement stands when nobody says otherwise.
const STANDS: Months = Months::new(12);

/// A statement as it is asked to be sealed.
#[derive(Debug, Clone)]
pub struct AttestRequest {
    pub framework: FrameworkId,
    /// A control's number, an alias of it, or an objective's.
    pub about: String,
    pub claim: Claim,
    pub statement: String,
    /// Failing supporting checks that the statement speaks to.
    pub addresses: Vec<CheckId>,
    /// None: from now on.
    pub valid_from: Option<Timestamp>,
    /// None: for twelve months.
    pub valid_until: Option<Timestamp>,
    /// Documents in final form.
    pub files: Vec<PathBuf>,
    pub by: PersonHandle,
}

/// What an attestation speaks about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    control: ControlId,
    objective: Option<ObjectiveId>,
}

/// Seals a statement. It takes the place of the one that stood for the same control or objective. Returns its leaf.
pub async fn attest(app: &App, organization: &Organization, request: AttestRequest) -> Result<u64, DecisionFault> {
    in_use(organization, &request.framework)?;
    let about = about(app, &request.framework, &request.about)?;
    let statement = text("the statement", &request.statement, LONGEST_TEXT)?;
    if let Some(unknown) = request.addresses.iter().find(|id| !app.catalog.checks.contains_key(id)) {
        return Err(DecisionFault::NoSuchCheck(unknown.clone()));
    }
    let artifacts = artifacts(&request.files)?;
    let leaves = decide(app, organization, async |scope, decisions, now| {
        let person = actor(decisions, &request.by, now)?;
        let from = request.valid_from.unwrap_or(now);
        let until = match request.valid_until {
            Some(until) => until,
            None => from.as_datetime().checked_add_months(STANDS).map_or(from, Timestamp::from),
        };
        if until <= from {
            return Err(DecisionFault::EndsBeforeItBegins { from, until });
        }
        let statement = Said {
            organization: records::organization(scope)?,
            at: records::time(now)?,
            by: signer(&person.signatory()),
            framework: request.framework.to_string(),
            control: about.control.to_string(),
            objective: about.objective.as_ref().map(ToString::to_string),
            claim: claimed(request.claim),
            statement,
            addresses: request.addresses.iter().map(ToString::to_string).collect(),
            valid_from: records::time(from)?,
            valid_until: Some(records::time(until)?),
            replaces: newest(decisions, &request.framework, &about).map(|one| one.leaf),
            artifacts: Vec::new(),
            artifact_list: None,
        };
        Ok(vec![Draft { statement: statement.into(), artifacts }])
    });
    Ok(leaves.await?.first().copied().unwrap_or_default())
}

/// Seals that an attestation no longer stands, and why. Returns the leaf of the new record.
pub async fn withdraw(
    app: &App,
    organization: &Organization,
    attestation: u64,
    because: &str,
    by: &PersonHandle,
) -> Result<u64, DecisionFault> {
    let statement = text("the reason", because, LONGEST_TEXT)?;
    let leaves = decide(app, organization, async |scope, decisions, now| {
        let person = actor(decisions, by, now)?;
        let standing = decisions.attestations.iter().find(|one| one.leaf == attestation);
        let standing = standing.ok_or(DecisionFault::NothingToReplace(attestation))?;
        let about = About { control: standing.control.clone(), objective: standing.objective.clone() };
        let is_newest = newest(decisions, &standing.framework, &about).is_some_and(|one| one.leaf == attestation);
        if !is_newest {
            return Err(DecisionFault::NothingToReplace(attestation));
        }
        let statement = Said {
            organization: records::organization(scope)?,
            at: records::time(now)?,
            by: signer(&person.signatory()),
            framework: standing.framework.to_string(),
            control: about.control.to_string(),
            objective: about.objective.as_ref().map(ToString::to_string),
            claim: Claimed::Withdrawn,
            statement,
            addresses: Vec::new(),
            valid_from: records::time(now)?,
            valid_until: None,
            replaces: Some(attestation),
            artifacts: Vec::new(),
            artifact_list: None,
        };
        Ok(vec![Draft { statement: statement.into(), artifacts: Vec::new() }])
    });
    Ok(leaves.await?.first().copied().unwrap_or_default())
}

fn claimed(claim: Claim) -> Claimed {
    match claim {
        Claim::Met => Claimed::Met,
        Claim::NotApplicable => Claimed::NotApplicable,
        Claim::Withdrawn => Claimed::Withdrawn,
    }
}

/// The newest attestation about the same thing, unless it was a withdrawal.
fn newest<'a>(decisions: &'a Decisions, framework: &FrameworkId, about: &About) -> Option<&'a Attestation> {
    let same = |one: &&Attestation| {
        one.framework == *framework && one.control == about.control && one.objective == about.objective
    };
    decisions.attestations.iter().rev().find(same).filter(|one| one.claim != Claim::Withdrawn)
}

/// Finds the control or objective somebody names.
fn about(app: &App, framework: &FrameworkId, named: &str) -> Result<About, DecisionFault> {
    let unknown = || DecisionFault::NoSuchControl { framework: framework.clone(), control: named.to_owned() };
    let known = app.catalog.frameworks.get(framework).ok_or_else(unknown)?;
    let of_objective = |control: &&Control| control.objectives.iter().any(|one| one.id.as_str() == named);
    let (control, objective) = if let Some(control) = app.catalog.control(framework, named) {
        (control, None)
    } else {
        let control = known.controls.iter().find(of_objective).ok_or_else(unknown)?;
        let objective = control.objectives.iter().find(|one| one.id.as_str() == named);
        (control, objective.map(|one| one.id.clone()))
    };
    if !control.assessable {
        return Err(DecisionFault::NotAssessable { control: control.id.clone() });
    }
    Ok(About { control: control.id.clone(), objective })
}

/// Files as artifacts: each there, in final form, not too large, and named differently.
fn artifacts(files: &[PathBuf]) -> Result<Vec<RawArtifact>, DecisionFault> {
    let refused = |words: String| Err(DecisionFault::Artifact(words));
    if files.len() > MOST_ARTIFACTS {
        return refused(format!("{} files are too many for one statement; at most {MOST_ARTIFACTS}", files.len()));
    }
    let mut names = BTreeSet::new();
    let mut artifacts = Vec::with_capacity(files.len());
    for file in files {
        let shown = file.display();
        let path = std::path::absolute(file).map_err(|source| CommitFault::Io { path: file.clone(), source })?;
        let found = std::fs::metadata(&path).map_err(|source| CommitFault::Io { path: path.clone(), source })?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let is_plain = !name.is_empty() && name.len() <= LONGEST_FILE_NAME && !name.chars().any(char::is_control);
        if !found.is_file() || found.len() == 0 {
            return refused(format!("{shown} is not a file with something in it"));
        }
        if found.len() > LARGEST_ARTIFACT {
            return refused(format!("{shown} is larger than {} MB", LARGEST_ARTIFACT / 1024 / 1024));
        }
        if !is_plain {
            return refused(format!("{shown} has a name that cannot be sealed; give it a shorter, plain one"));
        }
        if is_unfinished(&path) {
            return refused(format!("{shown} calls itself a draft; a statement rests on documents in final form"));
        }
        if !names.insert(name.clone()) {
            return refused(format!("two files are called {name}; rename one"));
        }
        let media_type = media_type_of(&name).to_owned();
        artifacts.push(RawArtifact { name, media_type, body: Body::File(path) });
    }
    Ok(artifacts)
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
        let words = |files: &[std::path::PathBuf]| artifacts(files).unwrap_err().to_string();
        assert_eq!(words(&[one.clone(), same]), "two files are called plan.pdf; rename one");
        assert!(words(&[file("empty.txt", b"")]).contains("not a file with something in it"));
        assert!(words(&[folder.path().to_owned()]).contains("not a file with something in it"));
        assert!(artifacts(&[folder.path().join("missing.pdf")]).is_err());
        assert!(words(&vec![one; 21]).contains("too many"));
    }
}
