//! Who is accountable for what, per control, and the versions both parties agree on.

use serde::{Deserialize, Serialize};

use super::id::{ControlId, FrameworkId, ObjectiveId, PersonHandle};
use super::time::Timestamp;

words! {
    /// Who can own a task.
    Party, "party":
        /// The managed service provider.
        Provider = "provider",
        /// The client's own IT.
        Internal = "internal",
        /// Microsoft and others whose service is inherited.
        Vendor = "vendor",
}

impl Party {
    /// How the party is named to people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Internal => "Internal IT",
            Self::Vendor => "Vendor",
        }
    }
}

words! {
    /// How the work is split by default.
    EngagementModel, "engagement model":
        InHouse = "in-house",
        CoManaged = "co-managed",
        FullyManaged = "fully-managed",
}

words! {
    /// How a control's work is divided.
    ResponsibilityKind, "kind of responsibility":
        Provider = "provider",
        Internal = "internal",
        Shared = "shared",
        Inherited = "inherited",
        NotApplicable = "not_applicable",
}

/// One row of a responsibility matrix. Exactly one party is accountable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responsibility {
    pub control: ControlId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveId>,
    pub kind: ResponsibilityKind,
    pub accountable: Party,
    /// What the provider does; empty when it does nothing here.
    #[serde(default)]
    pub provider_tasks: String,
    /// What internal IT does; empty when it does nothing here.
    #[serde(default)]
    pub internal_tasks: String,
    /// The part of it that a vendor carries, such as the walls of Microsoft's data centers; none: no vendor carries any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_tasks: Option<String>,
    /// The vendor's document that proves what is inherited, wholly or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Who does the provider's tasks, where one person is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_person: Option<PersonHandle>,
    /// Who does internal IT's tasks, where one person is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_person: Option<PersonHandle>,
    /// Where the service agreement says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

words! {
    /// How far a matrix has come. Only `Countersigned` binds both parties.
    MatrixState, "state of a matrix":
        /// Filled in from the engagement model; nobody has signed.
        ProposedByTemplate = "proposed_by_template",
        Draft = "draft",
        Proposed = "proposed",
        Countersigned = "countersigned",
        Superseded = "superseded",
        Rejected = "rejected",
        Withdrawn = "withdrawn",
}

impl MatrixState {
    /// The words every page, file and package shows.
    #[must_use]
    pub fn for_people(self) -> &'static str {
        match self {
            Self::ProposedByTemplate => "proposed by template",
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Countersigned => "countersigned",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The whole split of one framework, one version. Its canonical JSON carries the signatures of both parties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsibilityMatrix {
    /// Always `countersign.responsibilities/1`.
    pub format: String,
    pub framework: FrameworkId,
    pub version: u32,
    pub model: EngagementModel,
    /// From when the split counts; none: from the moment both parties accepted it. Before that moment it is retroactive
    /// and marked so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Timestamp>,
    /// From when it no longer counts; none: until another takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_until: Option<Timestamp>,
    pub rows: Vec<Responsibility>,
}

impl ResponsibilityMatrix {
    pub const FORMAT: &'static str = "countersign.responsibilities/1";

    /// The row that applies to a control as a whole.
    #[must_use]
    pub fn row(&self, control: &ControlId) -> Option<&Responsibility> {
        self.rows.iter().find(|row| row.control == *control && row.objective.is_none())
    }
}
