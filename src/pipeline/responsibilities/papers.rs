//! What belongs to a step of a version and stands in the vault alone: the reason, and whether it carries an SSH signature.

use std::collections::BTreeMap;

use countersign_seal::record::{Artifact, Record};
use serde::Serialize;

use super::{REASON, SIGNATURE};
use crate::app::App;
use crate::model::matrix::MatrixHistory;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::objects::read_objects;
use crate::store::OrgScope;

/// What a step's record carries beside the matrix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Papers {
    pub reason: Option<String>,
    /// Whether an SSH signature over the matrix is sealed with it; it was checked before.
    pub ssh_signature: bool,
}

/// The papers of all steps of some versions, by the leaf of their records.
pub async fn papers(
    app: &App,
    scope: &OrgScope,
    versions: &[MatrixHistory],
) -> Result<BTreeMap<u64, Papers>, CommitFault> {
    let mut found = BTreeMap::new();
    let mut reasons = Vec::new();
    for step in versions.iter().flat_map(|version| &version.steps) {
        let Some(leaf) = app.store.leaves(scope, step.leaf, 1).await?.into_iter().next() else { continue };
        let record = Record::parse(leaf.body.as_bytes())?;
        let named = |name: &str| record.artifacts().iter().find(|artifact: &&Artifact| artifact.name == name);
        reasons.extend(named(REASON).map(|artifact| (step.leaf, artifact.sha256)));
        found.insert(step.leaf, Papers { reason: None, ssh_signature: named(SIGNATURE).is_some() });
    }
    let texts = read_objects(app, scope, reasons.iter().map(|(_, digest)| *digest)).await?;
    for (leaf, digest) in reasons {
        let text = texts.get(&digest).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        if let Some(papers) = found.get_mut(&leaf) {
            papers.reason = text;
        }
    }
    Ok(found)
}
