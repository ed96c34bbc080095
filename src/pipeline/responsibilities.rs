//! The split of work as people agree on it: drafts, proposals, acceptances, each a `responsibility/1` record.
//!
//! What may be done is decided by `track::responsibilities::life` while the ledger is held, on exactly the versions that
//! the new record follows; so of an acceptance and a withdrawal at the same time one is refused. Both parties sign the
//! digest of the canonical matrix: by acting here, or with an SSH key over those bytes. Start with [`draft`] and [`act`].

mod held;
mod papers;

use countersign_seal::digest::Digest;
use serde::Serialize;

use super::RunFault;
use super::commit::{Committed, commit_on};
use super::deciding::on_the_ledger;
use super::decisions::{self, DecisionFault, actor};
use super::fault::CommitFault;
use super::frameworks::{FrameworkFault, framework_of};
use super::lease::Lease;
use super::objects::read_objects;
use super::ssh_signature::SshSignatureFault;
use crate::app::App;
use crate::catalog::framework::Framework;
use crate::model::evidence::RawArtifact;
use crate::model::id::{ControlId, FrameworkId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::store::{IndexRows, MatrixEvent, MatrixVersion, OrgScope, StoreFault};
use crate::track::responsibilities::change::{ChangeFault, RowChange, changed};
use crate::track::responsibilities::life::{Act, Meant, Refusal, decide, place_of_draft};
use crate::track::responsibilities::lint::Lint;
use crate::track::responsibilities::table::{self, TableFault};
use crate::track::responsibilities::{LONGEST_REASON, unfit};

use held::{Held, Plan, Step};

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
    #[error(transparent)]
    Framework(#[from] FrameworkFault),
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
    Ok(framework_of(&app.catalog, organization, framework)?)
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
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let known = decisions::known(app, scope, now).await?;
        let person = actor(&known, by, now)?;
        let versions = app.store.matrix_versions(scope, &framework.id).await?;
        let held = Held { app, scope, framework, versions, person, people: known.people, now };
        let plan = decide(&held).await?;
        seal(lease, &held, size, plan).await
    })
    .await
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
