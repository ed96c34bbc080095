//! Who is accountable for what, per control, and the versions both parties agree on.

use serde::{Deserialize, Serialize};

use super::id::{ControlId, FrameworkId, ObjectiveId};

/// Who can own a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The managed service provider.
    Provider,
    /// The client's own IT.
    Internal,
    /// Microsoft and others whose service is inherited.
    Vendor,
}

impl Party {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Internal => "internal",
            Self::Vendor => "vendor",
        }
    }

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

impl std::str::FromStr for Party {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(serde_json::Value::String(text.to_owned()))
            .map_err(|_| format!("`{text}` is not a party; use provider, internal or vendor"))
    }
}

/// How the work is split by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngagementModel {
    InHouse,
    CoManaged,
    FullyManaged,
}

impl EngagementModel {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InHouse => "in-house",
            Self::CoManaged => "co-managed",
            Self::FullyManaged => "fully-managed",
        }
    }
}

impl std::str::FromStr for EngagementModel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(serde_json::Value::String(text.to_owned()))
            .map_err(|_| format!("`{text}` is not an engagement model; use in-house, co-managed or fully-managed"))
    }
}

/// How a control's work is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponsibilityKind {
    Provider,
    Internal,
    Shared,
    Inherited,
    NotApplicable,
}

impl ResponsibilityKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Internal => "internal",
            Self::Shared => "shared",
            Self::Inherited => "inherited",
            Self::NotApplicable => "not_applicable",
        }
    }
}

impl std::str::FromStr for ResponsibilityKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|_| {
            format!(
                "`{text}` is not a kind of responsibility; use provider, internal, shared, inherited or not_applicable"
            )
        })
    }
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
    /// For inherited rows: the vendor's document that proves the inheritance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// How far a matrix has come. Only `Countersigned` binds both parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatrixState {
    /// Filled in from the engagement model; nobody has signed.
    ProposedByTemplate,
    Draft,
    Proposed,
    Countersigned,
    Superseded,
    Rejected,
    Withdrawn,
}

impl MatrixState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProposedByTemplate => "proposed_by_template",
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Countersigned => "countersigned",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

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
