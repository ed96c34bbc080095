//! What can be verified, and how. The page looks at nothing itself and claims nothing: verification is a command, and
//! the one that convinces an auditor runs on the auditor's machine.

use countersign_seal::digest::Digest;
use countersign_seal::manifest::REPORT_KIND;
use countersign_seal::note::{VerifyingKey, open, origin};
use countersign_seal::record::KeyEvent;
use serde::Serialize;

use super::{Place, StorePages};
use crate::app::signing::KeyStep;
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::time::Timestamp;
use crate::store::{OrgScope, ReportRow};
use crate::web::SourceError;

/// Reports and packages named.
const REPORTS_SHOWN: usize = 30;
/// Keys named; the newest.
const KEYS_SHOWN: usize = 20;

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerificationPage {
    pub place: Place,
    /// None while nothing has been sealed.
    pub checkpoint: Option<CheckpointSection>,
    /// Newest first.
    pub keys: Vec<KeyLine>,
    pub more_keys: usize,
    /// The records about keys do not say what they said when they were sealed.
    pub keys_unreadable: bool,
    /// Newest first.
    pub reports: Vec<ReportLine>,
    pub has_older_reports: bool,
    /// The data folder, for commands.
    pub data: String,
}

/// The newest signed head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckpointSection {
    pub origin: String,
    pub size: u64,
    pub root: Digest,
    pub committed_at: Timestamp,
    /// The signed note as it is.
    pub note: String,
    /// Fingerprint of the key whose signature the note carries; none when it is no key the ledger names.
    pub key: Option<String>,
}

/// A key that signs, or signed, heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    pub fingerprint: String,
    /// As verifiers take it: `--key`.
    pub verifier_key: String,
    pub at: String,
    /// Record that brought it in.
    pub leaf: u64,
    pub signs: bool,
}

/// A report or package that was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportLine {
    pub kind: String,
    pub framework: Option<FrameworkId>,
    pub as_of: Timestamp,
    pub created_at: Timestamp,
    pub path: String,
    /// Of the file; of a package the digest of its list `SHA256SUMS`, for a package cannot contain its own.
    pub sha256: Digest,
    /// For a package: the command that prints the digest of the list in it.
    pub compare: Option<String>,
    pub leaf: u64,
}

impl StorePages {
    /// What can be verified of an organization.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn verification(&self, slug: &OrgSlug) -> Result<Option<VerificationPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let (store, scope) = (&self.app.store, OrgScope::of(&organization));
        let head = store.head(&scope).await?;
        let (steps, keys_unreadable) = match self.app.key_history(&scope).await {
            Ok(steps) => (steps, false),
            Err(fault) => {
                tracing::warn!(%fault, "the keys of a ledger could not be read");
                (Vec::new(), true)
            }
        };
        let checkpoint = match head {
            Some(head) => Some(CheckpointSection {
                origin: origin(&organization.id.to_string().parse()?),
                size: head.size,
                root: head.root,
                committed_at: head.committed_at,
                key: steps
                    .iter()
                    .find(|step| open(&head.checkpoint, &step.key).is_ok())
                    .map(|step| step.key.fingerprint()),
                note: head.checkpoint,
            }),
            None => None,
        };
        let mut reports = store.reports(&scope, REPORTS_SHOWN as u64 + 1).await?;
        let has_older_reports = reports.len() > REPORTS_SHOWN;
        reports.truncate(REPORTS_SHOWN);
        let (keys, more_keys) = key_lines(&steps);
        Ok(Some(VerificationPage {
            place: self.place(&organization, None),
            checkpoint,
            keys,
            more_keys,
            keys_unreadable,
            reports: reports.into_iter().map(report_line).collect(),
            has_older_reports,
            data: quoted(&self.app.data.path().display().to_string()),
        }))
    }
}

fn key_lines(steps: &[KeyStep]) -> (Vec<KeyLine>, usize) {
    let brought_in: Vec<&KeyStep> = steps.iter().filter(|step| step.event != KeyEvent::Retired).collect();
    let signs: Option<&VerifyingKey> = brought_in.last().map(|step| &step.key);
    let line = |step: &&KeyStep| KeyLine {
        fingerprint: step.key.fingerprint(),
        verifier_key: step.key.vkey(),
        at: step.at.as_str().to_owned(),
        leaf: step.leaf,
        signs: signs == Some(&step.key),
    };
    let more = brought_in.len().saturating_sub(KEYS_SHOWN);
    (brought_in.iter().rev().take(KEYS_SHOWN).map(line).collect(), more)
}

fn report_line(report: ReportRow) -> ReportLine {
    let is_package = report.kind == REPORT_KIND;
    let compare = is_package.then(|| format!("unzip -p {} SHA256SUMS | sha256sum", quoted(&report.path)));
    ReportLine {
        kind: report.kind,
        framework: report.framework,
        as_of: report.as_of,
        created_at: report.created_at,
        compare,
        path: report.path,
        sha256: report.sha256,
        leaf: report.leaf,
    }
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use countersign_seal::digest::Digest;

    use super::{REPORT_KIND, report_line};
    use crate::model::id::ReportId;
    use crate::store::ReportRow;

    #[test]
    fn the_digest_beside_a_package_is_said_to_be_that_of_its_list_with_the_command_that_prints_it() {
        let line = |kind: &str, path: &str| {
            let at = "2026-03-31T09:00:00Z".parse().unwrap();
            report_line(ReportRow {
                id: ReportId::fresh(),
                kind: kind.to_owned(),
                framework: None,
                as_of: at,
                path: path.to_owned(),
                sha256: Digest::empty(),
                leaf: 7,
                created_at: at,
            })
        };
        let package = line(REPORT_KIND, "/data/it's/p.zip").compare;
        assert_eq!(package.as_deref(), Some("unzip -p '/data/it'\\''s/p.zip' SHA256SUMS | sha256sum"));
        assert_eq!(line("readiness", "/data/r.html").compare, None);
    }
}
