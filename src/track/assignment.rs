//! A gap with the party whose turn it is, and what that party should do.

use super::gaps::remediation;
use crate::catalog::Catalog;
use crate::model::decision::Decisions;
use crate::model::gap::Gap;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::model::turn::turn;

/// The gap with the party whose turn it is, and what that party should do.
#[must_use]
pub fn handed_over(gap: Gap, catalog: &Catalog, decisions: &Decisions, at: Timestamp) -> Gap {
    let party = turn(&gap, decisions, at).party;
    given_to(gap, party, catalog)
}

/// The gap with another party, and what that one should do.
pub(super) fn given_to(gap: Gap, party: Party, catalog: &Catalog) -> Gap {
    if party == gap.party {
        return gap;
    }
    match catalog.checks.get(&gap.check) {
        Some(definition) => Gap { party, remediation: remediation(definition, party), ..gap },
        None => Gap { party, ..gap },
    }
}
