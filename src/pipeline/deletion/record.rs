//! The `deletion/1` record, and what it means for the index.

use std::collections::BTreeMap;

use countersign_seal::deleted::{self, Deleted};
use countersign_seal::digest::Digest;
use countersign_seal::record::{Artifact, Deletion, Statement};

use super::DeletionRequest;
use super::archives::Rewritten;
use super::select::Selection;
use crate::model::evidence::RawArtifact;
use crate::model::time::Timestamp;
use crate::pipeline::commit::Entrant;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records;
use crate::store::{DeletionRow, NewReplacement, OrgScope};

/// One record over some archives, and the rows that follow from it once its leaf is known.
pub(super) fn entrant(
    scope: &OrgScope,
    request: &DeletionRequest,
    selection: &Selection,
    some: &[Rewritten],
    now: Timestamp,
) -> Result<(Entrant, DeletionRow), CommitFault> {
    let gone: BTreeMap<Digest, u64> = some
        .iter()
        .flat_map(|one| &one.without)
        .filter_map(|object| Some((*object, *selection.objects.get(object)?)))
        .collect();
    let objects: Vec<Deleted> = gone.iter().map(|(sha256, size)| Deleted { sha256: *sha256, size: *size }).collect();
    let list = deleted::list(&objects)?;
    let statement = Deletion {
        organization: records::organization(scope)?,
        at: records::time(now)?,
        by: request.by.signer(),
        basis: request.sealed_basis(),
        archives: some.iter().map(|one| one.replacement.clone()).collect(),
        objects: objects.len() as u64,
        artifacts: [deleted::artifact(&list)],
    };
    let row = row(0, now, &statement, &list)?;
    let artifact = deleted::artifact(&list);
    let entrant = Entrant {
        artifacts: vec![RawArtifact::in_memory(artifact.name, artifact.media_type, list)],
        // Its only artifact is known beforehand.
        statement: Box::new(move |_: Vec<Artifact>| Ok(Statement::Deletion(statement))),
        order: Default::default(),
    };
    Ok((entrant, row))
}

/// What a `deletion/1` record at `leaf` means for the index; `list` is the content of its artifact. Also for whoever
/// takes a commit over from the vault.
pub fn row(leaf: u64, at: Timestamp, deletion: &Deletion, list: &[u8]) -> Result<DeletionRow, CommitFault> {
    let mut objects = Vec::new();
    for line in list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        objects.push(Deleted::parse(line)?.sha256);
    }
    let archives = deletion
        .archives
        .iter()
        .map(|one| NewReplacement {
            archive: one.was.name.clone(),
            replacement: one.now.name.clone(),
            replacement_digest: one.now.sha256,
            replacement_size: one.now.size,
        })
        .collect();
    Ok(DeletionRow { leaf, deleted_at: at, objects, archives })
}
