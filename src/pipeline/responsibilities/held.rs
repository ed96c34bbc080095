//! What is known while the ledger is held, and the steps that follow from what somebody decides on it.

use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use countersign_seal::record::{Responsibility, Signer};

use super::{MATRIX, NAMESPACE, ResponsibilityFault, sealed_matrix};
use crate::app::App;
use crate::catalog::framework::Framework;
use crate::model::evidence::RawArtifact;
use crate::model::id::{ControlId, FrameworkId};
use crate::model::matrix::{InEffect, MatrixHistory};
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::responsibility::{EngagementModel, MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::pipeline::commit::Entrant;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records;
use crate::pipeline::ssh_signature::{self, SshSignature};
use crate::store::OrgScope;
use crate::track::responsibilities::life::Act;
use crate::track::responsibilities::lint::{Lint, lint};

/// What is known while the ledger is held.
pub(super) struct Held<'a> {
    pub(super) app: &'a App,
    pub(super) scope: &'a OrgScope,
    pub(super) framework: &'a Framework,
    pub(super) versions: Vec<MatrixHistory>,
    /// Who acts.
    pub(super) person: Person,
    pub(super) people: Vec<Person>,
    pub(super) now: Timestamp,
}

/// What is to be sealed.
pub(super) struct Plan {
    /// The first is what it is about.
    pub(super) steps: Vec<Step>,
    pub(super) fresh: Option<ResponsibilityMatrix>,
    pub(super) matrix: ResponsibilityMatrix,
    pub(super) replaced: Option<u32>,
    pub(super) superseded: Vec<u32>,
}

/// One version coming to a state.
pub(super) struct Step {
    pub(super) version: u32,
    /// How many steps the version has had.
    pub(super) sequence: u32,
    pub(super) state: MatrixState,
    pub(super) digest: Digest,
    pub(super) model: EngagementModel,
    /// The version's canonical JSON.
    pub(super) bytes: Vec<u8>,
    /// What belongs to this step alone: a reason, a signature.
    pub(super) papers: Vec<RawArtifact>,
}

impl Step {
    pub(super) fn first(matrix: &ResponsibilityMatrix) -> Result<Self, CommitFault> {
        let bytes = canonical::to_bytes(matrix)?;
        Ok(Self {
            version: matrix.version,
            sequence: 0,
            state: MatrixState::Draft,
            digest: Digest::of(&bytes),
            model: matrix.model,
            bytes,
            papers: Vec::new(),
        })
    }

    pub(super) fn matrix(&self) -> Result<ResponsibilityMatrix, CommitFault> {
        read_matrix(&self.bytes)
    }

    pub(super) fn entrant(
        self,
        scope: &OrgScope,
        framework: &FrameworkId,
        by: Signer,
        at: Timestamp,
    ) -> Result<Entrant, CommitFault> {
        let statement = Responsibility {
            organization: records::organization(scope)?,
            framework: framework.to_string(),
            version: u64::from(self.version),
            state: self.state.as_str().to_owned(),
            matrix: self.digest,
            at: records::time(at)?,
            by: Some(by),
            model: self.model.as_str().to_owned(),
            artifacts: Vec::new(),
            artifact_list: None,
        };
        let mut artifacts = vec![RawArtifact::in_memory(MATRIX, "application/json", self.bytes)];
        artifacts.extend(self.papers);
        Ok(Entrant {
            artifacts,
            statement: Box::new(move |artifacts| Ok(Responsibility { artifacts, ..statement }.into())),
            order: Default::default(),
        })
    }
}

impl Held<'_> {
    pub(super) fn version(&self, version: u32) -> Result<&MatrixHistory, ResponsibilityFault> {
        let found = self.versions.iter().find(|one| one.version == version);
        found.ok_or_else(|| ResponsibilityFault::NoSuchVersion { framework: self.framework.id.clone(), version })
    }

    pub(super) async fn step(&self, version: u32, state: MatrixState) -> Result<Step, ResponsibilityFault> {
        let history = self.version(version)?;
        let bytes = sealed_matrix(self.app, self.scope, history.digest).await?;
        Ok(Step {
            version,
            sequence: u32::try_from(history.steps.len()).unwrap_or(u32::MAX),
            state,
            digest: history.digest,
            model: read_matrix(&bytes)?.model,
            bytes,
            papers: Vec::new(),
        })
    }

    /// What a new version begins with, and whether both parties had accepted that.
    pub(super) async fn base(
        &self,
        organization: &Organization,
        draft: Option<u32>,
        named: Option<u32>,
    ) -> Result<Option<(ResponsibilityMatrix, bool)>, ResponsibilityFault> {
        if let Some(version) = named.or(draft) {
            let history = self.version(version)?;
            let was_accepted = history.step(MatrixState::Countersigned).is_some();
            let bytes = sealed_matrix(self.app, self.scope, history.digest).await?;
            return Ok(Some((read_matrix(&bytes)?, was_accepted)));
        }
        let in_force = self.app.store.matrix_as_of(self.scope, &self.framework.id, self.now).await?;
        let template = || self.app.catalog.matrix(&self.framework.id, organization.model);
        Ok(in_force.map(|(version, _)| version.matrix).or_else(template).map(|matrix| (matrix, true)))
    }

    pub(super) fn may_be_signed(&self, matrix: &ResponsibilityMatrix, act: Act) -> Result<(), ResponsibilityFault> {
        let version = matrix.version;
        if let (InEffect::Over, Some(until)) = (matrix.in_effect(self.now), matrix.effective_until) {
            return Err(ResponsibilityFault::Over { version, until });
        }
        let faults = if act == Act::Propose { self.lint(matrix) } else { Vec::new() };
        let controls: Vec<ControlId> =
            faults.into_iter().filter(Lint::blocks).filter_map(|fault| fault.control).collect();
        if controls.is_empty() { Ok(()) } else { Err(ResponsibilityFault::Orphans { version, controls }) }
    }

    pub(super) fn lint(&self, matrix: &ResponsibilityMatrix) -> Vec<Lint> {
        lint(self.framework, matrix, &self.people, self.now)
    }

    pub(super) async fn check_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), ResponsibilityFault> {
        let handle = &self.person.handle;
        let key = self.person.ssh_key.as_deref().ok_or_else(|| ResponsibilityFault::NoKey(handle.clone()))?;
        let claim = SshSignature { message, signature, key, identity: handle.as_str(), namespace: NAMESPACE };
        Ok(ssh_signature::verify(self.app, &claim).await?)
    }
}

fn read_matrix(bytes: &[u8]) -> Result<ResponsibilityMatrix, CommitFault> {
    serde_json::from_slice(bytes).map_err(|source| CommitFault::Line { artifact: MATRIX.to_owned(), source })
}
