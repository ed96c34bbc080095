//! Who owns what: the responsibility matrix of one framework, as people read and sign it.

use std::collections::HashMap;

use countersign_seal::digest::Digest;
use serde::Serialize;

use super::data::{Basis, FrameworkHeading, LedgerHead, MatrixHeading, OrganizationHeading, OwnerLine, kind_words};
use super::tally::{Counting, Countings};
use crate::catalog::framework::Framework;
use crate::model::id::{ControlId, ObjectiveId};
use crate::model::matrix::{MatrixHistory, MatrixStep};
use crate::model::organization::Organization;
use crate::model::person::Person;
use crate::model::responsibility::{MatrixState, Party, Responsibility, ResponsibilityKind, ResponsibilityMatrix};
use crate::model::time::Timestamp;

/// Everything a matrix report is made of, as known at `as_of`.
#[derive(Debug, Clone)]
pub struct MatrixInput<'a> {
    pub organization: &'a Organization,
    pub framework: &'a Framework,
    pub catalog_digest: Digest,
    pub matrix: &'a ResponsibilityMatrix,
    pub matrix_state: MatrixState,
    /// Digest of the version's canonical JSON: what both parties sign.
    pub matrix_digest: Option<Digest>,
    /// All versions as they were known at `as_of`, by number.
    pub versions: &'a [MatrixHistory],
    /// Whoever a row may name.
    pub people: &'a [Person],
    pub checkpoint: Option<LedgerHead>,
    pub as_of: Timestamp,
    pub generated_at: Timestamp,
}

/// The responsibility matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixReport {
    pub organization: OrganizationHeading,
    pub framework: FrameworkHeading,
    pub basis: Basis,
    pub matrix: MatrixHeading,
    pub matrix_digest: Option<Digest>,
    pub effective_from: Option<Timestamp>,
    pub effective_until: Option<Timestamp>,
    /// It counts from before it was accepted.
    pub retroactive: bool,
    /// Who signed this version, for which party: both, or nobody.
    pub signatures: Vec<MatrixSignature>,
    /// What is drafted or proposed beside it and does not apply.
    pub pending: Option<PendingVersion>,
    /// Rows by kind; sums to `rows`.
    pub kinds: Vec<KindTotal>,
    /// Rows by accountable party; sums to `rows`.
    pub accountable: Vec<AccountableTotal>,
    pub rows: usize,
    pub families: Vec<MatrixFamily>,
    /// Controls that have a status but no row: nobody owns them.
    pub orphans: Vec<ControlId>,
    /// Rows for controls that the catalog does not have.
    pub strangers: Vec<ControlId>,
}

impl MatrixReport {
    /// All rows in the framework's order within their families.
    pub fn lines(&self) -> impl Iterator<Item = (&MatrixFamily, &MatrixLine)> {
        self.families.iter().flat_map(|family| family.lines.iter().map(move |line| (family, line)))
    }
}

/// A party's signature over a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixSignature {
    /// `proposed` or `accepted`.
    pub words: &'static str,
    /// The party as people name it.
    pub party: &'static str,
    pub name: String,
    pub at: Timestamp,
    /// Ledger leaf of its record.
    pub leaf: u64,
}

impl MatrixSignature {
    fn of(step: &MatrixStep, words: &'static str) -> Self {
        let party = step.by.party.map_or("", Party::title);
        Self { words, party, name: step.by.name.clone(), at: step.at, leaf: step.leaf }
    }
}

/// A version that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingVersion {
    pub version: u32,
    pub digest: Digest,
    /// How far it has come, in words.
    pub words: &'static str,
    /// Whether the other party can accept it.
    pub proposed: bool,
    pub last: MatrixSignature,
}

/// How many rows are divided in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindTotal {
    pub kind: ResponsibilityKind,
    pub words: &'static str,
    pub count: usize,
}

/// How many rows one party answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountableTotal {
    pub party: Party,
    pub title: &'static str,
    pub count: usize,
}

/// One family with its rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixFamily {
    pub name: String,
    pub lines: Vec<MatrixLine>,
}

/// One row, or the place where a row is missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixLine {
    pub control: ControlId,
    pub objective: Option<ObjectiveId>,
    pub title: String,
    pub counting: Counting,
    pub owner: Option<OwnerLine>,
    /// Who does each party's part: the person's name, or the short name of somebody who is not known.
    pub provider_name: Option<String>,
    pub internal_name: Option<String>,
}

/// Builds the report. Rows that only state scope are shown when the matrix has a row for them.
#[must_use]
pub fn matrix(input: MatrixInput<'_>) -> MatrixReport {
    let mut rows: HashMap<&ControlId, Vec<&Responsibility>> = HashMap::new();
    for row in &input.matrix.rows {
        rows.entry(&row.control).or_default().push(row);
    }
    let countings = Countings::of(input.framework);
    let mut families: Vec<MatrixFamily> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut orphans = Vec::new();
    for control in &input.framework.controls {
        let counting = countings.control(control);
        let own = rows.remove(&control.id).unwrap_or_default();
        let has_owner = own.iter().any(|row| row.objective.is_none())
            || (!control.objectives.is_empty()
                && control
                    .objectives
                    .iter()
                    .all(|part| own.iter().any(|row| row.objective.as_ref() == Some(&part.id))));
        if counting == Counting::Counted && !has_owner {
            orphans.push(control.id.clone());
        } else if own.is_empty() {
            continue;
        }
        let place = *places.entry(&control.family).or_insert_with(|| {
            families.push(MatrixFamily { name: control.family.clone(), lines: Vec::new() });
            families.len() - 1
        });
        let Some(family) = families.get_mut(place) else { continue };
        let line = |objective: Option<ObjectiveId>, title: String, owner: Option<OwnerLine>| MatrixLine {
            control: control.id.clone(),
            objective,
            title,
            counting,
            provider_name: owner.as_ref().and_then(|owner| name_of(owner.provider_person.as_deref(), input.people)),
            internal_name: owner.as_ref().and_then(|owner| name_of(owner.internal_person.as_deref(), input.people)),
            owner,
        };
        if !has_owner {
            family.lines.push(line(None, control.title.clone(), None));
        }
        for row in own {
            let part = row.objective.as_ref().and_then(|id| control.objectives.iter().find(|part| part.id == *id));
            let title = part.map_or_else(|| control.title.clone(), |part| part.title.clone());
            family.lines.push(line(row.objective.clone(), title, Some(row.into())));
        }
    }
    let mut strangers: Vec<_> = rows.into_keys().cloned().collect();
    strangers.sort();

    let known = || families.iter().flat_map(|family| &family.lines).filter_map(|line| line.owner.as_ref());
    let kinds = [
        ResponsibilityKind::Provider,
        ResponsibilityKind::Internal,
        ResponsibilityKind::Shared,
        ResponsibilityKind::Inherited,
        ResponsibilityKind::NotApplicable,
    ]
    .map(|kind| KindTotal {
        kind,
        words: kind_words(kind),
        count: known().filter(|owner| owner.kind == kind).count(),
    });
    let accountable = [Party::Provider, Party::Internal, Party::Vendor].map(|party| AccountableTotal {
        party,
        title: party.title(),
        count: known().filter(|owner| owner.accountable == party).count(),
    });
    let shown = input.versions.iter().find(|one| one.version == input.matrix.version);
    let signed = shown.filter(|_| input.matrix_state == MatrixState::Countersigned);
    let accepted = signed.and_then(|one| one.step(MatrixState::Countersigned));
    let proposed = signed.and_then(|one| one.step(MatrixState::Proposed));
    let signatures = [(proposed, "proposed"), (accepted, "accepted")];
    MatrixReport {
        effective_from: input.matrix.effective_from,
        effective_until: input.matrix.effective_until,
        retroactive: accepted.is_some_and(|step| input.matrix.is_retroactive(step.at)),
        signatures: signatures
            .into_iter()
            .filter_map(|(step, words)| Some(MatrixSignature::of(step?, words)))
            .collect(),
        pending: input.versions.iter().rev().find_map(pending),
        organization: input.organization.into(),
        framework: input.framework.into(),
        basis: Basis {
            as_of: input.as_of,
            generated_at: input.generated_at,
            catalog_digest: input.catalog_digest,
            checkpoint: input.checkpoint,
        },
        matrix: MatrixHeading::new(input.matrix.version, input.matrix.model, input.matrix_state),
        matrix_digest: input.matrix_digest,
        rows: known().count(),
        kinds: kinds.to_vec(),
        accountable: accountable.to_vec(),
        families,
        orphans,
        strangers,
    }
}

/// The name of a person by short name; the short name itself where nobody is known by it.
fn name_of(handle: Option<&str>, people: &[Person]) -> Option<String> {
    let handle = handle?;
    let known = people.iter().find(|person| person.handle.as_str() == handle);
    Some(known.map_or_else(|| handle.to_owned(), |person| person.name.clone()))
}

fn pending(version: &MatrixHistory) -> Option<PendingVersion> {
    let last = version.steps.last().filter(|_| version.is_pending())?;
    let words = last.state.for_people();
    Some(PendingVersion {
        version: version.version,
        digest: version.digest,
        words,
        proposed: last.state == MatrixState::Proposed,
        last: MatrixSignature::of(last, words),
    })
}
