//! The split of work as people agree on it: drafts, proposals, acceptances, each a `responsibility/1` record.
//!
//! What may be done is decided by `track::responsibilities::life` while the ledger is held, on exactly the versions that
//! the new record follows; so of an acceptance and a withdrawal at the same time one is refused. Both parties sign the
//! digest of the canonical matrix: by acting here, or with an SSH key over those bytes. Start with [`draft`] and [`act`].

mod papers;

use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use countersign_seal::record::{Responsibility, Signer};
use serde::Serialize;

use super::commit::{Committed, Entrant, TRIES, commit_on};
use super::decisions::{self, DecisionFault, actor};
use super::fault::CommitFault;
use super::lease::Lease;
use super::objects::read_objects;
use super::ssh_signature::{self, SshSignature, SshSignatureFault};
use super::{RunFault, enrol, records, roll_forward};
use crate::app::App;
use crate::catalog::framework::Framework;
use crate::model::evidence::RawArtifact;
use crate::model::id::{ControlId, FrameworkId, PersonHandle};
use crate::model::matrix::{InEffect, MatrixHistory};
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::responsibility::{EngagementModel, MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::store::{IndexRows, MatrixEvent, MatrixVersion, OrgScope, StoreFault};
use crate::track::responsibilities::change::{ChangeFault, RowChange, changed};
use crate::track::responsibilities::life::{Act, Meant, Refusal, decide, place_of_draft};
use crate::track::responsibilities::lint::{Lint, lint};
use crate::track::responsibilities::table::{self, TableFault};
use crate::track::responsibilities::{LONGEST_REASON, unfit};

pub use papers::{Papers, papers};

/// What signatures over a split are made for: `ssh-keygen -Y sign -n countersign-responsibility FILE`.
pub const NAMESPACE: &str = "countersign-responsibility";
/// The artifact with a version's canonical JSON.
const MATRIX: &str = "responsibilities.json";
/// The artifact with why somebody rejected or withdrew it.
const REASON: &str = "reason.txt";
/// The artifact with an SSH signature over the matrix.
const SIGNATURE: &str = "signature.sshsig";

/// A new version, as somebody asks for it.
#[derive(Debug, Clone)]
pub struct NewDraft {
    pub content: Content,
    /// Version to begin with; none: the newest draft if there is one, else the split in force.
    pub based_on: Option<u32>,
    pub effective_from: Option<Timestamp>,
    pub effective_until: Option<Timestamp>,
}

/// What is in a new version.
#[derive(Debug, Clone)]
pub enum Content {
    /// One row is different. `name` is a control or objective.
    Row { name: String, change: Box<RowChange> },
    /// The whole split, as CSV.
    Table(Vec<u8>),
}

/// What somebody does to a version that is there.
#[derive(Debug, Clone)]
pub struct Deed {
    pub act: Act,
    pub by: PersonHandle,
    pub meant: Meant,
    /// Needed to reject; may be given to withdraw.
    pub reason: Option<String>,
    /// An SSH signature over the version's canonical JSON, to propose or accept.
    pub signature: Option<Vec<u8>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    pub framework: FrameworkId,
    pub version: u32,
    pub state: MatrixState,
    pub digest: Digest,
    /// Leaf of its record.
    pub leaf: u64,
    /// The draft that this one took the place of.
    pub replaced: Option<u32>,
    /// Versions that are superseded from now on.
    pub superseded: Vec<u32>,
    pub effective_from: Option<Timestamp>,
    pub effective_until: Option<Timestamp>,
    /// It claims to count from before it was accepted, or would if it were accepted now.
    pub retroactive: bool,
    /// What is wrong with the split.
    pub lint: Vec<Lint>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ResponsibilityFault {
    #[error(transparent)]
    Decision(Box<DecisionFault>),
    #[error(transparent)]
    Run(#[from] RunFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("it could not be sealed")]
    Commit(#[from] CommitFault),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Change(#[from] ChangeFault),
    #[error("the table was not taken over, nothing was changed:\n{}", .0.iter().map(|fault| format!("  {fault}")).collect::<Vec<_>>().join("\n"))]
    Table(Vec<TableFault>),
    #[error("{framework} is not among the frameworks of {organization}")]
    NotInUse { framework: FrameworkId, organization: String },
    #[error("version {version} of {framework} is not there; countersign responsibility history shows those there are")]
    NoSuchVersion { framework: FrameworkId, version: u32 },
    #[error("{framework} has no split to begin with; hand in the whole of it with countersign responsibility import")]
    NothingToBeginWith { framework: FrameworkId },
    #[error(
        "version {version} leaves {} without an owner, so it cannot be proposed: {}",
        if .controls.len() == 1 { "a control".to_owned() } else { format!("{} controls", .controls.len()) },
        .controls.iter().map(ControlId::as_str).collect::<Vec<_>>().join(", ")
    )]
    Orphans { version: u32, controls: Vec<ControlId> },
    #[error("it would count until {}, which is not after {}; choose other dates", .until.for_people(), .from.for_people())]
    EndsBeforeItBegins { from: Timestamp, until: Timestamp },
    #[error("version {version} counts until {} only and so never would; make a draft with other dates", .until.for_people())]
    Over { version: u32, until: Timestamp },
    #[error("say why, in a reason of 1 to {LONGEST_REASON} characters")]
    NoReason,
    #[error("the reason {0}")]
    Reason(String),
    #[error("{0} has no SSH key on file; add the person with a key, or leave the signature out")]
    NoKey(PersonHandle),
    #[error(transparent)]
    Signature(#[from] SshSignatureFault),
}

impl From<DecisionFault> for ResponsibilityFault {
    fn from(fault: DecisionFault) -> Self {
        Self::Decision(Box::new(fault))
    }
}

impl From<Vec<TableFault>> for ResponsibilityFault {
    fn from(faults: Vec<TableFault>) -> Self {
        Self::Table(faults)
    }
}

/// Makes a new version as a draft. An open draft is withdrawn with it; an open proposal stands in its way.
pub async fn draft(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    by: &PersonHandle,
    wanted: &NewDraft,
) -> Result<Done, ResponsibilityFault> {
    // The faults of a table are told before anything is held up.
    let known = in_use(app, organization, framework)?;
    let table = match &wanted.content {
        Content::Table(bytes) => Some(table::read(known, bytes)?),
        Content::Row { .. } => None,
    };
    carry_out(app, organization, framework, by, async |held| {
        let place = place_of_draft(&held.versions, held.person.party)?;
        let base = held.base(organization, place.replaces, wanted.based_on).await?;
        let (rows, dates) = match (&wanted.content, &table) {
            (Content::Row { name, change }, _) => {
                let base = base.as_ref();
                let missing = || ResponsibilityFault::NothingToBeginWith { framework: framework.clone() };
                let (matrix, was_accepted) = base.ok_or_else(missing)?;
                // An accepted split's dates are its own; what follows it begins when it is accepted.
                let dates = if *was_accepted { (None, None) } else { (matrix.effective_from, matrix.effective_until) };
                let other_dates = wanted.effective_from.or(wanted.effective_until).is_some();
                let rows = match changed(held.framework, &matrix.rows, name, change) {
                    // The same rows on other days are a change too.
                    Err(ChangeFault::NothingChanged(_)) if other_dates => matrix.rows.clone(),
                    rows => rows?,
                };
                (rows, dates)
            }
            (Content::Table(_), rows) => (rows.clone().unwrap_or_default(), (None, None)),
        };
        let matrix = ResponsibilityMatrix {
            format: ResponsibilityMatrix::FORMAT.to_owned(),
            framework: framework.clone(),
            version: place.version,
            model: base.map_or(organization.model, |(matrix, _)| matrix.model),
            effective_from: wanted.effective_from.or(dates.0),
            effective_until: wanted.effective_until.or(dates.1),
            rows,
        };
        if let (Some(from), Some(until)) = (matrix.effective_from, matrix.effective_until)
            && until <= from
        {
            return Err(ResponsibilityFault::EndsBeforeItBegins { from, until });
        }
        let mut steps = vec![Step::first(&matrix)?];
        if let Some(replaced) = place.replaces {
            steps.push(held.step(replaced, MatrixState::Withdrawn).await?);
        }
        Ok(Plan { steps, fresh: Some(matrix.clone()), matrix, replaced: place.replaces, superseded: Vec::new() })
    })
    .await
}

/// Proposes, accepts, rejects or withdraws a version.
pub async fn act(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    deed: &Deed,
) -> Result<Done, ResponsibilityFault> {
    let reason = deed.reason.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if deed.act == Act::Reject && reason.is_none() {
        return Err(ResponsibilityFault::NoReason);
    }
    if let Some(why) = reason.and_then(|text| unfit(text, LONGEST_REASON)) {
        return Err(ResponsibilityFault::Reason(why));
    }
    carry_out(app, organization, framework, &deed.by, async |held| {
        let decided = decide(&held.versions, deed.act, deed.meant, held.person.party)?;
        let mut step = held.step(decided.version, deed.act.brings()).await?;
        let matrix = step.matrix()?;
        if matches!(deed.act, Act::Propose | Act::Accept) {
            held.may_be_signed(&matrix, deed.act)?;
        }
        if let Some(signature) = &deed.signature {
            held.check_signature(&step.bytes, signature).await?;
            step.papers.push(RawArtifact::in_memory(SIGNATURE, "application/octet-stream", signature.clone()));
        }
        if let Some(reason) = reason {
            let bytes = reason.as_bytes().to_vec();
            step.papers.push(RawArtifact::in_memory(REASON, "text/plain; charset=utf-8", bytes));
        }
        let mut steps = vec![step];
        for version in &decided.supersedes {
            steps.push(held.step(*version, MatrixState::Superseded).await?);
        }
        Ok(Plan { steps, fresh: None, matrix, replaced: None, superseded: decided.supersedes })
    })
    .await
}

/// A version's canonical JSON, exactly as it was sealed: what is signed.
pub async fn sealed_matrix(app: &App, scope: &OrgScope, digest: Digest) -> Result<Vec<u8>, CommitFault> {
    let found = read_objects(app, scope, [digest]).await?;
    let bytes = found.get(&digest).ok_or_else(|| CommitFault::Unreadable(format!("the matrix {digest}")))?;
    Ok(bytes.to_vec())
}

/// The catalog's framework, if the organization uses it.
pub fn in_use<'a>(
    app: &'a App,
    organization: &Organization,
    framework: &FrameworkId,
) -> Result<&'a Framework, ResponsibilityFault> {
    let known = app.catalog.frameworks.get(framework).filter(|_| organization.frameworks.contains(framework));
    known.ok_or_else(|| ResponsibilityFault::NotInUse {
        framework: framework.clone(),
        organization: organization.slug.to_string(),
    })
}

/// What is known while the ledger is held.
struct Held<'a> {
    app: &'a App,
    scope: &'a OrgScope,
    framework: &'a Framework,
    versions: Vec<MatrixHistory>,
    /// Who acts.
    person: Person,
    people: Vec<Person>,
    now: Timestamp,
}

/// What is to be sealed.
struct Plan {
    /// The first is what it is about.
    steps: Vec<Step>,
    fresh: Option<ResponsibilityMatrix>,
    matrix: ResponsibilityMatrix,
    replaced: Option<u32>,
    superseded: Vec<u32>,
}

/// One version coming to a state.
struct Step {
    version: u32,
    /// How many steps the version has had.
    sequence: u32,
    state: MatrixState,
    digest: Digest,
    model: EngagementModel,
    /// The version's canonical JSON.
    bytes: Vec<u8>,
    /// What belongs to this step alone: a reason, a signature.
    papers: Vec<RawArtifact>,
}

impl Step {
    fn first(matrix: &ResponsibilityMatrix) -> Result<Self, CommitFault> {
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

    fn matrix(&self) -> Result<ResponsibilityMatrix, CommitFault> {
        read_matrix(&self.bytes)
    }

    fn entrant(
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
    fn version(&self, version: u32) -> Result<&MatrixHistory, ResponsibilityFault> {
        let found = self.versions.iter().find(|one| one.version == version);
        found.ok_or_else(|| ResponsibilityFault::NoSuchVersion { framework: self.framework.id.clone(), version })
    }

    async fn step(&self, version: u32, state: MatrixState) -> Result<Step, ResponsibilityFault> {
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
    async fn base(
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

    fn may_be_signed(&self, matrix: &ResponsibilityMatrix, act: Act) -> Result<(), ResponsibilityFault> {
        let version = matrix.version;
        if let (InEffect::Over, Some(until)) = (matrix.in_effect(self.now), matrix.effective_until) {
            return Err(ResponsibilityFault::Over { version, until });
        }
        let faults = if act == Act::Propose { self.lint(matrix) } else { Vec::new() };
        let controls: Vec<ControlId> =
            faults.into_iter().filter(Lint::blocks).filter_map(|fault| fault.control).collect();
        if controls.is_empty() { Ok(()) } else { Err(ResponsibilityFault::Orphans { version, controls }) }
    }

    fn lint(&self, matrix: &ResponsibilityMatrix) -> Vec<Lint> {
        lint(self.framework, matrix, &self.people, self.now)
    }

    async fn check_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), ResponsibilityFault> {
        let handle = &self.person.handle;
        let key = self.person.ssh_key.as_deref().ok_or_else(|| ResponsibilityFault::NoKey(handle.clone()))?;
        let claim = SshSignature { message, signature, key, identity: handle.as_str(), namespace: NAMESPACE };
        Ok(ssh_signature::verify(self.app, &claim).await?)
    }
}

/// Decides while the ledger is held, and seals what was decided on exactly that ledger.
async fn carry_out<M>(
    app: &App,
    organization: &Organization,
    framework: &FrameworkId,
    by: &PersonHandle,
    decide: M,
) -> Result<Done, ResponsibilityFault>
where
    M: AsyncFn(&Held<'_>) -> Result<Plan, ResponsibilityFault>,
{
    let framework = in_use(app, organization, framework)?;
    let scope = OrgScope::of(organization);
    roll_forward::roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let size = app.store.head(&scope).await?.map_or(0, |head| head.size);
    let lease = Lease::take(app, &scope, size).await?;
    let work = async {
        for _ in 0..TRIES {
            Box::pin(roll_forward::under_lease(&lease)).await?;
            let size = app.store.head(&scope).await?.map_or(0, |head| head.size);
            let now = app.clock.now();
            let known = decisions::known(app, &scope, now).await?;
            let person = actor(&known, by, now)?;
            let versions = app.store.matrix_versions(&scope, &framework.id).await?;
            let held = Held { app, scope: &scope, framework, versions, person, people: known.people, now };
            let plan = decide(&held).await?;
            if let Some(done) = seal(&lease, &held, size, plan).await? {
                return Ok(done);
            }
        }
        Err(CommitFault::Contended.into())
    };
    let done = lease.during(Box::pin(work)).await;
    lease.release().await;
    done
}

async fn seal(lease: &Lease<'_>, held: &Held<'_>, size: u64, plan: Plan) -> Result<Option<Done>, ResponsibilityFault> {
    let (framework, at) = (&held.framework.id, held.now);
    let by = decisions::signer(&held.person.signatory());
    let signed_by =
        serde_json::to_value(&by).map_err(|source| CommitFault::Line { artifact: "a name".to_owned(), source })?;
    let told: Vec<(u32, u32, MatrixState, Digest)> =
        plan.steps.iter().map(|step| (step.version, step.sequence, step.state, step.digest)).collect();
    let mut entrants = Vec::with_capacity(plan.steps.len());
    for step in plan.steps {
        entrants.push(step.entrant(held.scope, framework, by.clone(), at)?);
    }
    let index = |committed: &Committed| {
        let leaves = committed.admitted.iter().map(|admitted| admitted.leaf);
        let matrix_events = told.iter().zip(leaves).map(|((version, sequence, state, _), leaf)| MatrixEvent {
            framework: framework.clone(),
            version: *version,
            sequence: *sequence,
            state: *state,
            by: signed_by.clone(),
            at,
            leaf,
        });
        let fresh = plan.fresh.iter().zip(&told).zip(&committed.admitted);
        let matrices = fresh.map(|((matrix, (_, _, _, digest)), admitted)| MatrixVersion {
            matrix: matrix.clone(),
            digest: *digest,
            created_at: at,
            leaf: admitted.leaf,
        });
        IndexRows { matrices: matrices.collect(), matrix_events: matrix_events.collect(), ..IndexRows::default() }
    };
    let Some(committed) = commit_on(lease, size, entrants, index).await? else { return Ok(None) };
    let (Some((version, _, state, digest)), Some(admitted)) = (told.first(), committed.admitted.first()) else {
        return Ok(None);
    };
    Ok(Some(Done {
        framework: framework.clone(),
        version: *version,
        state: *state,
        digest: *digest,
        leaf: admitted.leaf,
        replaced: plan.replaced,
        superseded: plan.superseded,
        effective_from: plan.matrix.effective_from,
        effective_until: plan.matrix.effective_until,
        retroactive: plan.matrix.is_retroactive(at),
        lint: held.lint(&plan.matrix),
    }))
}

fn read_matrix(bytes: &[u8]) -> Result<ResponsibilityMatrix, CommitFault> {
    serde_json::from_slice(bytes).map_err(|source| CommitFault::Line { artifact: MATRIX.to_owned(), source })
}
