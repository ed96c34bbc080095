//! What people decide and answer for: who they are, what they state, what counts, who closes a gap.
//!
//! Each decision is one record of the ledger (`attestation/1`, or `change/1` about a person, a scope, a questionnaire, a
//! gap, a service provider, the organization, its settings or a connection) and one row of the database that repeats it;
//! nothing is ever edited. A decision is made while the ledger is held,
//! so that what it rests on (a person who may act, a short name that is free) cannot change meanwhile. Read with
//! [`known`]; decide with the functions of the modules below.

pub mod attest;
pub mod connections;
mod documents;
mod following;
pub mod forms;
pub mod gaps;
mod moved;
pub mod organization;
pub mod people;
pub mod providers;
pub mod read_back;
mod reading;
pub mod scope;

use countersign_seal::record::{Attestation, Change, Signer, Statement, Subject};
use serde_json::{Map, Value};

use super::commit::{Committed, Entrant, commit_on};
use super::deciding::on_the_ledger;
use super::fault::CommitFault;
use super::frameworks::FrameworkFault;
use super::lease::Lease;
use super::replay::read_time;
use super::ssh_signature::SshSignatureFault;
use super::{RunFault, records};
use crate::app::App;
use crate::model::attestation::Claim;
use crate::model::change::Changes;
use crate::model::decision::Decisions;
use crate::model::evidence::RawArtifact;
use crate::model::gap::EvidenceRequest;
use crate::model::id::{
    CheckId, ControlId, FormId, FrameworkId, GapId, ObjectiveId, PersonHandle, ProviderId, QuestionnaireId,
};
use crate::model::organization::Organization;
use crate::model::person::{Person, Signatory};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::store::{DecisionRow, IndexRows, OrgScope, StoreFault};

/// The kind of an attestation's row.
const ATTESTATION: &str = "attestation";
/// Kinds of subject that a `change/1` record may name here.
const PERSON: &str = "person";
const SCOPE: &str = "scope";
const QUESTIONNAIRE: &str = "questionnaire";
const GAP_ASSIGNMENT: &str = "gap_assignment";
const GAP_NOTE: &str = "gap_note";
const SERVICE_PROVIDER: &str = "service_provider";
const ORGANIZATION_CHANGE: &str = "organization_change";
const ORGANIZATION_SETTINGS: &str = "organization_settings";
const CONNECTION: &str = "connection";
/// Requests that opened and closed by a decision of the same commit.
const REQUESTS: &str = "requests";
/// Those whose artifacts tell the database something: of the organization itself, what it is connected to, and what is asked.
const CHANGES: [&str; 4] = [ORGANIZATION_CHANGE, ORGANIZATION_SETTINGS, CONNECTION, REQUESTS];
const SUBJECTS: [&str; 10] = [
    PERSON,
    SCOPE,
    QUESTIONNAIRE,
    GAP_ASSIGNMENT,
    GAP_NOTE,
    SERVICE_PROVIDER,
    ORGANIZATION_CHANGE,
    ORGANIZATION_SETTINGS,
    CONNECTION,
    REQUESTS,
];

/// Longest text of a reason, statement or note, in characters: a record has 32 KiB for everything.
pub const LONGEST_TEXT: usize = 4000;

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecisionFault {
    #[error(transparent)]
    Run(#[from] RunFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("it could not be sealed")]
    Commit(#[from] CommitFault),
    #[error("there is no person `{0}`; countersign person list shows those there are, countersign person add adds one")]
    NoSuchPerson(PersonHandle),
    #[error("{name} (`{handle}`) left on {} and can no longer act", .until.for_people())]
    HasLeft { handle: PersonHandle, name: String, until: Timestamp },
    #[error("`{0}` is taken, also if that person has left; choose another short name")]
    HandleTaken(PersonHandle),
    #[error("{0} has no people here: a vendor is held by its contract and its documents")]
    NoPeopleOf(&'static str),
    #[error("{what} must have 1 to {most} characters and no control characters")]
    Text { what: &'static str, most: usize },
    #[error("`{0}` is not a public key as OpenSSH writes it, such as the content of id_ed25519.pub")]
    NotAKey(String),
    #[error(transparent)]
    Framework(#[from] FrameworkFault),
    #[error("{framework} has no control `{control}`; countersign catalog show {framework} lists them")]
    NoSuchControl { framework: FrameworkId, control: String },
    #[error("{control} only states scope or definitions; nothing can be stated about it")]
    NotAssessable { control: ControlId },
    #[error(
        "{control} follows from its parts, and what is stated about it as a whole decides nothing. Its parts: {parts}. State each of them, as with: countersign attest {framework} '{first}'"
    )]
    OnlyItsParts { framework: FrameworkId, control: ControlId, parts: String, first: ControlId },
    #[error("`{}` is stated on a form only; for {control} there is: {forms}", .claim.as_str())]
    NeedsForm { claim: Claim, control: ControlId, forms: String },
    #[error(
        "{framework} has no form by which {control} would not apply, so it has to be shown. Forms for it: {forms}; countersign attest forms tells what each asks"
    )]
    AlwaysApplies { framework: FrameworkId, control: ControlId, forms: String },
    #[error("{control} has no objective `{objective}`; countersign catalog show shows those it has")]
    NoSuchObjective { control: ControlId, objective: ObjectiveId },
    #[error("there is no check `{0}`; countersign check list shows those there are")]
    NoSuchCheck(CheckId),
    #[error("it would be valid until {}, which is not after {}; choose a later --valid-until", .until.for_people(), .from.for_people())]
    EndsBeforeItBegins { from: Timestamp, until: Timestamp },
    #[error(
        "a statement from {} until {} has ended already: it would count for nothing and take the place of what stands; leave --valid-from away to state it from now on, or choose a --valid-until to come",
        .from.for_people(), .until.for_people()
    )]
    HasEnded { from: Timestamp, until: Timestamp },
    #[error("attestation {0} is not there, speaks of something else, or another has taken its place already")]
    NothingToReplace(u64),
    #[error("{0}")]
    Artifact(String),
    #[error("there is no form `{form}`; countersign attest forms lists them")]
    NoSuchForm { form: FormId },
    #[error("the statement on the form `{form}` cannot be sealed as it is:\n  {}", .faults.join("\n  "))]
    Form { form: FormId, faults: Vec<String> },
    #[error("no public key of `{0}` is known; countersign person change {0} --ssh-key-file FILE says which")]
    NoKey(PersonHandle),
    #[error("what is said of `{id}` cannot be sealed as it is:\n  {}", .faults.join("\n  "))]
    Provider { id: ProviderId, faults: Vec<String> },
    #[error("there is no provider `{0}`; countersign provider list shows those there are")]
    NoSuchProvider(ProviderId),
    #[error(transparent)]
    Signature(#[from] Box<SshSignatureFault>),
    #[error("`{target}` is not connected; what is: {known}")]
    NoSuchTarget { target: String, known: String },
    #[error("{framework} has no questionnaire `{questionnaire}`; it has: {known}")]
    NoSuchQuestionnaire { framework: FrameworkId, questionnaire: QuestionnaireId, known: String },
    #[error("there is no gap {0}; countersign gap list --all shows those there are")]
    NoSuchGap(GapId),
    #[error("gap {0} is closed: there is nothing to hand out; it keeps its last owner if it comes back")]
    GapIsClosed(GapId),
    #[error("nothing would change: {0}")]
    NothingChanges(String),
    #[error("{framework} is among the frameworks of {organization} already")]
    InUse { framework: FrameworkId, organization: String },
    #[error("{0} is the only framework in use, and an organization is judged by at least one; add the other first")]
    LastFramework(FrameworkId),
    #[error("{0} is both added and removed; say one of them")]
    BothWays(FrameworkId),
    #[error("`{target}` is connected as {known}; say which with --source")]
    SeveralTargets { target: String, known: String },
    #[error("{name} is of {is}, not of {asked}; leave out --party or name somebody else")]
    OtherParty { name: String, is: &'static str, asked: &'static str },
}

/// Everything decided at or before a moment.
pub async fn known(app: &App, scope: &OrgScope, at: Timestamp) -> Result<Decisions, RunFault> {
    let rows = app.store.decisions(scope, at).await?;
    Ok(reading::read(rows)?)
}

/// The same, and every change of the organization and its connections there is, also later ones: what holds today tells
/// only with them what held before.
pub async fn known_with_changes(
    app: &App,
    scope: &OrgScope,
    at: Timestamp,
) -> Result<(Decisions, Changes), CommitFault> {
    let rows = app.store.decisions(scope, Timestamp::LATEST).await?;
    let changes = rows.iter().filter(|row| CHANGES.contains(&row.kind.as_str())).cloned().collect();
    let changes = reading::read(changes)?.changes;
    Ok((reading::read(rows.into_iter().filter(|row| row.at <= at).collect())?, changes))
}

/// Every change of the organization and its connections there is.
pub async fn changes(app: &App, scope: &OrgScope) -> Result<Changes, CommitFault> {
    Ok(known_with_changes(app, scope, Timestamp::EARLIEST).await?.1)
}

/// The changes that a row tells of.
pub(super) fn changes_in(row: DecisionRow) -> Result<Changes, CommitFault> {
    Ok(reading::read(vec![row])?.changes)
}

/// Whether a change's artifacts say what the database was told beside the decision's row.
pub(super) fn tells_more(change: &Change) -> bool {
    CHANGES.contains(&change.subject.kind.as_str())
}

/// The person behind a short name, if they may act at a moment.
pub fn actor(decisions: &Decisions, handle: &PersonHandle, at: Timestamp) -> Result<Person, DecisionFault> {
    let person = decisions.person(handle).ok_or_else(|| DecisionFault::NoSuchPerson(handle.clone()))?;
    match person.until {
        Some(until) if until <= at => {
            Err(DecisionFault::HasLeft { handle: handle.clone(), name: person.name.clone(), until })
        }
        _ => Ok(person.clone()),
    }
}

/// A statement that is about to be sealed, with the bytes it names.
struct Draft {
    statement: Statement,
    artifacts: Vec<RawArtifact>,
}

/// Decides on everything decided so far and the moment. Returns the leaves of the new records, in the order of the drafts.
async fn decide<M>(app: &App, organization: &Organization, make: M) -> Result<Vec<u64>, DecisionFault>
where
    M: AsyncFn(&OrgScope, &Decisions, Timestamp) -> Result<Vec<Draft>, DecisionFault>,
{
    on_the_ledger(app, organization, async |lease, size| {
        let (scope, now) = (lease.scope(), app.clock.now());
        let decisions = known(app, scope, now).await?;
        let drafts = make(scope, &decisions, now).await?;
        if drafts.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let committed = seal(lease, size, drafts, Vec::new()).await?;
        Ok(committed.map(|committed| committed.admitted.iter().map(|admitted| admitted.leaf).collect()))
    })
    .await
}

/// The same for a single record. Returns its leaf.
async fn decide_one<M>(app: &App, organization: &Organization, make: M) -> Result<u64, DecisionFault>
where
    M: AsyncFn(&OrgScope, &Decisions, Timestamp) -> Result<Draft, DecisionFault>,
{
    let one = async |scope: &OrgScope, decisions: &Decisions, now: Timestamp| {
        make(scope, decisions, now).await.map(|draft| vec![draft])
    };
    Ok(decide(app, organization, one).await?.first().copied().unwrap_or_default())
}

/// Seals decisions on a ledger of exactly `size` leaves, and tells the database of the requests that moved with them.
async fn seal(
    lease: &Lease<'_>,
    size: u64,
    drafts: Vec<Draft>,
    requests: Vec<EvidenceRequest>,
) -> Result<Option<Committed>, CommitFault> {
    let statements: Vec<Statement> = drafts.iter().map(|draft| draft.statement.clone()).collect();
    let entrants = drafts.into_iter().map(entrant).collect();
    let index = |committed: &Committed| {
        let rows = committed.admitted.iter().zip(&statements).filter_map(|(admitted, statement)| {
            let named = admitted.artifacts.iter().map(records::named).collect();
            row(admitted.leaf, &with_artifacts(statement.clone(), named)).ok().flatten()
        });
        IndexRows { decisions: rows.collect(), requests: requests.clone(), ..IndexRows::default() }
    };
    commit_on(lease, size, entrants, index).await
}

fn entrant(draft: Draft) -> Entrant {
    Entrant {
        artifacts: draft.artifacts,
        statement: Box::new(move |artifacts| Ok(with_artifacts(draft.statement, artifacts))),
        order: Default::default(),
    }
}

fn with_artifacts(statement: Statement, artifacts: Vec<countersign_seal::record::Artifact>) -> Statement {
    match statement {
        Statement::Attestation(said) => Attestation { artifacts, ..said }.into(),
        Statement::Change(change) => Change { artifacts, ..change }.into(),
        other => other,
    }
}

/// The row that repeats a record; none when the record tells of no decision.
pub(super) fn row(leaf: u64, statement: &Statement) -> Result<Option<DecisionRow>, CommitFault> {
    let unwritable = |source| CommitFault::Line { artifact: format!("record {leaf}"), source };
    let (kind, subject, at, said) = match statement {
        Statement::Attestation(said) => {
            let about = said.objective.as_deref().unwrap_or(&said.control);
            (ATTESTATION, format!("{} {about}", said.framework), &said.at, serde_json::to_value(said))
        }
        Statement::Change(change) => {
            let Some(kind) = SUBJECTS.into_iter().find(|kind| *kind == change.subject.kind) else { return Ok(None) };
            (kind, change.subject.id.clone(), &change.at, serde_json::to_value(change))
        }
        _ => return Ok(None),
    };
    let statement = said.map_err(unwritable)?;
    Ok(Some(DecisionRow { leaf, kind: kind.to_owned(), subject, statement, at: read_time(at)? }))
}

/// A `change/1` record about one subject.
fn change(
    scope: &OrgScope,
    by: Signer,
    at: Timestamp,
    (kind, id): (&str, String),
    said: impl IntoIterator<Item = (&'static str, Value)>,
) -> Result<Draft, CommitFault> {
    let statement = Change {
        organization: records::organization(scope)?,
        at: records::time(at)?,
        by,
        subject: Subject { kind: kind.to_owned(), id },
        change: said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
        artifacts: Vec::new(),
        artifact_list: None,
    };
    Ok(Draft { statement: statement.into(), artifacts: Vec::new() })
}

/// The person behind a short name, if they may act at a moment, as records name them.
fn acting(decisions: &Decisions, handle: &PersonHandle, at: Timestamp) -> Result<Signer, DecisionFault> {
    Ok(signer(&actor(decisions, handle, at)?.signatory()))
}

/// The same; the product itself where whoever runs the command names nobody.
fn acting_if_named(
    decisions: &Decisions,
    handle: Option<&PersonHandle>,
    at: Timestamp,
) -> Result<Signer, DecisionFault> {
    handle.map_or_else(|| Ok(records::the_product()), |handle| acting(decisions, handle, at))
}

/// Whoever acted, as records name them.
#[must_use]
pub fn signer(by: &Signatory) -> Signer {
    Signer {
        party: by.party.map(|party| party.as_str().to_owned()),
        name: by.name.clone(),
        handle: by.handle.as_ref().map(ToString::to_string),
    }
}

/// The same read back.
pub fn signatory(signer: &Signer) -> Result<Signatory, CommitFault> {
    let unreadable = |what: &str| CommitFault::Unreadable(format!("{what} of whoever signed"));
    let party = signer.party.as_deref().map(str::parse::<Party>).transpose().map_err(|_| unreadable("the party"))?;
    let handle = signer.handle.as_deref().map(str::parse::<PersonHandle>).transpose();
    Ok(Signatory { party, name: signer.name.clone(), handle: handle.map_err(|_| unreadable("the short name"))? })
}

/// A text that people wrote: not empty, not too long, and nothing that moves a terminal's cursor.
fn text(what: &'static str, text: &str, most: usize) -> Result<String, DecisionFault> {
    let trimmed = text.trim();
    let is_fine = !trimmed.is_empty()
        && trimmed.chars().count() <= most
        && trimmed.chars().all(|one| !one.is_control() || one == '\n' || one == '\t');
    if is_fine { Ok(trimmed.to_owned()) } else { Err(DecisionFault::Text { what, most }) }
}

fn in_use(organization: &Organization, framework: &FrameworkId) -> Result<(), DecisionFault> {
    if organization.frameworks.contains(framework) {
        return Ok(());
    }
    let organization = organization.slug.to_string();
    Err(FrameworkFault::NotInUse { framework: framework.clone(), organization }.into())
}
