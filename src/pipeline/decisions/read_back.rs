//! What the vault keeps of statements beside their records: the answers to a form, and whose key signed them.
//!
//! The bytes are small and hashed again before they are believed; documents are never opened. Start with [`read_back`].

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_seal::digest::Digest;

use crate::app::App;
use crate::assess::pci::{Answered, CUSTOMIZED, RISK_ANALYSIS};
use crate::catalog::form::sealed::{LARGEST, ReadBack, SealedAnswers};
use crate::model::attestation::{ANSWERS, Attestation, SIGNATURE};
use crate::model::decision::Decisions;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::{FetchedArchive, read_from};
use crate::pipeline::ssh_signature::{LARGEST_SIGNATURE, fingerprint};
use crate::store::OrgScope;

/// Who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A page: nothing large is fetched from an object store.
    Short,
    /// A report: everything is read.
    Long,
}

/// Most bytes that a statement's archive may hold, by what its record names, to be fetched from an object store at once.
const FETCHED_AT_ONCE: u64 = 8 * 1024 * 1024;

/// What is kept of these statements, by leaf. One without form and signature has nothing and is left out.
///
/// # Errors
/// When the vault does not hold what it should, or other bytes than were sealed.
pub async fn read_back(
    app: &App,
    scope: &OrgScope,
    statements: impl IntoIterator<Item = &Attestation>,
    patience: Patience,
) -> Result<BTreeMap<u64, ReadBack>, CommitFault> {
    let asked: Vec<Asked> = statements.into_iter().filter_map(Asked::of).collect();
    let wanted: Vec<Digest> = asked.iter().flat_map(Asked::digests).collect();
    if wanted.is_empty() {
        return Ok(asked.into_iter().map(|one| (one.leaf, one.made(&BTreeMap::new(), &[]))).collect());
    }
    let located = app.store.object_locations(scope, &wanted).await?;
    let absent: Vec<Digest> = wanted.into_iter().filter(|digest| !located.contains_key(digest)).collect();
    let deleted = app.store.deleted_objects(scope, &absent).await?;
    if let Some(missing) = absent.iter().find(|digest| !deleted.contains_key(digest)) {
        return Err(CommitFault::Diverged(format!("no archive is known to hold object {missing}")));
    }
    let mut by_archive: BTreeMap<&str, BTreeMap<Digest, u64>> = BTreeMap::new();
    let mut too_far = Vec::new();
    for one in &asked {
        for digest in one.digests() {
            let Some(location) = located.get(&digest) else { continue };
            let is_near = app.vault.file_of_archive(scope.id(), &location.archive).is_some();
            if patience == Patience::Short && !is_near && one.bytes > FETCHED_AT_ONCE {
                too_far.push(one.leaf);
            } else {
                by_archive.entry(location.archive.as_str()).or_default().insert(digest, location.size);
            }
        }
    }
    let mut found = BTreeMap::new();
    for (name, objects) in by_archive {
        // A deletion may have put another archive in its place meanwhile: then that one is fetched.
        let archive = match FetchedArchive::in_place(app, scope, name).await? {
            Some(archive) => archive,
            None => FetchedArchive::fetch(app, scope, name).await?,
        };
        let objects: Vec<(Digest, u64)> = objects.into_iter().collect();
        found.extend(blocking(move || read_from(&archive, &objects)).await?);
    }
    Ok(asked.into_iter().map(|one| (one.leaf, one.made(&found, &too_far))).collect())
}

/// What the statements on the forms for targeted risk analyses and for the customized approach say of their analyses, by leaf,
/// from their sealed answers. Those whose bytes are gone, too far away or that nobody can read are left out.
///
/// # Errors
/// As [`read_back`].
pub async fn risk_answers(
    app: &App,
    scope: &OrgScope,
    decisions: &Decisions,
    patience: Patience,
) -> Result<BTreeMap<u64, Answered>, CommitFault> {
    let is_analysis = |one: &&Attestation| {
        one.form.as_ref().is_some_and(|used| [RISK_ANALYSIS, CUSTOMIZED].contains(&used.id.as_str()))
    };
    let analyses = decisions.attestations.iter().filter(is_analysis);
    let kept = read_back(app, scope, analyses, patience).await?;
    let answered = |(leaf, kept): (u64, ReadBack)| {
        let answers = kept.answers?;
        let day = answers.text("analysed_on").or_else(|| answers.text("approved_on"));
        let analysed_on = day.and_then(|day| day.parse().ok());
        Some((leaf, Answered { frequency: answers.text("frequency").map(str::to_owned), analysed_on }))
    };
    Ok(kept.into_iter().filter_map(answered).collect())
}

/// What is asked of the vault about one statement.
struct Asked {
    leaf: u64,
    /// Of everything that was sealed with it.
    bytes: u64,
    is_on_form: bool,
    answers: Option<Digest>,
    signature: Option<Digest>,
}

impl Asked {
    fn of(one: &Attestation) -> Option<Self> {
        let named = |name: &str, most: u64| {
            let found = one.artifacts.iter().find(|artifact| artifact.name == name);
            found.filter(|artifact| artifact.size <= most).map(|artifact| artifact.sha256)
        };
        let asked = Self {
            leaf: one.leaf,
            bytes: one.artifacts.iter().map(|artifact| artifact.size).sum(),
            is_on_form: one.form.is_some(),
            answers: named(ANSWERS, LARGEST).filter(|_| one.form.is_some()),
            signature: named(SIGNATURE, LARGEST_SIGNATURE as u64),
        };
        (asked.is_on_form || asked.signature.is_some()).then_some(asked)
    }

    fn digests(&self) -> impl Iterator<Item = Digest> {
        self.answers.into_iter().chain(self.signature)
    }

    fn made(&self, found: &BTreeMap<Digest, Bytes>, too_far: &[u64]) -> ReadBack {
        let signature = self.signature.and_then(|digest| found.get(&digest));
        let signed_with = signature.and_then(|bytes| fingerprint(bytes));
        let read = match (self.answers, self.answers.and_then(|digest| found.get(&digest))) {
            _ if !self.is_on_form => return ReadBack { signed_with, ..ReadBack::default() },
            (_, Some(bytes)) => SealedAnswers::read(bytes),
            (Some(_), None) if too_far.contains(&self.leaf) => {
                Err("they lie in a large archive of the object store, which is not fetched for a page; the readiness report \
                     shows them"
                    .to_owned())
            }
            (Some(_), None) => Err("their bytes were deleted; their digest stays in the record".to_owned()),
            (None, None) => Err("the record names none, or one too large to be answers".to_owned()),
        };
        match read {
            Ok(answers) => ReadBack { answers: Some(answers), signed_with, missing: None },
            Err(missing) => ReadBack { answers: None, signed_with, missing: Some(missing) },
        }
    }
}
