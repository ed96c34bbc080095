//! What a caller may see, as types: one organization, or the installation's list of them.

use crate::model::id::OrgId;
use crate::model::organization::Organization;

/// Permission to read and write the data of exactly one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgScope(OrgId);

impl OrgScope {
    #[must_use]
    pub fn of(organization: &Organization) -> Self {
        Self(organization.id)
    }

    #[must_use]
    pub fn id(self) -> OrgId {
        self.0
    }

    pub(super) fn uuid(self) -> uuid::Uuid {
        self.0.0
    }
}

/// Permission to list organizations: answers with ids and names, never with evidence.
///
/// Only the application's start, its commands, the schedule and the list of organizations on the overview ask for it; a
/// test keeps that list.
#[derive(Debug, Clone, Copy)]
pub struct InstanceScope(());

impl InstanceScope {
    #[must_use]
    pub fn of_this_installation() -> Self {
        Self(())
    }
}
