//! Who owns what: the responsibility matrix of one framework, as people read and sign it.

use std::collections::HashMap;

use countersign_seal::digest::Digest;
use serde::Serialize;

use super::data::{Basis, FrameworkHeading, LedgerHead, MatrixHeading, OrganizationHeading, OwnerLine, kind_words};
use super::tally::{Counting, Countings};
use crate::catalog::framework::Framework;
use crate::model::id::{ControlId, ObjectiveId};
use crate::model::organization::Organization;
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
    MatrixReport {
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
